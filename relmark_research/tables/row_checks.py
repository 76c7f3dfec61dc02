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
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from relmark_research.errors import NOT_SHOWN, DataError, cell_text, id_text
from relmark_research.tables import sql_dialects
from relmark_research.tables.options import LOG_COLUMNS, Columns, ReadOptions
from relmark_research.tables.pseudonyms import has_key, pseudonyms
from relmark_research.tables.values import dates, expressions, identifiers, numbers, typed_columns
from relmark_research.tables.values.columns import column
from relmark_research.tables.values.filters import filter_condition
from relmark_research.tables.values.numbers import NumberFormat

if TYPE_CHECKING:
    import ibis.expr.types as ir

CURRENCY_COLUMNS = ("currency", "currency_code")  # names looked for where none is given

_LONGEST_CURRENCY = 4  # characters of a currency's code; a longer text may be anything

MAX_VALUE = 9e11  # money; its ten-thousandths are whole numbers of a float64

PROBLEMS = {
    "excluded by the filter": "the exclude filter matches",
    "customer id missing": "{customer} is blank",
    "customer id not exact": "{customer} is a floating-point number too large to be exact",
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

_LEAVE_OUT = "leave such rows out: ReadOptions(unusable='leave out')"

_ADVICE = {
    "customer id missing": "Leave them out: ReadOptions(missing_ids='leave out').",
    "customer id not exact": "Two ids may have become one. Export the ids as text, or "
    f"{_LEAVE_OUT}.",
    "date in the future": "Leave them out or keep them: ReadOptions(future_dates='leave out').",
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

    formats = numbers.number_formats(raw, _money_columns(raw, columns, options), options)
    dated = dates.with_date(raw, columns.date, options)
    parsed = dated.mutate(**_parsed_columns(dated, columns, options, formats))
    conditions = _conditions(parsed, raw, columns, options)
    judged = parsed.mutate(
        relmark_problem=ibis.cases(*conditions.values(), else_=None),
        relmark_suspect=_suspect(conditions, parsed, columns),
    )
    used = [columns.date, *_value_columns(raw, columns)]
    text = any(raw[name].type().is_string() for name in used)
    text = text or dates.is_unreadable_number(raw, columns.date)
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
    """Return customer_id, date[, value][, cost][, key] of the checked rows without a problem.

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
        The options' ``keep_columns`` follow as the source has them.
    """
    usable = rows if all_usable else rows.filter(rows.relmark_problem.isnull())
    if options.duplicates == "drop":
        usable = usable.distinct()
    if options.order_column is not None:
        usable = usable.mutate(relmark_date=first_day_of_order(usable, options.order_column))
    ours = {name: f"relmark_{name}" for name in LOG_COLUMNS if f"relmark_{name}" in rows.columns}
    if clean_ids is not None and usable[clean_ids].type().is_string():
        ours["customer_id"] = clean_ids
    kept = {name: column(usable, name) for name in options.keep_columns}
    return usable.select(**{name: usable[column] for name, column in ours.items()}, **kept)


def first_day_of_order(rows: ir.Table, order_column: str) -> ir.Value:
    """Return the first day of each row's order, or its own day where the order id is blank."""
    order = identifiers.identifier(rows, order_column)
    first = rows.relmark_date.min().over(group_by=[rows.relmark_customer_id, order])
    return order.isnull().ifelse(rows.relmark_date, first)


def count_by_problem(rows: ir.Table, customer: str) -> pd.DataFrame:
    """Count checked rows by problem, with summaries that the same pass can compute.

    Usually no row is suspect; then the rows are counted without grouping, in half the time.

    Returns
    -------
    DataFrame
        One row per problem (None: usable): rows, first, last[, zero, negative, absolute_value (sum
        of |value|), unless the log has no money][, first_key, last_key (text, which holds every
        integer)], clean (whether no row is suspect), and normalised (ids in the column
        ``customer`` that were written in another form).
    """
    day = rows.relmark_date
    summaries = {"rows": rows.count(), "first": day.min(), "last": day.max()}
    if "relmark_value" in rows.columns:
        value = rows.relmark_value
        summaries |= {
            "zero": (value == 0).sum().fill_null(0).cast("int64"),
            "negative": (value < 0).sum().fill_null(0).cast("int64"),
            "absolute_value": value.abs().sum(),
        }
    if "relmark_key" in rows.columns:
        summaries["first_key"] = rows.relmark_key.min().cast("string")
        summaries["last_key"] = rows.relmark_key.max().cast("string")
    suspects = rows.relmark_suspect.sum().fill_null(0).cast("int64")
    total: pd.DataFrame = rows.aggregate(suspects=suspects, **summaries).to_pandas()
    if not total["suspects"].iloc[0]:
        return total.drop(columns="suspects").assign(problem=None, clean=True, normalised=0)
    if rows[customer].type().is_string():
        changed = identifiers.is_changed(rows, customer)
        summaries["normalised"] = changed.sum().fill_null(0).cast("int64")
    by_problem = rows.group_by(problem=rows.relmark_problem).aggregate(**summaries)
    table: pd.DataFrame = by_problem.to_pandas()
    names = {float(code): problem for problem, code in _PROBLEM_CODES.items()}
    problem = table["problem"].astype("float64").map(names)
    return table.assign(problem=problem, clean=False, normalised=table.get("normalised", 0))


def refuse_unusable(
    rows: ir.Table, counts: dict[str, int], total: int, columns: Columns, options: ReadOptions
) -> None:
    """Raise DataError for the first problem that occurs and whose policy is ``"refuse"``."""
    for problem, description in PROBLEMS.items():
        count = counts.get(problem, 0)
        if not count or _policy(problem, options) != "refuse":
            continue
        what = description.format(customer=columns.customer, date=columns.date, value=columns.value)
        advice = _advice(problem, rows, columns, options)
        first = examples(rows, has_problem(rows, problem), columns)
        raise DataError(
            f"expected every row to be usable; in {count:,} of {total:,} rows {what}. "
            f"First: {first}. {advice}"
        )


def examples(
    rows: ir.Table, condition: ir.BooleanValue, columns: Columns, *, clear: bool | None = None
) -> str:
    """Return the first three checked rows that meet a condition, as the source has them.

    Where the engine does not preserve the order of rows, they are sorted by customer and date.

    Parameters
    ----------
    clear
        None shows ids and other values as messages do (`errors.values_shown`); True shows them in
        clear; False shows pseudonyms, and no ids where there is no key for pseudonyms.
    """
    import ibis

    shown = list(dict.fromkeys([columns.customer, columns.date, *_value_columns(rows, columns)]))
    if sql_dialects.preserves_order(rows):
        numbered = rows.mutate(relmark_row=ibis.row_number() + 1, relmark_found=condition)
        found = numbered.filter(numbered.relmark_found).order_by("relmark_row")
    else:
        found = rows.filter(condition).order_by(shown)
    also = [name for name in ("relmark_row", "relmark_customer_id") if name in found.columns]
    texts = {name: found[name].cast("string") for name in shown if _is_day(found[name])}
    first = found.select(*also, *shown).limit(3).mutate(**texts).to_pandas().to_dict("records")
    return "; ".join(_row_text(row, shown, columns.customer, clear) for row in first)


def refuse_mixed_currencies(rows: ir.Table, options: ReadOptions) -> None:
    """Raise DataError where usable rows are in several currencies and there is no rate column."""
    name = _currency_column(rows, options)
    if name is None or options.rate_column is not None or "relmark_value" not in rows.columns:
        return
    used = rows.filter(rows.relmark_problem.isnull())
    found = used.group_by(relmark_currency=identifiers.identifier(used, name)).aggregate(
        relmark_rows=used.count()
    )
    counted = found.to_pandas().sort_values("relmark_rows", ascending=False)
    if len(counted) > 1:
        shown = ", ".join(
            f"{_currency_text(currency)} in {count:,} rows"
            for currency, count in counted.head(5).itertuples(index=False)
        )
        raise DataError(
            f"expected one currency in column {name!r}; found {len(counted)}: {shown}. Give the "
            "column with the exchange rate of each row to the report's currency, "
            "ReadOptions(rate_column=...), or leave rows out, ReadOptions(exclude=...)."
        )


def _advice(problem: str, rows: ir.Table, columns: Columns, options: ReadOptions) -> str:
    """Return what to do about rows with a problem, by the values that they hold."""
    if problem == "date unparsable":
        return dates.date_advice(rows, columns.date, options)
    if problem == "value unparsable":
        names = [name for name in _value_columns(rows, columns) if rows[name].type().is_string()]
        if names:
            unread = rows.filter(has_problem(rows, problem)).select(*names).limit(20).to_pandas()
            formats = numbers.number_formats(rows, names, options)
            texts = [_unread_text(row, formats) for row in unread.to_dict("records")]
            return f"{numbers.advice(texts, formats.values())} Or {_LEAVE_OUT}."
    return _ADVICE.get(problem, f"Correct them, or {_LEAVE_OUT}.")


def _unread_text(row: dict[str, Any], formats: dict[str, NumberFormat]) -> str:
    """Return the first text of a row that is no number."""
    texts = {name: str(text).strip() for name, text in row.items()}
    unread = [text for name, text in texts.items() if not formats[name].reads(text)]
    return next(iter(unread), "")


def _money_columns(table: ir.Table, columns: Columns, options: ReadOptions) -> list[str]:
    """Return the columns of the value, the cost and the exchange rate."""
    cost = [] if columns.cost is None else expressions.columns_used(table, columns.cost)
    rate = [] if options.rate_column is None else [options.rate_column]
    return [*_value_columns(table, columns), *cost, *rate]


def _parsed_columns(
    raw: ir.Table, columns: Columns, options: ReadOptions, formats: dict[str, NumberFormat]
) -> dict[str, ir.Value]:
    ids = column(raw, columns.customer)
    integer = ids.type().is_integer() and sql_dialects.holds_number(ids) is None
    parsed = {"relmark_key": ids} if integer else {}
    parsed["relmark_customer_id"] = identifiers.identifier(raw, columns.customer)
    if columns.value is None:
        return parsed
    parsed["relmark_value"] = expressions.number(raw, columns.value, formats)
    if columns.cost is not None:
        cost = expressions.number(raw, columns.cost, formats)
        parsed["relmark_cost"] = (cost.abs() <= MAX_VALUE).ifelse(cost, None)
    if options.rate_column is not None:
        rate = expressions.number(raw, options.rate_column, formats)
        parsed["relmark_rate"] = rate
        for name in ("relmark_value", "relmark_cost"):
            if name in parsed:
                parsed[name] = parsed[name] * rate
    return parsed


def _conditions(
    parsed: ir.Table, raw: ir.Table, columns: Columns, options: ReadOptions
) -> dict[str, tuple[ir.BooleanValue, int]]:
    """Return the condition and code of each problem, in the order in which they are checked."""
    import ibis

    conditions = _id_conditions(parsed, columns.customer)
    conditions["date missing"] = _blank(parsed, [columns.date])
    conditions["date unparsable"] = parsed.relmark_date.isnull()
    if columns.value is not None:
        conditions["value missing"] = _blank(parsed, _value_columns(raw, columns))
    if options.exclude is not None:
        exclude = filter_condition(parsed, options.exclude, options, ids=columns.customer)
        conditions = {"excluded by the filter": exclude, **conditions}
    if options.future_dates != "keep":
        conditions["date in the future"] = parsed.relmark_date > ibis.literal(date.today())
    if columns.value is not None:
        conditions |= _money_conditions(parsed, raw, columns, options)
    return {problem: (found, _PROBLEM_CODES[problem]) for problem, found in conditions.items()}


def _id_conditions(parsed: ir.Table, customer: str) -> dict[str, ir.BooleanValue]:
    if "relmark_key" in parsed.columns:  # an integer stays one
        return {"customer id missing": parsed.relmark_key.isnull()}
    missing, inexact = (
        typed_columns.blank(parsed, customer),
        identifiers.is_inexact(parsed, customer),
    )
    if inexact is None:
        return {"customer id missing": missing}
    return {"customer id missing": missing, "customer id not exact": inexact}


def _money_conditions(
    parsed: ir.Table, raw: ir.Table, columns: Columns, options: ReadOptions
) -> dict[str, ir.BooleanValue]:
    """Return the conditions of values, rates and costs."""
    value, conditions = parsed.relmark_value, {}
    if options.rate_column is not None:
        rate = parsed.relmark_rate
        conditions["exchange rate missing"] = ~((rate > 0) & (rate < MAX_VALUE)).fill_null(False)
    conditions["value unparsable"] = ~(value <= 1.7e308).fill_null(False)  # null, NaN, infinity
    conditions["value too large"] = value.abs() > MAX_VALUE
    if columns.cost is not None:
        given = ~_blank(parsed, expressions.columns_used(raw, columns.cost))
        conditions["cost unparsable"] = given & parsed.relmark_cost.isnull()
    if options.zero_values != "keep":
        conditions["zero value dropped"] = value == 0
    return conditions


def _value_columns(table: ir.Table, columns: Columns) -> list[str]:
    """Return the columns of the value's expression; none for a log without money."""
    return [] if columns.value is None else expressions.columns_used(table, columns.value)


def _suspect(
    conditions: dict[str, tuple[ir.BooleanValue, int]], parsed: ir.Table, columns: Columns
) -> ir.BooleanValue:
    any_of = {problem: condition for problem, (condition, _) in conditions.items()}
    if parsed[columns.customer].type().is_string():
        del any_of["customer id not exact"]  # these need normalising too
        any_of["customer id missing"] = identifiers.needs_normalising(parsed, columns.customer)
    return functools.reduce(operator.or_, any_of.values())


def _blank(table: ir.Table, names: list[str]) -> ir.BooleanValue:
    return functools.reduce(operator.or_, (typed_columns.blank(table, name) for name in names))


def _policy(problem: str, options: ReadOptions) -> str:
    policies = {
        "excluded by the filter": "leave out",
        "customer id missing": options.missing_ids,
        "date in the future": options.future_dates,
        "zero value dropped": options.zero_values,
    }
    return policies.get(problem, options.unusable)


def _is_day(values: ir.Value) -> bool:
    return bool(values.type().is_date() or values.type().is_timestamp())


def _pseudonym(customer_id: object) -> str:
    if not isinstance(customer_id, str):
        return "blank"
    return repr(pseudonyms([customer_id])[0]) if has_key() else NOT_SHOWN


def _row_text(row: dict[str, Any], shown: list[str], customer: str, clear: bool | None) -> str:
    texts = {name: _value_text(row[name], repr if clear else cell_text) for name in shown}
    if clear is False:
        texts[customer] = _pseudonym(row.get("relmark_customer_id"))
    elif clear is None:
        texts[customer] = _value_text(row[customer], id_text)
    values = ", ".join(f"{name} {text}" for name, text in texts.items())
    return f"row {row['relmark_row']:,} ({values})" if "relmark_row" in row else f"({values})"


def _value_text(value: object, show: Callable[[object], str]) -> str:
    text = str(value).strip()
    missing = not isinstance(value, str) and text in {"nan", "None", "NaT", "<NA>"}
    return "blank" if missing or not text else show(text)


def _currency_text(currency: object) -> str:
    if not isinstance(currency, str):
        return "blank"
    return currency if len(currency) <= _LONGEST_CURRENCY else cell_text(currency)


def _currency_column(rows: ir.Table, options: ReadOptions) -> str | None:
    """Return the given currency column, or one of a usual name."""
    if options.currency_column is not None:
        return options.currency_column
    return next((name for name in rows.columns if name.lower() in CURRENCY_COLUMNS), None)
