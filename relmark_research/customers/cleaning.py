"""From rows as they came to rows that can be used: every row gets its first problem, if any.

What is refused is refused with the first such rows; what is left out is counted for the audit.
"""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import pandas as pd

from relmark_research.customers import columns
from relmark_research.errors import DataError, ParameterError, check_choice

if TYPE_CHECKING:
    import ibis.expr.types as ir

Returns = Literal["net", "drop", "keep", "refuse"]

CANONICAL = ("customer_id", "date", "value", "cost")

_PROBLEMS = {
    "customer id missing": "{customer} is blank",
    "date missing": "{date} is blank",
    "date unparsable": "{date} cannot be read as a day",
    "date in the future": "{date} is after today",
    "value missing": "{value} is blank",
    "value unparsable": "{value} is not a number",
}

_ADVICE = {
    "customer id missing": "Leave them out: ReadOptions(missing_ids='leave out').",
    "date unparsable": "Name the format, ReadOptions(date_format='%d/%m/%Y'), or leave such rows "
    "out, ReadOptions(unusable='leave out').",
    "value unparsable": "Name the decimal sign, ReadOptions(decimal=','), or leave such rows out, "
    "ReadOptions(unusable='leave out').",
}


@dataclass(frozen=True)
class ReadOptions:
    """How a source is written, and what to do with rows that cannot be used.

    Parameters
    ----------
    separator
        Column separator of text files, such as ``";"``; None finds it.
    decimal
        ``"."`` or ``","``.
    date_format
        strptime codes such as ``"%d.%m.%Y"``; None reads ISO dates and times.
    time_zone
        The business's time zone, such as ``"Europe/Sofia"``, in which days are cut.
    source_time_zone
        The zone of moments that carry no offset; UTC where a business zone is named.
    missing_ids
        ``"leave out"`` (and say so in the audit) or ``"refuse"``.
    unusable
        ``"refuse"`` or ``"leave out"`` rows without a readable date or value.
    duplicates
        What to do with rows equal in every column used: ``"keep"``, ``"drop"`` or ``"refuse"``.
    """

    separator: str | None = None
    decimal: str = "."
    date_format: str | None = None
    time_zone: str | None = None
    source_time_zone: str | None = None
    missing_ids: Literal["leave out", "refuse"] = "leave out"
    unusable: Literal["refuse", "leave out"] = "refuse"
    duplicates: Literal["keep", "drop", "refuse"] = "keep"

    def __post_init__(self) -> None:
        check_choice("decimal sign", self.decimal, (".", ","))
        check_choice("policy for missing ids", self.missing_ids, ("leave out", "refuse"))
        check_choice("policy for unusable rows", self.unusable, ("refuse", "leave out"))
        check_choice("policy for duplicates", self.duplicates, ("keep", "drop", "refuse"))
        for zone in (self.time_zone, self.source_time_zone):
            _check_zone(zone)


@dataclass(frozen=True)
class Columns:
    """Which of the source's columns (or expressions of them) hold what."""

    customer: str = "customer_id"
    date: str = "date"
    value: str = "value"
    cost: str | None = None


def _check_zone(zone: str | None) -> None:
    from zoneinfo import available_timezones

    if zone is not None and zone not in available_timezones():
        raise ParameterError(
            f"a time zone has a name such as 'Europe/Sofia' or 'UTC'; found {zone!r}."
        )


def marked(raw: ir.Table, names: Columns, options: ReadOptions) -> ir.Table:
    """Return the source's rows beside our reading of them and `problem`, null where there is none.

    Our columns are ``relmark_customer_id``, ``relmark_date``, ``relmark_value``[,
    ``relmark_cost``] and ``relmark_problem``; the source's stay, to be shown as they are.
    """
    import ibis

    fields = {
        "relmark_customer_id": columns.identifier(raw, names.customer),
        "relmark_date": columns.day(
            raw,
            names.date,
            date_format=options.date_format,
            time_zone=options.time_zone,
            source_time_zone=options.source_time_zone,
        ),
        "relmark_value": columns.number(raw, names.value, decimal=options.decimal),
    }
    if names.cost is not None:
        fields["relmark_cost"] = columns.number(raw, names.cost, decimal=options.decimal)
    read = raw.mutate(**fields)
    problem = ibis.cases(
        (read.relmark_customer_id.isnull(), "customer id missing"),
        (_blank(read, [names.date]), "date missing"),
        (read.relmark_date.isnull(), "date unparsable"),
        (read.relmark_date > ibis.literal(date.today()), "date in the future"),
        (_blank(read, columns.columns_used(raw, names.value)), "value missing"),
        (read.relmark_value.isnull(), "value unparsable"),
    )
    return read.mutate(relmark_problem=problem)


def usable(rows: ir.Table, options: ReadOptions) -> ir.Table:
    """Return customer_id, date, value[, cost] of the marked rows that have no problem."""
    ours = {name: f"relmark_{name}" for name in CANONICAL if f"relmark_{name}" in rows.columns}
    kept = rows.filter(rows.relmark_problem.isnull())
    if options.duplicates == "drop":
        kept = kept.distinct()
    return kept.select(**{name: kept[column] for name, column in ours.items()})


def _blank(table: ir.Table, names: list[str]) -> ir.BooleanValue:
    return functools.reduce(operator.or_, (_blank_column(table[name]) for name in names))


def _blank_column(values: ir.Value) -> ir.BooleanValue:
    blank = values.isnull()
    if values.type().is_string():
        return blank | (values.strip() == "").fill_null(False)
    return blank | values.isnan().fill_null(False) if values.type().is_floating() else blank


def tally(rows: ir.Table) -> pd.DataFrame:
    """Count marked rows by problem, with what one cheap pass can tell of them.

    Returns
    -------
    DataFrame
        One row per problem (None: usable): rows, zero, negative, first, last.
    """
    value, moment = rows.relmark_value, rows.relmark_date
    counts = rows.group_by(problem=rows.relmark_problem).aggregate(
        rows=rows.count(),
        zero=(value == 0).sum().fill_null(0).cast("int64"),
        negative=(value < 0).sum().fill_null(0).cast("int64"),
        first=moment.min(),
        last=moment.max(),
    )
    return counts.to_pandas()


def refuse_unusable(
    rows: ir.Table, counts: dict[str, int], total: int, names: Columns, options: ReadOptions
) -> None:
    """Raise DataError for the first kind of problem that the options do not leave out."""
    for problem, what in _PROBLEMS.items():
        policy = options.missing_ids if problem.startswith("customer") else options.unusable
        found = counts.get(problem, 0)
        if not found or policy == "leave out":
            continue
        said = what.format(customer=names.customer, date=names.date, value=names.value)
        advice = _ADVICE.get(problem, "Leave such rows out: ReadOptions(unusable='leave out').")
        shown = examples(rows, rows.relmark_problem == problem, names)
        raise DataError(
            f"expected every row to be usable; in {found:,} of {total:,} rows {said}. "
            f"First: {shown}. {advice}"
        )


def examples(rows: ir.Table, condition: ir.BooleanValue, names: Columns, most: int = 3) -> str:
    """Return the first marked rows that meet a condition, in the source's own words."""
    import ibis

    value_columns = columns.columns_used(rows, names.value)
    shown = list(dict.fromkeys([names.customer, names.date, *value_columns]))
    numbered = rows.mutate(relmark_row=ibis.row_number() + 1, relmark_found=condition)
    found = numbered.filter(numbered.relmark_found).order_by("relmark_row").limit(most).to_pandas()
    return "; ".join(
        f"row {row['relmark_row']:,} ({', '.join(f'{name} {_word(row[name])}' for name in shown)})"
        for row in found.to_dict("records")
    )


def _word(value: object) -> str:
    text = str(value).strip()
    return "blank" if text in {"", "nan", "None", "NaT", "<NA>"} else repr(text)
