"""A slider over a picture that also reads without one: on a printed page, and without a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from relmark_research.errors import ParameterError, check_number

_MISSING = (
    "To move it, install ipywidgets (`pip install 'relmark-research[lab]'`) and restart the kernel."
)
_STILL = "Open the lesson in JupyterLab to move it."


def slider(
    draw: Callable[[float], Any],
    *,
    label: str,
    low: float,
    high: float,
    start: float,
    step: float = 1,
) -> None:
    """Show what a function shows for one value, and a slider that calls it with others.

    The picture of ``start`` is an ordinary output, so that it stays where nobody can move a slider:
    in a page, in a run of the notebook by a program, and where ipywidgets is not installed. There a
    sentence names the value.

    Parameters
    ----------
    draw
        A function of one number that shows a picture, with `figure`, and may say a sentence. It
        must show the same number of things for every value.
    label
        What the number is, with its unit: ``"weeks of silence"``.
    low, high, start
        Ends of the slider and its first place.
    step
        Distance between neighbouring places, > 0; whole numbers all over give a whole number.

    Raises
    ------
    ParameterError
        If the first place is not between the ends, or the step is not positive.
    """
    _check_places(low, high, start, step)
    shown = [_show(output) for output in _outputs(draw, start)]
    widget = _widget(low=low, high=high, start=start, step=step) if _somebody_is_there() else None
    if widget is None:
        reason = _MISSING if _somebody_is_there() else _STILL
        _say(f"*Slider: {label}, from {low:g} to {high:g}; shown is {start:g}. {reason}*")
        return

    def redraw(change: Any) -> None:
        for place, output in zip(shown, _outputs(draw, change["new"]), strict=True):
            place.update(output.data, raw=True)

    widget.observe(redraw, names="value")
    _show_labelled(widget, label)


def _check_places(low: float, high: float, start: float, step: float) -> None:
    check_number("the step of a slider", step, low=0, between=True)
    if not low <= start <= high:
        raise ParameterError(
            f"a slider starts between its ends, {low:g} and {high:g}; found {start:g}. "
            "Move the start, or an end."
        )


def _outputs(draw: Callable[[float], Any], value: float) -> list[Any]:
    """What the function shows for a value, not yet shown."""
    from IPython.utils.capture import capture_output

    with capture_output(stdout=False, stderr=False) as captured:
        draw(value)
    return list(captured.outputs)


def _show(output: Any) -> Any:
    """Show an output, and return the place where another may follow it."""
    from IPython.display import display

    return display(output.data, raw=True, display_id=True)


def _say(markdown: str) -> None:
    from IPython.display import Markdown, display

    display(Markdown(markdown))


def _somebody_is_there() -> bool:
    """Whether the cell was run by somebody who can be asked for input, hence can move a slider."""
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    parent = kernel.get_parent("shell") if kernel is not None else {}
    return bool(parent.get("content", {}).get("allow_stdin", False))


def _widget(*, low: float, high: float, start: float, step: float) -> Any:
    """A slider without words, or None where ipywidgets is not installed."""
    try:
        from ipywidgets import FloatSlider, IntSlider
    except ImportError:
        return None
    whole = all(float(place).is_integer() for place in (low, high, start, step))
    kind, as_number = (IntSlider, int) if whole else (FloatSlider, float)
    places = {"min": low, "max": high, "value": start, "step": step}
    return kind(
        **{name: as_number(place) for name, place in places.items()}, continuous_update=False
    )


def _show_labelled(widget: Any, label: str) -> None:
    from IPython.display import display
    from ipywidgets import HBox, Label

    display(HBox([Label(f"{label}:"), widget]))
