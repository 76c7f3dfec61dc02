"""Newton's method on functions whose maximum is known."""

import numpy as np
import pytest

from relmark_research.stats.newton import Point, maximise


def rosenbrock(at):
    """Rosenbrock's function with its sign changed: the maximum is 0 at (1, 1)."""
    x, y = at
    u = y - x**2
    gradient = np.array([400 * x * u + 2 * (1 - x), -200 * u])
    hessian = np.array([[400 * u - 800 * x**2 - 2, 400 * x], [400 * x, -200.0]])
    return Point(at, -(100 * u**2 + (1 - x) ** 2), gradient, hessian)


def test_rosenbrocks_function():
    found = maximise(rosenbrock, np.array([-1.2, 1.0]))
    np.testing.assert_allclose(found.point.at, [1, 1], atol=1e-8)
    assert found.status == "converged"
    assert found.evaluations < 60


def test_a_saddle_point_is_left():
    def saddle(at):
        x, y = at
        return Point(at, x**2 - x**4 - y**2, np.array([2 * x - 4 * x**3, -2 * y]),
                     np.diag([2 - 12 * x**2, -2.0]))  # fmt: skip

    found = maximise(saddle, np.array([1e-3, 1.0]))
    np.testing.assert_allclose(np.abs(found.point.at), [np.sqrt(0.5), 0], atol=1e-7)


def test_fixed_coordinates_stay():
    found = maximise(rosenbrock, np.array([0.5, 3.0]), free=np.array([False, True]))
    np.testing.assert_allclose(found.point.at, [0.5, 0.25], atol=1e-9)


def test_an_unbounded_function_has_no_maximum():
    def slope(at):
        return Point(at, float(at[0]), np.ones(1), np.zeros((1, 1)))

    assert maximise(slope, np.zeros(1)).status == "no ascent"


def test_where_the_function_is_not_finite_is_not_entered():
    def walled(at):
        value = -((at[0] - 2) ** 2) if at[0] < 3 else np.nan
        return Point(at, value, np.array([-2 * (at[0] - 2)]), np.array([[-0.5]]))  # oversteps

    assert maximise(walled, np.zeros(1)).point.at[0] == pytest.approx(2, abs=1e-6)
    assert maximise(walled, np.array([4.0])).status == "not finite"
