"""A slider for a figure, and a fixed figure where no slider can be moved: in print, in a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from relmark_research.errors import ParameterError, check_number

_NO_WIDGETS = (
    "To move it, install ipywidgets (`pip install 'relmark-research[lab]'`) and restart the kernel."
)
_NO_USER = "Open the lesson in JupyterLab to move it."


def slider(
    draw: Callable[[float], Any],
    *,
    label: str,
    low: float,
    high: float,
    start: float,
    step: float = 1,
) -> None:
    """Show the output of a function for one value, and a slider for other values.

    The figure for ``start`` is an ordinary output. It remains where no slider can be moved: on a
    page, in an automatic run, and without ipywidgets. A sentence then gives the value.

    Parameters
    ----------
    draw
        A function of one number that shows a figure with `figure`, and may show a paragraph. It
        must show the same number of outputs for every value.
    label
        Description of the number, with its unit: ``"weeks of silence"``.
    low, high, start
        Range of the slider and its first value.
    step
        Distance between neighbouring values, > 0. If all arguments are whole, the value is whole.

    Raises
    ------
    ParameterError
        The first value is outside the range, or the step is not positive.
    """
    _check_range(low, high, start, step)
    handles = [_show(output) for output in _outputs(draw, start)]
    widget = _widget(low=low, high=high, start=start, step=step) if _is_interactive() else None
    if widget is None:
        reason = _NO_WIDGETS if _is_interactive() else _NO_USER
        _show_markdown(f"*Slider: {label}, from {low:g} to {high:g}; shown is {start:g}. {reason}*")
        return

    def redraw(change: Any) -> None:
        for handle, output in zip(handles, _outputs(draw, change["new"]), strict=True):
            handle.update(output.data, raw=True)

    widget.observe(redraw, names="value")
    _show_labelled(widget, label)


def _check_range(low: float, high: float, start: float, step: float) -> None:
    check_number("the step of a slider", step, low=0, exclusive=True)
    if not low <= start <= high:
        raise ParameterError(
            f"start must lie between low = {low:g} and high = {high:g}; found {start:g}. "
            "Change start, low or high."
        )


def _outputs(draw: Callable[[float], Any], value: float) -> list[Any]:
    """Return the outputs of the function for a value, without showing them."""
    from IPython.utils.capture import capture_output

    with capture_output(stdout=False, stderr=False) as captured:
        draw(value)
    return list(captured.outputs)


def _show(output: Any) -> Any:
    """Show an output, and return the handle that can replace it."""
    from IPython.display import display

    return display(output.data, raw=True, display_id=True)


def _show_markdown(markdown: str) -> None:
    from IPython.display import Markdown, display

    display(Markdown(markdown))


def _is_interactive() -> bool:
    """Return whether a user ran the cell: the front end allows input."""
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    parent = kernel.get_parent("shell") if kernel is not None else {}
    return bool(parent.get("content", {}).get("allow_stdin", False))


def _widget(*, low: float, high: float, start: float, step: float) -> Any:
    """Return a slider without a label, or None without ipywidgets."""
    try:
        from ipywidgets import FloatSlider, IntSlider
    except ImportError:
        return None
    whole = all(float(value).is_integer() for value in (low, high, start, step))
    widget, number = (IntSlider, int) if whole else (FloatSlider, float)
    values = {"min": low, "max": high, "value": start, "step": step}
    numbers = {name: number(value) for name, value in values.items()}
    return widget(**numbers, continuous_update=False)


def _show_labelled(widget: Any, label: str) -> None:
    from IPython.display import display
    from ipywidgets import HBox, Label

    display(HBox([Label(f"{label}:"), widget]))
