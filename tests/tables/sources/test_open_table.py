"""A table is opened alike from a frame, a file, a database, and by the name of a sample."""

import sqlite3

import pandas as pd
import pytest

from relmark_research.errors import DataError, ParameterError
from relmark_research.tables.sources.open_table import column_by_customer, open_table


@pytest.fixture
def frame():
    return pd.DataFrame({"customer_id": ["007", "8"], "segment": ["a", "b"], "score": [7, 9]})


def test_a_frame_is_returned_as_it_is(frame):
    assert open_table(frame) is frame


def test_files_databases_and_folders_give_the_same_table(frame, tmp_path):
    frame.to_csv(tmp_path / "people.csv", index=False)
    frame.to_csv(tmp_path / "people.csv.gz", index=False)
    frame.to_parquet(tmp_path / "people.parquet")
    with sqlite3.connect(tmp_path / "crm.db") as connection:
        frame.to_sql("people", connection, index=False)
    connection.close()
    sources = (
        tmp_path / "people.csv",
        str(tmp_path / "people.csv.gz"),
        tmp_path / "people.parquet",
        f"sqlite:///{tmp_path / 'crm.db'}#people",
    )
    for source in sources:
        pd.testing.assert_frame_equal(open_table(source), frame, check_dtype=False)


def test_ids_of_every_kind_are_text(tmp_path):
    path = tmp_path / "partners.csv"
    path.write_text("partner_id,prospect_id,cost\n01,02,1.5\n")
    table = open_table(path)
    assert table.loc[0, ["partner_id", "prospect_id"]].to_list() == ["01", "02"]
    assert table["cost"].to_list() == [1.5]


def test_samples_are_opened_by_name():
    assert open_table("sample:books").shape == (60, 8)
    with pytest.raises(ParameterError, match="Did you mean 'books'"):
        open_table("sample:bocks")


def test_a_missing_file_is_an_error_with_the_closest_match(frame, tmp_path):
    frame.to_csv(tmp_path / "people.csv", index=False)
    with pytest.raises(DataError, match=r"there is no file .*Did you mean 'people.csv'"):
        open_table(tmp_path / "peple.csv")


def test_a_column_by_customer(frame):
    assert column_by_customer(frame, "segment").to_dict() == {"007": "a", "8": "b"}
    with pytest.raises(DataError, match="needs the columns customer_id and region; found"):
        column_by_customer(frame, "region")
