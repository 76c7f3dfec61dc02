"""Cells to mail: break-even, shrinkage, and the cells of the day before a campaign."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.customers.describe.mailing_cells import break_even_response
from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships.campaigns.mailing_plan import (
    cells_before_campaign,
    mailing_plan,
)

HUGHES = {"cost_per_contact": 0.55, "contribution_per_response": 40.0}


@pytest.fixture(scope="module")
def counts() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    rate, mailed = rng.beta(2, 60, 40), rng.integers(10, 500, 40)
    return pd.DataFrame(
        {"cell": [f"c{i}" for i in range(40)], "mailed": mailed,
         "responses": rng.binomial(mailed, rate)}
    )  # fmt: skip


def test_break_even_of_hughes() -> None:
    assert break_even_response(**HUGHES) == pytest.approx(0.01375, abs=1e-12)


def test_posterior_means_lie_between_the_cell_and_the_mean(counts) -> None:
    plan = mailing_plan(counts, **HUGHES)
    whole = plan.model.alpha / (plan.model.alpha + plan.model.beta)
    between = (plan.table["posterior_mean"] - plan.table["rate"]) * (
        plan.table["posterior_mean"] - whole
    )
    assert (between < 5e-4).all()
    assert (plan.table["low"] < plan.table["posterior_mean"]).all()
    assert (plan.table["posterior_mean"] < plan.table["high"]).all()
    assert plan.table["posterior_mean"].is_monotonic_decreasing
    assert plan.cells_differ


def test_cells_are_mailed_where_profit_is_expected(counts) -> None:
    plan = mailing_plan(counts, **HUGHES)
    table = plan.table
    assert (table["mail"] == (table["posterior_mean"] > 0.01375)).all()
    assert (np.sign(table["index"]) == np.sign(table["profit"])).all()
    assert (
        plan.contacts + round(plan.excluded_share * counts["mailed"].sum())
        == counts["mailed"].sum()
    )
    sure = mailing_plan(counts, **HUGHES, certainty=0.95).table
    assert 0 < sure["mail"].sum() < table["mail"].sum()
    assert (sure.loc[sure["mail"], "probability_profitable"] >= 0.95).all()


def test_customers_and_counts_give_the_same(counts) -> None:
    rows = pd.DataFrame(
        {
            "cell": np.repeat(counts["cell"], counts["mailed"]).to_numpy(),
            "responded": np.concatenate(
                [np.arange(m) < x for x, m in counts[["responses", "mailed"]].to_numpy()]
            ).astype(int),
        }
    )
    one, two = (mailing_plan(cells, **HUGHES).table.set_index("cell") for cells in (counts, rows))
    pd.testing.assert_frame_equal(one.sort_index(), two.sort_index(), check_dtype=False, rtol=1e-6)


def test_cells_that_do_not_differ_are_detected() -> None:
    cells = pd.DataFrame({"cell": list("abcd"), "mailed": 1000, "responses": [50, 51, 49, 50]})
    plan = mailing_plan(cells, **HUGHES)
    assert not plan.cells_differ
    assert np.ptp(plan.table["posterior_mean"]) < 0.7 * np.ptp(plan.table["rate"])


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"cell": ["a"], "mailed": [9], "responses": [1]}, "two cells or more"),
        ({"cell": ["a", "b"], "mailed": [9, 9], "responses": [10, 1]}, "found 10 of 9 in cell 0"),
        ({"cell": ["a", "a"], "mailed": [9, 9], "responses": [1, 1]}, "'a' repeated"),
        ({"cell": ["a", None], "responded": [0, 1]}, "1 of 2 have none"),
    ],
)
def test_invalid_cells_are_refused(cells, words) -> None:
    with pytest.raises(DataError, match=words):
        mailing_plan(pd.DataFrame(cells), **HUGHES)


def test_cells_use_the_days_before_the_campaign_only() -> None:
    log = rm.read_transactions(
        "dataset:sample", customer="customer_id", date="date", value="value", cost="cost"
    )
    run = rm.load_sample("campaigns")
    run = run[run["campaign_id"].isin(["2023-spring", "2024-summer"])]
    found = cells_before_campaign(log, run, bins=3, measures="RF")
    assert found.index.equals(run.index)
    own = found[(found["campaign_id"] == "2023-spring") & (found["cell"] != "none")].iloc[0]
    days = log.to_pandas().query("customer_id == @own.customer_id and date < '2023-05-08'")["date"]
    assert own["recency"] == (pd.Timestamp("2023-05-07") - days.max()).days
    assert set(found["cell"]) <= {f"{r}{f}" for r in "123" for f in "123"} | {"none"}
    with pytest.raises(ParameterError, match="some of R, F and M; found 'RX'"):
        cells_before_campaign(log, run, measures="RX")
    with pytest.raises(DataError, match="need earlier transactions"):
        cells_before_campaign(log, run.assign(date="2021-01-01"))


@pytest.mark.parametrize("certainty", [0.49, 1.0])
def test_a_certainty_is_a_probability_from_one_half(counts, certainty) -> None:
    with pytest.raises(ParameterError, match=r"certainty must be a probability in \[0.5, 1\)"):
        mailing_plan(counts, certainty=certainty, **HUGHES)
    assert mailing_plan(counts, certainty=0.5, **HUGHES).contacts > 0


def test_cells_that_the_observed_rate_would_decide_otherwise(counts) -> None:
    plan = mailing_plan(counts, **HUGHES)
    found = set(plan.reclassified["cell"])
    table = plan.table
    assert found == {
        row.cell for row in table.itertuples() if (row.rate > plan.break_even) != row.mail
    }
    assert 0 < len(found) < len(table)
