"""MBG/NBD against BTYDplus, and what its living customers follow, by simulation."""

import numpy as np
import pytest

import relmark_research as rm
from tests.clv.families.test_published import printed

MODEL = rm.MBGNBD(0.525, 6.183, 0.891, 1.614)


def test_cdnow_parameters(cdnow):
    assert printed(rm.MBGNBD.fit(cdnow).model.values, 3) == "0.525 6.183 0.891 1.614"


@pytest.mark.parametrize("n", [8_000, pytest.param(40_000, marks=pytest.mark.slow)])
def test_first_purchase_may_be_the_last(n):
    x = MODEL.simulate(np.full(n, 1e9), seed=2)[0]
    assert abs((x == 0).mean() - 0.891 / (0.891 + 1.614)) < 4 * np.sqrt(0.25 / n)
    assert MODEL.p_alive(0, 0, 39) < 0.5


@pytest.mark.parametrize("n", [30_000, pytest.param(120_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("history", [(0, 30), (2, 30)])
def test_living_customer_buys_what_those_with_the_same_history_did(history, n):
    """Simulated for 30 + 20, cut at 30: those with x purchases till then, whenever the last."""
    frequency, cut = history
    rng = np.random.default_rng(5)
    stay = rng.beta(MODEL.a, MODEL.b, n)
    rate = rng.gamma(MODEL.r, 1 / MODEL.alpha, n)
    waits = rng.standard_exponential((n, 60)) / rate[:, None]
    leaves = rng.random((n, 61)) < stay[:, None]
    times = np.cumsum(waits, axis=1)
    bought = np.cumsum(leaves[:, :-1], axis=1) == 0  # not left at any earlier purchase
    before = (bought & (times <= cut)).sum(axis=1)
    after = (bought & (times > cut) & (times <= cut + 20)).sum(axis=1)
    last = np.where(
        before > 0, np.take_along_axis(times, np.maximum(before - 1, 0)[:, None], 1)[:, 0], 0
    )
    same = before == frequency
    expected = MODEL.conditional_expected_purchases(20, before[same], last[same], cut)
    off = after[same] - expected
    assert abs(off.mean()) < 4 * off.std() / np.sqrt(same.sum())
