"""Reading of every table but the log: one reader, one schema and one audit for each.

A table is read by its schema (`schemas`): ids, days, numbers and groups follow the rules of the
log, whatever the source. Rows with unusable values raise an error with their number and the first
of them, or are left out and counted in the audit, as the options say. Only blank is missing, and
the group of a blank is "not known".

The checks are expressions of the engine, in one pass over the rows, and a table of more than two
million rows stays where it lies until `Table.frame`. pandera and pointblank also validate Ibis
tables and have more kinds of check. Both judge one check or step at a time and report the rows that
fail each. An audit that adds up needs one problem per row, and values that are converted, so the
schemas here are plain data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.errors import DataError, check_choice, first_ids, first_rows, unknown_name
from relmark_research.tables import _table_checks, sql_dialects
from relmark_research.tables._converted_columns import converted, whole_objects
from relmark_research.tables._table_checks import Checked, Values
from relmark_research.tables.options import ReadOptions, dialect_of
from relmark_research.tables.schemas import (
    NOT_KNOWN,
    NUMERIC,
    SCHEMAS,
    Column,
    ColumnType,
    Schema,
    schema_of,
)
from relmark_research.tables.sources import _frames, bundled_files, dialects, open_source
from relmark_research.tables.values import typed_columns
from relmark_research.tables.values.typed_columns import Kind

if TYPE_CHECKING:
    import ibis.expr.types as ir

_KINDS: dict[str, Kind] = {
    "id": "id",
    "date": "date",
    "text": "text",
    "choice": "text",
    "period": "text",
}
_IN_MEMORY = 2_000_000  # rows up to which a source is loaded before its columns are converted
_AUDIT = ["check", "rows", "share", "action", "examples"]


@dataclass(frozen=True, repr=False)
class Table:
    """A table read by its schema.

    Attributes
    ----------
    schema
        The schema.
    source
        Name of the source, without secrets.
    audit
        Account of the rows: check, rows, share, action, examples.
    rows_read, rows_used
        Number of rows of the source, and of those used.
    money_left_out
        Share of the money that the rows left out hold; None where the schema has no money.
    """

    schema: Schema
    source: str
    audit: pd.DataFrame
    rows_read: int
    rows_used: int
    money_left_out: float | None
    usable: Any = field(repr=False)

    @property
    def rows_left_out(self) -> float:
        """Share of the rows that is left out."""
        return 1 - self.rows_used / self.rows_read if self.rows_read else 0.0

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The usable rows in memory: the schema's columns converted, others as they are."""
        if isinstance(self.usable, pd.DataFrame):
            return self.usable
        return _in_memory(self.usable, self.schema)

    def rows(self, engine: Any = None) -> ir.Table:
        """Return the usable rows as a lazy table of an engine; None is the source's own."""
        usable = self.usable
        if isinstance(usable, pd.DataFrame):
            return open_source.open_source(usable, engine=engine)
        if engine is None or usable.get_backend() is engine:
            return usable
        import ibis

        name = f"{sql_dialects.TEMPORARY_PREFIX}_{ibis.util.gen_name(self.schema.name)}"
        return engine.create_table(name, usable.to_pyarrow(), temp=True)

    def __repr__(self) -> str:
        return one_line(f"Table {self.schema.name}", self._facts())

    def _repr_html_(self) -> str:
        return html_table(f"Table {self.schema.name}", self._facts())

    def _facts(self) -> dict[str, object]:
        return {
            "source": self.source,
            "rows read": self.rows_read,
            "rows used": self.rows_used,
            "columns": ", ".join(self.schema.names),
        }


def read_table(
    source: Any,
    *,
    schema: str | Schema,
    columns: Mapping[str, str] | None = None,
    options: ReadOptions | None = None,
    engine: Any = None,
) -> Table:
    """Read a table by its schema, checking every row.

    Parameters
    ----------
    source
        Any source of `read_transactions`; a bundled table such as ``"sample:contacts"``; or a
        `Table`, which is checked again only as far as the schema asks for more.
    schema
        Name of the table: ``"customers"``, ``"contacts"``, ``"events"``, ``"prospects"``,
        ``"books"``, ``"contracts"``, ``"campaigns"``, ``"answers"``, ``"partners"``, ``"survey"``,
        ``"ladder_history"``; or a `Schema`.
    columns
        The source's names of our columns: ``{"customer_id": "Customer ID"}``.
    options
        Format of the source, and ``unusable``: ``"refuse"`` or ``"leave out"`` rows with a blank
        or unusable value.
    engine
        As for `read_transactions`.

    Returns
    -------
    Table
        ``.frame`` has the schema's columns converted: ids as text, days, numbers. Other columns
        stay as they are (text in a text file).

    Raises
    ------
    DataError
        Where a column is missing, or rows are unusable and not left out; the message shows the
        first of them.

    Examples
    --------
    >>> rows = pd.DataFrame({"id": [7.0], "date": ["2024-03-31"], "cost": ["0.90"]})
    >>> table = read_table(rows, schema="contacts", columns={"customer_id": "id"})
    >>> table.frame[["customer_id", "cost"]].to_dict("records")
    [{'customer_id': '7', 'cost': 0.9}]
    """
    known, options = schema_of(schema), options or ReadOptions()
    if isinstance(source, Table):
        source = source.frame
    name = open_source.describe_source(source)
    if isinstance(source, str) and source.startswith(bundled_files.SAMPLE_PREFIX):
        source = bundled_files.sample_table(source.removeprefix(bundled_files.SAMPLE_PREFIX))
    if isinstance(source, pd.DataFrame):
        return _from_frame(source, known, columns or {}, options, name)
    return _from_source(source, known, columns or {}, options, engine)


def open_table(source: Any, schema: str | Schema, *, needs: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return a table in memory, read by its schema.

    Parameters
    ----------
    source
        What `read_table` takes, or a mapping of its arguments, as in a recipe: ``{"source":
        "contacts.csv", "columns": {"customer_id": "Customer ID"}, "options": {"separator": ";"}}``.
    schema
        Name of the table, or a `Schema`.
    needs
        Optional columns of the schema that are required here.

    Examples
    --------
    >>> open_table("sample:books", "books").shape
    (60, 8)
    """
    known = schema_of(schema).requiring(*needs)
    given: Mapping[str, Any] = source if isinstance(source, Mapping) else {"source": source}
    for name in given:
        check_choice("key of a table", name, ("source", "columns", "options"))
    options = ReadOptions(**(given.get("options") or {}))
    try:
        return read_table(
            given["source"], schema=known, columns=given.get("columns"), options=options
        ).frame
    except DataError as error:
        if "ReadOptions(" not in str(error) or known.name not in SCHEMAS:
            raise
        how = f"rm.read_table(..., schema={known.name!r}, options=ReadOptions(...))"
        raise DataError(f"{error} Options of a table are given to {how}.") from None


def column_by_customer(source: Any, column: str) -> pd.Series:
    """Return a column of groups of a table of customers, indexed by customer_id (text).

    Parameters
    ----------
    source
        A table of customers, as `open_table` takes it.
    column
        The column of groups; a blank group is "not known".
    """
    known = schema_of("customers")
    if column not in known.names:
        known = known.with_columns([Column(column, "choice", "group of customers")])
    table = open_table(source, known, needs=(column,))
    return table.set_index("customer_id")[column]


def read_values(values: pd.Series, column: Column, *, options: ReadOptions | None = None) -> Any:
    """Return a Series of ids, days, numbers or groups, read by the rules of a column.

    Examples
    --------
    >>> read_values(pd.Series(["9.0", "100.0"]), Column("value", "number", "profit")).to_list()
    [9.0, 100.0]
    """
    frame = pd.DataFrame({column.name: values.array})
    schema = Schema("values", "a value", (column,))
    try:
        table = read_table(frame, schema=schema, options=options)
    except DataError as error:
        raise DataError(str(error).removeprefix("values: ")) from None
    return table.frame[column.name].set_axis(values.index)


def read_columns(
    table: Any,
    types: Mapping[str, ColumnType],
    *,
    name: str,
    optional: Mapping[str, ColumnType] | None = None,
) -> pd.DataFrame:
    """Return a table with some columns read by the rules of their types.

    This is for tables that another function of the package made, and that may have been stored and
    read again. The index, other columns and the order of rows stay as they are.

    Parameters
    ----------
    table
        A DataFrame, or another source of `read_table`.
    types
        Type by name of the columns that the table must have.
    name
        Name of the table in messages.
    optional
        Type by name of columns that are read where the table has them.

    Raises
    ------
    DataError
        Where a column is missing, or a value cannot be read.

    Examples
    --------
    >>> read_columns(pd.DataFrame({"clv": ["9.0", None]}), {"clv": "number"}, name="values")
       clv
    0  9.0
    1  NaN
    """
    columns = [Column(key, kind, key) for key, kind in {**(optional or {}), **types}.items()]
    read = open_table(table, Schema(name, "a row", tuple(columns)))
    for key in types:
        if key not in read.columns:
            raise DataError(f"{name}: {unknown_name('column', key, read.columns)}")
    if isinstance(table, pd.DataFrame):  # names that are no text stay as they are
        return read.rename(columns={str(given): given for given in table.columns})
    return read


def read_ids(labels: pd.Index) -> pd.Index:
    """Return labels as ids, which are text, so that two tables can be joined.

    Examples
    --------
    >>> read_ids(pd.Index([7.0, 12.0])).to_list()
    ['7', '12']
    """
    ids = read_values(pd.Series(labels.array), Column("customer_id", "id", "the customer"))
    named: pd.Index = pd.Index(ids.array, name=labels.name)
    return named


def groups_by_customer(groups: pd.Series) -> pd.Series:
    """Return groups indexed by customer_id (text), with "not known" for a blank group.

    Raises
    ------
    DataError
        Where a customer_id is missing or comes more than once.
    """
    table = pd.DataFrame({"customer_id": groups.index.array, "group": groups.array})
    columns = (Column("customer_id", "id", "the customer", required=True),
               Column("group", "choice", "the group"))  # fmt: skip
    schema = Schema("groups by customer", "a customer", columns, key=("customer_id",))
    found: pd.Series = open_table(table, schema).set_index("customer_id")["group"]
    found.name = groups.name
    return found


def group_values(values: pd.Series) -> pd.Series:
    """Return groups as text, with "not known" for a blank one.

    Examples
    --------
    >>> group_values(pd.Series(["web", " ", None])).to_list()
    ['web', 'not known', 'not known']
    """
    found: pd.Series = read_values(values, Column(str(values.name or "group"), "choice", "group"))
    return found


def _from_frame(
    source: pd.DataFrame,
    schema: Schema,
    columns: Mapping[str, str],
    options: ReadOptions,
    name: str,
) -> Table:
    """Read a frame in memory; columns that have their type already are not touched."""
    _frames.refuse_levels(source.columns)
    frame = _index_as_columns(source, schema, columns)
    names = _renaming(schema, columns, frame.columns)
    if any(ours != theirs for theirs, ours in names.items()):
        frame = frame.rename(columns=names)
    _check_columns(schema, list(frame.columns))
    raw: dict[str, Values] = {}
    changed: dict[str, pd.Series] = {}
    pending = []
    for column in _present(schema, frame.columns):
        values = frame[column.name]
        done = converted(values, column, options)
        if done is None:
            pending.append(column)
            continue
        blank = done.isna()
        unreadable = np.isinf(done) if column.type in NUMERIC else np.zeros(len(done), dtype=bool)
        raw[column.name] = Values(values, blank.to_numpy(), np.asarray(unreadable))
        if done is not values:
            changed[column.name] = done
    if pending:
        by_engine, flags = _converted_by_engine(frame, schema, pending, options)
        changed |= by_engine
        raw |= flags
    raw = {column.name: raw[column.name] for column in _present(schema, frame.columns)}
    notes = _not_known(schema, raw, frame, changed)
    notes += _normalised(raw, changed, pending)
    read = frame.assign(**changed) if changed else frame
    _refuse_repeated(schema, read)
    checked = _table_checks.check_frame(read, schema, raw)
    return _table(checked, schema, name, options, notes)


def _converted_by_engine(
    frame: pd.DataFrame, schema: Schema, pending: list[Column], options: ReadOptions
) -> tuple[dict[str, pd.Series], dict[str, Values]]:
    """Return the pending columns of a frame, and their flags, by the rules of `tables.values`."""
    names = [column.name for column in pending]
    whole = {column.name: whole_objects(frame[column.name], column) for column in pending}
    numbered = frame[names].assign(**whole).reset_index(drop=True)
    raw = open_source.open_source(numbered.assign(relmark_row=np.arange(1, len(frame) + 1)))
    typed, flags = {}, {}
    for column in pending:
        name = column.name
        rows = _typed_rows(raw.select(name, "relmark_row"), schema, [column], options)
        found = rows.select(*_added([name]), "relmark_row").to_pandas().sort_values("relmark_row")
        blank, unreadable = (
            found[f"relmark_{kind}_{name}"].to_numpy(dtype=bool) for kind in ("blank", "unreadable")
        )
        if unreadable.any() and options.unusable == "refuse":
            _refuse_unreadable(rows, schema, column, options)
        values = pd.Series(found[f"relmark_typed_{name}"].to_numpy(), frame.index)
        typed[name] = _as_dtype(values, column)
        flags[name] = Values(frame[name], blank, unreadable)
    return typed, flags


def _from_source(
    source: Any, schema: Schema, columns: Mapping[str, str], options: ReadOptions, engine: Any
) -> Table:
    """Read any other source: in memory where it is small, else as lazy rows of its engine."""
    opened = open_source.opened_source(
        source, dialect=dialect_of(options), engine=options.engine if engine is None else engine
    )
    options = replace(options, separator=opened.dialect.separator)
    name, raw = open_source.describe_source(source), opened.table
    if int(raw.count().to_pandas()) <= _IN_MEMORY:
        frame = _plain_frame(raw)
        table = _from_frame(frame, schema, columns, options, name)
    else:
        table = _lazy(raw, schema, columns, options, name)
    blank = opened.facts.blank_lines if opened.facts is not None else 0
    if not blank:
        return table
    line = {"check": "blank lines", "rows": blank, "share": 0.0,
            "action": "not counted as rows", "examples": ""}  # fmt: skip
    return replace(table, audit=pd.concat([table.audit, pd.DataFrame([line])], ignore_index=True))


def _plain_frame(rows: ir.Table) -> pd.DataFrame:
    """Load rows without changing a value: whole numbers with gaps do not become floats."""
    if sql_dialects.engine_name(rows) == "sqlite":  # any value may be in a column of any type
        return sql_dialects.stored_values(rows)
    arrow = rows.to_pyarrow()
    frame: pd.DataFrame = arrow.to_pandas(types_mapper=pd.ArrowDtype)
    plain: dict[str, Any] = {}
    for name in frame.columns:
        kind = str(frame[name].dtype)
        if kind in ("string[pyarrow]", "large_string[pyarrow]"):
            plain[name] = frame[name].astype("str")
        elif kind.startswith(("int", "uint")) and frame[name].notna().all():
            plain[name] = frame[name].astype("int64") if kind[0] == "i" else frame[name]
        elif kind.startswith(("double", "float")):
            plain[name] = frame[name].astype("float64")
        elif kind.startswith("date32") or (kind.startswith("timestamp") and "tz" not in kind):
            plain[name] = pd.to_datetime(arrow[name].to_pandas()).astype("datetime64[us]")
    return frame.assign(**plain)


def _lazy(
    table: ir.Table,
    schema: Schema,
    columns: Mapping[str, str],
    options: ReadOptions,
    source: str,
) -> Table:
    """Check rows in their engine, without loading them."""
    import ibis

    renaming = _renaming(schema, columns, table.columns)
    raw = table.rename({ours: theirs for theirs, ours in renaming.items()})
    _check_columns(schema, list(raw.columns))
    present = _present(schema, raw.columns)
    names = [column.name for column in present]
    if sql_dialects.preserves_order(raw):
        raw = raw.mutate(relmark_row=ibis.row_number() + 1)
    rows = _typed_rows(raw, schema, present, options)
    rows = rows.mutate(**{f"relmark_raw_{name}": rows[name] for name in names})
    rows = rows.mutate(**{name: rows[f"relmark_typed_{name}"] for name in names})
    rows = rows.cache() if sql_dialects.engine_name(rows) == "duckdb" else rows
    _refuse_repeated_rows(schema, rows)
    checked = _table_checks.check_rows(rows, schema, names, lambda name: f"relmark_raw_{name}")
    if options.unusable == "refuse":
        for problem in checked.found:
            if problem.check.endswith("unreadable"):
                column = schema.column(problem.column)
                _refuse_unreadable(
                    _typed_rows(raw, schema, [column], options), schema, column, options
                )
    ours = [name for name in checked.usable.columns if not name.startswith("relmark_")]
    usable = checked.usable.select(*ours)
    notes = _notes_of_rows(rows, present)
    return _table(replace(checked, usable=usable), schema, source, options, notes)


def _typed_rows(
    rows: ir.Table, schema: Schema, columns: list[Column], options: ReadOptions
) -> ir.Table:
    """Add to each column its value in its type, whether it is blank, and whether unreadable."""
    for column in columns:
        name, into = column.name, f"relmark_typed_{column.name}"
        source = name
        if column.type == "flag":
            rows, source = _flag_as_number(rows, name), f"relmark_flag_{name}"
        kind: Kind = _KINDS.get(column.type, "number")
        try:
            rows = typed_columns.with_typed(rows, source, kind, options=options, into=into)
        except DataError as error:
            raise DataError(f"{schema.name}: {error}") from None
        blank = typed_columns.blank(rows, source)
        unreadable = typed_columns.unusable(rows, source, into)
        rows = rows.mutate(
            **{f"relmark_blank_{name}": blank, f"relmark_unreadable_{name}": unreadable}
        )
        if column.type == "choice":
            rows = rows.mutate(**{into: rows[into].fill_null(NOT_KNOWN)})
    return rows


def _refuse_unreadable(
    rows: ir.Table, schema: Schema, column: Column, options: ReadOptions
) -> None:
    """Raise DataError with what to do about the values of a column that cannot be read."""
    kind: Kind = _KINDS.get(column.type, "number")
    source = f"relmark_flag_{column.name}" if column.type == "flag" else column.name
    into = f"relmark_typed_{column.name}"
    words = typed_columns.refusal(rows, source, kind, into, options)
    if words is None:
        return
    leave = "" if "ReadOptions(" in words else (
        " Or leave such rows out: ReadOptions(unusable='leave out')."
    )  # fmt: skip
    raise DataError(f"{schema.name}: {words.replace('relmark_flag_', '')}{leave}")


def _flag_as_number(rows: ir.Table, name: str) -> ir.Table:
    """Add a flag's column with 1 and 0 for true and false."""
    values = rows[name]
    if values.type().is_boolean():
        values = values.cast("int64")
    elif values.type().is_string():
        word = values.lower()
        values = (word == "true").ifelse("1", (word == "false").ifelse("0", values))
    return rows.mutate(**{f"relmark_flag_{name}": values})


def _table(
    checked: Checked,
    schema: Schema,
    name: str,
    options: ReadOptions,
    notes: list[tuple[str, int, str]],
) -> Table:
    """Raise an error for rows that are not to be left out, and put the audit together."""
    used = checked.read - sum(count for count, _ in checked.found.values())
    if options.unusable == "refuse":
        _refuse_problems(checked, schema)
    elif checked.read and not used:
        raise DataError(f"{schema.name}: all {checked.read:,} rows of {name} are unusable.")
    lines = [("rows read", checked.read, "", "")]
    lines += [
        (problem.check, count, "left out", words)
        for problem, (count, words) in checked.found.items()
    ]
    lines += [("rows used", used, "", "")]
    lines += [(check, count, action, "") for check, count, action in notes]
    audit = pd.DataFrame(lines, columns=["check", "rows", "action", "examples"])
    audit["share"] = audit["rows"] / max(checked.read, 1)
    money = None
    if checked.money_read and checked.money_used is not None:
        money = 1 - checked.money_used / checked.money_read
    return Table(schema, name, audit[_AUDIT], checked.read, used, money, checked.usable)


def _refuse_problems(checked: Checked, schema: Schema) -> None:
    for problem, (count, words) in checked.found.items():
        money = ""
        if checked.money_read and checked.money_used is not None:
            lost = checked.money_read - checked.money_used
            money = f" The unusable rows hold {lost:,.2f} of {checked.money_read:,.2f} in money."
        raise DataError(
            f"{schema.name}: {problem.column} {problem.rule}; {count:,} of {checked.read:,} rows "
            f"break this, first: {words}.{money} Correct them, or leave such rows out: "
            "ReadOptions(unusable='leave out')."
        )


def _present(schema: Schema, names: Any) -> list[Column]:
    return [column for column in schema.columns if column.name in set(names)]


def _added(names: list[str]) -> list[str]:
    return [f"relmark_{kind}_{name}" for name in names for kind in ("typed", "blank", "unreadable")]


def _renaming(schema: Schema, columns: Mapping[str, str], found: Any) -> dict[str, str]:
    """Return the source's names with ours; raise DataError for unknown and repeated names."""
    names = [str(name) for name in found]
    for theirs in columns.values():
        if theirs not in names:
            hint = dialects.header_hint(names)
            raise DataError(f"{schema.name}: {unknown_name('column', theirs, names)}{hint}")
    renamed = {theirs: ours for ours, theirs in columns.items()}
    result = [renamed.get(name, name) for name in names]
    twice = sorted({name for name in result if result.count(name) > 1})
    if twice:
        raise DataError(
            f"{schema.name}: expected columns of different names; found {', '.join(twice)} more "
            "than once after renaming. Name the column that is used, and remove the other."
        )
    return {name: renamed.get(str(name), str(name)) for name in found}


def _check_columns(schema: Schema, names: list[str]) -> None:
    """Raise DataError where a required column is missing."""
    for name in schema.required:
        if name not in names:
            column = schema.column(name)
            kind = f"{column.meaning}; {column.type}" + (f", {column.unit}" if column.unit else "")
            raise DataError(
                f"{schema.name}: {unknown_name('column', name, names)} It holds: {kind}. If yours "
                f"has another name, give it: columns={{{name!r}: 'your column'}}."
                f"{dialects.header_hint(names)}"
            )


def _index_as_columns(
    frame: pd.DataFrame, schema: Schema, columns: Mapping[str, str]
) -> pd.DataFrame:
    """Return the frame with the levels of its index that the schema knows as columns."""
    wanted = {*schema.names, *columns.values()}
    named = [name for name in frame.index.names if name in wanted and name not in frame.columns]
    return frame.reset_index(level=named) if named else frame


def _not_known(
    schema: Schema,
    raw: dict[str, Values],
    frame: pd.DataFrame,
    changed: dict[str, pd.Series],
) -> list[tuple[str, int, str]]:
    """Fill blank groups of a frame, and return the lines of the audit that count them."""
    notes = []
    for name, found in raw.items():
        count = int(np.sum(found.blank))
        if schema.column(name).type == "choice" and count:
            changed[name] = changed.get(name, frame[name]).fillna(NOT_KNOWN)
            notes.append((f"{name} blank", count, f'counted as "{NOT_KNOWN}"'))
    return notes


def _normalised(
    raw: dict[str, Values], changed: dict[str, pd.Series], pending: list[Column]
) -> list[tuple[str, int, str]]:
    """Return the line of the audit that counts ids written in another form."""
    count = 0
    for column in pending:
        if column.type == "id":
            before = raw[column.name].value.astype("str").to_numpy()
            after = changed[column.name].to_numpy()
            count += int((~raw[column.name].blank & (before != after)).sum())
    return [("ids normalised", count, "trimmed, without the fraction, composed")] if count else []


def _notes_of_rows(rows: ir.Table, columns: list[Column]) -> list[tuple[str, int, str]]:
    """Count blank groups and normalised ids of lazy rows, in one query."""
    sums = {}
    for column in columns:
        name = column.name
        if column.type == "choice":
            sums[f"{name} blank"] = rows[f"relmark_blank_{name}"].cast("int64").sum()
        if column.type == "id" and rows[f"relmark_raw_{name}"].type().is_string():
            other = (rows[f"relmark_raw_{name}"] != rows[name]).fill_null(False)
            sums[f"ids normalised ({name})"] = other.cast("int64").sum()
    if not sums:
        return []
    counted = rows.aggregate(**sums).to_pandas().iloc[0].fillna(0).astype(int)
    blank, other = f'counted as "{NOT_KNOWN}"', "trimmed, without the fraction, composed"
    return [
        (check, int(count), blank if check.endswith("blank") else other)
        for check, count in counted.items()
        if count
    ]


def _refuse_repeated(schema: Schema, frame: pd.DataFrame) -> None:
    """Raise DataError where rows of a frame have the same key."""
    key = [name for name in schema.key if name in frame.columns]
    if len(key) == len(schema.key) and key:
        again = frame.duplicated(key) & frame[key].notna().all(axis="columns")
        if again.any():
            first = first_rows(again, frame[key].astype(str).agg(", ".join, axis="columns"))
            _refuse_key(schema, int(again.sum()), first)


def _refuse_repeated_rows(schema: Schema, rows: ir.Table) -> None:
    """Raise DataError where lazy rows have the same key."""
    if not schema.key or not set(schema.key) <= set(rows.columns):
        return
    given = rows.drop_null(list(schema.key))
    counted = given.group_by(list(schema.key)).aggregate(relmark_rows=given.count())
    repeated = counted.filter(counted.relmark_rows > 1)
    found = repeated.aggregate(n=(repeated.relmark_rows - 1).sum()).to_pandas()["n"].iloc[0]
    if found == found and found:
        first = repeated.order_by(list(schema.key)).limit(1).to_pandas().iloc[0]
        names = ", ".join(str(first[name]) for name in schema.key)
        _refuse_key(schema, int(found), first_ids([names]))


def _refuse_key(schema: Schema, count: int, first: str) -> None:
    raise DataError(
        f"{schema.name}: expected one row per {' and '.join(schema.key)}; found {count:,} "
        f"repeated, first {first}. Keep one row of each."
    )


def _in_memory(rows: ir.Table, schema: Schema) -> pd.DataFrame:
    """Load lazy rows, with the dtypes that a converted frame has."""
    frame: pd.DataFrame = rows.to_pandas()
    typed = {
        column.name: _as_dtype(frame[column.name], column)
        for column in _present(schema, frame.columns)
    }
    return frame.assign(**typed)


def _as_dtype(values: pd.Series, column: Column) -> pd.Series:
    if column.type == "date":
        return pd.to_datetime(values).astype("datetime64[us]")
    if column.type in NUMERIC:
        numbers = values.astype("float64")
        whole = column.type in ("flag", "whole number") and numbers.notna().all()
        return numbers.astype("int64") if whole and (numbers % 1 == 0).all() else numbers
    return values.astype("str")
