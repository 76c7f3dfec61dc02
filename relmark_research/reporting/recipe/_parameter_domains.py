"""Domains of parameters: the values that the comment of a parameter allows in square brackets.

``[0 to 1]`` includes both bounds; others are ``[> 0]``, ``[> 0, < 1]``, ``[day | week]`` and
``[horizon]``. Any other text is a unit for readers.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from relmark_research.errors import RelmarkError, ReportError
from relmark_research.reporting.recipe.parameters import Parameter
from relmark_research.units import Horizon

_NUMBER = r"-?\d+(?:\.\d+)?"
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def check_domains(values: Mapping[str, Any], schema: Mapping[str, Parameter]) -> None:
    """Raise an error if a value lies outside the domain of its parameter.

    Parameters
    ----------
    values
        Values by parameter name. None and names that the notebook does not have are ignored.
    schema
        The parameters of the notebook by name.

    Raises
    ------
    ReportError
        The message names the parameter, its domain, and the value.

    Examples
    --------
    >>> from relmark_research.reporting.recipe.parameters import parse_parameters
    >>> (level,) = parse_parameters("level = 0.95  # of the intervals [> 0, < 1]")
    >>> check_domains({"level": 95}, {"level": level})
    Traceback (most recent call last):
        ...
    relmark_research.errors.ReportError: parameter 'level' must be > 0, < 1; found 95.
    """
    for name, value in values.items():
        if name in schema and value is not None:
            _check(name, value, schema[name].unit)


def _check(name: str, value: Any, domain: str) -> None:
    if domain == "horizon":
        _check_horizon(name, value)
    elif "|" in domain:
        choices = [choice.strip() for choice in domain.split("|")]
        if value not in choices:
            raise _outside(name, f"one of {', '.join(choices)}", value)
    elif isinstance(value, int | float) and not _contains(domain, value):
        raise _outside(name, domain, value)


def _check_horizon(name: str, value: Any) -> None:
    try:
        Horizon.parse(value)
    except RelmarkError as error:
        raise ReportError(f"parameter {name!r}: {error}") from None


def _contains(domain: str, value: float) -> bool:
    """Return whether a number lies in a domain; a text that is no domain contains all."""
    bounds = re.fullmatch(rf"({_NUMBER}) to ({_NUMBER})", domain)
    if bounds:
        return float(bounds[1]) <= value <= float(bounds[2])
    parts = [re.fullmatch(rf"(>=|<=|>|<) ?({_NUMBER})", part) for part in domain.split(", ")]
    return all(_COMPARISONS[part[1]](value, float(part[2])) for part in parts if part)


def _outside(name: str, domain: str, value: Any) -> ReportError:
    expected = f"between {domain.replace(' to ', ' and ')}" if " to " in domain else domain
    return ReportError(f"parameter {name!r} must be {expected}; found {value!r}.")
