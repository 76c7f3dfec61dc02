"""From rows as they came to rows that can be used: every row gets its first problem, if any.

What is refused is refused with the first such rows; what is left out is counted for the audit.

The checks are expressions of our own, not pandera's: pandera 0.35 on Ibis asks once per check and
brings every failing row to memory (10 million rows of Parquet, 11,495 of them failing: 2.9 s of CPU
for three checks, where all of ours took 0.5 s in one pass), and it does not give a row the one
problem by which the audit accounts for it.
"""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from relmark_research.errors import DataError, ParameterError
from relmark_research.tables import column_mapping, sql_dialects
from relmark_research.tables.column_mapping import column
from relmark_research.tables.options import Columns, ReadOptions, Returns
from relmark_research.tables.pseudonyms import pseudonyms

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["CANONICAL", "Columns", "ReadOptions", "Returns", "marked", "tally", "usable"]

CANONICAL = ("customer_id", "date", "value", "cost", "key")

LARGEST = 9e11  # money; its ten-thousandths are whole numbers of a float64

PROBLEMS = {
    "excluded by the filter": "exclude was met",
    "customer id missing": "{customer} is blank",
    "date missing": "{date} is blank",
    "date unparsable": "{date} cannot be read as a day",
    "date in the future": "{date} is after today",
    "value missing": "{value} is blank",
    "value unparsable": "{value} is not a number",
    "value too large": "{value} is beyond 900 billion either way",
    "exchange rate missing": "the exchange rate is no number above 0",
    "cost unparsable": "the cost is no number",
    "zero value dropped": "{value} is 0",
}

_CODES = {problem: number for number, problem in enumerate(PROBLEMS, start=1)}

_ADVICE = {
    "customer id missing": "Leave them out: ReadOptions(missing_ids='leave out').",
    "date unparsable": "Name the format, ReadOptions(date_format='%d/%m/%Y'), or leave such rows "
    "out, ReadOptions(unusable='leave out').",
    "date in the future": "Leave them out or keep them: ReadOptions(future_dates='leave out').",
    "value unparsable": "Name the decimal sign, ReadOptions(decimal=','), or leave such rows out, "
    "ReadOptions(unusable='leave out').",
    "zero value dropped": "Say what they are: ReadOptions(zero_values='keep') or 'drop'.",
}


def marked(raw: ir.Table, names: Columns, options: ReadOptions) -> ir.Table:
    """Return the source's rows beside our reading of them and `problem`, null where there is none.

    Our columns are ``relmark_customer_id``, ``relmark_date``, ``relmark_value``[,
    ``relmark_cost``], ``relmark_problem`` and ``relmark_doubt`` (whether there may be one, or the
    id needs tidying: sooner told); the source's stay, to be shown as they are.
    """
    import ibis

    dated = column_mapping.with_day(raw, names.date, options)
    read = dated.mutate(**_readings(dated, names, options))
    found = _conditions(read, raw, names, options)
    judged = read.mutate(
        relmark_problem=ibis.cases(*found.values(), else_=None),
        relmark_doubt=_doubt(found, read, names),
    )
    used = [names.date, *column_mapping.columns_used(raw, names.value)]
    return sql_dialects.materialised_rows(judged, raw, text=any(raw[name].type().is_string() for name in used))


def _readings(raw: ir.Table, names: Columns, options: ReadOptions) -> dict[str, ir.Value]:
    who = column_mapping.column(raw, names.customer)
    fields = {"relmark_key": who} if who.type().is_integer() else {}
    fields |= {
        "relmark_customer_id": column_mapping.identifier(raw, names.customer),
        "relmark_value": column_mapping.number(raw, names.value, decimal=options.decimal),
    }
    if names.cost is not None:
        cost = column_mapping.number(raw, names.cost, decimal=options.decimal)
        fields["relmark_cost"] = (cost.abs() <= LARGEST).ifelse(cost, None)
    if options.rate_column is not None:
        rate = column_mapping.number(raw, options.rate_column, decimal=options.decimal)
        for name in ("relmark_value", "relmark_cost"):
            if name in fields:
                fields[name] = fields[name] * rate
    return fields


def _conditions(
    read: ir.Table, raw: ir.Table, names: Columns, options: ReadOptions
) -> dict[str, tuple[ir.BooleanValue, int]]:
    """Return the problems that a row can have, in the order in which they are looked for."""
    import ibis

    value, key = read.relmark_value, "relmark_key" in read.columns
    who = read.relmark_key if key else read.relmark_customer_id  # a number is not made text first
    conditions = {
        "customer id missing": who.isnull(),
        "date missing": _blank(read, [names.date]),
        "date unparsable": read.relmark_date.isnull(),
        "value missing": _blank(read, column_mapping.columns_used(raw, names.value)),
    }
    if options.exclude is not None:
        exclude = condition(read, options.exclude)
        conditions = {"excluded by the filter": exclude, **conditions}
    if options.future_dates != "keep":
        conditions["date in the future"] = read.relmark_date > ibis.literal(date.today())
    if options.rate_column is not None:
        rate = column_mapping.number(read, options.rate_column, decimal=options.decimal)
        conditions["exchange rate missing"] = ~((rate > 0) & (rate < LARGEST)).fill_null(False)
    conditions["value unparsable"] = ~(value <= 1.7e308).fill_null(False)  # null, NaN, infinity
    conditions["value too large"] = value.abs() > LARGEST
    if names.cost is not None:
        said = ~_blank(read, column_mapping.columns_used(raw, names.cost))
        conditions["cost unparsable"] = said & read.relmark_cost.isnull()
    if options.zero_values != "keep":
        conditions["zero value dropped"] = value == 0
    return {problem: (condition, _CODES[problem]) for problem, condition in conditions.items()}


def _doubt(
    found: dict[str, tuple[ir.BooleanValue, int]], read: ir.Table, names: Columns
) -> ir.BooleanValue:
    conditions = {problem: condition for problem, (condition, _) in found.items()}
    if read[names.customer].type().is_string():
        conditions["customer id missing"] = column_mapping.untidy_id(read, names.customer)
    return functools.reduce(operator.or_, conditions.values())


def has(rows: ir.Table, problem: str) -> ir.BooleanValue:
    """Tell which marked rows have a problem."""
    return rows.relmark_problem == _CODES[problem]


def usable(
    rows: ir.Table, options: ReadOptions, *, whole: bool = False, tidy: str | None = None
) -> ir.Table:
    """Return customer_id, date, value[, cost][, key] of the marked rows that have no problem.

    `key` is the id as the number that it is in the source: engines group by numbers faster. Where
    the rows are known to be usable as a ``whole``, they are not looked at again; neither are the
    ids where the column ``tidy`` of the source is known to hold them as they are to be.
    """
    kept = rows if whole else rows.filter(rows.relmark_problem.isnull())
    if options.duplicates == "drop":
        kept = kept.distinct()
    if options.order_column is not None:
        kept = kept.mutate(relmark_date=first_day_of_order(kept, options.order_column))
    ours = {name: f"relmark_{name}" for name in CANONICAL if f"relmark_{name}" in rows.columns}
    if tidy is not None and kept[tidy].type().is_string():
        ours["customer_id"] = tidy
    return kept.select(**{name: kept[column] for name, column in ours.items()})


def first_day_of_order(rows: ir.Table, order_column: str) -> ir.Value:
    """Return the first day of each row's order, its own day where it names no order."""
    order = column_mapping.identifier(rows, order_column)
    first = rows.relmark_date.min().over(group_by=[rows.relmark_customer_id, order])
    return order.isnull().ifelse(rows.relmark_date, first)


def _blank(table: ir.Table, names: list[str]) -> ir.BooleanValue:
    return functools.reduce(operator.or_, (_blank_column(table[name]) for name in names))


def _blank_column(values: ir.Value) -> ir.BooleanValue:
    blank = values.isnull()
    return (
        blank | (sql_dialects.trimmed(values) == "").fill_null(False)
        if values.type().is_string()
        else blank
    )


def tally(rows: ir.Table) -> pd.DataFrame:
    """Count marked rows by problem, with what one cheap pass can tell of them.

    Rows without a problem or an untidy id, the usual case, are counted without grouping, in half
    the time.

    Returns
    -------
    DataFrame
        One row per problem (None: usable): rows, zero, negative, size (sum of the values' sizes),
        first, last[, first_key, last_key (as text, which holds every whole number)], and tidy
        (whether there was no doubt of any row).
    """
    value, moment = rows.relmark_value, rows.relmark_date
    told = {
        "rows": rows.count(),
        "zero": (value == 0).sum().fill_null(0).cast("int64"),
        "negative": (value < 0).sum().fill_null(0).cast("int64"),
        "size": value.abs().sum(),
        "first": moment.min(),
        "last": moment.max(),
    }
    if "relmark_key" in rows.columns:
        told["first_key"] = rows.relmark_key.min().cast("string")
        told["last_key"] = rows.relmark_key.max().cast("string")
    doubts = rows.relmark_doubt.sum().fill_null(0).cast("int64")
    whole = rows.aggregate(doubts=doubts, **told).to_pandas()
    if not whole["doubts"].iloc[0]:
        return whole.drop(columns="doubts").assign(problem=None, tidy=True)
    table = rows.group_by(problem=rows.relmark_problem).aggregate(**told).to_pandas()
    names = {float(code): problem for problem, code in _CODES.items()}
    problem = table["problem"].astype("float64").map(names)
    return table.assign(problem=problem, tidy=False)


def refuse_unusable(
    rows: ir.Table, counts: dict[str, int], total: int, names: Columns, options: ReadOptions
) -> None:
    """Raise DataError for the first kind of problem that the options do not leave out."""
    for problem, what in PROBLEMS.items():
        found = counts.get(problem, 0)
        if not found or _policy(problem, options) != "refuse":
            continue
        said = what.format(customer=names.customer, date=names.date, value=names.value)
        advice = _ADVICE.get(problem, "Leave such rows out: ReadOptions(unusable='leave out').")
        shown = examples(rows, has(rows, problem), names)
        raise DataError(
            f"expected every row to be usable; in {found:,} of {total:,} rows {said}. "
            f"First: {shown}. {advice}"
        )


def _policy(problem: str, options: ReadOptions) -> str:
    own = {
        "excluded by the filter": "leave out",
        "customer id missing": options.missing_ids,
        "date in the future": options.future_dates,
        "zero value dropped": options.zero_values,
    }
    return own.get(problem, options.unusable)


def examples(
    rows: ir.Table, condition: ir.BooleanValue, names: Columns, *, clear: bool = True
) -> str:
    """Return the first three marked rows that meet a condition, in the source's own words.

    An engine that does not keep the order of rows shows those of least customer and day. Unless
    ``clear``, ids are shown as pseudonyms.
    """
    import ibis

    value_columns = column_mapping.columns_used(rows, names.value)
    shown = list(dict.fromkeys([names.customer, names.date, *value_columns]))
    if sql_dialects.preserves_order(rows):
        numbered = rows.mutate(relmark_row=ibis.row_number() + 1, relmark_found=condition)
        found = numbered.filter(numbered.relmark_found).order_by("relmark_row")
    else:
        found = rows.filter(condition).order_by(shown)
    also = [name for name in ("relmark_row", "relmark_customer_id") if name in found.columns]
    first = found.select(*also, *shown).limit(3).to_pandas().to_dict("records")
    if not clear:
        for row in first:
            row[names.customer] = _hidden(row["relmark_customer_id"])
    return "; ".join(_sentence(row, shown) for row in first)


def _hidden(customer_id: object) -> object:
    return pseudonyms([customer_id])[0] if isinstance(customer_id, str) else None


def _sentence(row: dict, shown: list[str]) -> str:
    words = ", ".join(f"{name} {_word(row[name])}" for name in shown)
    return f"row {row['relmark_row']:,} ({words})" if "relmark_row" in row else f"({words})"


def _word(value: object) -> str:
    text = str(value).strip()
    return "blank" if text in {"", "nan", "None", "NaT", "<NA>"} else repr(text)


# Which rows to leave out, said in a sentence about columns that every engine can carry out.
# Comparisons (``== != < <= > >= in not in``), ``and or not``, and ``startswith(column, 'x')``,
# ``endswith``, ``contains``, ``blank(column)``: nothing else is obeyed.

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda values, choices: values.isin(choices),
    ast.NotIn: lambda values, choices: values.notin(choices),
}
_TESTS: dict[str, Callable[..., Any]] = {
    "startswith": lambda values, text: values.cast("string").startswith(text),
    "endswith": lambda values, text: values.cast("string").endswith(text),
    "contains": lambda values, text: values.cast("string").contains(text),
    "blank": lambda values: (sql_dialects.trimmed(values.cast("string")) == "").fill_null(True),
}


def condition(table: ir.Table, sentence: str) -> ir.BooleanValue:
    """Return the condition that a sentence says of a row; a missing value meets none but blank.

    Parameters
    ----------
    sentence
        Such as ``"endswith(Email, '@example.com') or Country in ('Testland',)"``.

    Raises
    ------
    ParameterError
        Where the sentence is not understood.
    DataError
        Where it names a column that is not there.
    """
    try:
        tree = ast.parse(sentence.strip(), mode="eval").body
    except SyntaxError:
        raise _not_understood(sentence) from None
    return _truth(tree, table).fill_null(False)


def _truth(node: ast.expr, table: ir.Table) -> Any:
    if isinstance(node, ast.BoolOp):
        join = operator.and_ if isinstance(node.op, ast.And) else operator.or_
        return functools.reduce(join, (_truth(part, table) for part in node.values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_truth(node.operand, table)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS and len(node.ops) == 1:
        left, right = (_operand(side, table) for side in (node.left, node.comparators[0]))
        return _COMPARISONS[type(node.ops[0])](left, right).fill_null(False)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TESTS:
        values, *texts = (_operand(argument, table) for argument in node.args)
        if not node.keywords and len(texts) == (node.func.id != "blank"):
            return _TESTS[node.func.id](values, *texts).fill_null(False)
    raise _not_understood(ast.unparse(node))


def _operand(node: ast.expr, table: ir.Table) -> Any:
    if isinstance(node, ast.Name):
        return column(table, node.id)
    try:
        value = ast.literal_eval(node)
    except ValueError:
        raise _not_understood(ast.unparse(node)) from None
    return list(value) if isinstance(value, tuple | set) else value


def _not_understood(part: str) -> ParameterError:
    return ParameterError(
        "a filter compares columns with values, as in \"Country == 'Testland' or "
        f"endswith(Email, '@example.com')\"; not understood: {part!r}. Known tests: "
        f"{', '.join(_TESTS)}; names with spaces need a column without them."
    )


# Several currencies are not added up: a rate column makes them one, or the log is refused.

USUAL_NAMES = ("currency", "currency_code")


def column_of(rows: ir.Table, options: ReadOptions) -> str | None:
    """Return the column with the currency: the one named, or one that is called so."""
    if options.currency_column is not None:
        return options.currency_column
    return next((name for name in rows.columns if name.lower() in USUAL_NAMES), None)


def refuse_several(rows: ir.Table, options: ReadOptions) -> None:
    """Raise DataError where the usable rows are in several currencies and no rate is given."""
    name = column_of(rows, options)
    if name is None or options.rate_column is not None:
        return
    used = rows.filter(rows.relmark_problem.isnull())
    found = used.group_by(relmark_currency=column_mapping.identifier(used, name)).aggregate(
        relmark_rows=used.count()
    )
    counted = found.to_pandas().sort_values("relmark_rows", ascending=False)
    if len(counted) > 1:
        shown = ", ".join(
            f"{currency if isinstance(currency, str) else 'blank'} in {count:,} rows"
            for currency, count in counted.head(5).itertuples(index=False)
        )
        raise DataError(
            f"expected one currency in column {name!r}; found {len(counted)}: {shown}. Name a "
            "column with what one unit is worth in the report's currency, "
            "ReadOptions(rate_column=...), or leave rows out, ReadOptions(exclude=...)."
        )
