"""The bundled data have their published counts; an unknown name suggests the closest match."""

import pandas as pd
import pytest

from relmark_research.customers import datasets
from relmark_research.errors import ParameterError
from relmark_research.tables.sources import bundled_files


@pytest.mark.parametrize(
    ("full", "customers", "rows", "zero"), [(False, 2357, 6919, 8), (True, 23570, 69659, 80)]
)
def test_load_cdnow_gives_a_log_that_accounts_for_every_row(full, customers, rows, zero):
    log = datasets.load_cdnow(full=full)
    assert len(log.customer_summary(unit="week")) == customers
    audit = log.audit.set_index("check")["rows"]
    assert audit["rows read"] == audit["rows used"] == rows
    assert audit["zero value"] == zero
    assert audit["same customer, same day"] == rows - len(log.days.to_pandas())


def test_donations_have_their_published_counts():
    # Fader, Hardie and Shang 2010: 11,104 donors, 6 opportunities, 3,464 of them without a repeat
    table = datasets.load_donations()
    assert list(table.columns) == ["frequency", "recency", "T", "n_customers"]
    assert table["n_customers"].sum() == 11104
    assert set(table["T"]) == {6}
    assert len(table) == 22  # every possible (frequency, recency) of 6 opportunities
    assert not table.duplicated(["frequency", "recency"]).any()
    assert (table["frequency"] <= table["recency"]).all()
    none = table[table["frequency"] == 0]
    assert none[["recency", "n_customers"]].to_numpy().tolist() == [[0, 3464]]


@pytest.mark.parametrize("name", bundled_files.SAMPLE_DATES)
def test_sample_tables_have_dates_and_text_ids(name):
    table = datasets.load_sample(name)
    assert len(table) > 50
    for column in bundled_files.SAMPLE_DATES[name]:
        assert pd.api.types.is_datetime64_any_dtype(table[column])
    for column in [column for column in table if column.endswith("_id")]:
        assert pd.api.types.is_string_dtype(table[column].dropna())


def test_an_unknown_sample_names_the_nearest():
    with pytest.raises(ParameterError, match=r"no sample table 'campaign'.*mean 'campaigns'\?"):
        datasets.load_sample("campaign")
