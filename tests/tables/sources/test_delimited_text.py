"""Text files are read to the letter, or refused with the first offending line."""

import gzip

import ibis
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError
from relmark_research.tables.sources import _delimited_text
from relmark_research.tables.sources.dialects import Dialect
from relmark_research.tables.sources.open_source import opened_source


@pytest.fixture(scope="module")
def engine():
    return ibis.duckdb.connect()


@pytest.fixture
def read(tmp_path, engine):
    def reading(data, name="sales.csv", **dialect):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        opened = opened_source(path, dialect=Dialect(**dialect), engine=engine)
        frame = opened.table.to_pandas()
        rows = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
        assert opened.facts.records == len(rows)
        return opened, list(frame.columns), rows

    return reading


ROWS = [["1", "2"], ["3", "4"]]
READ = {
    "LF": ("x,y\n1,2\n3,4\n", {}, ROWS),
    "CRLF, last line open": ("x,y\r\n1,2\r\n3,4", {}, ROWS),
    "CR only": ("x,y\r1,2\r3,4\r", {}, ROWS),
    "header LF over CRLF": ("x,y\n1,2\r\n3,4\r\n", {}, ROWS),
    "mixed line ends": ("x,y\r\n1,2\n3,4\r", {}, ROWS),
    "BOM and quoted header": ('\ufeff"x","y"\n1,2\n3,4\n', {}, ROWS),
    "names trimmed": (" x ,\u00a0y\n1,2\n3,4\n", {}, ROWS),
    "tab": ("x\ty\n1\t2\n3\t4\n", {}, ROWS),
    "pipe": ("x|y\n1|2\n3|4\n", {}, ROWS),
    "declared separator": ("x^y\n1^2\n3^4\n", {"separator": "^"}, ROWS),
    "beyond ASCII": ("x§y\n1§2\n3§4\n", {"separator": "§"}, ROWS),
    "runs of blanks": (" x   y\n 1\t2\n\n 3    4 \n", {"separator": "whitespace"}, ROWS),
    "a spreadsheet's sep=": ("sep=;\nx;y\n1;2\n3;4\n", {}, ROWS),
    "header in line 3": ('Report "A"\n\nx,y\n1,2\n3,4\n', {"header": 3}, ROWS),
    "decimal commas": ("x;y\n10,5;2\n", {}, [["10,5", "2"]]),
    "quoted newlines": ('x,y\n1,"a\nb"\n3,"c\r\nd"\n', {}, [["1", "a\nb"], ["3", "c\r\nd"]]),
    "doubled quotes": ('x,y\n1,"say ""hi"""\n', {}, [["1", 'say "hi"']]),
    'a 5" disk': ('x,y\n1,5" disk\n2,"3"\n', {}, [["1", '5" disk'], ["2", "3"]]),
    "blank before a quote": ('x,y\n1, "a"\n', {}, [["1", ' "a"']]),
    "empty fields": ('x,y\n,2\n"",\n', {}, [[None, "2"], [None, None]]),
    "blanks are kept": ("x,y\n 1 ,NA\n", {}, [[" 1 ", "NA"]]),
    "comment signs": ("x,y\n#1,2\n-- 3,4\n", {}, [["#1", "2"], ["-- 3", "4"]]),
    "second header": ("x,y\n1,2\nx,y\n3,4\n", {}, [["1", "2"], ["x", "y"], ["3", "4"]]),
    "header only": ("x,y\n", {}, []),
}


@pytest.mark.parametrize("case", READ)
def test_dialects_that_are_read(read, case):
    data, dialect, rows = READ[case]
    assert read(data, **dialect)[1:] == (["x", "y"], rows)


def test_headerless_files_have_numbered_or_declared_columns(read):
    data = "1,2\n3,4\n"
    assert read(data, header="none")[1:] == (["column_1", "column_2"], ROWS)
    assert read(data, header=["a", "b"])[1:] == (["a", "b"], ROWS)
    with pytest.raises(DataError, match="line 1: expected 3 fields, as many as the names"):
        read(data, header=["a", "b", "c"])


def test_one_column_is_a_table(read):
    opened, columns, rows = read('x\n1\n\n""\n2')
    assert (columns, rows) == (["x"], [["1"], [None], ["2"]])
    assert opened.facts.blank_lines == 1


def test_blank_lines_are_counted_and_are_no_records(read):
    assert read("\n\nx,y\n\n1,2\n\n\n3,4\n\n\n")[0].facts.blank_lines == 5
    opened, _, rows = read("x,y\n1,2\n\n3,4\n\n\n")
    assert (opened.facts.blank_lines, rows) == (3, ROWS)


def test_fields_longer_than_the_engines_line_limit(read):
    long = "a" * 5_000_000
    assert read(f"x,y\n1,{long}\n3,4\n")[2][0] == ["1", long]
    assert read(f'x,y\n1,"{long}""\n"\n3,4\n')[2][0] == ["1", f'{long}"\n']


def test_gzip_is_told_by_its_bytes(read):
    data = gzip.compress(b"x,y\n1,2\n3,4\n")
    assert read(data, "sales.csv")[2] == ROWS
    assert read(b"x,y\n1,2\n3,4\n", "sales.csv.gz")[2] == ROWS
    with pytest.raises(DataError, match="damaged gzip file"):
        read(data[:-10])


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("cp1252", "cp1252"), ("utf-8", None), ("utf-8-sig", None), ("utf-16", None),
     ("utf-16-le", "utf-16-le"), ("utf-32", None), ("latin-1", "latin-1")],
)  # fmt: skip
def test_encodings_declared_or_marked(read, encoding, declared):
    data = "id,name\r\n1,Café\r\n".encode(encoding)
    opened, columns, rows = read(data, encoding=declared)
    assert (columns, rows) == (["id", "name"], [["1", "Café"]])
    assert opened.dialect.separator == ","


REFUSED = {
    "too many fields": ("x,y\n1,2\n3,4,5\n", r"line 3: expected 2 fields.* found 3"),
    "too few fields": ("x,y\n1\n", r"line 2: expected 2 fields.* found 1"),
    "late ragged row": ("x,y\n" + "1,2\n" * 5000 + "1\n", r"line 5,002: expected 2 .* found 1"),
    "ragged behind a quoted newline": ('x,y\n"1\n1",2\n3\n', r"line 4: expected 2 fields"),
    "open quote": ('x,y\n1,2\n3,"4\n5,6\n', r"line 3: a quoted field opens here"),
    "open quote in a record of lines": ('x,y\n"1\n","4\n5,6\n', r"line 3: a quoted field opens"),
    "open quote behind an old line end": ('x,y\n"1\r1","4\n5,6\n', r"line 3: a quoted field"),
    "open quote in the header": ('\nx;"open\n1;2\n', r"line 2: a quoted field opens here"),
    "text behind a quote": ('x,y\n1,"2\n3,"4"\n', r"line 3: text follows .* opened in line 2"),
    "a title over the table": ("Report\nx,y\n1,2\n", r"line 2: expected one field.*header=3"),
    "two separators": ("a;b,c\n1,2;3\n", r"can be any of ',' \(2 columns\), ';' \(2 columns\)"),
    "no separator": ("a;b,c\n1,2\n1;3\n", r"no separator parts every line.*line 3.*line 2"),
    "blank only": ("\n\r\n", "no line with text"),
    "BOM only": ("\ufeff", "no line with text"),
    "empty": ("", r"is empty \(0 bytes\)"),
    "NUL": (b"x,y\n1,\x00\n", "line 2: found a NUL byte.*Export the file again"),
    "UTF-16 without mark": ("id,name\n1,a\n".encode("utf-16-be"), r"encoding='utf-16-be'"),
    "repeated names": ("x,y,x\n1,2,3\n", r"line 1: .*found 'x' more than once"),
    "names by case": ("id,ID\n1,2\n", r"found 'ID' more than once"),
    "empty names": ("x,,,y\n1,2,3,4\n", r"found 2 empty of 4, first column 2"),
    "no header": ("1,5,5\n2,6,6\n", r"'5' more than once.*ReadOptions\(header='none'\)"),
    "cp1252": ("x,y\n1,Café\n".encode("cp1252"),
               r"byte 0xE9 in line 2 \(byte 10 of the file\).*ReadOptions\(encoding='cp1252'\)"),
    "cp1251": ("x,y\n1,Иванов\n".encode("cp1251"), r"0xC8 in line 2.*encoding='cp1251'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_files_that_are_refused_with_the_first_offending_line(read, case):
    data, message = REFUSED[case]
    with pytest.raises(DataError, match=message):
        read(data)


def test_a_wrong_declared_encoding_is_refused(read):
    with pytest.raises(DataError, match=r"line 2 .*not valid in the declared encoding ascii"):
        read("x,y\n1,é\n", encoding="ascii")
    with pytest.raises(DataError, match="begins with the byte order mark of UTF-16"):
        read("x,y\n1,é\n".encode("utf-16"), encoding="cp1252")


def test_rows_with_a_quote_at_the_start_are_not_parted_by_blanks(read):
    with pytest.raises(DataError, match=r"line 1: a field begins with a quote.*separator=' '"):
        read('"x" "y"\n1 2\n', separator="whitespace")
    assert read('"x" "y"\n1 2\n3 4\n', separator=" ")[2] == ROWS


def test_a_header_line_that_is_blank_or_beyond_the_file(read):
    for line in (2, 9):
        with pytest.raises(DataError, match=f"expected the header in line {line}, which is"):
            read("x,y\n\n1,2\n", header=line)


def test_where_duckdb_counts_otherwise_the_file_is_read_exactly(read, monkeypatch):
    scan = _delimited_text._scanned
    monkeypatch.setattr(_delimited_text, "_scanned", lambda part: _one_more(scan(part)))
    assert read("x,y\n1,2\n3,4\n")[2] == ROWS


def _one_more(found):
    return type(found)(found.regular, found.records + 1, found.blank_lines, found.longest)


class TestSeveralFiles:
    def test_columns_are_matched_by_name(self, tmp_path):
        (tmp_path / "1.csv").write_text("x,y\n1,2\n")
        (tmp_path / "2.csv").write_bytes(b"\xef\xbb\xbfy;x\r\n4;3\r\n")
        opened = opened_source(str(tmp_path / "*.csv"))
        assert opened.table.to_pandas().to_numpy().tolist() == ROWS
        assert (opened.dialect.separator, opened.facts.files) == (None, 2)

    def test_other_columns_are_refused_with_the_file(self, tmp_path):
        (tmp_path / "1.csv").write_text("x,y\n1,2\n")
        (tmp_path / "2.csv").write_text("x,z\n4,3\n")
        with pytest.raises(DataError, match=r"2\.csv is without 'y' and with 'z', unlike .*1\.csv"):
            opened_source(tmp_path)

    def test_folders_name_columns(self, tmp_path):
        for country in ("BG", "UK"):
            (tmp_path / f"country={country}").mkdir()
            (tmp_path / f"country={country}" / "part.csv").write_text(f"x\n{country}1\n")
        frame = opened_source(tmp_path).table.to_pandas()
        assert frame.to_numpy().tolist() == [["BG1", "BG"], ["UK1", "UK"]]


class TestLogs:
    """Inputs that failed in version 0.1, through `read_transactions`."""

    IDS = tuple(f"#{i}" if i % 100 == 7 else str(i) for i in range(1000))

    @pytest.mark.parametrize("options", [None, rm.ReadOptions(separator=",")])
    def test_ids_such_as_7_with_a_hash_among_whole_numbers(self, tmp_path, options):
        path = tmp_path / "log.csv"
        pd.DataFrame({"customer_id": self.IDS, "date": "2024-01-01", "value": 1}).to_csv(
            path, index=False
        )
        log = rm.read_transactions(path, options=options)
        audit = log.audit.set_index("check")["rows"]
        assert audit["rows read"] == 1000
        assert set(log.customer_summary().table.index) == set(self.IDS)

    def test_a_file_without_header_proposes_one_without(self, tmp_path):
        path = tmp_path / "log.csv"
        path.write_text("00004,1997-01-01,29.33\n00005,1997-01-18,29.73\n")
        with pytest.raises(DataError, match=r"no column .*header='none'"):
            rm.read_transactions(path)
        log = rm.read_transactions(
            path,
            customer="column_1",
            date="column_2",
            value="column_3",
            options=rm.ReadOptions(header="none"),
        )
        assert list(log.customer_summary().table.index) == ["00004", "00005"]
