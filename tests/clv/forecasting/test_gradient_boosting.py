"""Gradient boosting as a benchmark, where scikit-learn is installed."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.clv.forecasting.gradient_boosting import GRADIENT_BOOSTING, boosted_total
from relmark_research.customers.log.purchase_history import PurchaseHistory
from relmark_research.errors import ParameterError
from tests.clv.forecasting.simulated import Truth, simulated_log


def test_without_scikit_learn_it_says_what_to_install(log, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(ParameterError, match=r"needs scikit-learn.*pip install scikit-learn"):
        rm.backtest(log, horizon="8 weeks", benchmarks=[GRADIENT_BOOSTING], origins=2)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("sklearn") is None, reason="scikit-learn is not installed")
def test_it_learns_from_the_period_before_the_origin():
    log = simulated_log(Truth(), customers=800, days=500, seed=4)
    history, day = PurchaseHistory.of(log), log.observed_until
    known = history.known_at(day)
    found = boosted_total(history, day, known, 91, "purchases")
    fit = rm.BGNBD.fit(log.customer_summary())
    expected = rm.clv.total_purchases(fit, log.customer_summary(), horizon="13 weeks").expected
    assert np.log(found / expected) == pytest.approx(0, abs=0.4)
    few = PurchaseHistory.of(simulated_log(Truth(), customers=20, days=500, seed=4))
    assert boosted_total(few, day, few.known_at(day), 91, "purchases") is None
