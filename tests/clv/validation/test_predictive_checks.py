"""Coverage and PIT: right for the true model, wrong for a wrong one."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.validation.predictive_checks import holdout_probabilities
from tests.foreign.mbg_cnbd_2 import MBGCNBD2

MODELS = [
    rm.BGNBD(0.6, 5.0, 0.8, 2.4),
    rm.MBGNBD(0.6, 5.0, 0.8, 2.4),
    rm.ParetoNBD(0.6, 8.0, 0.6, 12.0),
    MBGCNBD2(0.9, 3.1, 0.9, 2.2),
]


def simulated_split(model, n=3000, T=40.0, length=26.0, seed=8):
    """Return customers split at T and their later purchases, simulated from the model."""
    x, t_x, T = model.simulate(np.full(n, T), seed=seed)
    table = pd.DataFrame({"frequency": x, "recency": t_x, "T": T})
    customers = rm.CustomerSummary(table, unit="week")
    alive = np.random.default_rng(seed + 1).random(n) < model.p_alive(x, t_x, T)
    bought = alive * model.living(x, t_x, T).simulate(np.full(n, length), seed=seed + 2)[0]
    holdout = pd.DataFrame(
        {"purchases": bought.astype(int), "value": 0.0}, index=customers.table.index
    )
    return rm.Split(customers, holdout, length, 0, None)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_intervals_of_the_true_model_have_their_nominal_coverage(model):
    table = rm.clv.interval_coverage(model, simulated_split(model), levels=[0.5, 0.9], level=0.999)
    assert (table["actual_low"] < table["expected"]).all()
    assert (table["expected"] < table["actual_high"]).all()


def test_an_overconfident_model_has_low_coverage():
    truth = rm.BGNBD(0.6, 5.0, 0.8, 2.4)
    overconfident = rm.BGNBD(60.0, 500.0, 0.8, 2.4)  # nearly one rate
    table = rm.clv.interval_coverage(overconfident, simulated_split(truth), levels=[0.5, 0.9])
    assert (table["actual_high"] < table["expected"]).all()


def test_histogram_is_flat_for_the_true_model_and_not_for_a_low_one():
    truth = rm.BGNBD(0.6, 5.0, 0.8, 2.4)
    split = simulated_split(truth)
    flat = rm.clv.pit_histogram(truth, split, bins=5)
    assert flat["share"].sum() == pytest.approx(1)
    assert flat["share"].between(0.185, 0.215).all()
    low = rm.clv.pit_histogram(rm.BGNBD(0.6, 5.0, 3.0, 2.4), split, bins=5)
    assert low["share"].iloc[-1] > 0.23


def test_probabilities_agree_with_a_loop():
    model = rm.BGNBD(0.6, 5.0, 0.8, 2.4)
    split = simulated_split(model, n=50)
    probabilities = holdout_probabilities(model, split)
    rows = zip(split.calibration.table.itertuples(), split.holdout["purchases"], strict=True)
    for at, (row, n) in enumerate(rows):
        pmf = model.conditional_purchase_pmf(
            np.arange(n + 1), split.length, row.frequency, row.recency, row.T
        )
        assert probabilities.exact.item(at) == pytest.approx(pmf[-1], rel=1e-10)
        assert probabilities.below.item(at) == pytest.approx(pmf[:-1].sum(), rel=1e-10, abs=1e-14)


def test_levels_and_bins_are_checked():
    split = simulated_split(rm.BGNBD(0.6, 5.0, 0.8, 2.4), n=10)
    with pytest.raises(rm.ParameterError, match=r"such as 0\.9; found 90"):
        rm.clv.interval_coverage(MODELS[0], split, levels=[90])
    with pytest.raises(rm.ParameterError, match="at least 1 bin; found 0"):
        rm.clv.pit_histogram(MODELS[0], split, bins=0)
