"""The exceptions of the package, and the checks of arguments that raise them.

Every message states what was expected, what was found (value, count, first offending rows) and what
to do about it. Rows are named by their number. The values in them, ids above all, are shown to an
interactive Python user only: a message of the command line, of a run or of a script may end in a
log, a mail or a page (`values_shown`).
"""

import math
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from itertools import islice

SHOW_VARIABLE = "RELMARK_SHOW_VALUES"  # environment variable that asks for values in messages
RUN_VARIABLE = "RELMARK_PROCESS"  # environment variable of every process of a run

NOT_SHOWN = "not shown"
EMAIL_NOT_SHOWN = "(e-mail address not shown)"

_SHOWN_ROWS = 3
_HIDDEN: ContextVar[bool] = ContextVar("values_hidden", default=False)
_EMAIL = re.compile(r"[\w.+%-]+(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_DAY = r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2}))"
_DAY_OR_MOMENT = re.compile(rf"{_DAY}([ T]\d{{1,2}}:\d{{2}}(:\d{{2}}(\.\d+)?)?)?( ?[AaPp][Mm])?Z?")
_AMOUNT = re.compile(r"[-+]?[$€£]?(\d{1,6}|\d{1,3}([,.' ]\d{3}){1,3})([.,]\d{1,6})? ?[%€£$]?")
_DATA_NAME = re.compile(rf"'?([-+]?\d[\d.,]*|{_DAY}.*|.*@.*)'?")


def values_shown() -> bool:
    """Return whether messages show values of the data, such as customers' ids.

    They do in an interactive session: a Python prompt or JupyterLab. They do not on the command
    line, in a script and in the notebooks of a run, unless RELMARK_SHOW_VALUES=1 asks for them.
    """
    if _HIDDEN.get() or os.environ.get(RUN_VARIABLE):
        return False
    asked = os.environ.get(SHOW_VARIABLE, "")
    return asked not in ("", "0") if asked else _is_interactive()


@contextmanager
def values_hidden() -> Iterator[None]:
    """Keep values of the data out of the messages of the errors made inside."""
    token = _HIDDEN.set(True)
    try:
        yield
    finally:
        _HIDDEN.reset(token)


def without_emails(text: str) -> str:
    """Return a text with its e-mail addresses replaced.

    Examples
    --------
    >>> without_emails("bob@example.com is no number")
    '(e-mail address not shown) is no number'
    """
    return _EMAIL.sub(EMAIL_NOT_SHOWN, text) if "@" in text or "%40" in text else text


def id_text(value: object) -> str:
    """Return an id for a message; only an interactive user sees it."""
    return repr(value) if values_shown() else NOT_SHOWN


def cell_text(value: object) -> str:
    """Return the text of a cell for a message.

    Unless the user is interactive, only what reads like a day or an amount is shown: anything else
    may be a name, an address or an id in the wrong column.

    Examples
    --------
    >>> with values_hidden():
    ...     print(cell_text("2024-13-01"), cell_text("10,500"), cell_text("bob@example.com"))
    '2024-13-01' '10,500' not shown
    """
    text = str(value).strip()
    harmless = _DAY_OR_MOMENT.fullmatch(text) or _AMOUNT.fullmatch(text)
    return repr(text) if harmless or values_shown() else NOT_SHOWN


def first_rows(wrong: Iterable[object], ids: Iterable[object] | None = None) -> str:
    """Return the numbers of the first three rows that are wrong, from 1, with their ids.

    Parameters
    ----------
    wrong
        One value per row, true where the row is wrong.
    ids
        The id of each row, which only an interactive user sees.

    Examples
    --------
    >>> with values_hidden():
    ...     first_rows([False, True, True], ["a", "b", "c"])
    'row 2, row 3'
    """
    labels = ids if ids is not None and values_shown() else None
    rows = ((row, bad) for row, bad in enumerate(wrong, start=1))
    if labels is None:
        found = (f"row {row:,}" for row, bad in rows if bad)
    else:
        found = (
            f"row {row:,} ({label!r})"
            for (row, bad), label in zip(rows, labels, strict=False)
            if bad
        )
    return ", ".join(islice(found, _SHOWN_ROWS))


def first_ids(ids: Iterable[object]) -> str:
    """Return the first three ids of rows that have no number, for a sentence that ends in "first".

    Examples
    --------
    >>> with values_hidden():
    ...     first_ids(["bob", "ann"])
    '(ids are shown in an interactive session only)'
    """
    if not values_shown():
        return "(ids are shown in an interactive session only)"
    return ", ".join(repr(each) for each in islice(ids, _SHOWN_ROWS))


def column_names_text(names: Iterable[object], *, header: Iterable[object] = ()) -> str:
    """Return the names of columns; not shown where they look like data, as without a header.

    Parameters
    ----------
    names
        The names to show.
    header
        All names of the table, if ``names`` are some of them: one that looks like data is enough.
    """
    listed = [str(name) for name in names]
    checked = [str(name).strip() for name in (*listed, *header)]
    if values_shown() or not any(map(_DATA_NAME.fullmatch, checked)):
        return ", ".join(listed)
    return f"{len(listed)} columns, whose names look like data and are not shown"


def _is_interactive() -> bool:
    shell = sys.modules.get("IPython")
    in_shell = shell is not None and shell.get_ipython() is not None
    return in_shell or hasattr(sys, "ps1") or bool(sys.flags.interactive)


class RelmarkError(Exception):
    """Base class of the exceptions that relmark_research raises on purpose."""

    def __init__(self, *arguments: object) -> None:
        shown = values_shown()
        super().__init__(
            *(
                each if shown or not isinstance(each, str) else without_emails(each)
                for each in arguments
            )
        )


class DataError(RelmarkError, ValueError):
    """The data are malformed, or do not suffice for the result."""


class ParameterError(RelmarkError, ValueError):
    """An argument, a model's parameter or an option is outside its domain."""


class MissingMethodError(ParameterError, NotImplementedError):
    """A model does not implement a method that the result needs."""


class ConvergenceError(RelmarkError, RuntimeError):
    """An estimate does not exist, or the search for it did not converge."""


class LadderError(RelmarkError, ValueError):
    """The rungs or the rules of a loyalty ladder contradict each other or the data."""


class ReportError(RelmarkError, RuntimeError):
    """A recipe is invalid, or a notebook or a run of reports failed."""


def unknown_name(kind: str, name: object, choices: Iterable[object]) -> str:
    """Return a sentence that lists the known names and suggests the closest match.

    Parameters
    ----------
    kind
        What the name refers to, such as ``"column"`` or ``"unit"``.
    name
        The name that was given.
    choices
        The names that exist.

    Examples
    --------
    >>> unknown_name("column", "custmer", ["customer", "date"])
    "no column 'custmer'; there are: customer, date. Did you mean 'customer'?"
    """
    names = [str(choice) for choice in choices]
    listed = column_names_text(names) if kind == "column" else ", ".join(names)
    if listed != ", ".join(names):
        return f"no {kind} {name!r}; there are {listed}."
    lowered = {known.lower(): known for known in reversed(names)}
    near = get_close_matches(str(name).lower(), list(lowered), n=1, cutoff=0.5)
    hint = f" Did you mean {lowered[near[0]]!r}?" if near else ""
    return f"no {kind} {name!r}; there are: {listed or 'none'}.{hint}"


def check_choice(kind: str, name: object, choices: Iterable[object]) -> None:
    """Raise ParameterError unless ``name`` is one of ``choices``."""
    known = list(choices)
    if name not in known:
        raise ParameterError(unknown_name(kind, name, known))


def check_number(
    name: str,
    value: object,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    exclusive: bool = False,
    rule: str = "",
) -> float:
    """Return ``value`` as a float, refusing text, missing values and values out of bounds.

    Parameters
    ----------
    name
        Name of the number, with which the message begins: ``"a level"``.
    value
        The argument.
    low, high
        Bounds, both may be infinite.
    exclusive
        Whether the bounds themselves are refused.
    rule
        What the message says is allowed, such as ``"is a probability such as 0.95"``.

    Raises
    ------
    ParameterError
        If it is not a number, or out of bounds.

    Examples
    --------
    >>> check_number("a level", 0.95, low=0, high=1, exclusive=True)
    0.95
    >>> check_number("rate", "0.1", low=0)
    Traceback (most recent call last):
    relmark_research.errors.ParameterError: rate must be a number >= 0; found the text '0.1'. ...
    """
    said = rule or f"must be a number{_bounds(low, high, exclusive)}"
    if isinstance(value, str):
        hint = "Write it without quotes" if _is_number(value) else "Give a number"
        raise ParameterError(f"{name} {said}; found the text {value!r}. {hint}.")
    if isinstance(value, bool) or not _is_number(value):
        raise ParameterError(f"{name} {said}; found {value!r} ({type(value).__name__}).")
    number = float(value)  # type: ignore[arg-type]
    inside = low < number < high if exclusive else low <= number <= high
    if not inside:
        raise ParameterError(f"{name} {said}; found {value!s}.")
    return number


def check_count(name: str, value: object, *, low: int = 1) -> int:
    """Return ``value`` as an int, refusing fractions and values below ``low``."""
    rule = f"must be a whole number, {low} or more"
    number = check_number(name, value, low=low, rule=rule)
    if not number.is_integer():
        raise ParameterError(f"{name} {rule}; found {value!s}.")
    return int(number)


def check_level(level: object) -> float:
    """Return the probability of an interval, refusing values outside (0, 1)."""
    rule = "is a probability such as 0.95"
    return check_number("a level", level, low=0, high=1, exclusive=True, rule=rule)


def check_share(name: str, value: object) -> float:
    """Return a share, refusing values outside (0, 1)."""
    rule = "must be a share in (0, 1), such as 0.2 for 20%"
    return check_number(name, value, low=0, high=1, exclusive=True, rule=rule)


def _is_number(value: object) -> bool:
    """Whether float() accepts a value."""
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _bounds(low: float, high: float, exclusive: bool) -> str:
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(high):
        return f" {'>' if exclusive else '>='} {low:g}"
    if math.isinf(low):
        return f" {'<' if exclusive else '<='} {high:g}"
    return f" between {low:g} and {high:g}" if exclusive else f" from {low:g} to {high:g}"
