"""Newton's method on functions whose maximum is known."""

import numpy as np
import pytest

from relmark_research.stats import newton
from relmark_research.stats.newton import Point, _newton_step, maximise


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


def quadratic(at, curvatures, slopes):
    return Point(at, 0.0, np.array(slopes), -np.diag(curvatures))


def test_a_step_within_the_radius_is_newtons():
    """In f = g s - c s^2 / 2 the step is g / c, and the gain g^2 / (2 c)."""
    step, gain = _newton_step(quadratic(np.zeros(2), [2.0, 4.0], [1.0, -2.0]), 10.0)
    np.testing.assert_allclose(step, [0.5, -0.5])
    assert gain == pytest.approx(1 / 4 + 4 / 8)


def test_a_step_beyond_the_radius_is_the_best_on_it():
    """By a search over the circle, of the gain of the quadratic model."""
    curvatures, slopes = np.array([2.0, 0.5]), np.array([1.0, 3.0])
    step, gain = _newton_step(quadratic(np.zeros(2), curvatures, slopes), 1.0)
    angles = np.linspace(0, 2 * np.pi, 100_001)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    gains = circle @ slopes - 0.5 * circle**2 @ curvatures
    assert np.linalg.norm(step) == pytest.approx(1.0, rel=2e-3)
    assert gain == pytest.approx(gains.max(), rel=2e-3)
    np.testing.assert_allclose(step, circle[gains.argmax()], atol=2e-3)


def test_against_upward_curvature_the_step_still_gains():
    """f = s + s^2 / 2 rises to both sides: the step goes up the slope, as far as allowed."""
    step, gain = _newton_step(quadratic(np.zeros(1), [-1.0], [1.0]), 2.0)
    assert step[0] == pytest.approx(2.0, rel=2e-3)
    assert gain == pytest.approx(2.0 + 2.0, rel=4e-3)


def test_without_a_slope_there_is_no_step():
    step, gain = _newton_step(quadratic(np.zeros(2), [1.0, 0.0], [0.0, 0.0]), 1.0)
    assert (step.tolist(), gain) == ([0.0, 0.0], 0.0)


def counted(function):
    """Return a function and the list of the points at which it was evaluated."""
    seen = []
    return lambda at: seen.append(at) or function(at), seen


def test_evaluations_are_counted():
    def slope(at):
        return Point(at, float(at[0]), np.ones(1), np.zeros((1, 1)))

    for function, start in ((rosenbrock, np.array([-1.2, 1.0])), (slope, np.zeros(1))):
        watched, seen = counted(function)
        assert maximise(watched, start).evaluations == len(seen)


def test_a_search_ends_after_its_iterations(monkeypatch):
    monkeypatch.setattr(newton, "_ITERATIONS", 4)
    found = maximise(rosenbrock, np.array([-1.2, 1.0]))
    assert (found.evaluations, found.status) == (4, "iteration limit")
