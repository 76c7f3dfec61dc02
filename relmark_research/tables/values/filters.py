"""Filters of rows: comparisons of columns, compiled to an Ibis condition.

Comparisons are typed: text compared with a number is read as a number, and text compared with a day
such as ``'2024-01-31'`` as a date. What cannot be compared is refused.
"""

from __future__ import annotations

import ast
import functools
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from relmark_research.errors import ParameterError
from relmark_research.tables import sql_dialects
from relmark_research.tables.options import ReadOptions
from relmark_research.tables.values import columns, datetime_parsing, identifiers, numbers

if TYPE_CHECKING:
    import ibis.expr.types as ir

_ORDERS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_EQUALITIES: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda values, choices: values.isin(choices),
    ast.NotIn: lambda values, choices: values.notin(choices),
}
_COMPARISONS = _ORDERS | _EQUALITIES
_MIRRORED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}
_TEXT_FUNCTIONS = ("startswith", "endswith", "contains")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_LARGEST = 2**63


def filter_condition(
    table: ir.Table,
    expression: str,
    options: ReadOptions | None = None,
    *,
    ids: str | None = None,
) -> ir.BooleanValue:
    """Return the condition of an exclude filter; a missing value meets none but ``blank``.

    Parameters
    ----------
    expression
        Comparisons of columns with values or columns (``== != < <= > >= in not in``, also
        ``1 < x <= 5``), ``and or not``, and the functions ``startswith(column, 'x')``,
        ``endswith``, ``contains`` and ``blank(column)``; such as
        ``"endswith(Email, '@example.com') or `Unit Price` > 100"``.
    options
        How numbers and dates in text are written.
    ids
        The column of customers' ids, which is compared as `identifiers.identifier` reads it.

    Raises
    ------
    ParameterError
        Where the expression contains anything else, or compares what cannot be compared.
    DataError
        Where it names an unknown column.
    """
    syntax = None
    if isinstance(expression, str):
        syntax = columns.parse(expression, quotes_are_names=False)
    if syntax is None:
        shown = repr(expression)
        raise _invalid(shown if len(shown) <= 70 else f"{shown[:67]}...")
    found = _Filter(table, syntax, options or ReadOptions(), ids).condition(syntax.tree)
    return found.fill_null(False)


@dataclass(frozen=True)
class _Filter:
    """The evaluation of a filter over a table."""

    table: ir.Table
    syntax: columns.Syntax
    options: ReadOptions
    ids: str | None
    formats: dict[str, Mapping[str, numbers.NumberFormat]] = field(default_factory=dict)

    def condition(self, node: ast.AST) -> Any:
        """Return the boolean column of a part of a filter."""
        if isinstance(node, ast.BoolOp):
            join = operator.and_ if isinstance(node.op, ast.And) else operator.or_
            return functools.reduce(join, (self.condition(part) for part in node.values))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ~self.condition(node.operand)
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            pairs = zip(sides, node.ops, sides[1:], strict=False)
            return functools.reduce(operator.and_, (self._compared(*pair) for pair in pairs))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._called(node, node.func.id)
        if isinstance(node, ast.Name) and self._column(node).type().is_boolean():
            return self._column(node).fill_null(False)
        raise self._refused(node)

    def _column(self, node: ast.Name) -> ir.Value:
        name = self.syntax.name_of(node)
        if name.startswith("relmark_"):  # a column that reading adds
            name = columns.column(self.table.select(*columns.source_columns(self.table)), name)
        return columns.column(self.table, name)

    def _called(self, node: ast.Call, function: str) -> Any:
        names = [part for part in node.args[:1] if isinstance(part, ast.Name)]
        if function == "blank" and len(node.args) == len(names) == 1:
            return _text(self.table, self._column(names[0]).get_name()).isnull()
        text = node.args[1].value if len(node.args) == 2 and isinstance(
            node.args[1], ast.Constant) else None  # fmt: skip
        if function not in _TEXT_FUNCTIONS or not names or not isinstance(text, str):
            raise self._refused(node)
        values = _text(self.table, self._column(names[0]).get_name())
        return getattr(values, function)(text).fill_null(False)

    def _compared(self, left: ast.expr, kind: ast.cmpop, right: ast.expr) -> Any:
        """Return the condition of one comparison."""
        if not isinstance(left, ast.Name):
            if not isinstance(right, ast.Name) or isinstance(kind, ast.In | ast.NotIn):
                raise self._refused(left)
            left, right = right, left
            kind = _MIRRORED.get(type(kind), type(kind))()
        if type(kind) not in _COMPARISONS:
            raise self._refused(left)
        if isinstance(right, ast.Name):
            if isinstance(kind, ast.In | ast.NotIn):
                raise self._refused(right)
            values, others = self._two_columns(left, right, type(kind))
            return _COMPARISONS[type(kind)](values, others).fill_null(False)
        several = isinstance(kind, ast.In | ast.NotIn)
        values, choices = self._with_literals(left, self._literals(right, several), type(kind))
        return _COMPARISONS[type(kind)](values, choices if several else choices[0]).fill_null(False)

    def _literals(self, node: ast.expr, several: bool) -> list[Any]:
        """Return the values that a column is compared with; text, or numbers, or True or False."""
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            raise self._refused(node) from None
        if several != isinstance(value, tuple | list | set):
            raise self._refused(node)
        found = sorted(value, key=repr) if several else [value]
        kinds = {_kind_of(each) for each in found}
        if len(kinds) != 1 or None in kinds:
            raise self._refused(node)
        return found

    def _with_literals(
        self, node: ast.Name, values: list[Any], kind: type[ast.cmpop]
    ) -> tuple[Any, list[Any]]:
        """Return a column in the type of the values it is compared with, and the values."""
        name, given = self._column(node).get_name(), _kind_of(values[0])
        held = _held(self.table[name])
        if name == self.ids and given in ("text", "number") and kind in _EQUALITIES:
            return self._as_ids(name, values)
        if held == "boolean" and given == "boolean" and kind in _EQUALITIES:
            return self.table[name], values
        if given == "number" and held in ("text", "number"):
            return self._numbers(name), [float(value) for value in values]
        if given == "text" and held in ("text", "date"):
            days = [_day(value) for value in values]
            if None not in days:
                return self._days(name), days
            if held == "text" and kind in _EQUALITIES:
                return identifiers.text(self.table, name), [_composed(value) for value in values]
        raise self._incomparable(name, values[0], kind)

    def _as_ids(self, name: str, values: list[Any]) -> tuple[Any, list[str]]:
        texts = [
            str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
            for value in values
        ]
        return identifiers.identifier(self.table, name), [_composed(text) for text in texts]

    def _two_columns(
        self, left: ast.Name, right: ast.Name, kind: type[ast.cmpop]
    ) -> tuple[Any, Any]:
        names = [self._column(node).get_name() for node in (left, right)]
        held = {_held(self.table[name]) for name in names}
        if "number" in held and held <= {"number", "text"}:
            return self._numbers(names[0]), self._numbers(names[1])
        if "date" in held and held <= {"date", "text"}:
            return self._days(names[0]), self._days(names[1])
        if held == {"text"} and kind in _EQUALITIES:
            return identifiers.text(self.table, names[0]), identifiers.text(self.table, names[1])
        raise self._incomparable(names[0], f"column {names[1]}", kind)

    def _numbers(self, name: str) -> ir.Value:
        if name not in self.formats:
            self.formats[name] = numbers.number_formats(self.table, [name], self.options)
        return numbers.numeric(self.table[name], self.formats[name])

    def _days(self, name: str) -> ir.Value:
        """Return the days of a column as numbers, 20240131."""
        raw = self.table[name]
        if not raw.type().is_string():
            return raw.year() * 10_000 + raw.month() * 100 + raw.day()
        text = sql_dialects.trimmed(raw)
        day = datetime_parsing.written_number(text, None)
        if self.options.date_format is None:
            return day
        return datetime_parsing.written_number(text, self.options.date_format).coalesce(day)

    def _incomparable(self, name: str, value: object, kind: type[ast.cmpop]) -> ParameterError:
        held = {"text": "text", "number": "numbers", "date": "dates", "boolean": "true or false"}
        found = held.get(_held(self.table[name]) or "", str(self.table[name].type()))
        hint = ""
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            hint = f" Write the number without quotes: {value.replace(',', '.')}."
        elif found == "dates":
            hint = " Write a day as '2024-01-31'."
        elif kind in _ORDERS:
            hint = " Numbers and days such as '2024-01-31' have an order; text has none here."
        return ParameterError(
            f"the filter compares column {name!r}, which holds {found}, with {value!r}.{hint}"
        )

    def _refused(self, node: ast.AST) -> ParameterError:
        return _invalid(repr(self.syntax.written(node)))


def _text(table: ir.Table, name: str) -> ir.Value:
    """Return a column as text, for the functions of text."""
    kind = table[name].type()
    if kind.is_binary() or kind.is_nested() or kind.is_interval() or kind.is_time():
        return table[name].notnull().ifelse(str(kind), None)
    return identifiers.text(table, name)


def _held(values: ir.Value) -> str | None:
    kind = values.type()
    tests = {
        "boolean": kind.is_boolean(),
        "number": kind.is_numeric(),
        "text": kind.is_string() or kind.is_uuid(),
        "date": kind.is_date() or kind.is_timestamp(),
    }
    return next((name for name, found in tests.items() if found), None)


def _kind_of(value: object) -> str | None:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number" if math.isfinite(value) and abs(value) < _LARGEST else None
    return "text" if isinstance(value, str) else None


def _day(text: str) -> int | None:
    """Return the number of a day such as '2024-01-31', 20240131."""
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None
    return None if day is None else day.year * 10_000 + day.month * 100 + day.day


def _composed(text: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFC", text.strip())


def _invalid(part: str) -> ParameterError:
    return ParameterError(
        "a filter compares columns with values, as in \"Country == 'Testland' or `Unit Price` > "
        f'100"; found {part}. Available functions: {", ".join([*_TEXT_FUNCTIONS, "blank"])}. '
        "Names with spaces, signs or words of Python stand in backticks; a missing value is "
        "blank(column)."
    )
