"""Figures and tables as files beside a report."""

import pandas as pd
import pytest
from matplotlib.figure import Figure
from pyarrow.parquet import read_schema

from relmark_research.reporting.display.downloads import FOLDER_VARIABLE, save_figure, save_table

FRAME = pd.DataFrame({"week": [1, 2], "value": [1.5, 2.5]})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "run" / "03 value"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    return folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("variable", [None, ""])
def test_without_a_folder_no_file_is_written(monkeypatch, variable, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(FOLDER_VARIABLE, variable)
    assert save_figure(Figure(), "<svg/>", "one") == ""
    assert save_table(FRAME, "week", "one", "One") == ""
    assert list(tmp_path.iterdir()) == []


def test_a_figure_is_saved_as_svg_and_png(folder):
    figure = Figure(figsize=(2, 1), layout="constrained")
    figure.subplots().plot([1, 2])
    html = save_figure(figure, "<svg>é</svg>", "line")
    assert (folder / "line.svg").read_text(encoding="utf-8") == "<svg>é</svg>"
    data = (folder / "line.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert b"Software" not in data
    width = int.from_bytes(data[16:20])
    assert 250 < width < 350  # two inches at 160 dots per inch, less the margins
    assert figure.get_layout_engine() is None or not figure.get_layout_engine().adjust_compatible
    assert 'href="files/03%20value/line.svg"' in html
    assert 'href="files/03%20value/line.png"' in html
    assert html.count("<a download") == 2


def test_a_second_file_of_the_same_name_gets_a_number(folder):
    for _ in range(3):
        html = save_table(FRAME, "week,value\n", "weekly", "Weekly")
    assert names(folder) == [
        "weekly-2.csv", "weekly-2.parquet", "weekly-3.csv", "weekly-3.parquet",
        "weekly.csv", "weekly.parquet",
    ]  # fmt: skip
    assert "weekly-3.parquet" in html
    figure = Figure(figsize=(1, 1))
    save_figure(figure, "<svg/>", "weekly")  # a figure may have the name of a table
    save_figure(figure, "<svg/>", "weekly")
    assert {"weekly.svg", "weekly-2.svg"} <= set(names(folder))


def test_a_table_is_saved_as_csv_and_parquet(folder):
    html = save_table(FRAME, "week,value\n1,1.5\n", "weekly", "By <week>")
    assert (folder / "weekly.csv").read_text() == "week,value\n1,1.5\n"
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "weekly.parquet"), FRAME)
    assert 'href="files/03%20value/weekly.parquet"' in html
    assert "By &lt;week&gt;" in html
    assert "<week>" not in html


def test_the_index_is_not_saved(folder):
    frame = FRAME.set_axis([7, 8])
    save_table(frame, "", "weekly", "Weekly")
    save_table(frame.assign(value=pd.Series([1, "a"], [7, 8], dtype=object)), "", "mixed", "Mixed")
    for name in ("weekly", "mixed"):
        assert read_schema(folder / f"{name}.parquet").names == ["week", "value"]


def test_a_column_of_several_types_is_saved_as_text(folder):
    frame = FRAME.assign(mixed=pd.Series([1, "a"], dtype=object))
    save_table(frame, "", "mixed", "Mixed")
    found = pd.read_parquet(folder / "mixed.parquet")
    assert found["mixed"].tolist() == ["1", "a"]
    assert found["value"].tolist() == [1.5, 2.5]
