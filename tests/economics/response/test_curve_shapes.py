import numpy as np
import pytest
from scipy.special import expit, logit

from relmark_research.economics.response.curve_shapes import (
    EXPONENTIAL,
    LOGIT,
    exponential_rate,
    exponential_slope,
    logit_rate,
    logit_slope,
    smallest_spend,
)

SPEND = np.array([0.0, 0.5, 2.0, 4.0])
SHAPES = [EXPONENTIAL, LOGIT]


def test_the_smallest_spend_is_above_0():
    assert smallest_spend(np.array([0.0, 3.0, 0.5, 9.0])) == 0.5


def test_rates_by_hand():
    assert exponential_rate(0.4, np.log(2), np.array([0, 1, 2])) == pytest.approx([0, 0.2, 0.3])
    assert logit_rate(-np.log(3), np.log(3), np.array([0, 1, 2])) == pytest.approx(
        [0.25, 0.5, 0.75]
    )


def test_slopes_by_hand():
    k = np.log(2)
    assert exponential_slope(0.4, k, np.array([0, 1, 2])) == pytest.approx(
        [0.4 * k, 0.2 * k, 0.1 * k]
    )
    b = np.log(3)
    assert logit_slope(-b, b, np.array([0, 1])) == pytest.approx([b * 3 / 16, b / 4])


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_slopes_are_the_derivatives_of_rates(shape):
    step = 1e-6
    first, second = 0.3, 0.8
    numeric = shape.rate(first, second, SPEND + step) - shape.rate(first, second, SPEND - step)
    assert shape.slope(first, second, SPEND) == pytest.approx(numeric / (2 * step), rel=1e-6)


def test_natural_parameters_of_the_exponential():
    """Theta is the logarithm of c k and the logit of c."""
    ceiling, steepness = EXPONENTIAL.natural(np.array([np.log(0.4 * 0.7), logit(0.4)]), 0.5)
    assert (ceiling, steepness) == pytest.approx((0.4, 0.7))


def test_the_exponential_stays_within_its_limits():
    """A ceiling of at most expit(13), a steepness at which all spends reach the ceiling."""
    top = expit(13.0)
    ceiling, steepness = EXPONENTIAL.natural(np.array([[0.0, 900.0], [40.0, -3.0]]), 0.5)
    assert ceiling == pytest.approx([top, expit(-3.0)])
    assert steepness == pytest.approx([1 / top, 30 / 0.5])
    low, least = EXPONENTIAL.natural(np.array([-900.0, -900.0]), 0.5)
    assert low == pytest.approx(np.exp(-700), rel=1e-9)
    assert least == pytest.approx(1.0)


def test_natural_parameters_of_the_logit():
    assert LOGIT.natural(np.array([-1.0, 0.6]), 0.5) == (-1.0, 1.2)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_the_jacobian_is_the_derivative_by_theta(shape):
    theta, step = np.array([-0.7, 0.4]), 1e-6
    numeric = []
    for place in range(2):
        moved = step * np.eye(2)[place]
        up, down = (shape.natural(theta + side * moved, 0.5) for side in (1, -1))
        numeric.append((shape.rate(*up, SPEND) - shape.rate(*down, SPEND)) / (2 * step))
    found = shape.jacobian(theta, SPEND)
    assert found.shape == (2, 4)
    assert found == pytest.approx(np.array(numeric), rel=1e-6, abs=1e-10)


def test_every_start_of_the_exponential_meets_the_mean_rate_at_the_mean_spend():
    """120 of 400 succeed, at a mean spend of 550 / 400."""
    successes, trials = np.array([0, 20, 40, 60]), np.array([100.0, 100, 100, 100])
    spend = np.array([0.0, 0.5, 2.0, 3.0])
    starts = EXPONENTIAL.starts(spend, successes, trials)
    ceilings = expit(starts[:, 1])
    expected = [0.315, 0.45, 0.9, 0.314, 0.37, 0.51, 0.72, 0.965]  # of an overall rate of 0.3
    assert ceilings == pytest.approx(expected)
    slope = np.exp(starts[:, 0])  # c k, the slope at 0
    mean = 550 / 400
    assert ceilings * (1 - np.exp(-slope / ceilings * mean)) == pytest.approx([0.3] * 8)


def test_ceilings_of_starts_stay_below_1():
    starts = EXPONENTIAL.starts(np.array([1.0, 2.0]), np.array([80, 80]), np.array([100, 100]))
    assert expit(starts[:3, 1]) == pytest.approx([0.84, 0.99, 0.99])


def test_starts_weigh_spends_by_trials():
    starts = EXPONENTIAL.starts(np.array([1.0, 3.0]), np.array([30, 10]), np.array([300.0, 100]))
    slope, ceiling = np.exp(starts[1, 0]), expit(starts[1, 1])
    assert ceiling == pytest.approx(0.15)
    assert slope == pytest.approx(0.15 * np.log(3) / 1.5)  # mean spend (300 + 300) / 400


@pytest.mark.parametrize(("successes", "rate"), [(30, 0.3), (0, 1e-6), (100, 1 - 1e-6)])
def test_the_start_of_the_logit_is_the_overall_rate(successes, rate):
    starts = LOGIT.starts(np.array([1.0]), np.array([successes]), np.array([100]))
    assert starts == pytest.approx(np.array([[logit(rate), 0.0]]))


def test_shapes_name_their_parameters():
    assert (EXPONENTIAL.name, EXPONENTIAL.parameters) == ("exponential", ("ceiling", "steepness"))
    assert (LOGIT.name, LOGIT.parameters) == ("logit", ("intercept", "slope"))
