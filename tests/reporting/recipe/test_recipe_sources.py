"""The source of a recipe's data section."""

import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.recipe.recipe_sources import (
    check_source,
    is_remote,
    resolve_source,
    source_files,
)


@pytest.mark.parametrize(
    ("source", "remote"),
    [
        ("https://host/sales.csv", True),
        ("postgresql://host/sales", True),
        ("env:SALES", True),
        ("sales.csv", False),
        ("/data/sales-*.csv", False),
        ("dataset:cdnow", False),
    ],
)
def test_a_url_is_remote(source, remote):
    assert is_remote(source) is remote


def test_a_file_gets_an_absolute_path(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = resolve_source({"source": "sales.csv", "customer": "client"}, tmp_path)
    assert found == {"source": str(tmp_path / "sales.csv"), "customer": "client"}
    assert resolve_source({"source": "/data/x.csv"}, tmp_path) == {"source": "/data/x.csv"}
    home = resolve_source({"source": "~/x.csv"}, tmp_path)
    assert home == {"source": str(tmp_path / "home" / "x.csv")}


def test_a_database_file_gets_an_absolute_path(tmp_path):
    found = resolve_source({"source": "sqlite://shop.db", "table": "t"}, tmp_path)
    assert str(tmp_path / "shop.db") in found["source"]
    assert found["table"] == "t"
    url = {"source": "https://host/sales.csv"}
    assert resolve_source(url, tmp_path) == url


@pytest.mark.parametrize(
    "data", [{}, {"source": None}, {"source": "dataset:cdnow"}, {"source": "${FOLDER}/x.csv"}]
)
def test_other_sources_stay_as_they_are(data, tmp_path):
    assert resolve_source(data, tmp_path) == data


def test_files_of_a_path_a_folder_and_a_glob(tmp_path):
    names = ["b.csv", "a.csv", "deep/c.csv", "note.txt"]
    (tmp_path / "deep").mkdir()
    paths = [tmp_path / name for name in names]
    for path in paths:
        path.write_text("")
    b, a, c, note = paths
    assert source_files(str(b)) == [b]
    assert source_files(str(tmp_path)) == [a, b, c, note]
    assert source_files(str(tmp_path / "*.csv")) == [a, b]
    assert source_files(str(tmp_path / "**" / "*.csv")) == [a, b, c]
    assert source_files(str(tmp_path / "none.csv")) == []


def test_a_section_without_source_is_refused():
    check_source({})
    with pytest.raises(ReportError, match=r"has no source.*--set data\.source=FILE"):
        check_source({"customer": "client"})


def test_an_unknown_engine_is_refused():
    with pytest.raises(ReportError, match=r"^data\.engine: .*'duckbd'.*Did you mean 'duckdb'"):
        check_source({"source": "dataset:cdnow", "engine": "duckbd"})
    check_source({"source": "dataset:cdnow", "engine": "duckdb"})


def test_an_unknown_bundled_data_set_is_refused():
    check_source({"source": "dataset:cdnow"})
    with pytest.raises(ReportError, match=r"no bundled data set 'cdnwo'; there are: .*cdnow"):
        check_source({"source": "dataset:cdnwo"})


def test_a_missing_file_is_refused_with_the_files_beside_it(tmp_path):
    for name in ("sales.csv", ".hidden.csv"):
        (tmp_path / name).write_text("")
    (tmp_path / "folder.csv").mkdir()
    check_source({"source": str(tmp_path / "sales.csv")})
    with pytest.raises(ReportError) as caught:
        check_source({"source": str(tmp_path / "slaes.csv")})
    said = str(caught.value)
    assert "there are: sales.csv. Did you mean 'sales.csv'?" in said
    assert f"nothing found at {tmp_path / 'slaes.csv'}" in said
    with pytest.raises(ReportError, match="there are: none"):
        check_source({"source": str(tmp_path / "nowhere" / "x.csv")})


def test_at_most_twenty_files_are_listed(tmp_path):
    for number in range(25):
        (tmp_path / f"{number:02}.csv").write_text("")
    with pytest.raises(ReportError, match=r"18\.csv, 19\.csv\."):
        check_source({"source": str(tmp_path / "z")})


def test_urls_and_secrets_are_not_looked_up_as_files(tmp_path, monkeypatch):
    check_source({"source": "https://host/none.csv"})
    check_source({"source": "env:NONE"})
    monkeypatch.setenv("FOLDER_OF_SALES", str(tmp_path))
    with pytest.raises(ReportError, match="nothing found"):
        check_source({"source": "${FOLDER_OF_SALES}/none.csv"})


def test_a_glob_finds_files_and_no_folders(tmp_path):
    (tmp_path / "2024").mkdir()
    (tmp_path / "a.csv").write_text("a")
    assert source_files(str(tmp_path / "*")) == [tmp_path / "a.csv"]
