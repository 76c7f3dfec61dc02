"""Survey answers: joined, and cut to a day."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError
from relmark_research.relationships.satisfaction.survey_answers import (
    answers_until,
    rows_until,
    with_customer,
)


def test_answers_are_cut_to_a_day(answers) -> None:
    then = answers_until(answers, "2024-06-30")
    assert pd.to_datetime(then["date"]).max() <= pd.Timestamp("2024-06-30")
    late = pd.to_datetime(then["date"]) > pd.Timestamp("2023-07-01")
    assert then.loc[late, "retained"].isna().all()
    assert rows_until(answers, None) is answers
    with pytest.raises(DataError, match="expected rows dated by 2020-01-01; found none of 1,580"):
        rows_until(answers, "2020-01-01")


def test_customers_and_relationship_levels_are_joined(answers) -> None:
    assert set(answers["relationship_level"]) == {
        "basic", "reactive", "accountable", "proactive", "partnership",
    }  # fmt: skip
    with pytest.raises(DataError, match=r"1,580 of 1,580 have none, first row 1 \('C00010'\)"):
        with_customer(
            answers, rm.load_sample("customers").head(1).assign(customer_id="x"), "region"
        )
