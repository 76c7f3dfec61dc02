"""Published results of (M)BG/CNBD-k on the grocery data (BTYDplus), which are read from a folder.

Where no folder is named (`make studies DATA=DIR` sets RELMARK_DATA) the tests are skipped.
"""

import pytest

import relmark_research as rm
from tests.studies import logs

# r, alpha, a, b; log-likelihood; mean expected purchases of the 52 weeks after 2006
ROWS = {
    ("BGNBD", 1): ((0.348646, 2.58167, 0.503846, 3.64439), -15836.566, 3996.41),
    ("BGCNBD", 2): ((0.35906, 1.12939, 0.52281, 2.78534), -15054.173, 3818.42),
    ("MBGNBD", 1): ((1.25692, 6.03914, 0.368277, 0.715764), -15781.939, 4024.84),
    ("MBGCNBD", 2): ((1.32918, 2.81255, 0.424709, 0.790029), -14978.211, 3811.54),
    ("MBGCNBD", 3): ((1.30262, 1.74979, 0.449442, 0.835406), -14996.850, None),
}


@pytest.fixture(scope="module")
def customers():
    if "grocery" not in logs.available():
        pytest.skip("the grocery data are in no folder that is named: RELMARK_DATA=DIR")
    return logs.available()["grocery"]().until("2006-12-31").customer_summary(unit="week")


def fit_of(name, k, customers):
    model = rm.clv.MODELS[name]
    return model.fit(customers, k=k) if model.given else model.fit(customers)


@pytest.mark.parametrize(("name", "k"), ROWS)
def test_fits_and_forecasts_are_those_published(customers, name, k):
    values, log_likelihood, total = ROWS[name, k]
    fit = fit_of(name, k, customers)
    assert fit.model.values == pytest.approx(values, rel=5e-5)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=5e-4)
    if total is not None:
        ahead = rm.forecast(fit, customers, horizon="52 weeks")["expected_purchases"].sum()
        assert ahead == pytest.approx(total, abs=6e-3)


def test_two_phases_are_the_most_likely(customers):
    for model in (rm.BGCNBD, rm.MBGCNBD):
        assert model.fit(customers).model.k == 2
    alive = rm.forecast(rm.MBGCNBD.fit(customers), customers, horizon="52 weeks")["p_alive"]
    assert alive.mean() == pytest.approx(0.328979, abs=1e-6)


def test_the_published_approximation_beside_the_exact_forecast(customers):
    """BG/NBD with r + x and k alpha + T, raw and scaled to the growth of the expectation."""
    m = rm.MBGCNBD.fit(customers).model
    history = customers.frequency, customers.recency, customers.T
    plain = rm.BGNBD(m.r, m.k * m.alpha, m.a, m.b + 1).living(*history)
    raw = (m.p_alive(*history) * plain.expected_purchases(52.0)).sum()
    T = customers.T
    scaled = (m.expected_purchases(T + 52) - m.expected_purchases(T)).sum()
    exact = m.conditional_expected_purchases(52.0, *history).sum()
    assert (raw, scaled, exact) == pytest.approx((3744.28, 3970.06, 3811.54), abs=6e-3)
