"""Figures of papers and vignettes, at the precision at which they are printed."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.families.mbg_nbd import MBGNBD

CUT = "1997-09-30"


def printed(values, digits):
    """Return text as a paper prints it."""
    return " ".join(f"{value:.{digits}f}" for value in np.atleast_1d(values))


@pytest.fixture(scope="module")
def cdnow():
    return rm.load_cdnow()


@pytest.fixture(scope="module")
def calibration(cdnow):
    return cdnow.split(at=CUT, unit="week").calibration


@pytest.fixture(scope="module")
def pareto(calibration):
    return rm.ParetoNBD.fit(calibration)


@pytest.fixture(scope="module")
def donors():
    return rm.BGBB.fit(rm.load_donations())


class TestParetoNBD:
    """Fader, Hardie & Lee 2005 (Journal of Marketing Research 42); BTYD and CLVTools on CDNOW."""

    def test_parameters_of_cdnow(self, pareto):
        assert printed(pareto.model.values, 3) == "0.553 10.578 0.606 11.669"

    def test_log_likelihood_of_cdnow(self, pareto):
        assert printed(pareto.log_likelihood, 3) == "-9594.976"

    def test_standard_errors_of_cdnow(self, pareto):
        expected = [0.04763, 0.84272, 0.18728, 6.211]  # CLVTools
        np.testing.assert_allclose(pareto.standard_errors, expected, rtol=1e-2)

    def test_active_customer_of_btyd(self):
        history = {"x": 26, "t_x": 30.86, "T": 31}
        model = rm.ParetoNBD(0.5534, 10.5802, 0.6061, 11.6562)
        assert printed(model.p_alive(**history), 4) == "0.9979"

    def test_forecast_of_btyd_within_the_rounding_of_its_parameters(self):
        center = np.array([0.5534, 10.5802, 0.6061, 11.6562])
        rounding = [
            rm.ParetoNBD.from_values(center + np.array(corner) * 0.5e-4)
            for corner in product((-1, 1), repeat=4)
        ]
        forecasts = [
            model.conditional_expected_purchases(52, x=26, t_x=30.86, T=31) for model in rounding
        ]
        assert min(forecasts) < 25.465
        assert max(forecasts) >= 25.455  # printed as 25.46

    def test_expected_purchases_of_a_new_customer(self):
        model = rm.ParetoNBD(0.55, 10.56, 0.61, 11.64)  # BTYD
        expected = "0.05077821 0.09916088 0.14542507 0.18979930"
        assert printed(model.expected_purchases(np.arange(1, 5)), 8) == expected

    def test_cumulative_tracking_of_cdnow(self, pareto, calibration):
        """BTYD counts weeks from the first customer's first day, seven days after which is 1."""
        born = calibration.T.max() - calibration.T
        until = np.maximum(np.arange(20, 26)[:, None] - born, 0)
        expected = pareto.model.expected_purchases(until).sum(axis=1)
        assert printed(expected, 0) == "1309 1385 1460 1533 1604 1674"

    def test_actual_tracking_of_cdnow(self, pareto, cdnow):
        weeks = rm.tracking(pareto, cdnow, at=CUT).iloc[19:25]
        assert printed(weeks["cumulative_actual"], 0) == "1359 1414 1484 1517 1573 1672"

    def test_more_than_131_purchases(self):
        model = rm.ParetoNBD(0.55, 10.58, 0.61, 11.67)
        expected = model.conditional_expected_purchases(10, x=132, t_x=200, T=200)
        assert expected == pytest.approx(6.206051788963, rel=1e-12)

    def test_discounted_residual_transactions(self):
        model = rm.ParetoNBD(0.5629966, 12.559037, 0.4081095, 10.5148048)
        found = model.discounted_expected_purchases(0.0027, x=7, t_x=35, T=77.86)
        assert printed(found, 7) == "1.8641833"  # the paper prints 1.9


class TestMBGNBD:
    """Batislam, Denizel & Filiztekin 2007; BTYDplus on CDNOW."""

    def test_parameters_of_cdnow(self, calibration):
        fit = MBGNBD.fit(calibration)
        assert printed(fit.model.values, 3) == "0.525 6.183 0.891 1.614"

    def test_leading_factor_of_the_conditional_expectation(self, calibration):
        """With b + x instead of a + b + x the holdout of CDNOW would sum to 1,289."""
        model = MBGNBD.fit(calibration).model
        history = calibration.frequency, calibration.recency, calibration.T
        total = np.sum(model.conditional_expected_purchases(39, *history))
        assert total == pytest.approx(1577, abs=0.5)


class TestBGBB:
    """Fader, Hardie & Shang 2010, the donations."""

    def test_parameters(self, donors):
        assert printed(donors.model.values, 3) == "1.204 0.750 0.657 2.783"

    def test_log_likelihood(self, donors):
        assert printed(donors.log_likelihood, 2) == "-33225.58"

    def test_expected_donors_with_no_and_with_every_gift(self, donors):
        counts = donors.n_customers * donors.model.purchase_pmf(np.array([0, 6]), 6)
        assert printed(counts, 1) == "3454.9 1253.1"

    def test_p_alive_at_the_seventh_appeal(self, donors):
        alive = donors.model.p_alive(x=np.array([0, 2, 6]), t_x=np.array([0, 4, 6]), T=6)
        assert printed(alive, 2) == "0.11 0.59 0.93"


SURVIVORS = {
    "High End": [1000, 869, 743, 653, 593, 551, 517, 491],
    "Regular": [1000, 631, 468, 382, 326, 289, 262, 241],
}


class TestContracts:
    """Fader & Hardie 2007 (two segments of a subscription) and 2010 (residual lifetime)."""

    @pytest.mark.parametrize(
        ("segment", "parameters"), [("High End", "0.668 3.806"), ("Regular", "0.704 1.182")]
    )
    def test_parameters(self, segment, parameters):
        contracts = rm.clv.contract_tenures(pd.Series(SURVIVORS[segment]))
        fit = rm.ShiftedBetaGeometric.fit(contracts)
        assert printed(fit.model.values, 3) == parameters

    def test_log_likelihood(self):
        contracts = rm.clv.contract_tenures(pd.Series(SURVIVORS["High End"]))
        fit = rm.ShiftedBetaGeometric.fit(contracts)
        assert printed(fit.log_likelihood, 3) == "-1611.158"

    def test_expected_residual_lifetime(self):
        base = rm.ShiftedBetaGeometric(3.80, 15.20)
        found = base.expected_residual_lifetime(np.arange(1, 6), annual_discount_rate=0.1)
        assert printed(found, 2) == "3.31 3.45 3.59 3.72 3.84"

    def test_beta_discrete_weibull_without_change_is_sbg(self):
        t, alpha, beta = np.arange(1, 60), 0.668, 3.806
        same = rm.BetaDiscreteWeibull(alpha, beta, 1.0)
        plain = rm.ShiftedBetaGeometric(alpha, beta)
        np.testing.assert_allclose(same.survival(t), plain.survival(t), rtol=1e-8)
        np.testing.assert_allclose(same.retention_rate(t), plain.retention_rate(t), rtol=1e-8)
        kinds = {"annual_discount_rate": 0.1, "period": "month"}
        lifetimes = [m.expected_residual_lifetime(t, **kinds) for m in (same, plain)]
        np.testing.assert_allclose(*lifetimes, rtol=1e-8)
