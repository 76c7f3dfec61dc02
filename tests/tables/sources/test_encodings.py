"""Encodings are recognised by their mark, checked, and proposed."""

import pytest

from relmark_research.errors import DataError
from relmark_research.tables.sources import encodings

NAMES = "id,name\n1,Café Müller\n2,Peña, Nuñez\n3,Åse Sørensen\n"
CYRILLIC = "id,name\n1,Иванов Петър, София\n2,Георгиева Мария, Варна\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(NAMES, "cp1252"), (NAMES, "cp850"), ("id,paid\n1,5 €\n2,Men’s\n", "cp1252"),
     (CYRILLIC, "cp1251"), (CYRILLIC, "koi8-r"), (CYRILLIC, "cp866"),
     (NAMES, "utf-16-le"), (NAMES, "utf-16-be")],
)  # fmt: skip
def test_the_proposed_encoding_is_that_of_the_text(text, encoding):
    assert encodings.proposed_encoding(text.encode(encoding)) == encoding


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_marks(encoding):
    assert encodings.marked_encoding("id".encode(encoding)) == encoding.removesuffix("-sig")
    assert encodings.marked_encoding(b"id") is None


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16-le"])
def test_blocks_of_any_size_are_transcoded_alike(encoding, size):
    data = NAMES.encode(encoding)
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    assert b"".join(encodings.transcoded(blocks, encoding, name="f")) == NAMES.encode()


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_line_of_a_wrong_byte(end, size):
    data = end.join(["é", "b", "c"]).encode() + b"\xff"
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    with pytest.raises(DataError, match=rf"byte 0xFF in line 3 \(byte {len(data)} of the file\)"):
        list(encodings.transcoded(blocks, "utf-8", name="f"))


def test_a_character_cut_off_at_the_end():
    with pytest.raises(DataError, match=r"byte 0xC3 in line 2 \(byte 3 of the file\)"):
        list(encodings.transcoded([b"a\n\xc3"], "utf-8", name="f"))


@pytest.mark.parametrize(
    ("encoding", "text", "expected"),
    [
        (None, b"id", "utf-8"),
        (None, "id".encode("utf-16"), "utf-16"),
        ("utf-16-le", "id".encode("utf-16"), "utf-16"),
        ("latin-1", b"id", "iso8859-1"),
        ("UTF8", b"id", "utf-8"),
    ],
)
def test_a_file_is_read_by_its_declared_or_its_marked_encoding(encoding, text, expected):
    assert encodings.declared_encoding(encoding, text, name="f") == expected


def test_a_mark_that_contradicts_the_declaration_is_named():
    with pytest.raises(DataError, match=r"f: the encoding is declared as cp1252, .* of UTF-16"):
        encodings.declared_encoding("cp1252", "id".encode("utf-16"), name="f")


@pytest.mark.parametrize("size", [1, 2, 5, 100])
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp437"])
def test_utf8_that_is_declared_as_something_else_is_refused(encoding, size):
    file = "id,name\n1,Müller\n2,José\n3,Zoë".encode()
    blocks = [file[i : i + size] for i in range(0, len(file), size)]
    with pytest.raises(DataError, match=r"all 3 letters beyond ASCII are valid UTF-8.*ü"):
        list(encodings.transcoded(blocks, encoding, name="f.csv"))


@pytest.mark.parametrize("text", ["Müller, José, Zoë", "id,name", "Ă", "Â© Ã¼ x é"])
def test_text_in_the_declared_encoding_is_read(text):
    encoding = "cp1252" if "Ă" not in text else "cp1250"
    blocks = [text.encode(encoding)]
    assert b"".join(encodings.transcoded(blocks, encoding, name="f")).decode() == text
