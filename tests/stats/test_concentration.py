"""Concentration against slow sums, closed forms and the bootstrap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relmark_research.errors import DataError
from relmark_research.stats.bootstrap import resampling_counts
from relmark_research.stats.concentration import (
    concentration_curve,
    concentration_share,
    gains_share,
    gini,
    top_share,
)

values = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 2)), min_size=2, max_size=40).filter(
    lambda x: sum(x) > 1
)


def slow_gini(y: np.ndarray) -> float:
    return np.abs(y[:, None] - y[None, :]).sum() / (2 * len(y) * np.abs(y).sum())


def slow_top_share(y: np.ndarray, top: float) -> float:
    ordered, number = np.sort(y)[::-1], top * len(y)
    whole = int(number)
    return (ordered[:whole].sum() + (number - whole) * ordered[whole]) / y.sum()


@given(values, st.floats(0.05, 0.95))
@settings(max_examples=60, deadline=None)
def test_measures_against_slow_sums(drawn, top):
    y = np.array(drawn)
    assert float(gini(y)[0]) == pytest.approx(slow_gini(y), abs=1e-9)
    assert float(top_share(y, top)[0]) == pytest.approx(slow_top_share(y, top), rel=1e-9)
    assert float(gains_share(y)[0]) == pytest.approx(y[y > 0].sum() / y.sum())


@given(values)
@settings(max_examples=60, deadline=None)
def test_the_curve_is_concave_from_zero_to_one_through_its_measures(drawn):
    y = np.array(drawn)
    shares = np.linspace(0, 1, len(y) + 1)
    curve = concentration_curve(y, shares)
    assert (curve[0], curve[-1]) == (0, pytest.approx(1))
    assert (np.diff(curve, 2) <= 1e-9 * max(1, abs(curve).max())).all()
    assert curve.max() == pytest.approx(float(gains_share(y)[0]))
    assert concentration_curve(y, 0.3) == pytest.approx(float(top_share(y, 0.3)[0]), rel=1e-9)


def test_the_gini_coefficient_is_twice_the_area_between_the_curve_and_equality():
    y = np.random.default_rng(0).gamma(0.5, size=500)
    shares = np.linspace(0, 1, 501)
    area = np.trapezoid(concentration_curve(y, shares) - shares, shares)
    assert float(gini(y)[0]) == pytest.approx(2 * area)


@pytest.mark.parametrize("shape", [1.5, 3.0])
def test_pareto_values_have_their_closed_forms(shape):
    # Pareto(a): G = 1 / (2 a - 1), C(p) = p^(1 - 1/a); at a = ln 5 / ln 4 the 80/20 rule holds
    y = (1 - (np.arange(1e6) + 0.5) / 1e6) ** (-1 / shape)
    assert float(gini(y)[0]) == pytest.approx(1 / (2 * shape - 1), abs=5e-3)
    assert float(top_share(y, 0.2)[0]) == pytest.approx(0.2 ** (1 - 1 / shape), abs=5e-3)


def test_weights_are_counts():
    y, rng = np.array([5.0, 1, -2, 8]), np.random.default_rng(1)
    weights = rng.multinomial(6, np.full(4, 0.25), size=20)
    weights = weights[weights @ y > 0]
    for measure in (gini, gains_share, lambda *given: top_share(given[0], 0.3, *given[1:])):
        found = measure(y, weights)
        alone = [measure(np.repeat(y, row)) for row in weights]
        np.testing.assert_allclose(np.transpose(found), alone, atol=1e-12)


def test_the_order_of_units_does_not_matter():
    y = np.random.default_rng(2).normal(2, 3, 50)
    for measure in (gini, gains_share, lambda given: top_share(given, 0.2)):
        np.testing.assert_allclose(measure(y), measure(np.sort(y)), rtol=1e-12)


def test_standard_errors_agree_with_the_bootstrap():
    rng = np.random.default_rng(3)
    y = rng.gamma(0.5, 10, 1500) - 1
    (counts,) = resampling_counts(1500, 600, rng)
    for measure in (gini, gains_share, lambda *given: top_share(given[0], 0.2, *given[1:])):
        assert float(measure(y)[1]) == pytest.approx(np.std(measure(y, counts)[0]), rel=0.12)


def test_the_standard_error_of_a_concentration_share_agrees_with_the_bootstrap():
    rng = np.random.default_rng(3)
    ranking = rng.gamma(0.5, 10, 1500)
    y = ranking * rng.gamma(2, 0.5, 1500)
    picks = rng.integers(0, 1500, (600, 1500))
    drawn = [concentration_share(y[pick], ranking[pick], 0.2)[0] for pick in picks]
    assert concentration_share(y, ranking, 0.2)[1] == pytest.approx(np.std(drawn), rel=0.12)


def test_ranked_by_itself_a_concentration_share_is_the_share_of_the_top():
    y = np.random.default_rng(4).gamma(1, size=100)
    assert concentration_share(y, y, 0.2)[0] == pytest.approx(float(top_share(y, 0.2)[0]))


@pytest.mark.parametrize("y", [[-1.0, -2.0], [1.0, -1.0], [np.nan, 1.0]])
def test_without_a_positive_total_there_are_no_shares(y):
    y = np.array(y)
    for measure in (
        gini,
        gains_share,
        lambda given: top_share(given, 0.2),
        lambda given: concentration_share(given, given, 0.2),
        lambda given: concentration_curve(given, 0.2),
    ):
        with pytest.raises(DataError, match="need a total above 0; found"):
            measure(y)
