"""Formats that a text may have, by its shape; each reads the text by strptime too."""

from datetime import datetime

import ibis
import pandas as pd
import pytest

from relmark_research.tables.values._date_hints import LEFT_OUT, advice, candidates, number_advice


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("03/04/2024", ["%d/%m/%Y", "%m/%d/%Y"]),
        ("2024.04.03", ["%Y.%m.%d"]),
        ("3-4-24", ["%d-%m-%y", "%m-%d-%y", "%y-%m-%d"]),
        ("03.04.2024 23:59", ["%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M"]),
        ("03.04.2024, 23:59:59.5", ["%d.%m.%Y, %H:%M:%S.%f", "%m.%d.%Y, %H:%M:%S.%f"]),
        ("4/3/2024 1:05pm", ["%d/%m/%Y %I:%M%p", "%m/%d/%Y %I:%M%p"]),
        ("03/04/2024T23:59:00+02:00", ["%d/%m/%YT%H:%M:%S%z", "%m/%d/%YT%H:%M:%S%z"]),
        ("3 April 2024", ["%d %B %Y"]),
        ("Apr 3, 2024", ["%b %d, %Y"]),
        ("20240403", ["%Y%m%d", "%d%m%Y", "%m%d%Y"]),
        ("20240403235959", ["%Y%m%d%H%M%S"]),
    ],
)
def test_by_shape(text, formats):
    assert candidates(text) == formats
    read = []
    for form in formats:
        try:
            read.append(datetime.strptime(text, form))
        except ValueError:
            continue
    assert read


@pytest.mark.parametrize(
    "text", ["", "soon", "1/2", "2024-04", "3/4/2024 noon", "1/2/345", "12345"]
)
def test_what_has_no_known_shape(text):
    assert candidates(text) == []


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["03/04/2024", "13/04/2024"], "(date_format='%d/%m/%Y') reads all 2 values."),
        (["03/04/2024", "05/06/2024"], "do not settle the order of day and month: '03/04/2024' is"),
        (["03/04/2024", "13/04/2024", "04/13/2024"], "No one format reads all 3 values: Read"),
        (["45000", "45001"], "45000 may be a spreadsheet's serial number (2023-03-15)"),
        (["1700000000"], "1700000000 may be seconds or milliseconds since 1970"),
    ],
)
def test_a_hint_names_the_formats_that_read_the_texts(texts, said):
    table = ibis.memtable(pd.DataFrame({"relmark_text": texts}))
    assert said in advice(table, table.relmark_text, None)


def test_numbers_that_are_no_days_may_be_serial_numbers_or_need_another_column():
    def said(*numbers):
        table = ibis.memtable({"n": list(numbers)})
        return number_advice(table, table.n)

    assert said(45000.0, 45001.0).startswith("45000 may be a spreadsheet's serial number")
    assert "reads all 2 values" in said(20240131, 20240229)
    other = "Name another column, or convert this one to dates in the source."
    assert said(1.5, 2.5) == other
    assert said(1e15, 2e15) == other


def test_a_text_without_a_known_shape_is_to_be_corrected():
    table = ibis.memtable({"relmark_text": ["soon", "2024-01-31"]})
    assert advice(table, table.relmark_text, None) == f"Correct them, or {LEFT_OUT}."
    read = ibis.memtable({"relmark_text": ["2024-01-31"]})
    assert advice(read, read.relmark_text, None) == f"Correct them, or {LEFT_OUT}."
    assert candidates("20240403T235959") == ["%Y%m%dT%H%M%S"]
    assert candidates("20240403T235959Z") == ["%Y%m%dT%H%M%S%z"]
