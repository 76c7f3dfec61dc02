"""The models that every law is tried on, the package's and a user's, and customers made by them."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.families.cnbd import with_given_k
from relmark_research.clv.families.mbg_nbd import MBGNBD
from tests.foreign.bg_nbd_by_other_names import BGNBDByOtherNames
from tests.foreign.log_normal_spend import LogNormalSpend
from tests.foreign.mbg_cnbd_2 import MBGCNBD2

MEMORYLESS = (
    rm.BGNBD(0.243, 4.414, 0.793, 2.426),
    MBGNBD(0.525, 6.183, 0.891, 1.614),
    rm.ParetoNBD(0.553, 10.578, 0.606, 11.669),
    rm.clv.NBD(0.7, 9.4),
)
REGULAR = (rm.BGCNBD(0.5, 1.9, 0.793, 2.426, 3), rm.MBGCNBD(0.525, 3.1, 0.891, 1.614, 2))
CONTINUOUS = (*MEMORYLESS, *REGULAR)
DISCRETE = rm.BGBB(1.204, 0.750, 0.657, 2.783)
PURCHASES = (*CONTINUOUS, DISCRETE)
SPEND = rm.GammaGamma(6.25, 3.74, 15.44)
FOREIGN = (MBGCNBD2(0.525, 3.1, 0.891, 1.614), BGNBDByOtherNames(0.243, 4.414, 0.793, 2.426))
EVERY_CONTINUOUS = (*CONTINUOUS, *FOREIGN)
EVERY_PURCHASES = (*PURCHASES, *FOREIGN)
EVERY_SPEND = (SPEND, LogNormalSpend(25.0, 0.5, 0.6))
CONTRACTS = (rm.ShiftedBetaGeometric(0.668, 3.806), rm.BetaDiscreteWeibull(0.5, 2.0, 1.3))


def named(models):
    return pytest.mark.parametrize("model", models, ids=lambda model: type(model).__name__)


def span(model):
    """Return how long customers are observed, and how far ahead is looked."""
    return (6.0, 4.0) if isinstance(model, rm.BGBB) else (39.0, 26.0)


def customers(model, n=3000, seed=11):
    """Return simulated histories as a table, in whole days counted in weeks where there are days.

    A day rounds up, so that nobody buys again on the day of the first purchase.
    """
    T = np.full(n, span(model)[0])
    x, t_x, T = model.simulate(T - np.arange(n) % 3, seed=seed)
    if not isinstance(model, rm.BGBB):
        t_x, T = np.ceil(t_x * 7) / 7, np.ceil(T * 7) / 7
    return pd.DataFrame({"frequency": x, "recency": t_x, "T": T})


def fitted(model, table, unit="week"):
    given = {name: getattr(model, name) for name in model.given}
    return type(model).fit(rm.CustomerSummary(table, unit=unit), **given)


def family(model):
    """Return the class of a model, or what stands for it where some fields are given."""
    return with_given_k(type(model), model.k) if model.given else type(model)


def counts(model, t):
    """Return 0, 1, ... as far as the chance of so many purchases matters."""
    return np.arange(int(t) + 1 if isinstance(model, rm.BGBB) else 700)


def staying(n=600, seed=3):
    """Customers who buy more regularly than at random and never leave: nobody seems to leave.

    Gaps between purchases are Gamma of shape 3 with a rate of each customer's own.
    """
    rng = np.random.default_rng(seed)
    T = rng.integers(10 * 7, 40 * 7, n)
    rate = rng.gamma(1.2, 1 / 8.0, n)
    rows = []
    for days, often in zip(T, rate, strict=True):
        times = np.cumsum(rng.gamma(3, 7 / (3 * often), 400))
        days_of = np.unique(np.ceil(times[times <= days]))
        rows.append((len(days_of), days_of.max(initial=0) / 7, days / 7))
    table = pd.DataFrame(rows, columns=["frequency", "recency", "T"]).astype(float)
    return rm.CustomerSummary(table, unit="week")


def simulated(model, n, T, seed=1):
    """Return simulated histories of n customers observed for T."""
    x, t_x, T = model.simulate(np.full(n, float(T)), seed=seed)
    return pd.DataFrame({"frequency": x, "recency": t_x, "T": T})
