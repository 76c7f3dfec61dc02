"""Rows and money left out are said in words, and tables are read as the notebooks will."""

from relmark_research.reporting.record.left_out import (
    facts_of,
    left_out_words,
    read_recipe_tables,
)


def test_words_of_what_is_left_out():
    assert left_out_words({"rows_read": 3, "rows_used": 3}) == "all 3 rows used"
    assert left_out_words({"rows": 12}) == "12"
    assert left_out_words({}) == ""
    found = {"rows_read": 200, "rows_used": 150, "money_left_out": 0.1}
    assert left_out_words(found) == (
        "150 of 200 rows used; left out 25.0% of the rows, 10.0% of the money"
    )


def test_tables_of_the_sample_and_unknown_ones_are_not_read(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("customer_id,date,kind\na,2024-01-01,review\n")
    given = {"events": str(path), "contacts": "sample:contacts", "shops": str(path),
             "prospects": str(tmp_path / "none.csv")}  # fmt: skip
    found = {"rows_read": 1, "rows_used": 1, "money_left_out": None}
    read = read_recipe_tables(given)
    assert {name: facts_of(table) for name, table in read.items()} == {"events": found}
