"""Quantiles of totals against simulation, and draws of groups that add up to the total."""

import numpy as np
import pytest
from scipy import stats

from relmark_research.clv.forecasting import forecast_errors
from relmark_research.clv.forecasting.forecast_errors import PRIORS, ForecastErrors
from relmark_research.errors import ParameterError

PROBABILITY = np.array([0.025, 0.1, 0.5, 0.9, 0.975])
HORIZON = 182.0
NO_ERROR = forecast_errors.ScalePrior(0.0031, 0.01)  # parameters and chance alone


def errors(measure="purchases", dispersion=2.0):
    return ForecastErrors.of_other_logs(measure, dispersion=dispersion)


def exact(measure, dispersion):
    return ForecastErrors(measure, forecast_errors.fit_scale(None, NO_ERROR), dispersion)


def simulated(given, expected, log_variance, *, size=60_000, seed=7):
    """Totals simulated from the definition: a log-normal error of the mean, then chance."""
    rng = np.random.default_rng(seed)
    prior = given.scale.prior
    sigma = np.exp(rng.normal(np.log(prior.median), prior.log_sd, size))
    sigma = np.where(rng.random(size) < prior.negligible, 0.003, sigma)
    sigma = sigma * (HORIZON / prior.reference) ** prior.growth
    shock = rng.standard_normal(size) * np.sqrt(sigma**2 + log_variance)
    mean = expected * np.exp(shock)
    phi = given.dispersion
    if given.measure == "value":
        return rng.gamma(mean / phi) * phi
    if phi == 1:
        return rng.poisson(mean)
    return rng.negative_binomial(mean / (phi - 1), 1 / phi)


@pytest.mark.parametrize("dispersion", [1.0, 2.0, 3.5])
@pytest.mark.parametrize("expected", [0.5, 5.0, 24.0])
def test_quantiles_of_small_counts(expected, dispersion):
    given = errors(dispersion=dispersion)
    found = given.quantiles(PROBABILITY, expected=expected, horizon=HORIZON, log_variance=0.02)
    drawn = simulated(given, expected, 0.02)
    assert found == pytest.approx(np.round(found))
    for probability, quantile in zip(PROBABILITY, found, strict=True):
        assert np.mean(drawn <= quantile) >= probability - 0.01
        assert np.mean(drawn < quantile) <= probability + 0.01


@pytest.mark.parametrize("expected", [20.0, 200.0, 900.0])
def test_quantiles_of_small_amounts(expected):
    given = errors("value", dispersion=40.0)
    found = given.quantiles(PROBABILITY, expected=expected, horizon=HORIZON, log_variance=0.02)
    below = np.mean(simulated(given, expected, 0.02)[:, None] <= found, axis=0)
    assert below == pytest.approx(PROBABILITY, abs=0.012)


@pytest.mark.parametrize(
    ("measure", "dispersion", "expected"), [("purchases", 2.0, 400.0), ("value", 40.0, 9000.0)]
)
def test_quantiles_of_large_totals(measure, dispersion, expected):
    given = errors(measure, dispersion)
    found = given.quantiles(PROBABILITY, expected=expected, horizon=HORIZON, log_variance=0.002)
    below = np.mean(simulated(given, expected, 0.002)[:, None] >= found, axis=0)
    assert 1 - below == pytest.approx(PROBABILITY, abs=0.012)


@pytest.mark.parametrize(("measure", "dispersion"), [("purchases", 2.0), ("value", 40.0)])
def test_small_and_large_totals_meet(measure, dispersion):
    given, border = errors(measure, dispersion), 30 * dispersion
    below = given.interval(border * (1 - 1e-9), horizon=HORIZON, level=0.9)
    above = given.interval(border, horizon=HORIZON, level=0.9)
    assert below == pytest.approx(above, rel=0.06)


def test_without_errors_counts_are_poisson_or_negative_binomial():
    """Exact ones: scipy's quantiles."""
    for dispersion, law in (
        (1.0, stats.poisson(8.0)),
        (2.0, stats.nbinom(8.0, 0.5)),
    ):
        found = exact("purchases", dispersion).quantiles(PROBABILITY, expected=8.0, horizon=HORIZON)
        assert found.tolist() == law.ppf(PROBABILITY).tolist()


def test_without_errors_amounts_are_gamma():
    found = exact("value", 10.0).quantiles(PROBABILITY, expected=150.0, horizon=HORIZON)
    assert found == pytest.approx(stats.gamma(15.0, scale=10.0).ppf(PROBABILITY), rel=0.01)


@pytest.mark.parametrize(("measure", "dispersion"), [("purchases", 2.0), ("value", 40.0)])
def test_draws_of_groups_add_up_to_draws_of_the_total(measure, dispersion):
    given, groups = errors(measure, dispersion), np.array([5.0, 40.0, 300.0, 0.0])
    how = {"horizon": HORIZON, "draws": 20_000, "log_variance": 0.01}
    parts = given.draw(groups, seed=1, **how)
    total = given.draw(np.array([345.0]), seed=2, **how)[:, 0]
    assert parts.shape == (20_000, 4)
    assert not parts[:, 3].any()
    assert stats.ks_2samp(parts.sum(axis=1), total).pvalue > 0.01


def test_groups_share_the_error_of_the_forecast():
    """Without chance two groups move together; apart, they would not."""
    drawn = errors(dispersion=1.0).draw(np.array([4e6, 1e6]), horizon=HORIZON, draws=4000, seed=3)
    assert np.corrcoef(np.log(drawn).T)[0, 1] > 0.99
    both = np.std(np.log(drawn.sum(axis=1)))
    assert both == pytest.approx(np.std(np.log(drawn[:, 0])), rel=0.02)


@pytest.mark.parametrize(
    ("measure", "expected"), [("purchases", 12.0), ("purchases", 500.0), ("value", 9000.0)]
)
def test_draws_have_the_quantiles(measure, expected):
    given = errors(measure, 2.0 if measure == "purchases" else 40.0)
    drawn = given.draw(
        np.array([expected]), horizon=HORIZON, draws=40_000, seed=4, log_variance=0.01
    )
    low, high = given.interval(expected, horizon=HORIZON, level=0.9, log_variance=0.01)
    assert np.mean(drawn < low) <= 0.06 and np.mean(drawn > high) <= 0.06
    assert np.mean(drawn <= low) >= 0.04 and np.mean(drawn >= high) >= 0.04


@pytest.mark.parametrize("measure", ["purchases", "value"])
def test_a_forecast_of_zero_is_not_certain(measure):
    low, high = errors(measure, dispersion=2.0).interval(0.0, horizon=HORIZON, level=0.95)
    assert low == pytest.approx(0, abs=1e-6)
    assert 1 <= high <= 5


def test_the_same_seed_has_the_same_draws():
    how = {"horizon": HORIZON, "draws": 5}
    one, same, other = (errors().draw(np.array([9.0]), seed=seed, **how) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_more_dispersion_and_more_variance_have_wider_ranges():
    def width(dispersion, log_variance):
        low, high = errors(dispersion=dispersion).interval(
            200.0, horizon=HORIZON, level=0.9, log_variance=log_variance
        )
        return high - low

    assert width(1.0, 0.0) < width(4.0, 0.0) < width(4.0, 0.05)


@pytest.mark.parametrize("horizon", [np.inf, np.nan])
def test_an_infinite_horizon_is_refused(horizon):
    with pytest.raises(ParameterError, match="finite horizon: no forecast for ever"):
        errors().interval(100.0, horizon=horizon, level=0.95)
    with pytest.raises(ParameterError, match="finite horizon"):
        errors().draw(np.array([100.0]), horizon=horizon, draws=2, seed=1)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"measure": "visits"}, "no measure 'visits'; there are: purchases, value"),
        ({"dispersion": 0.0}, "dispersion must be finite and > 0; found 0"),
        ({"dispersion": np.inf}, "dispersion must be finite"),
    ],
)
def test_errors_outside_their_domain_are_refused(wrong, words):
    given = {"measure": "purchases", "scale": errors().scale, "dispersion": 2.0, **wrong}
    with pytest.raises(ParameterError, match=words):
        ForecastErrors(**given)


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_a_level_outside_zero_to_one_is_refused(level):
    with pytest.raises(ParameterError, match="level"):
        errors().interval(100.0, horizon=HORIZON, level=level)


def test_the_prior_names_its_source_and_shows_itself():
    for measure, prior in PRIORS.items():
        given = ForecastErrors.of_other_logs(measure)
        assert "CDNOW" in prior.source
        assert given.sigma == forecast_errors.fit_scale(None, prior).sigma
        assert given.n_origins == 0
        assert repr(given).startswith(f"<ForecastErrors: measure {measure}, sigma 0.1")
        assert '<th scope="row">finished forecasts</th><td>0</td>' in given._repr_html_()


def test_a_hopelessly_uncertain_count_has_quantiles_without_a_table_of_all_counts():
    """Two customers: the parameters are hardly known, so the highest count is in the billions."""
    low, high = ForecastErrors.of_other_logs("purchases").interval(
        5.0, horizon=182, level=0.95, log_variance=20.0
    )
    assert 0 <= low < 5 < high
    assert high > 10_000
