"""What a parameter may be, as its comment says in square brackets, checked before anything runs.

``[0 to 1]`` with both ends, ``[> 0]``, ``[> 0, < 1]``, ``[day | week]``, ``[horizon]``. Whatever
else stands there is a unit for readers.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from relmark_research.errors import RelmarkError, ReportError
from relmark_research.reporting.recipe.parameters import Parameter
from relmark_research.units import Horizon

_NUMBER = r"-?\d+(?:\.\d+)?"
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def check_domains(given: Mapping[str, Any], schema: Mapping[str, Parameter]) -> None:
    """Refuse a given value that is not what the comment beside the parameter allows.

    Parameters
    ----------
    given
        Values by name; None and names that the notebook does not have are passed over.
    schema
        The notebook's parameters by name.

    Raises
    ------
    ReportError
        Which parameter, what it may be, and what was found.

    Examples
    --------
    >>> from relmark_research.reporting.recipe.parameters import parse_parameters
    >>> (level,) = parse_parameters("level = 0.95  # of the intervals [> 0, < 1]")
    >>> check_domains({"level": 95}, {"level": level})
    Traceback (most recent call last):
        ...
    relmark_research.errors.ReportError: parameter 'level' must be > 0, < 1; found 95.
    """
    for name, value in given.items():
        if name in schema and value is not None:
            _check(name, value, schema[name].unit)


def _check(name: str, value: Any, domain: str) -> None:
    if domain == "horizon":
        _check_horizon(name, value)
    elif "|" in domain:
        choices = [choice.strip() for choice in domain.split("|")]
        if value not in choices:
            raise _refused(name, f"one of {', '.join(choices)}", value)
    elif isinstance(value, int | float) and not _holds(value, domain):
        raise _refused(name, domain, value)


def _check_horizon(name: str, value: Any) -> None:
    try:
        Horizon.parse(value)
    except RelmarkError as error:
        raise ReportError(f"parameter {name!r}: {error}") from None


def _holds(value: float, domain: str) -> bool:
    """Whether a number is within; a text that is no domain holds for all."""
    ends = re.fullmatch(rf"({_NUMBER}) to ({_NUMBER})", domain)
    if ends:
        return float(ends[1]) <= value <= float(ends[2])
    parts = [re.fullmatch(rf"(>=|<=|>|<) ?({_NUMBER})", part) for part in domain.split(", ")]
    return all(_SIGNS[part[1]](value, float(part[2])) for part in parts if part)


def _refused(name: str, domain: str, value: Any) -> ReportError:
    between = domain.replace(" to ", " and ")
    words = f"between {between}" if " to " in domain else domain
    return ReportError(f"parameter {name!r} must be {words}; found {value!r}.")
