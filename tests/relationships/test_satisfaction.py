"""Satisfaction: the score, the link to staying, the worth of a point, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import relmark_research as rm
from relmark_research.errors import ConvergenceError, DataError, ParameterError
from relmark_research.relationships.satisfaction.net_promoter_score import (
    NetPromoterScore,
    net_promoter_score,
    nps_table,
)
from relmark_research.relationships.satisfaction.repeated_answers import (
    answers_until,
    until,
    with_customer,
    with_level,
)
from relmark_research.relationships.satisfaction.retention_link import (
    RetentionLink,
    isotonic_rates,
    retention_by_score,
    retention_link,
    shape_test,
)
from relmark_research.relationships.satisfaction.satisfaction_drivers import satisfaction_drivers
from relmark_research.relationships.satisfaction.value_of_a_point import value_of_a_point


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    table = rm.load_sample("satisfaction")
    table = with_customer(table, rm.load_sample("customers"), "segment")
    return with_level(table, rm.load_sample("contacts"))


@pytest.fixture(scope="module")
def link(answers) -> RetentionLink:
    return retention_link(answers, controls=("segment", "level"))


def test_the_published_score() -> None:
    marks = pd.Series(np.repeat([10, 8, 3], [450, 300, 250]))
    score = net_promoter_score(marks)
    assert score.score == 20
    assert score.standard_error == pytest.approx(2.5690, abs=5e-5)
    low, high = score.interval()
    assert low == pytest.approx(20 - 1.96 * 2.569, abs=0.1)
    assert high == pytest.approx(20 + 1.96 * 2.569, abs=0.1)


def test_standard_error_is_that_of_the_answers_themselves() -> None:
    marks = pd.Series([10, 9, 8, 3, 0, 7, 10, 6])
    sides = np.array([1, 1, 0, -1, -1, 0, 1, -1])
    error = 100 * sides.std() / np.sqrt(len(sides))
    assert net_promoter_score(marks).standard_error == pytest.approx(error)


def test_customers_who_answer_often_count_as_one() -> None:
    once = pd.DataFrame({"customer_id": list("abcdefgh"), "nps": [10, 9, 8, 3, 0, 7, 10, 6]})
    twice = pd.concat([once, once], ignore_index=True)
    one, two = net_promoter_score(once), net_promoter_score(twice)
    assert two.score == one.score
    assert two.standard_error == pytest.approx(one.standard_error * np.sqrt(8 / 7))
    assert net_promoter_score(twice["nps"]).standard_error < one.standard_error


def test_all_of_one_kind_still_have_an_interval() -> None:
    low, high = NetPromoterScore(20, 0, 0).interval()
    assert low < 95
    assert high == 100


def test_scores_by_group_and_period(answers) -> None:
    table = nps_table(answers, by="segment").set_index("group")
    own = net_promoter_score(answers[answers["segment"] == "private"])
    assert table.loc["private", "nps"] == own.score
    assert table["answers"].sum() == len(answers)
    assert len(nps_table(answers, period="year")) == 3


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ([10, 11, 3], "nps: expected whole numbers from 0 to 10; found 11 in 1 of 3 answers"),
        ([10, 9.5, 3], r"found 9\.5 in 1 of 3"),
        ([10, "good", -1], "found good, -1 in 2 of 3 answers, first row 1"),
        (list(range(1, 6)) * 8, "40 answers from 1 to 5, as of a shorter scale"),
        ([np.nan], "needs answers; found 0 promoters"),
    ],
)
def test_answers_outside_the_scale_are_refused(marks, words) -> None:
    with pytest.raises(DataError, match=words):
        net_promoter_score(pd.Series(marks, name="nps"))


def test_slopes_recover_the_sample(link) -> None:
    found = link.summary()  # the truth: 0.55 below 7, 0.25 above
    assert found.loc["below", "low"] < 0.55 < found.loc["below", "high"]
    assert found.loc["above", "low"] < 0.25 < found.loc["above", "high"]
    gap = link.asymmetry()
    assert gap["low"] < 0.3 < gap["high"]
    assert gap["probability"] > 0.9
    assert link.answers + link.open_answers == 1580


def test_a_large_firm_tells_the_slopes_and_the_shape() -> None:
    rng = np.random.default_rng(2)
    marks = np.clip(np.rint(rng.normal(7.6, 2.2, 30_000)), 0, 10)
    bent = 0.5 + 0.55 * np.minimum(marks - 7, 0) + 0.25 * np.maximum(marks - 7, 0)
    table = pd.DataFrame(
        {"customer_id": np.arange(30_000), "nps": marks,
         "retained": (rng.random(30_000) < expit(bent)).astype(float)}
    )  # fmt: skip
    found = retention_link(table)
    np.testing.assert_allclose(found.coefficients, [0.5, 0.55, 0.25], atol=0.05)
    assert shape_test(found)["p_value"] > 0.001
    step = table.assign(retained=(rng.random(30_000) < np.where(marks >= 9, 0.9, 0.3)) * 1.0)
    assert shape_test(retention_link(step))["p_value"] < 1e-10


def test_the_link_is_plain_without_a_bend() -> None:
    from statsmodels.discrete.discrete_model import Logit

    rng = np.random.default_rng(4)
    marks = rng.integers(0, 11, 900)
    stayed = (rng.random(900) < expit(0.3 * (marks - 5))).astype(float)
    table = pd.DataFrame({"customer_id": np.arange(900), "nps": marks, "retained": stayed})
    ours = retention_link(table, bend=5)
    rows = np.column_stack([np.ones(900), np.minimum(marks - 5, 0), np.maximum(marks - 5, 0)])
    theirs = Logit(stayed, rows).fit(disp=False)
    np.testing.assert_allclose(ours.coefficients, theirs.params, rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(np.diag(ours.covariance)), theirs.bse, rtol=0.1)


def test_isotonic_agrees_with_the_link(link) -> None:
    table = retention_by_score(link)
    known = table[table["answers"] > 30]
    assert (known["isotonic"] - known["modelled"]).abs().max() < 0.1
    assert table["isotonic"].dropna().is_monotonic_increasing
    assert table["modelled"].is_monotonic_increasing
    kept = (table["isotonic"] * table["answers"]).sum()
    assert kept == pytest.approx(link.retained.sum())
    assert isotonic_rates(pd.Series([np.nan, 0.4, 0.2]), pd.Series([0, 1, 1])).isna().sum() == 1


def test_the_worth_of_a_point_by_hand(link) -> None:
    worth = value_of_a_point(link, margin=(100.0, 0.0), annual_discount_rate=0.1)
    scores = link.scores.to_numpy()
    now, more = link.chances(scores), link.chances(np.minimum(scores + 1, 10))
    gain = 110 * (1 / (1.1 - more) - 1 / (1.1 - now))
    assert worth.table.loc["retention", "value"] == pytest.approx((more - now).mean())
    assert worth.table.loc["next year", "value"] == pytest.approx(100 * (more - now).mean())
    assert worth.table.loc["while they stay", "value"] == pytest.approx(gain.mean())
    own = worth.by_score.set_index("score").loc[6]
    assert own["value"] == pytest.approx(gain[scores == 6].mean())
    assert own["customers"] == (scores == 6).sum()
    assert worth.table["doubt_margin"].abs().max() < 1e-9


def test_doubt_of_each_link_adds_up(link, answers) -> None:
    money = {"private": (70.0, 20.0), "small business": (350.0, 90.0), "key account": (2200.0, 600)}
    terms = {"annual_discount_rate": 0.1, "segment": answers["segment"], "draws": 6000}
    worth = value_of_a_point(link, margin=money, **terms).table
    shares = worth[["doubt_link", "doubt_margin"]].loc["next year"]
    assert 0.85 < shares.sum() < 1.1
    assert worth.loc["retention", "doubt_margin"] < 1e-9
    sure = {name: (value, 0.0) for name, (value, _) in money.items()}
    narrow = value_of_a_point(link, margin=sure, **terms).table
    width = (worth["high"] - worth["low"]) - (narrow["high"] - narrow["low"])
    assert width["next year"] > 0
    scaled = {name: (2 * value, 2 * error) for name, (value, error) in money.items()}
    double = value_of_a_point(link, margin=scaled, **terms).table
    assert double.loc["next year", "high"] == pytest.approx(2 * worth.loc["next year", "high"])


def test_a_point_lost_costs_and_a_point_won_brings(link) -> None:
    worth = value_of_a_point(link, margin=(100.0, 5.0), annual_discount_rate=0.1)
    assert worth.down[2] < 0 < worth.up[1]
    tables = rm.load_sample("customers").set_index("customer_id")["segment"]
    log = rm.read_transactions(
        "dataset:sample", customer="customer_id", date="date", value="value", cost="cost"
    )
    margins = rm.economics.first_year_margin(log, tables)
    segment = rm.load_sample("satisfaction")["customer_id"].map(tables)
    chained = value_of_a_point(link, margin=margins, annual_discount_rate=0.1, segment=segment)
    assert chained.table.loc["while they stay", "low"] > 0
    with pytest.raises(DataError, match="need the segment of each answer"):
        value_of_a_point(link, margin=margins, annual_discount_rate=0.1)
    with pytest.raises(DataError, match="every answer needs a segment with a margin"):
        value_of_a_point(
            link, margin={"private": (1.0, 0.1)}, annual_discount_rate=0.1, segment=segment
        )
    with pytest.raises(ParameterError, match="with its standard error"):
        value_of_a_point(link, margin=(100.0, -1.0), annual_discount_rate=0.1)


def test_drivers_recover_an_ordered_logit() -> None:
    rng = np.random.default_rng(6)
    items = pd.DataFrame(rng.integers(1, 6, (6000, 2)), columns=["quality", "price"])
    latent = 0.8 * items["quality"] + 0.3 * items["price"] + rng.logistic(size=6000)
    marks = np.select([latent < 2.8, latent < 4], [3, 8], 10)
    found = satisfaction_drivers(items.assign(nps=marks), items=("quality", "price"))
    assert found["item"].tolist() == ["quality", "price"]
    np.testing.assert_allclose(found["slope"], [0.8, 0.3], atol=0.09)
    assert (found["promoters"] > 0).all()
    assert (found["detractors"] < 0).all()


def test_single_answers_outside_their_scale_are_refused(answers) -> None:
    with pytest.raises(DataError, match="quality: expected whole numbers from 1 to 5; found 6"):
        satisfaction_drivers(answers.assign(quality=6))
    with pytest.raises(DataError, match="found no promoter"):
        satisfaction_drivers(answers.assign(nps=answers["nps"].clip(upper=8)))


def test_what_the_link_cannot_be_fitted_to_is_refused(answers) -> None:
    with pytest.raises(DataError, match="nps: expected whole numbers from 0 to 10; found 12"):
        retention_link(answers.assign(nps=12))
    with pytest.raises(DataError, match="expected 1 or 0 in retained"):
        retention_link(answers.assign(retained=3))
    with pytest.raises(DataError, match="customers who stayed and who left"):
        retention_link(answers.assign(retained=1.0))
    with pytest.raises(ParameterError, match="bend must lie inside the scale"):
        retention_link(answers, bend=10)
    parted = answers.assign(retained=(answers["nps"] > 6).astype(float))
    with pytest.raises(ConvergenceError, match="part those who stay"):
        retention_link(parted)
    with pytest.raises(DataError, match="every answer needs segment"):
        retention_link(answers.assign(segment=None), controls=("segment",))


def test_answers_as_they_stood_on_a_day(answers) -> None:
    then = answers_until(answers, "2024-06-30")
    assert pd.to_datetime(then["date"]).max() <= pd.Timestamp("2024-06-30")
    late = pd.to_datetime(then["date"]) > pd.Timestamp("2023-07-01")
    assert then.loc[late, "retained"].isna().all()
    assert until(answers, None) is answers
    with pytest.raises(DataError, match="expected rows dated by 2020-01-01; found none of 1,580"):
        until(answers, "2020-01-01")


def test_customers_and_levels_are_found(answers) -> None:
    assert set(answers["level"]) == {
        "basic", "reactive", "accountable", "proactive", "partnership",
    }  # fmt: skip
    with pytest.raises(DataError, match="1,580 of 1,580 have none, first C00010"):
        with_customer(answers, rm.load_sample("customers").assign(customer_id="x"), "region")
