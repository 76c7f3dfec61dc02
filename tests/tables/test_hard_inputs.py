"""Files and frames as they come: each gives the right value, or a refusal in words."""

import gzip
import os
import sqlite3
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import relmark_research as rm
from relmark_research import cli
from relmark_research.errors import DataError
from tests.tables.workbook_files import write_workbook

ROWS = [("a", "2024-01-01", "10.50"), ("b", "2024-01-05", "1.25"), ("a", "2024-02-01", "7.00")]
TOTAL = 18.75


def text(rows=ROWS, *, names=("customer_id", "date", "value"), separator=",", end="\n") -> str:
    return end.join(separator.join(row) for row in [names, *rows]) + end


def put(folder, content, name="sales.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def total(source, **options) -> float:
    log = rm.read_transactions(source, options=rm.ReadOptions(**options))
    return float(log.to_pandas()["value"].sum())


def said(capsys, *arguments) -> tuple[int, str, str]:
    code = cli.exit_code([str(each) for each in arguments])
    found = capsys.readouterr()
    return code, found.out, found.err


CONTENTS = {
    "line ends of old computers": text(end="\r"),
    "several gzip members": gzip.compress(text(ROWS[:1]).encode(), mtime=0)
    + gzip.compress("".join(f"{','.join(row)}\n" for row in ROWS[1:]).encode()),
    "gzip without the ending": gzip.compress(text().encode(), mtime=0),
    "a line that names the separator": "sep=;\n" + text(separator=";"),
    "blank lines and a separator at the end": text(
        [(*row, "") for row in ROWS], names=("customer_id", "date", "value", "")
    ).replace("\n", "\n\n"),
    "UTF-32": text().encode("utf-32"),
    "a field of 3 MB": text([*ROWS, ("x" * 3_000_000, "2024-02-02", "0")]),
    "signs of line ends within a name": text([("a\u2028b\x85\x0bc", *row[1:]) for row in ROWS]),
}


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.every(2)
def test_a_file_is_read_whole(name, tmp_path):
    assert total(put(tmp_path, CONTENTS[name])) == TOTAL


REFUSED = {
    "no bytes": (b"", r"is empty \(0 bytes\)"),
    "blank lines only": ("\n\n", "no line with text"),
    "a byte order mark only": (b"\xef\xbb\xbf", "no line with text"),
    "a header only": (text([]), "has a header but no rows. Export it again"),
    "a NUL byte": (text([*ROWS, ("b\0c", "2024-01-02", "1")]), "line 5: found a NUL byte"),
    "gzip in gzip": (
        gzip.compress(gzip.compress(text().encode(), mtime=0), mtime=0),
        "packed by gzip twice",
    ),
    "gzip cut short": (gzip.compress(text().encode(), mtime=0)[:-9], "damaged gzip file"),
    "two encodings": (
        text([("Zoé", *ROWS[0][1:])]).encode() + "René,2024-02-01,2\n".encode("cp1252"),
        "line 3 .*two encodings are mixed",
    ),
    "accounting signs": (text([("a", "2024-01-01", "(5.00)")]), r"value '\(5.00\)'"),
    "currency signs": (text([("a", "2024-01-01", "€ 5.00")]), "without currency"),
    "nan as a value": (text([("a", "2024-01-01", "nan")]), "value 'nan'"),
    "infinity as a value": (text([("a", "2024-01-01", "-Infinity")]), "value '-Infinity'"),
    "a leap second": (text([("a", "2024-01-03 23:59:60", "1")]), "cannot be read as a date"),
    "30 February": (text([("a", "2024-02-30", "1")]), "cannot be read as a date"),
    "two-digit years": (text([("a", "31/12/99", "1")]), r"date_format='%d/%m/%y'\) reads"),
    "repeated names": (text(names=("date", "value", "Value")), "'Value' more than once"),
    "a title before the header": ("Sales\n2024\n" + text(), r"header=3"),
    "rows as one quoted field": ('"customer_id,date,value"\n"a,2024-01-01,1"\n', "as one column"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.every(3)
def test_a_file_is_refused_with_what_to_do(name, tmp_path):
    content, message = REFUSED[name]
    with pytest.raises(DataError, match=message):
        total(put(tmp_path, content))


@pytest.mark.parametrize(
    "content",
    [b"", text([]), gzip.compress(text().encode(), mtime=0)[:-9]],
    ids=["empty", "a header", "half a gzip file"],
)
def test_check_proposes_nothing_for_a_file_that_cannot_be_opened(content, tmp_path, capsys):
    code, out, err = said(capsys, "check", put(tmp_path, content))
    assert (code, out) == (cli.REFUSED, "")
    assert err.startswith("relmark: ")


@pytest.mark.parametrize("source", ["", "  ", "a\0b.csv", "x" * 5000])
def test_what_is_no_path_is_refused(source):
    with pytest.raises(DataError, match="expected a path; found"):
        rm.read_transactions(source)


def test_links_folders_and_pipes_that_hold_no_table_are_refused(tmp_path, capsys):
    (tmp_path / "link.csv").symlink_to(tmp_path / "nowhere.csv")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("link.csv", "loop.csv", "pipe.csv"):
        with pytest.raises(DataError, match=f"expected a file; .*{name} is none"):
            rm.read_transactions(tmp_path / name)
    (tmp_path / "empty").mkdir()
    code, out, err = said(capsys, "check", tmp_path / "empty")
    assert (code, out, "found none. Check the path" in err) == (cli.REFUSED, "", True)


@pytest.mark.skipif(os.geteuid() == 0, reason="a superuser may read every file")
def test_what_may_not_be_read_is_refused(tmp_path):
    put(tmp_path, text()).chmod(0)
    with pytest.raises(DataError, match="cannot be read: Permission denied"):
        rm.read_transactions(tmp_path / "sales.csv")


def test_a_folder_that_may_not_be_listed_is_refused(tmp_path, monkeypatch):
    def denied(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.iterdir", denied)
    with pytest.raises(DataError, match=r"the folder .* cannot be read: Permission denied"):
        rm.read_transactions(tmp_path)


def test_a_log_stays_as_it_was_read_when_its_file_changes(tmp_path):
    path = put(tmp_path, text())
    log = rm.read_transactions(path)
    path.write_text(text([("z", "2025-01-01", "99")]))
    assert log.to_pandas()["value"].sum() == TOTAL
    path.unlink()
    assert len(log.customer_summary(unit="day")) == 2


def frame(**changed) -> pd.DataFrame:
    columns = {"customer_id": ["a", "b", "a"], "date": pd.to_datetime([row[1] for row in ROWS]),
               "value": [10.5, 1.25, 7.0]}  # fmt: skip
    return pd.DataFrame({**columns, **changed})


def test_wide_decimals_of_parquet_are_refused_and_never_read_as_other_numbers(tmp_path):
    numbers = [Decimal("10.50"), Decimal("1.25"), Decimal("7.00")]
    columns = {**frame(), "value": pa.array(numbers, pa.decimal256(60, 20))}
    parquet.write_table(pa.table(columns), tmp_path / "sales.parquet")
    for read in (rm.read_transactions, lambda path: rm.read_table(path, schema="transactions")):
        with pytest.raises(DataError, match=r"'value' holds decimal numbers of 60 digits, .* 38"):
            read(tmp_path / "sales.parquet")
    assert total(pa.table(columns)) == TOTAL
    arrow = frame(value=pd.Series(columns["value"].to_pylist(), dtype=pd.ArrowDtype(
        pa.decimal256(60, 20))))  # fmt: skip
    assert total(arrow) == TOTAL


@pytest.mark.parametrize(
    "kind",
    [pa.decimal128(38, 10), pa.large_string(), pa.string(), pa.float16(), pa.float32()],
    ids=str,
)
@pytest.mark.every(3)
def test_types_of_parquet_columns_change_no_value(kind, tmp_path):
    values = [10.5, 1.25, 7.0]
    if pa.types.is_decimal(kind):
        values = [Decimal(str(each)) for each in values]
    elif not pa.types.is_floating(kind):
        values = [str(each) for each in values]
    elif pa.types.is_float16(kind):
        values = np.array(values, dtype=np.float16)
    table = pa.table({**frame(), "value": pa.array(values, kind)})
    parquet.write_table(table, tmp_path / "sales.parquet")
    assert total(tmp_path / "sales.parquet") == TOTAL
    assert total(table) == TOTAL
    assert total(table.to_pandas(types_mapper=pd.ArrowDtype)) == TOTAL


@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("ns", "Asia/Tokyo"), pa.date64()])
def test_moments_of_parquet_are_days(kind, tmp_path):
    days = pa.array(frame()["date"].dt.date).cast(pa.timestamp("s"))
    table = pa.table({**frame(), "date": days.cast(kind)})
    parquet.write_table(table, tmp_path / "sales.parquet")
    log = rm.read_transactions(tmp_path / "sales.parquet")
    assert (f"{log.observed_from}", f"{log.observed_until}") == ("2024-01-01", "2024-02-01")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"date": pa.array([(1, 2, 3)] * 3, pa.month_day_nano_interval())}, "intervals of calend"),
        ({"customer_id": pa.array([["a"], ["b"], ["a"]])}, "must hold ids.*found array"),
        ({"customer_id": pa.array([b"a", b"b", b"a"])}, "must hold ids.*found binary"),
        ({"value": pa.array([True, False, True])}, "must hold numbers; found boolean"),
        ({"date": pa.array([1, 2, 3], pa.time32("s"))}, "must hold dates; found time"),
        ({"customer_id": pa.array([1e17, 2.0, 3.0])}, "too large to be exact"),
    ],
    ids=["interval", "list", "bytes", "flags", "time of day", "large floats"],
)
def test_columns_of_other_types_are_refused(changed, message):
    with pytest.raises(DataError, match=message):
        rm.read_transactions(pa.table({**frame(), **changed}))


def test_a_type_that_no_engine_reads_is_refused_in_words(monkeypatch):
    def failing(table):
        raise NotImplementedError("no such type")

    monkeypatch.setattr("relmark_research.tables.sources._frames.normalised", failing)
    with pytest.raises(DataError, match=r"type that cannot be read \(no such type\)"):
        rm.read_transactions(frame())


@pytest.mark.parametrize(
    "read", [rm.read_transactions, lambda t: rm.read_table(t, schema="events")]
)
def test_column_names_of_several_levels_are_refused(read):
    table = frame()
    table.columns = pd.MultiIndex.from_product([["x"], table.columns])
    with pytest.raises(DataError, match="column names must have one level; found 2"):
        read(table)


@pytest.fixture
def dynamic(tmp_path):
    """An SQLite table whose columns hold values of several types."""
    connection = sqlite3.connect(tmp_path / "crm.db")
    connection.execute("create table sales (customer_id, date, value)")
    rows = [(7, "2024-01-01", 1), ("7.0", "2024-01-02", "2.5"), (7.0, "2024-02-01", 3.5)]
    connection.executemany("insert into sales values (?, ?, ?)", rows)
    connection.commit()
    yield connection, f"sqlite:///{tmp_path}/crm.db#sales"
    connection.close()


def test_values_of_several_types_in_sqlite_are_read(dynamic):
    _, source = dynamic
    log = rm.read_transactions(source)
    assert (log.to_pandas()["customer_id"].unique().tolist(), total(source)) == (["7"], 7.0)
    table = rm.read_table(source, schema="transactions").frame
    assert (table["customer_id"].unique().tolist(), table["value"].sum()) == (["7"], 7.0)


def test_bytes_in_sqlite_are_refused(dynamic):
    connection, source = dynamic
    connection.execute("insert into sales values (?, '2024-01-03', 1)", (b"\xff",))
    connection.commit()
    with pytest.raises(DataError, match="'customer_id' must hold text or numbers; 1 rows hold byt"):
        rm.read_transactions(source)
    with pytest.raises(DataError, match="'customer_id' must hold ids, as text or numbers"):
        rm.read_table(source, schema="transactions")


def test_workbooks_with_titles_serials_and_gaps(tmp_path):
    names = ["customer_id", "date", "value"]
    titled = write_workbook(
        tmp_path / "a.xlsx",
        {"S": [["Sales 2024", None, None], [], names, ["007", "2024-01-01", 1]]},
    )
    with pytest.raises(
        DataError, match=r"found 2 empty of 3, .* such as ReadOptions\(header=3\)\.$"
    ):
        rm.read_transactions(titled)
    assert total(titled, header=3) == 1
    serials = write_workbook(tmp_path / "b.xlsx", {"S": [names, ["007", 45292, 1]]})
    with pytest.raises(
        DataError, match=r"45292 may be a spreadsheet's serial number \(2024-01-01\)"
    ):
        rm.read_transactions(serials)
    ids = write_workbook(tmp_path / "c.xlsx", {"S": [names, ["007", "2024-01-01", 1],
                                                     [7, "2024-01-02", 2]]})  # fmt: skip
    assert rm.read_transactions(ids).to_pandas()["customer_id"].to_list() == ["007", "7"]


NO_PURCHASE = pd.DataFrame(
    {"customer_id": list("abab"), "date": "2024-01-01", "value": [-1.0, -2.0, -3.0, -4.0]}
)


@pytest.mark.parametrize(
    "function",
    [rm.customers.customer_base, rm.customers.growth_table, rm.cohort_table,
     lambda log: log.customer_summary(unit="day")],
    ids=["customer_base", "growth_table", "cohort_table", "customer_summary"],
)  # fmt: skip
def test_a_log_of_returns_only_has_no_purchase(function):
    log = rm.read_transactions(NO_PURCHASE)
    with pytest.raises(DataError, match=r"left no customer with a purchase. Check the sign"):
        function(log)


def test_a_misspelt_option_or_column_is_answered_in_the_terms_of_the_command_line(tmp_path, capsys):
    path = put(tmp_path, "Customer,Day,Cost\na,2024-01-01,1\n")
    contacts = ("check", path, "--table", "contacts")
    _, out, err = said(capsys, *contacts, "--column", "customer_id=Custmer")
    assert "Did you mean 'Customer'" in err
    assert "customer_id: Customer\n" in out  # proposed, and not what was misspelt
    assert "--column takes NAME=VALUE" in said(capsys, *contacts, "--column", "customer_id")[2]
    assert "--option: no option 'seperator'" in said(capsys, *contacts, "--option=seperator=;")[2]
    assert "--column customer_id='your column'" in said(capsys, *contacts)[2]
