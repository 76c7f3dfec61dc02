"""BG/NBD against Fader, Hardie & Lee 2005 (Marketing Science 24), CLVTools, BTYD and mpmath."""

import mpmath as mp
import numpy as np
import pytest

import relmark_research as rm
from relmark_research.clv.families._beta_geometric import BetaGeometricLikelihood
from tests.clv.families.test_published import printed

PAPER = rm.BGNBD(0.243, 4.414, 0.793, 2.426)
DIGITS = rm.BGNBD(0.2425945, 4.4136019, 0.7929199, 2.4258881)  # CLVTools


def test_cdnow_parameters_and_likelihood(bought):
    assert printed(bought.model.values, 3) == "0.243 4.414 0.793 2.426"
    np.testing.assert_allclose(bought.model.values, DIGITS.values, rtol=1e-4)
    assert bought.log_likelihood == pytest.approx(-9582.4292, abs=1e-4)
    assert bought.diagnosis.status == "converged"
    assert bought.n_customers == 2357


def test_cdnow_standard_errors_and_covariance(bought):
    expected = [0.012557, 0.378224, 0.185733, 0.705407]  # CLVTools
    np.testing.assert_allclose(bought.standard_errors, expected, rtol=1e-3)
    assert printed(bought.covariance[0, 1], 6) == "0.003706"
    assert bought.covariance[2, 3] == pytest.approx(0.123195, rel=1e-3)
    assert (bought.covariance == bought.covariance.T).all()


def test_expected_purchases_of_a_new_customer():
    t = np.array([1 / 7, 1, 3, 31 + 6 / 7, 32, 78])
    expected = [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576]  # the paper's spreadsheet
    np.testing.assert_allclose(DIGITS.expected_purchases(t), expected, atol=5e-4)


def test_conditional_expectation_of_the_paper():
    assert printed(PAPER.conditional_expected_purchases(39, 2, 30.43, 38.86), 3) == "1.226"


def test_pmf_of_btyd():
    assert printed(PAPER.purchase_pmf(0, 39), 7) == "0.5737864"
    assert f"{PAPER.purchase_pmf(10, 2):.5e}" == "1.07869e-07"
    expected = "0.0019995214 0.0015170236 0.0011633150 0.0009003148 0.0007023638"
    assert printed(PAPER.purchase_pmf(np.arange(11, 16), 30), 10) == expected


def test_log_likelihood_of_note_027():
    model = rm.BGNBD(0.25, 4, 0.8, 2.5)
    assert printed(model.log_likelihood(0, 0, 40), 8) == "-0.59947382"
    assert printed(model.log_likelihood(200, 38, 40), 4) == "100.7957"


def test_sum_of_conditional_expectations(bought, cdnow):
    ahead = rm.forecast(bought, cdnow, horizon="39 weeks")
    assert ahead["expected_purchases"].sum() == pytest.approx(1653.41, abs=0.02)  # CLVTools


def test_a_plus_b_below_1_and_no_repeats():
    model = rm.BGNBD(0.11, 2.24, 0.31, 0.5)
    assert model.conditional_expected_purchases(30, 0, 0, 1) == pytest.approx(
        0.564588615532784, rel=1e-12
    )


# Both figures are 1.0e-8 of themselves above what the definition gives at 40 digits. The closed
# form, the integral over p that is below, and the double integral over rate and p, with no
# conjugacy and no hypergeometric function, agree with one another to 22 digits:
# 421.5637130589437549032 and 1262.375950313867902099. The figures hold to 421.5637 and 1262.376,
# 7 digits; their further digits are in doubt.
@pytest.mark.parametrize(
    ("x", "t_x", "figure"), [(500, "38.8", 421.5637172390), (1500, "38.9", 1262.375963005)]
)
def test_long_histories_that_overflow_elsewhere(x, t_x, figure):
    model = rm.BGNBD(0.242593, 4.413532, 0.792886, 2.425752)
    found = model.conditional_expected_purchases(52, x, float(t_x), 39)
    assert found == pytest.approx(figure, rel=1.1e-8)
    with mp.workdps(25):
        exact = _by_definition(x, mp.mpf(t_x))
    assert found == pytest.approx(float(exact), rel=1e-11)


def _by_definition(x, t_x, T=39, t=52):
    """Return E[X(T, T + t) | x, t_x, T]: over p, weighted by its likelihood."""
    r, alpha, a, b = map(mp.mpf, ("0.242593", "4.413532", "0.792886", "2.425752"))
    ends = [mp.mpf(p) for p in ("0", "1e-5", "1e-4", "1e-3", "0.01", "0.1", "1")]

    def over_p(a, b, value):
        """Integrate p^(a-1) (1-p)^(b-1) value(p), by u = p^a."""
        return mp.quad(
            lambda u: (1 - u ** (1 / a)) ** (b - 1) * value(u ** (1 / a)) / a, [p**a for p in ends]
        )

    now, last = (alpha + T) ** -(r + x), (alpha + t_x) ** -(r + x)
    likelihood = now * over_p(a, b + x, lambda p: 1) + last * over_p(a + 1, b + x - 1, lambda p: 1)
    ahead = over_p(a, b + x, lambda p: (1 - (1 + p * t / (alpha + T)) ** -(r + x)) / p)
    return now * ahead / likelihood


@pytest.mark.parametrize("a", [0.9999999, 1.0, 1.0000001])
def test_a_of_1_is_no_special_case(a):
    near = [rm.BGNBD(0.5, 4, 1 + way, 2.4).expected_purchases(60) for way in (-1e-3, 1e-3)]
    assert min(near) < rm.BGNBD(0.5, 4, a, 2.4).expected_purchases(60) < max(near)


def test_a_customer_without_repeats_is_alive_by_definition():
    assert PAPER.p_alive(0, 0, 39) == 1
    assert np.isnan(PAPER.p_alive(np.nan, 1, 39))  # a missing x is not x = 0


@pytest.mark.parametrize("at_first", [False, True])
def test_derivatives_of_the_summed_likelihood(at_first):
    x, t_x, T = PAPER.simulate(np.full(200, 39.0), seed=3)
    weights = np.arange(200.0) % 3 + 1
    sums = BetaGeometricLikelihood.from_rows((x, t_x, T), weights, dropout_at_first=at_first)
    at, steps = np.array([0.6, 5.0, 0.9, 2.0]), np.eye(4) * 1e-5
    for rank in (0, 1):
        moved = [(sums(*at + step)[rank] - sums(*at - step)[rank]) / 2e-5 for step in steps]
        np.testing.assert_allclose(sums(*at)[rank + 1], moved, rtol=1e-6, atol=1e-6)


def test_simulation_with_array_parameters_follows_each_model():
    model = rm.BGNBD(np.array([1.0, 50.0]), np.array([10.0, 10.0]), 0.8, 2.4)
    x, t_x, T = model.simulate(np.full((4000, 2), 20.0), seed=1)
    assert x.shape == t_x.shape == T.shape == (4000, 2)
    expected = model.expected_purchases(20.0)
    assert (np.abs(x.mean(axis=0) - expected) < 4 * x.std(axis=0) / np.sqrt(4000)).all()
