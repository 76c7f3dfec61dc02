"""Domains of parameters: the values that the comment of a parameter allows in square brackets.

``[0 to 1]`` includes both bounds; others are ``[> 0]``, ``[> 0, < 1]``, ``[day | week]`` and
``[horizon]``. ``[by {segment} of customers]`` is a mapping whose keys are groups of a table: of the
column that the parameter ``segment`` names, in the table of the parameter ``customers``; the key
``all`` stands for groups that are not named. Any other text is a unit for readers.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from relmark_research.errors import DataError, RelmarkError, ReportError, unknown_name
from relmark_research.reporting.recipe.parameters import Parameter
from relmark_research.reporting.record.secrets import secret_names
from relmark_research.units import Horizon

_GROUPS = re.compile(r"by \{(\w+)\} of (\w+)")
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
            groups = _GROUPS.fullmatch(schema[name].unit)
            if groups and isinstance(value, Mapping):
                given = (_value(each, values, schema) for each in groups.groups())
                _check_groups(name, value, *given)


def _check(name: str, value: Any, domain: str) -> None:
    if domain == "horizon":
        _check_horizon(name, value)
    elif "|" in domain:
        choices = [choice.strip() for choice in domain.split("|")]
        if value not in choices:
            raise _outside(name, f"one of {', '.join(choices)}", value)
    elif isinstance(value, int | float) and not _contains(domain, value):
        raise _outside(name, domain, value)


def _value(name: str, values: Mapping[str, Any], schema: Mapping[str, Parameter]) -> Any:
    return values[name] if name in values else schema[name].default


def _check_groups(name: str, value: Mapping[str, Any], column: Any, table: Any) -> None:
    """Raise an error if a key is no group of a table's column; the message lists the groups."""
    named = [key for key in value if key != "all"]
    if not named:
        return
    if not column or not table:
        raise ReportError(
            f"parameter {name!r} names {named[0]!r}, and there is no table with such groups. Use "
            "the key 'all'."
        )
    source = table["source"] if isinstance(table, Mapping) else table
    known = None if secret_names(str(source)) else _groups_of(table, str(column))
    for key in named:
        if known is not None and key not in known:
            raise ReportError(f"parameter {name!r}: {unknown_name('group', key, sorted(known))}")


def _groups_of(table: Any, column: str) -> set[str] | None:
    """Return the groups in a column of a table; None where it is not readable yet."""
    from relmark_research.tables.read_table import column_by_customer

    try:
        return set(column_by_customer(table, column).astype(str))
    except DataError:  # the check of the tables says why
        return None


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
