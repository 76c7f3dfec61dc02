"""The posterior of sigma, and the next error's distribution, against integrals by scipy."""

import numpy as np
import pytest
from scipy import integrate, special

from relmark_research.errors import ParameterError
from relmark_research.stats.forecasting.error_scale import (
    PastErrors,
    ScalePrior,
    fit_scale,
)

PRIOR = ScalePrior(median=0.13, log_sd=0.8)
PAST = PastErrors(
    errors=np.array([0.21, -0.34, 0.05, 0.12, -0.02]),
    horizons=np.array([182.0, 182.0, 182.0, 91.0, 91.0]),
    variances=np.array([0.004, 0.003, 0.002, 0.010, 0.008]),
    weights=np.array([0.5, 0.5, 0.5, 1.0, 1.0]),
)
NONE = PastErrors(*[np.zeros(0)] * 4)


def normal(value, sd):
    return np.exp(-0.5 * (value / sd) ** 2) / (sd * np.sqrt(2 * np.pi))


def spread(sigma, horizon, variance, prior=PRIOR):
    return np.sqrt(variance + (sigma * (horizon / prior.reference) ** prior.growth) ** 2)


def density(log_sigma, past, prior=PRIOR):
    """Prior density of ln(sigma) times the weighted likelihood, one error at a time."""
    result = normal(log_sigma - np.log(prior.median), prior.log_sd)
    for error, horizon, variance, weight in zip(
        past.errors, past.horizons, past.variances, past.weights, strict=True
    ):
        sd = spread(np.exp(log_sigma), horizon, variance, prior)
        result = result * normal(error, sd) ** weight
    return result


def integral(function):
    return integrate.quad(function, np.log(0.001), np.log(5.0), limit=200)[0]


def slow_cdf(error, past, horizon, variance):
    def weighed(log_sigma):
        sd = spread(np.exp(log_sigma), horizon, variance)
        return density(log_sigma, past) * special.ndtr(error / sd)

    return integral(weighed) / integral(lambda s: density(s, past))


@pytest.fixture(scope="module")
def scale():
    return fit_scale(PAST, PRIOR)


def test_the_posterior_median_by_integration(scale):
    half = integral(lambda s: density(s, PAST)) / 2
    below = integrate.quad(lambda s: density(s, PAST), np.log(0.001), np.log(scale.sigma))[0]
    slope = density(np.log(scale.sigma), PAST)
    assert (below - half) / slope == pytest.approx(0, abs=0.01)  # in ln(sigma)


def test_the_log_evidence_by_integration(scale):
    assert scale.log_evidence == pytest.approx(
        np.log(integral(lambda s: density(s, PAST))), abs=0.01
    )


@pytest.mark.parametrize(("horizon", "variance"), [(182.0, 0.003), (30.0, 0.0), (364.0, 0.05)])
@pytest.mark.parametrize("past", [PAST, NONE], ids=["with errors", "prior"])
def test_the_next_errors_distribution_by_integration(past, horizon, variance):
    scale = fit_scale(past, PRIOR)
    errors = np.array([-0.5, -0.1, 0.0, 0.03, 0.3, 0.9])
    found = scale.cdf(errors, horizon=horizon, variance=variance)
    expected = [slow_cdf(error, past, horizon, variance) for error in errors]
    assert found == pytest.approx(expected, abs=0.002)


def test_quantiles_invert_the_distribution(scale):
    probability = np.array([0.001, 0.025, 0.1, 0.5, 0.9, 0.975, 0.999])
    errors = scale.quantile(probability, horizon=91, variance=0.004)
    assert scale.cdf(errors, horizon=91, variance=0.004) == pytest.approx(probability, abs=2e-4)
    assert np.all(np.diff(errors) > 0)
    low, high = scale.interval(0.95, horizon=91, variance=0.004)
    assert (low, high) == pytest.approx((errors[1], errors[-2]))
    assert low == pytest.approx(-high)


def test_draws_are_of_the_misspecification_alone(scale):
    drawn = scale.draw(40_000, np.random.default_rng(1), horizon=182)
    for error in (-0.4, -0.1, 0.2):
        expected = float(scale.cdf(np.array([error]), horizon=182, variance=0.0)[0])
        assert np.mean(drawn <= error) == pytest.approx(expected, abs=0.01)


def test_no_error_leaves_the_prior():
    for past in (None, NONE):
        scale = fit_scale(past, PRIOR)
        assert scale.sigma == pytest.approx(PRIOR.median, rel=1e-3)
        assert (scale.effective_count, scale.log_evidence) == (0, 0)


def test_many_errors_outweigh_the_prior():
    rng = np.random.default_rng(5)
    size, variance = 800, 0.01
    errors = rng.normal(0, np.sqrt(variance + 0.4**2), size)
    past = PastErrors(errors, np.full(size, 182.0), np.full(size, variance), np.ones(size))
    assert fit_scale(past, PRIOR).sigma == pytest.approx(0.4, rel=0.06)


def test_errors_that_chance_explains_leave_little_misspecification():
    errors = np.random.default_rng(6).normal(0, 0.2, 400)
    past = PastErrors(errors, np.full(400, 182.0), np.full(400, 0.04), np.ones(400))
    assert fit_scale(past, PRIOR).sigma < 0.07


def test_the_effective_count_is_the_sum_of_the_weights(scale):
    assert PAST.effective_count == scale.effective_count == 3.5


def test_an_error_counted_twice_by_halves_is_one_error():
    once = PastErrors(np.array([0.3]), np.array([91.0]), np.array([0.01]), np.ones(1))
    halves = PastErrors(*(np.repeat(part, 2) for part in (once.errors, once.horizons)),
                        variances=np.full(2, 0.01), weights=np.full(2, 0.5))  # fmt: skip
    assert fit_scale(halves, PRIOR).probability == pytest.approx(fit_scale(once, PRIOR).probability)


def test_longer_horizons_have_larger_errors():
    scale = fit_scale(None, PRIOR)
    ends = [scale.interval(0.9, horizon=h, variance=0.0)[1] for h in (28, 91, 182, 364)]
    assert np.array(ends) / ends[2] == pytest.approx([(h / 182) ** 0.2 for h in (28, 91, 182, 364)],
                                                     rel=0.01)  # fmt: skip


@pytest.mark.parametrize(
    "wrong", [{"median": 0.0}, {"log_sd": -1}, {"growth": 3}, {"reference": 0}]
)
def test_a_prior_outside_its_domain_is_refused(wrong):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        ScalePrior(**{"median": 0.1, "log_sd": 0.5, **wrong})


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("errors", [0.1, -np.inf], "errors must be finite; found 1 others, first -inf"),
        ("variances", [-0.1, 0.1], "variances must be finite and >= 0; found 1 others"),
    ],
)
def test_errors_of_totals_of_zero_are_refused(name, values, words):
    parts = {"errors": np.zeros(2), "horizons": np.full(2, 91.0), "variances": np.ones(2)}
    parts[name] = np.array(values)
    with pytest.raises(ParameterError, match=words):
        fit_scale(PastErrors(**parts, weights=np.ones(2)), PRIOR)


def test_the_representation_has_no_arrays(scale):
    assert repr(scale).startswith("<ErrorScale: sigma 0.1")
    assert "array" not in repr(scale)


def test_a_share_of_data_sets_may_have_negligible_errors():
    """The prior is a mixture; small errors soon show which part it is."""
    plain, mixed = (ScalePrior(0.2, 0.6, negligible=share) for share in (0.0, 0.3))
    assert mixed.probability().sum() == pytest.approx(1)
    assert mixed.probability()[0] == pytest.approx(0.3, abs=1e-9)
    assert mixed.probability()[1:] == pytest.approx(0.7 * plain.probability()[1:])
    small = PastErrors(np.full(4, 0.02), np.full(4, 182.0), np.full(4, 0.02**2), np.ones(4))
    assert fit_scale(small, mixed).sigma < 0.01 < fit_scale(small, plain).sigma
    with pytest.raises(ParameterError, match="negligible must be in"):
        ScalePrior(0.2, 0.6, negligible=1.0)
