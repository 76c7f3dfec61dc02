"""Checks of a log's rows: each row gets its first problem, if it has one.

Rows with a problem raise an error that shows the first of them, or are left out and counted in the
audit, as the options say. The check for several currencies is here too.

The checks are Ibis expressions, not pandera's: pandera 0.35 on Ibis runs one query per check and
loads every failing row into memory (10 million rows of Parquet, 11,495 of them failing: 2.9 s of
CPU for three checks, against 0.5 s for all of these in one pass), and it does not assign a row the
single problem by which the audit accounts for it.
"""

from __future__ import annotations

import functools
import operator
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from relmark_research.errors import DataError
from relmark_research.tables import column_mapping, sql_dialects
from relmark_research.tables._row_filter import filter_condition
from relmark_research.tables.options import Columns, ReadOptions
from relmark_research.tables.pseudonyms import pseudonyms

if TYPE_CHECKING:
    import ibis.expr.types as ir

LOG_COLUMNS = ("customer_id", "date", "value", "cost", "key")
CURRENCY_COLUMNS = ("currency", "currency_code")  # names looked for where none is given

MAX_VALUE = 9e11  # money; its ten-thousandths are whole numbers of a float64

PROBLEMS = {
    "excluded by the filter": "the exclude filter matches",
    "customer id missing": "{customer} is blank",
    "date missing": "{date} is blank",
    "date unparsable": "{date} cannot be read as a date",
    "date in the future": "{date} is after today",
    "value missing": "{value} is blank",
    "value unparsable": "{value} is not a number",
    "value too large": "the absolute value of {value} exceeds 900 billion",
    "exchange rate missing": "the exchange rate is not a number above 0",
    "cost unparsable": "the cost is not a number",
    "zero value dropped": "{value} is 0",
}

_PROBLEM_CODES = {problem: number for number, problem in enumerate(PROBLEMS, start=1)}

_ADVICE = {
    "customer id missing": "Leave them out: ReadOptions(missing_ids='leave out').",
    "date unparsable": "Give the format, ReadOptions(date_format='%d/%m/%Y'), or leave such rows "
    "out, ReadOptions(unusable='leave out').",
    "date in the future": "Leave them out or keep them: ReadOptions(future_dates='leave out').",
    "value unparsable": "Give the decimal sign, ReadOptions(decimal=','), or leave such rows out, "
    "ReadOptions(unusable='leave out').",
    "zero value dropped": "Keep or drop them: ReadOptions(zero_values='keep') or 'drop'.",
}


def checked_rows(raw: ir.Table, columns: Columns, options: ReadOptions) -> ir.Table:
    """Return the source's rows with the parsed columns and the problem of each row.

    The added columns are ``relmark_customer_id``, ``relmark_date``, ``relmark_value``[,
    ``relmark_cost``], ``relmark_problem`` (a code, null for a usable row) and ``relmark_suspect``
    (whether the row may have a problem or its id needs normalising; faster to compute). The
    source's own columns are unchanged.
    """
    import ibis

    dated = column_mapping.with_date(raw, columns.date, options)
    parsed = dated.mutate(**_parsed_columns(dated, columns, options))
    conditions = _conditions(parsed, raw, columns, options)
    judged = parsed.mutate(
        relmark_problem=ibis.cases(*conditions.values(), else_=None),
        relmark_suspect=_suspect(conditions, parsed, columns),
    )
    used = [columns.date, *column_mapping.columns_used(raw, columns.value)]
    text = any(raw[name].type().is_string() for name in used)
    return sql_dialects.materialised_rows(judged, raw, text=text)


def has_problem(rows: ir.Table, problem: str) -> ir.BooleanValue:
    """Return which checked rows have a problem of `PROBLEMS`."""
    return rows.relmark_problem == _PROBLEM_CODES[problem]


def usable_rows(
    rows: ir.Table,
    options: ReadOptions,
    *,
    all_usable: bool = False,
    clean_ids: str | None = None,
) -> ir.Table:
    """Return customer_id, date, value[, cost][, key] of the checked rows without a problem.

    Parameters
    ----------
    rows
        What `checked_rows` returned.
    options
        The policies for duplicates and orders.
    all_usable
        True where no row is known to have a problem; then the rows are not filtered.
    clean_ids
        The source's column of ids where none of them needs normalising; None otherwise.

    Returns
    -------
    Table
        ``key`` is the id as an integer, where the source has it so: engines group integers faster.
    """
    usable = rows if all_usable else rows.filter(rows.relmark_problem.isnull())
    if options.duplicates == "drop":
        usable = usable.distinct()
    if options.order_column is not None:
        usable = usable.mutate(relmark_date=first_day_of_order(usable, options.order_column))
    ours = {name: f"relmark_{name}" for name in LOG_COLUMNS if f"relmark_{name}" in rows.columns}
    if clean_ids is not None and usable[clean_ids].type().is_string():
        ours["customer_id"] = clean_ids
    return usable.select(**{name: usable[column] for name, column in ours.items()})


def first_day_of_order(rows: ir.Table, order_column: str) -> ir.Value:
    """Return the first day of each row's order, or its own day where the order id is blank."""
    order = column_mapping.identifier(rows, order_column)
    first = rows.relmark_date.min().over(group_by=[rows.relmark_customer_id, order])
    return order.isnull().ifelse(rows.relmark_date, first)


def count_by_problem(rows: ir.Table) -> pd.DataFrame:
    """Count checked rows by problem, with summaries that the same pass can compute.

    Usually no row is suspect; then the rows are counted without grouping, in half the time.

    Returns
    -------
    DataFrame
        One row per problem (None: usable): rows, zero, negative, absolute_value (sum of |value|),
        first, last[, first_key, last_key (text, which holds every integer)], and clean (whether no
        row is suspect).
    """
    value, day = rows.relmark_value, rows.relmark_date
    summaries = {
        "rows": rows.count(),
        "zero": (value == 0).sum().fill_null(0).cast("int64"),
        "negative": (value < 0).sum().fill_null(0).cast("int64"),
        "absolute_value": value.abs().sum(),
        "first": day.min(),
        "last": day.max(),
    }
    if "relmark_key" in rows.columns:
        summaries["first_key"] = rows.relmark_key.min().cast("string")
        summaries["last_key"] = rows.relmark_key.max().cast("string")
    suspects = rows.relmark_suspect.sum().fill_null(0).cast("int64")
    total: pd.DataFrame = rows.aggregate(suspects=suspects, **summaries).to_pandas()
    if not total["suspects"].iloc[0]:
        return total.drop(columns="suspects").assign(problem=None, clean=True)
    by_problem = rows.group_by(problem=rows.relmark_problem).aggregate(**summaries)
    table: pd.DataFrame = by_problem.to_pandas()
    names = {float(code): problem for problem, code in _PROBLEM_CODES.items()}
    problem = table["problem"].astype("float64").map(names)
    return table.assign(problem=problem, clean=False)


def refuse_unusable(
    rows: ir.Table, counts: dict[str, int], total: int, columns: Columns, options: ReadOptions
) -> None:
    """Raise DataError for the first problem that occurs and whose policy is ``"refuse"``."""
    for problem, description in PROBLEMS.items():
        count = counts.get(problem, 0)
        if not count or _policy(problem, options) != "refuse":
            continue
        what = description.format(customer=columns.customer, date=columns.date, value=columns.value)
        advice = _ADVICE.get(problem, "Leave such rows out: ReadOptions(unusable='leave out').")
        first = examples(rows, has_problem(rows, problem), columns)
        raise DataError(
            f"expected every row to be usable; in {count:,} of {total:,} rows {what}. "
            f"First: {first}. {advice}"
        )


def examples(
    rows: ir.Table, condition: ir.BooleanValue, columns: Columns, *, clear: bool = True
) -> str:
    """Return the first three checked rows that meet a condition, as the source has them.

    Where the engine does not preserve the order of rows, they are sorted by customer and date. Ids
    are shown as pseudonyms unless ``clear``.
    """
    import ibis

    value_columns = column_mapping.columns_used(rows, columns.value)
    shown = list(dict.fromkeys([columns.customer, columns.date, *value_columns]))
    if sql_dialects.preserves_order(rows):
        numbered = rows.mutate(relmark_row=ibis.row_number() + 1, relmark_found=condition)
        found = numbered.filter(numbered.relmark_found).order_by("relmark_row")
    else:
        found = rows.filter(condition).order_by(shown)
    also = [name for name in ("relmark_row", "relmark_customer_id") if name in found.columns]
    first = found.select(*also, *shown).limit(3).to_pandas().to_dict("records")
    if not clear:
        for row in first:
            row[columns.customer] = _pseudonym(row["relmark_customer_id"])
    return "; ".join(_row_text(row, shown) for row in first)


def refuse_mixed_currencies(rows: ir.Table, options: ReadOptions) -> None:
    """Raise DataError where usable rows are in several currencies and there is no rate column."""
    name = _currency_column(rows, options)
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
            f"expected one currency in column {name!r}; found {len(counted)}: {shown}. Give the "
            "column with the exchange rate of each row to the report's currency, "
            "ReadOptions(rate_column=...), or leave rows out, ReadOptions(exclude=...)."
        )


def _parsed_columns(raw: ir.Table, columns: Columns, options: ReadOptions) -> dict[str, ir.Value]:
    ids = column_mapping.column(raw, columns.customer)
    parsed = {"relmark_key": ids} if ids.type().is_integer() else {}
    parsed |= {
        "relmark_customer_id": column_mapping.identifier(raw, columns.customer),
        "relmark_value": column_mapping.number(raw, columns.value, decimal=options.decimal),
    }
    if columns.cost is not None:
        cost = column_mapping.number(raw, columns.cost, decimal=options.decimal)
        parsed["relmark_cost"] = (cost.abs() <= MAX_VALUE).ifelse(cost, None)
    if options.rate_column is not None:
        rate = column_mapping.number(raw, options.rate_column, decimal=options.decimal)
        for name in ("relmark_value", "relmark_cost"):
            if name in parsed:
                parsed[name] = parsed[name] * rate
    return parsed


def _conditions(
    parsed: ir.Table, raw: ir.Table, columns: Columns, options: ReadOptions
) -> dict[str, tuple[ir.BooleanValue, int]]:
    """Return the condition and code of each problem, in the order in which they are checked."""
    import ibis

    value, integer = parsed.relmark_value, "relmark_key" in parsed.columns
    ids = parsed.relmark_key if integer else parsed.relmark_customer_id  # an integer stays one
    conditions = {
        "customer id missing": ids.isnull(),
        "date missing": _blank(parsed, [columns.date]),
        "date unparsable": parsed.relmark_date.isnull(),
        "value missing": _blank(parsed, column_mapping.columns_used(raw, columns.value)),
    }
    if options.exclude is not None:
        exclude = filter_condition(parsed, options.exclude)
        conditions = {"excluded by the filter": exclude, **conditions}
    if options.future_dates != "keep":
        conditions["date in the future"] = parsed.relmark_date > ibis.literal(date.today())
    if options.rate_column is not None:
        rate = column_mapping.number(parsed, options.rate_column, decimal=options.decimal)
        conditions["exchange rate missing"] = ~((rate > 0) & (rate < MAX_VALUE)).fill_null(False)
    conditions["value unparsable"] = ~(value <= 1.7e308).fill_null(False)  # null, NaN, infinity
    conditions["value too large"] = value.abs() > MAX_VALUE
    if columns.cost is not None:
        given = ~_blank(parsed, column_mapping.columns_used(raw, columns.cost))
        conditions["cost unparsable"] = given & parsed.relmark_cost.isnull()
    if options.zero_values != "keep":
        conditions["zero value dropped"] = value == 0
    return {problem: (found, _PROBLEM_CODES[problem]) for problem, found in conditions.items()}


def _suspect(
    conditions: dict[str, tuple[ir.BooleanValue, int]], parsed: ir.Table, columns: Columns
) -> ir.BooleanValue:
    any_of = {problem: condition for problem, (condition, _) in conditions.items()}
    if parsed[columns.customer].type().is_string():
        any_of["customer id missing"] = column_mapping.needs_normalising(parsed, columns.customer)
    return functools.reduce(operator.or_, any_of.values())


def _blank(table: ir.Table, names: list[str]) -> ir.BooleanValue:
    return functools.reduce(operator.or_, (_blank_column(table[name]) for name in names))


def _blank_column(values: ir.Value) -> ir.BooleanValue:
    blank = values.isnull()
    return (
        blank | (sql_dialects.trimmed(values) == "").fill_null(False)
        if values.type().is_string()
        else blank
    )


def _policy(problem: str, options: ReadOptions) -> str:
    policies = {
        "excluded by the filter": "leave out",
        "customer id missing": options.missing_ids,
        "date in the future": options.future_dates,
        "zero value dropped": options.zero_values,
    }
    return policies.get(problem, options.unusable)


def _pseudonym(customer_id: object) -> object:
    return pseudonyms([customer_id])[0] if isinstance(customer_id, str) else None


def _row_text(row: dict[str, Any], shown: list[str]) -> str:
    values = ", ".join(f"{name} {_value_text(row[name])}" for name in shown)
    return f"row {row['relmark_row']:,} ({values})" if "relmark_row" in row else f"({values})"


def _value_text(value: object) -> str:
    text = str(value).strip()
    return "blank" if text in {"", "nan", "None", "NaT", "<NA>"} else repr(text)


def _currency_column(rows: ir.Table, options: ReadOptions) -> str | None:
    """Return the given currency column, or one of a usual name."""
    if options.currency_column is not None:
        return options.currency_column
    return next((name for name in rows.columns if name.lower() in CURRENCY_COLUMNS), None)
