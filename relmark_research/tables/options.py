"""Options of reading a log: the format of the source, and the policies for unusable rows.

The audit has a line for each policy that affected rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from relmark_research.errors import ParameterError, check_choice
from relmark_research.tables.datetime_parsing import compile_format
from relmark_research.tables.sources import engine_sessions

Returns = Literal["net", "drop", "keep", "refuse"]

_POLICIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "missing_ids": ("policy for missing ids", ("leave out", "refuse")),
    "unusable": ("policy for unusable rows", ("refuse", "leave out")),
    "future_dates": ("policy for future dates", ("refuse", "leave out", "keep")),
    "zero_values": ("policy for zero values", ("keep", "drop", "refuse")),
    "duplicates": ("policy for duplicates", ("keep", "drop", "refuse")),
    "decimal": ("decimal sign", (".", ",")),
}


@dataclass(frozen=True)
class ReadOptions:
    """The format of a source, and the policies for rows that cannot be used.

    Parameters
    ----------
    separator
        Column separator of text files, such as ``";"``; None detects it.
    decimal
        Decimal sign, ``"."`` or ``","``; the other one may group thousands.
    date_format
        strptime codes such as ``"%d.%m.%Y"``; None reads ISO 8601 dates and times.
    time_zone
        The business's time zone, such as ``"Europe/Sofia"``, which determines dates.
    source_time_zone
        The zone of timestamps without an offset; UTC where ``time_zone`` is given.
    missing_ids
        ``"leave out"`` rows without an id (counted in the audit) or ``"refuse"``.
    unusable
        ``"refuse"`` or ``"leave out"`` rows without a valid date or value.
    future_dates
        ``"refuse"``, ``"leave out"`` or ``"keep"`` rows dated after today.
    zero_values
        ``"keep"`` rows of value zero as purchases, ``"drop"`` or ``"refuse"`` them.
    duplicates
        Policy for rows equal in every column of the source: ``"keep"``, ``"drop"`` (all but one) or
        ``"refuse"``.
    currency_column
        Column of currencies; None looks for one named currency or currency_code. Several currencies
        raise an error unless ``rate_column`` is given.
    rate_column
        Column of exchange rates to the report's currency, > 0: value and cost are multiplied by it.
    order_column
        Column of order ids: the rows of a customer's order count as one purchase, on the order's
        first day.
    exclude
        Filter of rows to leave out, such as test accounts: ``"endswith(email, '@example.com')"``.
    clear_ids
        True shows customers' ids in the audit's examples; False shows pseudonyms.
    engine
        Engine, where `read_transactions` is given none: ``"duckdb"``, ``"pyspark"`` or a Spark
        master such as ``"local[2]"``; None is an embedded DuckDB.

    Raises
    ------
    ParameterError
        Where a policy, a time zone, an engine or the format is unknown.

    Examples
    --------
    >>> ReadOptions(decimal=",", exclude="customer_id in ('test', 'demo')").unusable
    'refuse'
    """

    separator: str | None = None
    decimal: str = "."
    date_format: str | None = None
    time_zone: str | None = None
    source_time_zone: str | None = None
    missing_ids: Literal["leave out", "refuse"] = "leave out"
    unusable: Literal["refuse", "leave out"] = "refuse"
    future_dates: Literal["refuse", "leave out", "keep"] = "refuse"
    zero_values: Literal["keep", "drop", "refuse"] = "keep"
    duplicates: Literal["keep", "drop", "refuse"] = "keep"
    currency_column: str | None = None
    rate_column: str | None = None
    order_column: str | None = None
    exclude: str | None = None
    clear_ids: bool = False
    engine: str | None = None

    def __post_init__(self) -> None:
        for name, (kind, choices) in _POLICIES.items():
            check_choice(kind, getattr(self, name), choices)
        for zone in (self.time_zone, self.source_time_zone):
            _check_zone(zone)
        if self.date_format is not None:
            compile_format(self.date_format)
        engine_sessions.check_engine(self.engine)


@dataclass(frozen=True)
class Columns:
    """The source's columns of ids, dates, values and costs; the last two may be expressions."""

    customer: str = "customer_id"
    date: str = "date"
    value: str = "value"
    cost: str | None = None


def _check_zone(zone: str | None) -> None:
    from zoneinfo import available_timezones

    if zone is not None and zone not in available_timezones():
        raise ParameterError(
            f"a time zone must be a name such as 'Europe/Sofia' or 'UTC'; found {zone!r}."
        )
