"""The exceptions of the package, and the checks of arguments that raise them.

Every message states what was expected, what was found (value, count, first offending rows) and what
to do about it.
"""

import math
from collections.abc import Iterable
from difflib import get_close_matches


class RelmarkError(Exception):
    """Base class of the exceptions that relmark_research raises on purpose."""


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
    lowered = {known.lower(): known for known in reversed(names)}
    near = get_close_matches(str(name).lower(), list(lowered), n=1, cutoff=0.5)
    hint = f" Did you mean {lowered[near[0]]!r}?" if near else ""
    return f"no {kind} {name!r}; there are: {', '.join(names) or 'none'}.{hint}"


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
