"""How a source is written, and what is to be done with what cannot be used: declared, in one place.

Every policy is a word; what it did is a line in the audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from relmark_research.errors import ParameterError, check_choice
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
    """How a source is written, and what to do with rows that cannot be used.

    Parameters
    ----------
    separator
        Column separator of text files, such as ``";"``; None finds it.
    decimal
        ``"."`` or ``","``; the other one may group thousands, by three digits.
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
    future_dates
        ``"refuse"``, ``"leave out"`` or ``"keep"`` rows dated after today.
    zero_values
        ``"keep"`` rows of value zero as purchases, ``"drop"`` or ``"refuse"`` them.
    duplicates
        What to do with rows equal in every column of the source: ``"keep"``, ``"drop"`` (all but
        one) or ``"refuse"``.
    currency_column
        Column with the currency; None looks for one called currency or currency_code. Several
        currencies are refused unless ``rate_column`` is given.
    rate_column
        Column with what one unit of the row's currency is worth in the report's: value and cost
        are multiplied by it.
    order_column
        Column with the order's number: the rows of a customer's order count as one purchase, on
        the order's first day.
    exclude
        Which rows to leave out, such as test accounts: ``"endswith(email, '@example.com')"``.
    clear_ids
        Show customers' ids in the audit's examples; otherwise their pseudonyms.
    engine
        What to work in where `read_transactions` is not told: ``"duckdb"``, ``"pyspark"`` or a
        Spark master such as ``"local[2]"``; None is an embedded DuckDB.

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
        engine_sessions.check_engine(self.engine)


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
