"""Upper bound on dropout if the estimate is at the boundary of no dropout."""

import os
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import special

import relmark_research as rm
from relmark_research.clv.estimation.dropout_bound import dropout_upper_bound
from relmark_research.errors import ParameterError
from tests.clv.models import staying

WITH_DROPOUT = (rm.BGNBD, pytest.param(rm.MBGNBD, marks=pytest.mark.slow), rm.ParetoNBD)


@pytest.fixture(scope="module")
def stayers():
    return staying()


@pytest.fixture(scope="module")
def bound(stayers):
    """The bound of a model at a level, computed once."""
    return cache(lambda model, level: dropout_upper_bound(model.fit(stayers), level=level))


@pytest.mark.parametrize("level", [0.95, 0.99, pytest.param(0.5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("model", WITH_DROPOUT)
def test_the_bound_is_where_the_log_likelihood_is_lower_by_half_a_quantile(
    model, level, stayers, bound
):
    fit = model.fit(stayers)
    allowed = special.chdtri(1, 1 - level) / 2
    edge = bound(model, level)
    assert len(edge) > 5
    for one in edge:
        point = fit.likelihood.evaluate(np.log(one.values))
        assert fit.log_likelihood - point.value == pytest.approx(allowed, abs=1e-3)
        assert np.abs(point.gradient[:2]).max() < 1e-3  # maximised over the purchase rate
        assert point.gradient[2] < 0  # less dropout is more likely


@pytest.mark.parametrize(
    "levels", [(0.95, 0.99), pytest.param((0.5, 0.95), marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("model", WITH_DROPOUT)
def test_a_higher_level_allows_more_dropout(model, levels, stayers, bound):
    ahead = [[one.expected_purchases(52.0) for one in bound(model, level)] for level in levels]
    assert (np.diff(np.array(ahead), axis=0) < 0).all()
    assert np.array(ahead).max() < rm.clv.NBD.fit(stayers).model.expected_purchases(52.0)


def test_a_fit_away_from_the_boundary_is_rejected(bought, stayers):
    with pytest.raises(ParameterError, match="boundary of no dropout; found BGNBD"):
        dropout_upper_bound(bought)
    saved = rm.Fit.from_json(rm.BGNBD.fit(stayers).to_json())
    with pytest.raises(ParameterError, match="with its data"):
        dropout_upper_bound(saved)


def retained(model, t=52.0):
    """Return the expected purchases to t as a share of those without dropout."""
    return float(model.expected_purchases(t) / (model.r * t / model.alpha))


@pytest.mark.slow
@pytest.mark.parametrize("truth", [rm.BGNBD(0.8, 8.0, 3.0, 297.0), rm.ParetoNBD(0.8, 8.0, 5, 2000)])
def test_more_dropout_than_the_bound_is_rare(truth):
    """Low dropout, often estimated as none: the bound misses it in one of forty data sets."""
    runs = int(os.environ.get("RELMARK_SLOW_RUNS", "400"))
    missed, tried = 0, 0
    for seed in range(runs):
        x, t_x, T = truth.simulate(np.full(400, 30.0), seed=seed)
        table = pd.DataFrame({"frequency": x, "recency": np.ceil(t_x * 7) / 7, "T": T})
        fit = type(truth).fit(rm.CustomerSummary(table, unit="week"))
        if fit.diagnosis.at_boundary:
            tried += 1
            missed += retained(truth) < min(map(retained, dropout_upper_bound(fit)))
    assert tried > runs / 20
    assert missed / runs < 0.025 + 3 * np.sqrt(0.025 * 0.975 / runs)
