"""How a result shows itself: one line in a terminal, a small table in a notebook."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TypeVar

Rows = Mapping[str, object] | Iterable[Sequence[object]]
Shown = TypeVar("Shown")


def html_table(title: str, rows: Rows) -> str:
    """Return an HTML table with a caption, one row per label; all text is escaped.

    Parameters
    ----------
    title
        The caption.
    rows
        Label to value, or sequences of a label and its values.

    Examples
    --------
    >>> html_table("Total", {"expected": 1234.5678})
    '<table><caption>Total</caption><tr><th scope="row">expected</th><td>1,235</td></tr></table>'
    """
    lines = [
        f'<tr><th scope="row">{_cell(label)}</th>'
        f"{''.join(f'<td>{_cell(value)}</td>' for value in values)}</tr>"
        for label, *values in _pairs(rows)
    ]
    return f"<table><caption>{_cell(title)}</caption>{''.join(lines)}</table>"


def one_line(title: str, rows: Rows) -> str:
    """Return the same in one line of text, for ``__repr__``.

    Examples
    --------
    >>> one_line("Total", {"expected": 1234.5678, "level": None})
    '<Total: expected 1,235, level none>'
    """
    said = [" ".join([str(label), *map(shown, values)]) for label, *values in _pairs(rows)]
    return f"<{title}: {', '.join(said)}>"


def shown(value: object) -> str:
    """Return a value as text: numbers with four significant digits, whole numbers in full."""
    if value is None:
        return "none"
    if isinstance(value, bool | str):
        return str(value)
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(value)
    if not math.isfinite(number):
        return "missing" if math.isnan(number) else str(number)
    if number == round(number) or abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.4g}"


def short_repr(cls: type[Shown]) -> type[Shown]:
    """Decorate a result so that it shows the rows of its method ``_summary``, not its contents.

    A class without ``_summary`` shows its public fields. On a dataclass it goes above
    ``@dataclass(..., repr=False)``.
    """
    rows = getattr(cls, "_summary", _public_fields)

    def as_text(self: object) -> str:
        return one_line(type(self).__name__, rows(self))

    def as_html(self: object) -> str:
        return html_table(type(self).__name__, rows(self))

    cls.__repr__ = as_text  # type: ignore[method-assign]
    cls._repr_html_ = as_html  # type: ignore[attr-defined]
    return cls


def _public_fields(result: object) -> Rows:
    return {name: value for name, value in vars(result).items() if not name.startswith("_")}


def _pairs(rows: Rows) -> list[Sequence[object]]:
    return list(rows.items()) if isinstance(rows, Mapping) else list(rows)


def _cell(value: object) -> str:
    return escape(shown(value))
