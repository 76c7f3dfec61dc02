import csv
from io import StringIO
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relmark_research as rm
from relmark_research.errors import DataError

DANGEROUS = "=+-@\t\r\n|%＝＋－＠−"


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+41 44",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "＝1+1",
        "－1",
        "|cmd",
        "%x",
    ],
)
def test_a_cell_that_could_be_a_formula_is_escaped(cell, tmp_path) -> None:
    path = tmp_path / "list.csv"
    assert rm.economics.write_list(pd.DataFrame({"customer_id": [cell], "n": [-1.5]}), path) == 1
    ((_, _), (text, number)) = csv.reader(StringIO(path.read_text()))
    assert text.startswith("'")
    assert not set(text) & set("\t\r\n")
    assert number == "-1.5"


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=5))
def test_no_text_cell_begins_as_a_formula_and_none_is_lost(tmp_path_factory, cells) -> None:
    path = tmp_path_factory.mktemp("lists") / "list.csv"
    rm.economics.write_list(pd.DataFrame({"a": cells, "b": range(len(cells))}), path)
    rows = list(csv.reader(StringIO(path.read_bytes().decode(), newline="")))
    assert len(rows) == len(cells) + 1
    for row in rows[1:]:
        assert not row[0].lstrip(" ")[:1] or row[0].lstrip(" ")[0] not in DANGEROUS


def test_headers_are_escaped_and_ids_stay_text(tmp_path) -> None:
    path = tmp_path / "list.csv"
    rm.economics.write_list(pd.DataFrame({"=x": ["007"]}), path)
    assert path.read_text() == "'=x\n007\n"


def test_an_existing_file_is_replaced_and_the_folder_must_exist(tmp_path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("old")
    rm.economics.write_list(pd.DataFrame({"a": ["b"]}), path)
    assert path.read_text() == "a\nb\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["list.csv"]
    with pytest.raises(DataError, match="found no folder"):
        rm.economics.write_list(pd.DataFrame({"a": ["b"]}), tmp_path / "none" / "list.csv")


def test_the_action_list_is_ranked_and_rounded() -> None:
    table = pd.DataFrame(
        {
            "action": ["grow", "keep", "end"], "reason": ["x", "y", "z"],
            "expected_gain": [9.123456, 0.0, -0.0], "gain_low": [1.0, 0, 0],
            "gain_high": [2.0, 0, 0], "residual_value": [3.0, 0, -1],
            "p_negative": [0.123456, 0, 1], "certainty": [0.9, None, 0.95],
        },
        index=pd.Index(["007", "008", "009"], name="customer_id"),
    )  # fmt: skip
    advice = SimpleNamespace(table=table)
    listed = rm.economics.action_list(advice)
    assert listed["customer_id"].to_list() == ["007", "009"]
    assert listed["rank"].to_list() == [1, 2]
    assert listed.loc[0, "expected_gain"] == 9.12
    assert rm.economics.action_list(advice, action="end")["customer_id"].to_list() == ["009"]
