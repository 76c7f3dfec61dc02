"""Tables of customers are shown with pseudonyms, and not at all without a key."""

import base64
import re

import pandas as pd
import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting import story
from relmark_research.reporting.display._customer_rows import (
    ID_VARIABLE,
    with_pseudonyms,
    without_addresses,
)
from relmark_research.reporting.privacy.redaction import IDS_VARIABLE, KnownIds
from relmark_research.tables.pseudonyms import pseudonyms

FRAME = pd.DataFrame({"customer_id": ["ann", "bob"], "value": [1.0, 2.0]})


@pytest.fixture
def no_key(monkeypatch, tmp_path):
    monkeypatch.delenv("RELMARK_ID_KEY")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "frame",
    [
        FRAME,
        FRAME.set_index("customer_id"),
        FRAME.rename(columns={"customer_id": "Customer"}),
        FRAME.rename(columns={"customer_id": "E-Mail"}),
        FRAME.set_index(["customer_id", "value"]),
    ],
)
def test_ids_become_pseudonyms_in_columns_and_indexes(frame):
    text = with_pseudonyms(frame, None).reset_index().to_csv()
    assert "ann" not in text
    assert pseudonyms(["ann"])[0] in text


def test_the_recipes_own_column_is_one_of_ids(monkeypatch):
    frame = FRAME.rename(columns={"customer_id": "Kunde"})
    assert with_pseudonyms(frame, None) is frame
    monkeypatch.setenv(ID_VARIABLE, "Kunde")
    assert with_pseudonyms(frame, None)["Kunde"].tolist() == pseudonyms(["ann", "bob"])


def test_other_tables_and_pseudonyms_stay_as_they_are(no_key):
    named = FRAME.assign(customer_id=pseudonyms(["ann", "bob"], key="k"))
    for frame in (FRAME[["value"]], named, FRAME.iloc[:0], pd.DataFrame({"customers": [1]})):
        assert with_pseudonyms(frame, None) is frame


def test_ids_that_a_gap_made_floats_become_pseudonyms():
    frame = pd.DataFrame({"customer_id": [17850.0, None], "customer": [0.5, 2.5]})
    shown = with_pseudonyms(frame, None)
    assert shown["customer_id"].tolist() == [*pseudonyms(["17850"]), ""]
    assert shown["customer"].tolist() == [0.5, 2.5]


def test_ids_of_the_run_in_a_column_of_any_name_become_pseudonyms(monkeypatch, tmp_path):
    monkeypatch.setenv(IDS_VARIABLE, str(KnownIds().with_ids(["ann", "K-17"]).write(tmp_path)))
    frame = pd.DataFrame({"brought by": ["K-17 ", "channel"], "n": [1, 2]})
    for given in (frame, frame.astype({"brought by": "category"})):
        shown = without_addresses(given)["brought by"].tolist()
        assert shown == [*pseudonyms(["K-17"]), "channel"]


def test_columns_can_be_named(no_key):
    frame = FRAME.rename(columns={"customer_id": "who"})
    assert with_pseudonyms(frame, ["who"]) is None
    with pytest.raises(ReportError, match="no column 'whom'"):
        with_pseudonyms(frame, ["whom"])


def test_without_a_key_one_sentence_stands_in_place_of_the_table(spoken, no_key):
    (shown,) = spoken(lambda: story.table(FRAME, caption="Best customers", name="best"))
    assert "“Best customers” has a row per customer and is left out" in str(shown)
    assert "relmark key" in str(shown)
    assert "ann" not in str(shown)


def test_a_table_has_pseudonyms_in_the_page_and_the_file(spoken):
    (shown,) = spoken(lambda: story.table(FRAME, caption="Best", name="best"))
    (csv,) = re.findall(r"base64,([^\"]+)", shown["text/html"])
    assert "ann" not in str(shown) + base64.b64decode(csv).decode()
    assert pseudonyms(["ann"])[0] in shown["text/html"]


def test_clear_ids_are_shown_on_request(spoken, no_key):
    frame = FRAME.assign(mail="ann@example.com")
    (shown,) = spoken(lambda: story.table(frame, caption="Best", name="best", clear_ids=True))
    assert "ann@example.com" in shown["text/html"]
    (shown,) = spoken(lambda: story.table(frame[["value", "mail"]], caption="B", name="b"))
    (csv,) = re.findall(r"base64,([^\"]+)", shown["text/html"])
    assert "ann@" not in shown["text/html"] + base64.b64decode(csv).decode()
