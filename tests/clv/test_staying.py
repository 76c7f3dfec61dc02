"""How many may leave where it is as likely that nobody does."""

import os

import numpy as np
import pandas as pd
import pytest
from scipy import special

import relmark_research as rm
from relmark_research.clv.estimation.dropout_bound import most_leaving
from relmark_research.errors import ParameterError
from tests.clv.models import staying

LEAVING = (rm.BGNBD, rm.MBGNBD, rm.ParetoNBD)


@pytest.fixture(scope="module")
def stayers():
    return staying()


@pytest.mark.parametrize("model", LEAVING)
def test_the_edge_is_where_the_likelihood_has_fallen_by_half_a_quantile(model, stayers):
    fit = model.fit(stayers)
    for level in (0.5, 0.95):
        allowed = special.chdtri(1, 1 - level) / 2
        edge = most_leaving(fit, level=level)
        assert len(edge) > 5
        for one in edge:
            point = fit.likelihood.at(np.log(one.values))
            assert fit.log_likelihood - point.value == pytest.approx(allowed, abs=1e-3)
            assert np.abs(point.gradient[:2]).max() < 1e-3  # the purchase rate has followed
            assert point.gradient[2] < 0  # and less leaving were likelier


@pytest.mark.parametrize("model", LEAVING)
def test_the_more_sure_one_must_be_the_more_may_leave(model, stayers):
    fit = model.fit(stayers)
    ahead = [
        [one.expected_purchases(52.0) for one in most_leaving(fit, level=level)]
        for level in (0.5, 0.9, 0.99)
    ]
    assert (np.diff(np.array(ahead), axis=0) < 0).all()
    assert np.array(ahead).max() < rm.clv.NBD.fit(stayers).model.expected_purchases(52.0)


def test_it_is_asked_only_at_that_limit(bought, stayers):
    with pytest.raises(ParameterError, match="as likely that nobody leaves; found BGNBD"):
        most_leaving(bought)
    kept = rm.Fit.from_json(rm.BGNBD.fit(stayers).to_json())
    with pytest.raises(ParameterError, match="with its data"):
        most_leaving(kept)


def kept(model, t=52.0):
    """Return which part of the purchases to t there is, of those if nobody left."""
    return float(model.expected_purchases(t) / (model.r * t / model.alpha))


@pytest.mark.slow
@pytest.mark.parametrize("truth", [rm.BGNBD(0.8, 8.0, 3.0, 297.0), rm.ParetoNBD(0.8, 8.0, 5, 2000)])
def test_more_leaving_than_the_edge_is_rare(truth):
    """A little leaving, often taken for none: the edge then misses it once in forty data sets."""
    runs = int(os.environ.get("RELMARK_SLOW_RUNS", "400"))
    missed, tried = 0, 0
    for seed in range(runs):
        x, t_x, T = truth.simulate(np.full(400, 30.0), seed=seed)
        table = pd.DataFrame({"frequency": x, "recency": np.ceil(t_x * 7) / 7, "T": T})
        fit = type(truth).fit(rm.CustomerSummary(table, unit="week"))
        if fit.diagnosis.vanishing:
            tried += 1
            missed += kept(truth) < min(map(kept, most_leaving(fit)))
    assert tried > runs / 20
    assert missed / runs < 0.025 + 3 * np.sqrt(0.025 * 0.975 / runs)
