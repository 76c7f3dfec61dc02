"""Cells to mail: break-even, shrinkage, uplift by cell, Qini curves."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import relmark_research as rm
from relmark_research.customers.describe.mailing_cells import ResponseRates, break_even_response
from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships.campaigns.beta_binomial import CellPosterior
from relmark_research.relationships.campaigns.mailing_plan import cells_before, mailing_plan
from relmark_research.relationships.campaigns.qini import qini_curve
from relmark_research.relationships.campaigns.targeting import (
    holdout_scores,
    split_customers,
    uplift_cells,
)

HUGHES = {"cost_per_contact": 0.55, "contribution_per_response": 40.0}


@pytest.fixture(scope="module")
def counted() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    rate, mailed = rng.beta(2, 60, 40), rng.integers(10, 500, 40)
    return pd.DataFrame(
        {"cell": [f"c{i}" for i in range(40)], "mailed": mailed,
         "responses": rng.binomial(mailed, rate)}
    )  # fmt: skip


def made(effects: list[float], n: int = 400, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    cell = np.repeat(np.arange(len(effects)), n)
    treated = rng.random(len(cell)) < 0.5
    rate = 0.3 + np.array(effects)[cell] * treated
    return pd.DataFrame(
        {
            "campaign_id": np.where(np.arange(len(cell)) % 2, "a", "b"),
            "customer_id": np.arange(len(cell)).astype(str),
            "arm": np.where(treated, "mail", "control"),
            "responded": (rng.random(len(cell)) < rate).astype(int),
            "cell": [f"c{number}" for number in cell],
        }
    )


def test_break_even_of_hughes() -> None:
    assert break_even_response(**HUGHES) == pytest.approx(0.01375, abs=1e-12)


def test_published_beta_shrinks_as_it_should() -> None:
    rates = ResponseRates(0.439, 95.411, -200.5)  # Fader and Hardie's exercise; no data bundled
    assert float(rates.shrunk(np.array(3), np.array(40))) == pytest.approx(3.439 / 135.85)


def test_the_posterior_is_that_of_brute_force(counted) -> None:
    x, m = counted["responses"].to_numpy()[:6], counted["mailed"].to_numpy()[:6]
    ours = CellPosterior.of(x, m, points=60)
    rng = np.random.default_rng(1)  # importance sampling from the same prior
    mean, alike = rng.beta(1, 1, 400_000) * 0.3, rng.random(400_000)
    total = 1 / alike - 1
    alpha, beta = mean * total, (1 - mean) * total
    log = sum(stats.betabinom.logpmf(a, b, alpha, beta) for a, b in zip(x, m, strict=True))
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    effective = 1 / (weight**2).sum()
    slow = np.array(
        [weight @ ((alpha + a) / (alpha + beta + b)) for a, b in zip(x, m, strict=True)]
    )
    assert effective > 300
    np.testing.assert_allclose(ours.mean, slow, atol=0.004)


def test_shrunk_rates_lie_between_the_cell_and_the_mean(counted) -> None:
    plan = mailing_plan(counted, **HUGHES)
    whole = plan.model.alpha / (plan.model.alpha + plan.model.beta)
    between = (plan.table["shrunk"] - plan.table["rate"]) * (plan.table["shrunk"] - whole)
    assert (between < 5e-4).all()
    assert (plan.table["low"] < plan.table["shrunk"]).all()
    assert (plan.table["shrunk"] < plan.table["high"]).all()
    assert plan.table["shrunk"].is_monotonic_decreasing
    assert plan.cells_differ


def test_cells_are_mailed_where_profit_is_expected(counted) -> None:
    plan = mailing_plan(counted, **HUGHES)
    table = plan.table
    assert (table["mail"] == (table["shrunk"] > 0.01375)).all()
    assert (np.sign(table["index"]) == np.sign(table["profit"])).all()
    assert plan.contacts + round(plan.saved * counted["mailed"].sum()) == counted["mailed"].sum()
    sure = mailing_plan(counted, **HUGHES, certainty=0.95).table
    assert 0 < sure["mail"].sum() < table["mail"].sum()
    assert (sure.loc[sure["mail"], "probability_pays"] >= 0.95).all()


def test_customers_and_counts_give_the_same(counted) -> None:
    rows = pd.DataFrame(
        {
            "cell": np.repeat(counted["cell"], counted["mailed"]).to_numpy(),
            "responded": np.concatenate(
                [np.arange(m) < x for x, m in counted[["responses", "mailed"]].to_numpy()]
            ).astype(int),
        }
    )
    one, two = (mailing_plan(cells, **HUGHES).table.set_index("cell") for cells in (counted, rows))
    pd.testing.assert_frame_equal(one.sort_index(), two.sort_index(), check_dtype=False, rtol=1e-6)


def test_cells_alike_are_told_so() -> None:
    cells = pd.DataFrame({"cell": list("abcd"), "mailed": 1000, "responses": [50, 51, 49, 50]})
    plan = mailing_plan(cells, **HUGHES)
    assert not plan.cells_differ
    assert np.ptp(plan.table["shrunk"]) < 0.7 * np.ptp(plan.table["rate"])


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"cell": ["a"], "mailed": [9], "responses": [1]}, "two cells or more"),
        ({"cell": ["a", "b"], "mailed": [9, 9], "responses": [10, 1]}, "found 10 of 9 in cell 0"),
        ({"cell": ["a", "a"], "mailed": [9, 9], "responses": [1, 1]}, "'a' is there again"),
        ({"cell": ["a", None], "responded": [0, 1]}, "1 of 2 to none"),
    ],
)
def test_cells_that_cannot_be_are_refused(cells, words) -> None:
    with pytest.raises(DataError, match=words):
        mailing_plan(pd.DataFrame(cells), **HUGHES)


def test_cells_know_the_eve_only() -> None:
    log = rm.read_transactions(
        "dataset:sample", customer="customer_id", date="date", value="value", cost="cost"
    )
    run = rm.load_sample("campaigns")
    run = run[run["campaign_id"].isin(["2023-spring", "2024-summer"])]
    found = cells_before(log, run, bins=3, figures="RF")
    assert found.index.equals(run.index)
    own = found[(found["campaign_id"] == "2023-spring") & (found["cell"] != "none")].iloc[0]
    days = log.to_pandas().query("customer_id == @own.customer_id and date < '2023-05-08'")["date"]
    assert own["recency"] == (pd.Timestamp("2023-05-07") - days.max()).days
    assert set(found["cell"]) <= {f"{r}{f}" for r in "123" for f in "123"} | {"none"}
    with pytest.raises(ParameterError, match="some of R, F and M; found 'RX'"):
        cells_before(log, run, figures="RX")
    with pytest.raises(DataError, match="need earlier transactions"):
        cells_before(log, run.assign(date="2021-01-01"))


def test_uplift_finds_the_cells_that_move() -> None:
    found = uplift_cells(
        made([0.0, 0.0, 0.3, 0.3]), cost_per_contact=1, contribution_per_response=8
    ).set_index("cell")
    assert found["mail"].to_dict() == {"c2": True, "c3": True, "c0": False, "c1": False}
    assert (found["shrunk"] - [0.3, 0.3, 0, 0]).abs().max() < 0.1
    assert found.loc["c2", "probability_pays"] > 0.99


def test_campaigns_with_other_shares_are_compared_within() -> None:
    table = made([0.0, 0.0], n=4000)
    easy = table["campaign_id"] == "a"  # responds more and addresses more
    rng = np.random.default_rng(1)
    addressed = rng.random(len(table)) < np.where(easy, 0.9, 0.1)
    table["arm"] = np.where(addressed, "mail", "control")
    table["responded"] = (rng.random(len(table)) < np.where(easy, 0.6, 0.1)).astype(int)
    found = uplift_cells(table, cost_per_contact=1, contribution_per_response=8)
    assert found["uplift"].abs().max() < 0.05
    assert (found["response"] - found["control_response"]).min() > 0.3


def test_qini_is_positive_for_a_good_score_and_not_for_chance() -> None:
    table = made([0.0, 0.1, 0.35])
    good = qini_curve(table, table["cell"].str[1:].astype(float), seed=1)
    bad = qini_curve(table, -table["cell"].str[1:].astype(float), seed=1)
    blind = qini_curve(table, pd.Series(0.0, index=table.index), seed=1)
    assert good.area_low > 0
    assert bad.area_high < 0
    assert blind.area == pytest.approx(0, abs=1e-12)
    assert good.table["gain"].iloc[-1] == pytest.approx(bad.table["gain"].iloc[-1])
    assert good.best_share(cost_per_contact=1, contribution_per_response=5) == pytest.approx(
        1 / 3, abs=0.03
    )


def test_the_gain_of_all_is_the_uplift() -> None:
    table = made([0.1, 0.2]).assign(campaign_id="a")
    curve = qini_curve(table, table["cell"].str[1:].astype(float)).table
    rate = table.groupby("arm")["responded"].mean()
    assert curve["gain"].iloc[-1] == pytest.approx(rate["mail"] - rate["control"])
    assert curve["gain"].iloc[0] == 0


def test_holdout_scores_do_not_see_their_own() -> None:
    table = made([0.0, 0.3])
    score = holdout_scores(table, folds=4, seed=0)
    assert score.notna().all()
    flipped = table.copy()
    flipped.loc[0, "responded"] = 1 - flipped.loc[0, "responded"]
    again = holdout_scores(flipped, folds=4, seed=0)
    assert again[0] == score[0]
    assert (again != score).any()
    first, rest = split_customers(table, seed=3)
    assert not set(first["customer_id"]) & set(rest["customer_id"])
    assert len(first) + len(rest) == len(table)


def test_scores_and_controls_must_be_there() -> None:
    table = made([0.0, 0.3])
    with pytest.raises(DataError, match="1 of them missing"):
        qini_curve(table, pd.Series([np.nan] + [0.0] * (len(table) - 1)))
    with pytest.raises(DataError, match="has no control group"):
        uplift_cells(table[table["arm"] == "mail"], **HUGHES)
    with pytest.raises(ParameterError, match="folds must be 2 or more"):
        holdout_scores(table, folds=1, seed=0)
    with pytest.raises(DataError, match="two cells or more"):
        uplift_cells(table.assign(cell="one"), **HUGHES)
