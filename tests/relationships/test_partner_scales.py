"""Reliability by hand and by statsmodels; laws; what answers must be before they are believed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.multivariate.factor import Factor

import relmark_research as rm
from relmark_research.relationships.partners.reliability import (
    alpha,
    average_variance_extracted,
    composite_reliability,
    factor_loadings,
    feldt_interval,
    htmt,
    one_factor,
)
from relmark_research.relationships.partners.scales import PARTNER_SCALES, turned_answers
from relmark_research.stats.bootstrap import cluster_covariances


@pytest.fixture(scope="module")
def survey() -> pd.DataFrame:
    return rm.load_sample("partner_survey")


@pytest.fixture(scope="module")
def data(survey: pd.DataFrame):
    return rm.relationships.read_partners(rm.load_sample("partners"), survey)


def test_alpha_by_hand():
    # two items 1,2,3,4 and 2,1,4,3: variances 5/3 each, sum 3,3,7,7 of variance 16/3
    items = np.array([[1, 2], [2, 1], [3, 4], [4, 3]], float)
    assert alpha(np.cov(items, rowvar=False)) == pytest.approx(2 * (1 - (10 / 3) / (16 / 3)))


@given(k=st.integers(2, 12), r=st.floats(0.05, 0.95))
@settings(max_examples=30, deadline=None)
def test_alpha_of_alike_items_is_spearman_and_browns(k: int, r: float):
    matrix = np.full((k, k), r) + (1 - r) * np.eye(k)
    assert alpha(matrix) == pytest.approx(k * r / (1 + (k - 1) * r))
    assert composite_reliability(one_factor(matrix)) == pytest.approx(
        float(alpha(matrix)), rel=1e-6
    )
    assert average_variance_extracted(one_factor(matrix)) == pytest.approx(r, rel=1e-6)


def test_feldts_interval_comes_from_the_ratio_of_mean_squares():
    """Alpha = 1 - MS residual / MS sheets, so that the interval inverts an F ratio."""
    rng = np.random.default_rng(1)
    items = rng.normal(size=(60, 1)) + rng.normal(size=(60, 5))
    rows, columns = items.mean(1, keepdims=True), items.mean(0, keepdims=True)
    sheets = 5 * ((rows - items.mean()) ** 2).sum() / 59
    residual = ((items - rows - columns + items.mean()) ** 2).sum() / (59 * 4)
    value = float(alpha(np.cov(items, rowvar=False)))
    assert value == pytest.approx(1 - residual / sheets)
    low, high = feldt_interval(value, 60, 5)
    quantiles = stats.f.ppf([0.025, 0.975], 59, 59 * 4)
    assert (low, high) == pytest.approx(
        (1 - residual / sheets * quantiles[1], 1 - residual / sheets * quantiles[0])
    )


def test_feldts_interval_covers_when_sheets_are_independent():
    rng, hits, r = np.random.default_rng(2), 0, 0.5
    for _ in range(400):
        items = np.sqrt(r) * rng.normal(size=(40, 1)) + np.sqrt(1 - r) * rng.normal(size=(40, 4))
        low, high = feldt_interval(float(alpha(np.cov(items, rowvar=False))), 40, 4)
        hits += low <= 0.8 <= high
    assert 0.92 <= hits / 400 <= 0.98


@pytest.mark.parametrize("loadings", [[0.9, 0.7, 0.5], [0.8, 0.75, 0.6, 0.5]])
def test_loadings_are_found_and_agree_with_statsmodels(loadings: list[float]):
    load = np.array(loadings)
    matrix = np.outer(load, load)
    np.fill_diagonal(matrix, 1)
    assert one_factor(matrix) == pytest.approx(load, abs=1e-4)
    assert factor_loadings(matrix, 100) == pytest.approx(load, abs=1e-4)
    likely = Factor(corr=matrix, n_factor=1, method="ml", nobs=100).fit().loadings[:, 0]
    assert np.abs(likely) == pytest.approx(load, abs=1e-3)


def test_batch_and_statsmodels_agree_on_the_sample(data):
    for scale in data.scales:
        matrix = data.answers[list(scale.items)].corr().to_numpy()
        assert one_factor(matrix) == pytest.approx(factor_loadings(matrix, 552), abs=1e-5)


def test_htmt_of_perfect_measures_is_their_correlation():
    load, between = np.array([0.9, 0.9, 0.6, 0.6]), 0.4
    factors = np.array([[1, 1, between, between]] * 2 + [[between, between, 1, 1]] * 2)
    matrix = np.outer(load, load) * factors
    np.fill_diagonal(matrix, 1)
    assert htmt(matrix, [0, 1], [2, 3]) == pytest.approx(between)


def test_a_resample_of_clusters_is_the_covariance_of_its_rows():
    rng = np.random.default_rng(3)
    items, clusters = rng.normal(size=(30, 3)), np.repeat(np.arange(10), 3)
    drawn = cluster_covariances(items, clusters, draws=4, seed=5)
    weights = np.random.default_rng(5).multinomial(10, np.full(10, 0.1), size=4)
    for matrix, counts in zip(drawn, weights, strict=True):
        rows = np.concatenate([items[clusters == c] for c in np.repeat(np.arange(10), counts)])
        assert matrix == pytest.approx(np.cov(rows, rowvar=False))


def test_turning_twice_gives_the_answers_back(survey):
    once = turned_answers(survey, PARTNER_SCALES)
    assert (8 - once["trust_4"] == survey["trust_4"]).all()
    twice = turned_answers(survey.assign(trust_4=once["trust_4"]), PARTNER_SCALES)
    assert (twice["trust_4"] == survey["trust_4"]).all()


def test_forgotten_reversal_ruins_alpha_and_is_named(survey):
    forgotten = rm.relationships.scales_of({"trust": [f"trust_{n}" for n in range(1, 5)]})
    with pytest.raises(rm.DataError, match=r"negative item-rest correlation in trust_4 .*reversed"):
        rm.relationships.read_partners(rm.load_sample("partners"), survey, scales=forgotten)
    items = rm.relationships.item_table(survey, forgotten)
    assert items.loc["trust_4", "item_rest"] < -0.5
    assert (
        items.loc["trust_4", "alpha_without"] > 0.8 > items["alpha_without"].drop("trust_4").max()
    )


def test_an_item_turned_by_mistake_is_named(survey):
    wrong = rm.relationships.scales_of(
        {"commitment": [f"commitment_{n}" for n in range(1, 5)]}, reversed_items=["commitment_2"]
    )
    with pytest.raises(rm.DataError, match=r"commitment_2 is named as reversed: is it really"):
        rm.relationships.read_partners(rm.load_sample("partners"), survey, scales=wrong)


def test_noise_is_not_taken_for_a_reversed_item():
    rng, named = np.random.default_rng(4), 0
    for _ in range(40):
        noise = pd.DataFrame(rng.integers(1, 8, (100, 3)), columns=list("abc"))
        named += rm.relationships.item_table(
            noise, rm.relationships.scales_of({"none": list("abc")})
        )["against"].sum()
    assert named / 120 < 0.03


def _with(survey: pd.DataFrame, **columns: object) -> pd.DataFrame:
    return survey.assign(**columns)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.assign(trust_1=s["trust_1"].replace(7, 9)), "from 1 to 7; found 9"),
        (lambda s: s.assign(trust_1=s["trust_1"] + 0.5), "whole numbers from 1 to 7"),
        (lambda s: s.assign(trust_1=4), "expected answers that differ; found 4 in all 552"),
        (lambda s: s.assign(partner_id="X9"), "1 who are not, first X9, in 552 rows"),
        (lambda s: s.drop(columns="trust_2"), "no column 'trust_2'"),
        (lambda s: s.assign(date="soon"), "552 that are none, first 'soon'"),
        (lambda s: s.head(0), "no answers"),
    ],
)
def test_bad_answers_are_refused_in_words(survey, change, words):
    with pytest.raises(rm.DataError, match=words):
        rm.relationships.read_partners(rm.load_sample("partners"), change(survey))


def test_bad_scales_are_refused_in_words():
    with pytest.raises(rm.ParameterError, match="two or more different items; found trust_1"):
        rm.relationships.Scale("trust", ("trust_1",))
    with pytest.raises(rm.ParameterError, match="twenty belong to none"):
        rm.relationships.scales_of({"trust": ["a", "b"]}, reversed_items=["twenty"])
    with pytest.raises(rm.ParameterError, match="low must be below high"):
        rm.relationships.Scale("trust", ("a", "b"), low=5, high=1)
    with pytest.raises(rm.ParameterError, match="two or more items; found 1"):
        alpha([[1.0]])


def test_holes_are_left_out_and_said(survey):
    holes = survey.astype({"trust_1": float})
    holes.loc[:4, "trust_1"] = np.nan
    data = rm.relationships.read_partners(rm.load_sample("partners"), holes)
    assert any("5 sheets lack an item" in note for note in data.notes)
    table = rm.relationships.scale_reliability(data, draws=50).set_index("scale")
    assert table["answers"].to_dict() == dict.fromkeys(table.index, 552) | {"trust": 547}
    assert rm.relationships.relationship_drivers(data, draws=50).left_out == 5
