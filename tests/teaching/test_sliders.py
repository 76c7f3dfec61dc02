"""A slider in a kernel: with a user, without a user, and without ipywidgets."""

from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from relmark_research.errors import ParameterError
from relmark_research.teaching._sliders import slider

WIDGET = "application/vnd.jupyter.widget-view+json"
DRAW = """
from relmark_research.teaching import say, slider
def draw(weeks):
    say(f"shown for {weeks}")
"""
CALL = 'slider(draw, label="weeks of silence", low=0, high=9, start=2)'
WITHOUT_IPYWIDGETS = f"""
import sys
modules = dict(sys.modules)
sys.modules["ipywidgets"] = None
try:
    {CALL}
finally:
    del sys.modules["ipywidgets"]
    sys.modules.update(modules)
"""


class Kernel:
    def __init__(self, client: Any) -> None:
        self.client = client

    def __call__(self, code: str, *, somebody: bool) -> list[dict[str, Any]]:
        """Run a cell and return what it showed: kind of message, and its data."""
        found: list[dict[str, Any]] = []

        def listen(message: dict[str, Any]) -> None:
            if message["msg_type"] in ("display_data", "update_display_data", "error"):
                found.append(message)

        self.client.execute_interactive(
            code, allow_stdin=somebody, output_hook=listen, stdin_hook=print, timeout=60
        )
        assert not [m for m in found if m["msg_type"] == "error"], found
        return found


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    manager, client = start_new_kernel(kernel_name="python3")
    run = Kernel(client)
    run(DRAW, somebody=False)
    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def said(messages: list[dict[str, Any]]) -> list[str]:
    return [message["content"]["data"].get("text/markdown", "") for message in messages]


def test_without_a_user_the_figure_is_shown_with_its_value(kernel):
    messages = kernel(CALL, somebody=False)
    assert said(messages) == [
        "shown for 2",
        "*Slider: weeks of silence, from 0 to 9; shown is 2. "
        "Open the lesson in JupyterLab to move it.*",
    ]
    assert not [m for m in messages if WIDGET in m["content"]["data"]]


def test_moving_the_slider_redraws_in_place(kernel):
    picture, *rest = kernel(CALL, somebody=True)
    assert said([picture]) == ["shown for 2"]
    assert WIDGET in rest[-1]["content"]["data"]
    place = picture["content"]["transient"]["display_id"]
    moved = kernel(
        "import ipywidgets\n"
        "from ipywidgets.widgets.widget import _instances\n"
        "[w for w in _instances.values() if isinstance(w, ipywidgets.IntSlider)][-1].value = 7",
        somebody=True,
    )
    assert [m["msg_type"] for m in moved] == ["update_display_data"]
    assert said(moved) == ["shown for 7"]
    assert moved[0]["content"]["transient"]["display_id"] == place


def test_without_ipywidgets_a_sentence_names_the_package(kernel):
    messages = kernel(WITHOUT_IPYWIDGETS, somebody=True)
    assert said(messages)[0] == "shown for 2"
    assert "install ipywidgets (`pip install 'relmark-research[lab]'`)" in said(messages)[1]


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ({"low": 0, "high": 5, "start": 6}, "between low = 0 and high = 5; found 6"),
        ({"low": 5, "high": 0, "start": 3}, "between low = 5"),
        ({"low": 0, "high": 5, "start": 3, "step": 0}, "the step of a slider"),
    ],
)
def test_an_invalid_range_is_refused(places, words):
    with pytest.raises(ParameterError, match=words):
        slider(print, label="weeks", **places)
