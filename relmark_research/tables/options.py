"""Options of reading a log: the format of the source, and the policies for unusable rows.

The audit has a line for each policy that affected rows.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from relmark_research.errors import ParameterError, check_choice
from relmark_research.tables.sources import engine_sessions
from relmark_research.tables.sources.dialects import Dialect
from relmark_research.tables.values.datetime_parsing import compile_format

Returns = Literal["net", "drop", "keep", "refuse"]

LOG_COLUMNS = ("customer_id", "date", "value", "cost", "key")  # of a log's rows

_POLICIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "missing_ids": ("policy for missing ids", ("leave out", "refuse")),
    "unusable": ("policy for unusable rows", ("refuse", "leave out")),
    "future_dates": ("policy for future dates", ("refuse", "leave out", "keep")),
    "zero_values": ("policy for zero values", ("keep", "drop", "refuse")),
    "duplicates": ("policy for duplicates", ("keep", "drop", "refuse")),
}


_OPTION = re.compile(r"ReadOptions\((?P<name>\w+)=(?P<value>'[^']*'|\"[^\"]*\"|[^()'\"]+)\)")

_COLUMN = re.compile(r"columns=\{'(\w+)': '(your column)'\}")


@dataclass(frozen=True)
class ReadOptions:
    """The format of a source, and the policies for rows that cannot be used.

    Parameters
    ----------
    separator
        Column separator of text files: one character such as ``";"``, ``"tab"``, or
        ``"whitespace"`` (one or more spaces or tabs). None takes the one of ``, ; |`` and tab that
        parts every line into as many fields as the header, and refuses if it is not the only one.
    encoding
        Encoding of text files, such as ``"cp1252"``; None is UTF-8, or the encoding of the file's
        byte order mark.
    header
        None: the first line that is not blank holds the names of the columns. A line number from
        1; ``"none"``: there is no header, and the columns are column_1, column_2, ...; or the
        names of the columns of a file without a header.
    sheet
        Name of a workbook's sheet; needed where several have cells.
    decimal
        Decimal sign of numbers in text, ``"."`` or ``","``. None establishes it from all values of
        each column; values such as ``10,500``, which nothing settles, are refused.
    thousands
        Sign that groups thousands: ``","``, ``"."``, ``" "`` or ``"'"``. None allows a space, an
        apostrophe, and the sign of the first two that is not the decimal sign.
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
    keep_columns
        Further columns of the source that the log's rows keep, such as the product and its
        category: ``("StockCode", "Category")``. A purchase-day is one row of them all the same.
    max_feed_gap
        Days that may pass between the last row and the last day observed; whole number >= 0. None
        is three times the longest quiet spell of the log (days in a row without a purchase), and
        at least 7. A later day is refused, since the feed may have stopped.
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
    encoding: str | None = None
    header: int | str | tuple[str, ...] | None = None
    sheet: str | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[",", ".", " ", "'"] | None = None
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
    keep_columns: tuple[str, ...] = ()
    max_feed_gap: int | None = None
    clear_ids: bool = False
    engine: str | None = None

    def __post_init__(self) -> None:
        for name, (kind, choices) in _POLICIES.items():
            check_choice(kind, getattr(self, name), choices)
        _check_number_signs(self.decimal, self.thousands)
        object.__setattr__(self, "keep_columns", _names(self.keep_columns))
        object.__setattr__(self, "max_feed_gap", _days(self.max_feed_gap))
        for zone in (self.time_zone, self.source_time_zone):
            _check_zone(zone)
        if self.date_format is not None:
            compile_format(self.date_format)
        engine_sessions.check_engine(self.engine)
        object.__setattr__(self, "separator", dialect_of(self).separator)
        object.__setattr__(self, "header", dialect_of(self).header)


def dialect_of(options: ReadOptions) -> Dialect:
    """Return how a text file or a workbook is written, as far as options declare it."""
    return Dialect(options.separator, options.encoding, options.header, options.sheet)


@dataclass(frozen=True)
class Columns:
    """The source's columns of ids, dates, values and costs; the last two may be expressions.

    ``value`` is None for a log without money, which then has no cost either.
    """

    customer: str = "customer_id"
    date: str = "date"
    value: str | None = "value"
    cost: str | None = None

    def __post_init__(self) -> None:
        if self.value is None and self.cost is not None:
            raise ParameterError(
                f"a cost needs a value to subtract it from; found cost={self.cost!r} and "
                "value=None. Name the column of the value, or leave the cost out."
            )


def worded_for(message: str, door: Literal["Python", "recipe", "command line"]) -> str:
    """Return a message with its options in the terms of the door that was used.

    Parameters
    ----------
    message
        A message that names options as in Python.
    door
        ``"recipe"`` names the key below ``options``, ``"command line"`` the option of the command.

    Examples
    --------
    >>> worded_for("Declare it: ReadOptions(date_format='%m/%d/%Y').", "recipe")
    'Declare it: options: date_format: "%m/%d/%Y".'
    >>> worded_for("Declare it: ReadOptions(decimal=',').", "command line")
    "Declare it: --option decimal=','."
    >>> worded_for("Give it: columns={'cost': 'your column'}.", "command line")
    "Give it: --column cost='your column'."
    """
    if door == "Python":
        return message

    def reworded(match: re.Match[str]) -> str:
        name, value = match["name"], match["value"]
        quoted = len(value) > 1 and value[0] in "'\""
        text = value[1:-1] if quoted else value
        if door == "recipe":
            return f'options: {name}: "{text}"' if quoted else f"options: {name}: {value}"
        return f"--option {name}={_for_shell(text) if quoted else value}"

    named = r"columns: {\1: \2}" if door == "recipe" else r"--column \1='\2'"
    return _OPTION.sub(reworded, _COLUMN.sub(named, message))


def _for_shell(text: str) -> str:
    """Return text as a word of a shell; a single sign is quoted, so that it can be seen."""
    return f"'{text}'" if text in (",", ".") else shlex.quote(text)


def _names(columns: Iterable[str] | str) -> tuple[str, ...]:
    """Return names of columns to keep; the log's own names are taken."""
    names = (columns,) if isinstance(columns, str) else tuple(dict.fromkeys(columns))
    for name in names:
        if not isinstance(name, str) or name in LOG_COLUMNS:
            raise ParameterError(
                "keep_columns must be names of columns of the source, other than the log's own "
                f"({', '.join(LOG_COLUMNS)}); found {name!r}."
            )
    return names


def _days(gap: object) -> int | None:
    """Return a number of days, also from a command line's text."""
    if gap is None or (isinstance(gap, str) and gap.strip().lower() in {"", "none"}):
        return None
    text = str(gap).strip()
    if isinstance(gap, bool) or not (text.isascii() and text.isdigit()):
        raise ParameterError(
            f"max_feed_gap must be a whole number of days, 0 or more, or None; found {gap!r}."
        )
    return int(text)


def _check_number_signs(decimal: object, thousands: object) -> None:
    if decimal not in (None, ".", ","):
        raise ParameterError(f"no decimal sign {decimal!r}; there are '.' and ','.")
    if thousands not in (None, ",", ".", " ", "'"):
        raise ParameterError(
            f"no sign {thousands!r} for thousands; there are ',', '.', ' ' and \"'\"."
        )
    if decimal is not None and decimal == thousands:
        raise ParameterError(f"the decimal sign cannot group thousands too; found {decimal!r}.")


def _check_zone(zone: str | None) -> None:
    from zoneinfo import available_timezones

    if zone is not None and zone not in available_timezones():
        raise ParameterError(
            f"a time zone must be a name such as 'Europe/Sofia' or 'UTC'; found {zone!r}."
        )
