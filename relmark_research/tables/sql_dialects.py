"""Differences between SQL engines; every other expression is the same on all of them.

DuckDB, SQLite, PostgreSQL and PySpark are tested to give identical customer summaries; Snowflake
and BigQuery are tested to compile.
"""

from __future__ import annotations

import functools
import operator
import weakref
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from relmark_research.errors import DataError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from relmark_research.units import Period

TEMPORARY_PREFIX = "relmark_copy"
"""Prefix of the tables into which files and frames are copied."""

BLANKS = (
    " \t\n\r\v\f\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u200b\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
"""White space of Unicode, with spaces of zero width and the byte order mark."""

_TRIM = {"duckdb": "trim", "sqlite": "trim", "postgres": "btrim", "pyspark": "btrim"}
_BYTES = {"duckdb": "strlen", "postgres": "octet_length", "pyspark": "octet_length"}
_COMPOSE = {"duckdb": "nfc_normalize", "postgres": "normalize", "bigquery": "normalize"}
_STORING_ENGINES = ("duckdb", "sqlite", "postgres", "pyspark")
_ENGINE_NAMES: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
"""Of expressions in use: Ibis walks through an expression to find its engine."""

_ZONE_FUNCTIONS = {
    "duckdb": ("timezone", "zone first"),
    "postgres": ("timezone", "zone first"),
    "pyspark": ("from_utc_timestamp", "zone last"),
    "bigquery": ("datetime", "zone last"),
}


def engine_name(expression: ir.Expr) -> str:
    """Return the engine's name, such as ``"duckdb"``; ``""`` for an unbound table."""
    import ibis

    node = expression.op()
    if node not in _ENGINE_NAMES:
        try:
            _ENGINE_NAMES[node] = str(expression.get_backend().name)
        except ibis.common.exceptions.IbisError:
            _ENGINE_NAMES[node] = ""
    return _ENGINE_NAMES[node]


def preserves_order(table: ir.Table) -> bool:
    """Return whether the engine preserves the order of a source's rows."""
    return engine_name(table) == "duckdb"


def trimmed(text: ir.Value, *, tested: bool = False) -> ir.Value:
    """Return text without leading and trailing white space, as Unicode and `BLANKS` define it.

    Few texts have any: DuckDB tests the ends first, in a tenth of the time, unless the caller has
    ``tested`` them.
    """
    import ibis

    engine = engine_name(text)
    if engine not in _TRIM:
        return text.strip()

    @ibis.udf.scalar.builtin(name=_TRIM[engine], signature=(("string", "string"), "string"))
    def trim(text, signs): ...  # type: ignore[no-untyped-def]

    if engine == "duckdb" and not tested:
        return needs_trimming(text).ifelse(trim(text, BLANKS), text)
    return trim(text, _spark_blanks() if engine == "pyspark" else BLANKS)


def needs_trimming(text: ir.Value) -> ir.Value:
    """Return which texts `trimmed` or `composed` may change, or are empty.

    Text that begins with a character before the first printable one, or has a sign that is not
    ASCII, is included in DuckDB.
    """
    if engine_name(text) != "duckdb":
        changed = composed(trimmed(text))
        return (changed != text) | (text == "")
    ends = [text.endswith(sign) for sign in " \t\n\r\v\f"]
    return functools.reduce(operator.or_, ends, (text < "!") | has_other_signs(text))


def has_other_signs(text: ir.Value) -> ir.BooleanValue:
    """Return which texts have signs that are not ASCII."""
    import ibis

    length = _BYTES.get(engine_name(text))
    if length is None:
        return text.re_search("[^ -~]")

    @ibis.udf.scalar.builtin(name=length, signature=(("string",), "int64"))
    def bytes_of(text): ...  # type: ignore[no-untyped-def]

    return bytes_of(text) != text.length().cast("int64")


def composed(text: ir.Value) -> ir.Value:
    """Return text in Unicode's composed form (NFC), in which equal letters are equal.

    Spark and SQLite call Python; Spark only where the column has signs that are not ASCII, since
    every row would pay for it. Snowflake has no such function.
    """
    import ibis

    engine = engine_name(text)
    if engine in _COMPOSE:

        @ibis.udf.scalar.builtin(name=_COMPOSE[engine], signature=(("string",), "string"))
        def compose(text): ...  # type: ignore[no-untyped-def]

        return compose(text)
    if engine == "sqlite" or (engine == "pyspark" and _any_other_sign(text)):
        return _python_compose()(text)
    return text


def is_nan(number: ir.Value) -> ir.BooleanValue:
    """Return which floats are no number; SQLite stores them as missing."""
    import ibis

    if not number.type().is_floating() or engine_name(number) == "sqlite":
        return ibis.literal(False)
    return number.isnan()


def rounded_half_away(number: ir.Value) -> ir.Value:
    """Round halves away from zero: PostgreSQL rounds them to even, and SQLite has no floor.

    DuckDB's one-argument function is four times as fast as the two-argument one that Ibis calls.
    """
    import ibis

    if engine_name(number) == "duckdb":

        @ibis.udf.scalar.builtin(name="round", signature=(("float64",), "float64"))
        def rounds(money): ...  # type: ignore[no-untyped-def]

        return rounds(number)
    if engine_name(number) not in ("postgres", "sqlite"):
        return number.round()
    size = number.abs()
    whole = size.floor()
    up = (size - whole >= 0.5).ifelse(whole + 1, whole)
    return ibis.ifelse(number < 0, -up, up)


def whole_number(number: ir.Value, *, as_float: bool) -> ir.Value:
    """Return whole numbers as int64, or in DuckDB as float64 where ``as_float``.

    DuckDB sums int64 in 128 bits: 3.4 s of CPU against 2.9 s in float64 for 10 million rows.
    """
    return number if as_float and engine_name(number) == "duckdb" else number.cast("int64")


def integer_sum(numbers: ir.Value) -> ir.Value:
    """Return the sum of whole numbers: int64 for int64 (DuckDB's own sum is a 128-bit integer)."""
    import ibis

    if numbers.type().is_floating():
        return numbers.sum()
    if engine_name(numbers) != "duckdb":
        return numbers.sum().cast("int64")

    @ibis.udf.agg.builtin(name="sum", signature=(("int64",), "decimal(38, 0)"))
    def wide_sum(values): ...  # type: ignore[no-untyped-def]

    return wide_sum(numbers).cast("int64")


def union_of_bits(bits: ir.Value) -> ir.Value:
    """Return the bitwise OR of integers, which Ibis does not know on Spark."""
    import ibis

    if engine_name(bits) != "pyspark":
        return bits.bit_or()

    @ibis.udf.agg.builtin(name="bit_or", signature=(("int64",), "int64"))
    def bit_or(values): ...  # type: ignore[no-untyped-def]

    return bit_or(bits.cast("int64"))


def value_on_first_day(values: ir.Value, day: ir.Value) -> ir.Value:
    """Return the whole number on the earliest day.

    DuckDB's own function avoids a sort. SQLite's bare columns are correct only with one
    aggregate, so there it is the minimum of texts that begin with the day.
    """
    import ibis

    engine = engine_name(values)
    if engine == "sqlite":
        dated = day.cast("string") + ibis.literal(" ") + values.cast("string")
        return dated.min().substr(11).cast("int64")
    if engine != "duckdb":
        return values.argmin(day)

    kind = values.type()

    @ibis.udf.agg.builtin(name="arg_min", signature=((kind, "date"), kind))
    def arg_min(value, by): ...  # type: ignore[no-untyped-def]

    return arg_min(values, day)


def epoch_day(day: ir.Value) -> ir.Value:
    """Return the number of days from 1970-01-01 to a date.

    PostgreSQL's subtraction of dates is exact integers; Ibis goes through seconds of its numeric
    type, at several times the cost.
    """
    import ibis

    if engine_name(day) == "postgres":

        @ibis.udf.scalar.builtin(name="date_mi", signature=(("date", "date"), "int32"))
        def date_mi(later, earlier): ...  # type: ignore[no-untyped-def]

        return date_mi(day.cast("date"), ibis.date(1970, 1, 1)).cast("int64")
    return day.delta(ibis.date(1970, 1, 1), unit="day").cast("int64")


def date_of_epoch_day(number: ir.Value) -> ir.Value:
    """Return the date of a number of days after 1970-01-01."""
    import ibis

    if engine_name(number) != "sqlite":
        return (ibis.date(1970, 1, 1) + number.as_interval("D")).cast("date")

    @ibis.udf.scalar.builtin(name="date", signature=(("float64",), "date"))
    def from_julian(day): ...  # type: ignore[no-untyped-def]

    return from_julian(number.cast("float64") + 2440587.5)


def as_stored(values: ir.Value) -> ir.Value:
    """Return a column as the source stores it: SQLite may hold text in a column of another type."""
    kind = values.type()
    if engine_name(values) == "sqlite" and not (kind.is_numeric() or kind.is_binary()):
        return values.cast("string")
    return values


def stored_values(table: ir.Table) -> pd.DataFrame:
    """Return the rows of a table in SQLite as they are stored, whatever a column's type says."""
    backend = table.get_backend()
    with backend._safe_raw_sql(backend.compile(table)) as cursor:
        rows = cursor.fetchall()
    return pd.DataFrame(rows, columns=list(table.columns))


def refuse_bytes(table: ir.Table, names: Iterable[str]) -> None:
    """Raise DataError for bytes in a column of SQLite, which may hold them whatever its type."""
    import ibis

    if engine_name(table) != "sqlite":
        return
    for name in names:
        if name not in table.columns or table[name].type().is_binary():
            continue

        @ibis.udf.scalar.builtin(name="typeof", signature=((table[name].type(),), "string"))
        def typeof(value): ...  # type: ignore[no-untyped-def]

        found = int(table.filter(typeof(table[name]) == "blob").count().to_pandas())
        if found:
            raise DataError(
                f"column {name!r} must hold text or numbers; {found:,} rows hold bytes (BLOB). "
                "Store them as text, or leave such rows out by a query."
            )


def holds_number(values: ir.Value) -> ir.Value | None:
    """Return where a numeric column holds numbers; None where the engine guarantees it."""
    import ibis

    if engine_name(values) != "sqlite":
        return None

    @ibis.udf.scalar.builtin(name="typeof", signature=((values.type(),), "string"))
    def typeof(value): ...  # type: ignore[no-untyped-def]

    return typeof(values).isin(["integer", "real"])


def sorted_frame(table: ir.Table, *by: str) -> pd.DataFrame:
    """Return a result in memory, sorted; text by code points, whatever the engine's collation."""
    if engine_name(table) == "duckdb":
        ordered: pd.DataFrame = table.order_by(list(by)).to_pandas()
        return ordered
    frame: pd.DataFrame = table.to_pandas()
    return frame.sort_values(list(by), kind="stable", ignore_index=True)


def local_epoch_seconds(utc: ir.Value, zone: str) -> ir.Value:
    """Return the local time of UTC timestamps, in seconds since 1970-01-01 00:00 local time."""
    engine = engine_name(utc)
    if engine == "sqlite":
        return _sqlite_local()(utc, zone)
    moment = _timestamp(utc, engine)
    name, order = _ZONE_FUNCTIONS.get(engine, ("convert_timezone", "zone utc first"))
    if order == "zone first":
        moment = moment.cast("timestamp('UTC')")
    types = {
        "zone first": ("string", "timestamp('UTC')"),
        "zone last": ("timestamp", "string"),
        "zone utc first": ("string", "string", "timestamp"),
    }[order]
    given = {"zone first": (zone, moment), "zone last": (moment, zone)}
    arguments = given.get(order, ("UTC", zone, moment))
    local = _builtin(name, types)(*arguments)
    return local.epoch_seconds().cast("int64")


def materialised_for_sqlite(table: ir.Table) -> ir.Table:
    """Return the table, in SQLite as a temporary one, whose parser limits the depth of queries.

    SQLite stores it outside the file that is read.
    """
    return _temporary_copy(table) if engine_name(table) == "sqlite" else table


def materialised_rows(table: ir.Table, raw: ir.Table, *, text: bool) -> ir.Table:
    """Return parsed rows, as a temporary table where parsing them repeatedly would be slow.

    That is text in DuckDB and everything in SQLite. The copy ``raw`` of a file or a frame is
    dropped, since the temporary table holds its columns too.
    """
    engine = engine_name(table)
    if engine != "sqlite" and not (engine == "duckdb" and text):
        return table
    copy, name = _temporary_copy(table), getattr(raw.op(), "name", "")
    if name.startswith(TEMPORARY_PREFIX):
        table.get_backend().drop_table(name, force=True)
    return copy


def stored(table: ir.Table) -> ir.Table:
    """Return a result as a temporary table of the engine's session (Spark: cached), if it allows.

    PostgreSQL refuses that to a role without the privilege, on a standby, and in a session that is
    read-only. The table is dropped at the latest with the session. Where the session goes on, it is
    dropped when the next result is stored after the last expression of it has gone: not at once,
    since the session may then be in the middle of a query.
    """
    import ibis

    engine = engine_name(table)
    if engine not in _STORING_ENGINES:
        return table
    backend: Any = table.get_backend()
    if engine == "postgres" and not _may_store(backend):
        return table
    unused = vars(backend).setdefault("relmark_unused", [])
    while unused:
        _drop_stored(backend, unused.pop())
    name = ibis.util.gen_name("relmark")
    if engine == "pyspark":
        backend._session.sql(backend.compile(table)).cache().createOrReplaceTempView(name)
        copy = backend.table(name)
    else:
        copy = backend.create_table(name, table, temp=True)
    if engine == "postgres":
        backend.raw_sql(f'ANALYZE "{name}"').close()
    weakref.finalize(copy.op(), unused.append, name).atexit = False
    return copy


def _may_store(backend: Any) -> bool:
    """Return whether a PostgreSQL session may create temporary tables."""
    question = (
        "SELECT has_database_privilege(current_database(), 'TEMP') AND NOT pg_is_in_recovery() "
        "AND current_setting('transaction_read_only') = 'off'"
    )
    with backend.con.transaction(), backend.con.cursor() as cursor:
        return bool(cursor.execute(question).fetchone()[0])


def _drop_stored(backend: Any, name: str) -> None:
    if backend.name == "pyspark":
        backend._session.table(name).unpersist()
        backend._session.catalog.dropTempView(name)
    else:
        backend.drop_table(name, force=True)


def period_number(day: ir.DateValue, period: Period) -> ir.IntegerValue:
    """Return `Period.number` of a day as an expression of the engine."""
    import ibis

    if period.name == "week":
        days = day.delta(ibis.literal(date(1, 1, 1)), unit="day").cast("int64")
        return (days.cast("float64") / 7).floor().cast("int32")
    year = day.year().cast("int32")
    if period.first_month == 1:
        part = {"year": 0, "quarter": day.quarter() - 1, "month": day.month() - 1}[period.name]
        return year * round(period.per_year) + part
    months = (year + 1) * 12 + day.month() - period.first_month
    return (months.cast("float64") * period.per_year / 12).floor().cast("int32")


def _spark_blanks() -> ir.Value:
    """Return `BLANKS`: Spark reads the escapes of \\v and \\f as the letters v and f."""
    import ibis

    @ibis.udf.scalar.builtin(name="char", signature=(("int64",), "string"))
    def char(code): ...  # type: ignore[no-untyped-def]

    others = "".join(sign for sign in BLANKS if sign not in "\v\f")
    return ibis.literal(others) + char(11) + char(12)


def _any_other_sign(text: ir.Value) -> bool:
    rows = text.name("relmark_text").as_table()
    return len(rows.filter(has_other_signs(rows.relmark_text)).limit(1).to_pandas()) > 0


def _python_compose() -> Any:
    """Return a Python function that the engine calls for each text."""
    import ibis

    def relmark_composed(text):  # type: ignore[no-untyped-def]
        import unicodedata

        return text if text is None or text.isascii() else unicodedata.normalize("NFC", text)

    return ibis.udf.scalar.python(relmark_composed, signature=(("string",), "string"))


def _temporary_copy(table: ir.Table) -> ir.Table:
    """Return the rows of a table, stored for the session.

    DuckDB itself merges nested queries: that Ibis does so first would only take time.
    """
    import ibis

    backend, merged = table.get_backend(), ibis.options.sql.fuse_selects
    ibis.options.sql.fuse_selects = merged and backend.name != "duckdb"
    try:
        return backend.create_table(ibis.util.gen_name("relmark"), table, temp=True)
    finally:
        ibis.options.sql.fuse_selects = merged


def _timestamp(utc: ir.Value, engine: str) -> ir.Value:
    """Return the timestamp of seconds since 1970."""
    import ibis

    if engine != "postgres":
        return utc.as_timestamp("s")

    @ibis.udf.scalar.builtin(name="to_timestamp", signature=(("float64",), "timestamp('UTC')"))
    def to_timestamp(seconds): ...  # type: ignore[no-untyped-def]

    return to_timestamp(utc.cast("float64"))


def _builtin(name: str, types: tuple[str, ...]) -> Any:
    import ibis

    def of_two(first, second): ...  # type: ignore[no-untyped-def]

    def of_three(first, second, third): ...  # type: ignore[no-untyped-def]

    function = of_two if len(types) == 2 else of_three
    return ibis.udf.scalar.builtin(function, name=name, signature=(types, "timestamp"))


def _sqlite_local() -> Any:
    """Return a Python function that SQLite calls for each row: it has no time zones itself."""
    import ibis

    def relmark_local_seconds(utc, zone):  # type: ignore[no-untyped-def]
        from datetime import datetime
        from zoneinfo import ZoneInfo

        offset = datetime.fromtimestamp(utc, ZoneInfo(zone)).utcoffset()
        return utc + int(offset.total_seconds() if offset else 0)

    return ibis.udf.scalar.python(relmark_local_seconds, signature=(("int64", "string"), "int64"))
