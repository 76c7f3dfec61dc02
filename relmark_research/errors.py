"""What can go wrong, by whom it is mended.

Every message says three things: what was expected, what was found (value, count, first
offenders), and what to do about it.
"""

import math
from collections.abc import Iterable
from difflib import get_close_matches


class RelmarkError(Exception):
    """Anything that relmark_research refuses to do; the message says why and what to do."""


class DataError(RelmarkError, ValueError):
    """The data cannot carry the question that was asked of them."""


class ParameterError(RelmarkError, ValueError):
    """An argument, a model's parameter or an option is outside its domain."""


class ConvergenceError(RelmarkError, RuntimeError):
    """A search for the best parameters did not end at one."""


class LadderError(RelmarkError, ValueError):
    """The rungs or the rules of a loyalty ladder contradict each other or the data."""


class ReportError(RelmarkError, RuntimeError):
    """A recipe, a notebook or a run of reports cannot be carried out."""


def unknown_name(kind: str, name: object, choices: Iterable[object]) -> str:
    """Return a sentence that says which names there are and which one is nearest.

    Parameters
    ----------
    kind
        What the name stands for, as a reader would call it: ``"column"``, ``"unit"``.
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
    between: bool = False,
    rule: str = "",
) -> float:
    """Return ``value`` as a float, refusing text, what is missing, and what is out of bounds.

    Parameters
    ----------
    name
        What the number is, as the sentence begins: ``"a level"``.
    value
        What was given.
    low, high
        Least and greatest value allowed; both may be infinite.
    between
        Whether the value must lie strictly between them.
    rule
        What the sentence says is allowed, such as ``"is a probability such as 0.95"``.

    Raises
    ------
    ParameterError
        Where it is no number, or lies outside.

    Examples
    --------
    >>> check_number("a level", 0.95, low=0, high=1, between=True)
    0.95
    >>> check_number("rate", "0.1", low=0)
    Traceback (most recent call last):
    relmark_research.errors.ParameterError: rate must be a number >= 0; found the text '0.1'. ...
    """
    said = rule or f"must be a number{_bounds(low, high, between)}"
    if isinstance(value, str):
        hint = "Write it without quotes" if _reads(value) else "Give a number"
        raise ParameterError(f"{name} {said}; found the text {value!r}. {hint}.")
    if isinstance(value, bool) or not _reads(value):
        raise ParameterError(f"{name} {said}; found {value!r} ({type(value).__name__}).")
    number = float(value)  # type: ignore[arg-type]
    inside = low < number < high if between else low <= number <= high
    if not inside:
        raise ParameterError(f"{name} {said}; found {value!s}.")
    return number


def check_count(name: str, value: object, *, low: int = 1) -> int:
    """Return ``value`` as a whole number, refusing one below ``low``."""
    rule = f"must be a whole number, {low} or more"
    number = check_number(name, value, low=low, rule=rule)
    if not number.is_integer():
        raise ParameterError(f"{name} {rule}; found {value!s}.")
    return int(number)


def check_level(level: object) -> float:
    """Return the probability of an interval, refusing what is not strictly between 0 and 1."""
    rule = "is a probability such as 0.95"
    return check_number("a level", level, low=0, high=1, between=True, rule=rule)


def _reads(value: object) -> bool:
    """Whether Python takes a value for a number."""
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _bounds(low: float, high: float, between: bool) -> str:
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(high):
        return f" {'>' if between else '>='} {low:g}"
    if math.isinf(low):
        return f" {'<' if between else '<='} {high:g}"
    return f" between {low:g} and {high:g}" if between else f" from {low:g} to {high:g}"
