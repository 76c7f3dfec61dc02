"""The delta method against exact derivatives, published intervals and simulation."""

import numpy as np
import pytest
from scipy import special, stats

from relmark_research.stats.delta_method import (
    gradient,
    positive_interval,
    share_interval,
    variance,
)


def test_gradient_of_several_quantities_against_the_exact_one():
    weights = np.arange(6.0).reshape(2, 3)
    theta = np.array([0.3, 1.2])

    def quantity(at):
        return np.exp(at @ weights)

    exact = weights * quantity(theta)
    np.testing.assert_allclose(gradient(quantity, theta), exact, rtol=1e-6)


def test_gradient_of_a_quadratic_is_exact():
    found = gradient(lambda at: float(at @ at), np.array([1.0, -4.0]), step=0.5)
    np.testing.assert_allclose(found, [2, -8])


def test_variance_is_that_of_linear_combinations():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(3, 3))
    covariance, slopes = root @ root.T, rng.normal(size=(3, 4, 2))
    found = variance(slopes, covariance)
    assert found.shape == (4, 2)
    for place in np.ndindex(4, 2):
        each = slopes[(slice(None), *place)]
        assert found[place] == pytest.approx(each @ covariance @ each)


def test_positive_interval_of_an_odds_ratio():
    # Doll and Hill (1950), smokers among lung cancer patients and controls (men):
    # 647 of 649 and 622 of 649, odds ratio 14.04 with 95% interval 3.33 to 59.3 (Woolf)
    cells = np.array([647, 2, 622, 27])
    ratio = cells[0] * cells[3] / (cells[1] * cells[2])
    low, high = positive_interval(ratio, (1 / cells).sum())
    assert round(ratio, 2) == 14.04
    assert (round(float(low), 2), round(float(high), 1)) == (3.33, 59.3)


def test_positive_interval_keeps_zero_and_an_infinite_variance():
    low, high = positive_interval(np.array([0.0, 2.0]), np.array([1.0, np.inf]))
    assert low.tolist() == [0, 0]
    assert high.tolist() == [0, np.inf]


@pytest.mark.parametrize("level", [0.5, 0.99])
def test_share_interval_is_symmetric_in_the_logit(level):
    share = np.array([1e-12, 0.2, 0.5, 0.999])
    low, high = share_interval(share, 0.3, level)
    middle = special.logit(share)
    reach = stats.norm.ppf((1 + level) / 2) * np.sqrt(0.3)
    np.testing.assert_allclose(low, special.expit(middle - reach), rtol=1e-12)
    np.testing.assert_allclose(high, special.expit(middle + reach), rtol=1e-12)


def test_shares_of_none_and_all_stay():
    for end in share_interval(np.array([0.0, 1.0]), np.array([4.0, 1e9])):
        assert end.tolist() == [0, 1]
    assert share_interval(0.5, 1e12) == (0, 1)


def test_an_interval_without_end_is_from_zero_to_infinity():
    assert [float(end) for end in positive_interval(3.0, 1e13)] == [0.0, np.inf]
