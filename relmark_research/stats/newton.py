"""Newton's method in a trust region: maximisation in a few coordinates.

Each step solves (-H + shift) step = gradient with the smallest shift >= 0 that keeps the step
within the radius, by the eigenvectors of the Hessian H. With two to six coordinates that costs
nothing compared with the likelihood.

References
----------
More and Sorensen (1983), Computing a trust region step, SIAM Journal on Scientific and Statistical
Computing 4(3), 553-572. Nocedal and Wright (2006), Numerical optimization, chapter 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

Array = np.ndarray
Status = Literal["converged", "no ascent", "iteration limit", "not finite"]

_TOLERANCE = 1e-14  # Newton decrement, squared distance to the maximum in standard errors
_ITERATIONS = 200
_FAR = 60.0  # a logarithm that has moved by more is taken to diverge


@dataclass(frozen=True)
class Point:
    """A function at a point.

    Attributes
    ----------
    at
        Coordinates, shape (k,).
    value, gradient, hessian
        Of the function there, scalar and of shapes (k,) and (k, k).
    """

    at: Array
    value: float
    gradient: Array
    hessian: Array

    @property
    def finite(self) -> bool:
        """Whether value and derivatives are finite."""
        parts = (self.value, *self.gradient, *self.hessian.flat)
        return bool(np.isfinite(parts).all())

    def restricted(self, free: Array) -> Point:
        """Return the point as a function of the coordinates of the mask ``free`` alone."""
        return Point(
            self.at[free], self.value, self.gradient[free], self.hessian[np.ix_(free, free)]
        )


@dataclass(frozen=True)
class SearchResult:
    """Where a search ended.

    Attributes
    ----------
    point
        The last point.
    evaluations
        Number of evaluations of the function.
    status
        ``"converged"`` at a maximum; ``"no ascent"`` where no step rises or a coordinate diverges;
        ``"iteration limit"``; ``"not finite"`` where the function is not finite at the start.
    """

    point: Point
    evaluations: int
    status: Status


def maximise(
    function: Callable[[Array], Point], start: Array, *, free: Array | None = None
) -> SearchResult:
    """Find a local maximum by Newton's method in a trust region.

    Parameters
    ----------
    function
        Returns value, gradient and Hessian at a point of shape (k,).
    start
        Where to begin, shape (k,).
    free
        Mask of the coordinates to vary, shape (k,); all by default.

    Examples
    --------
    >>> def parabola(at):
    ...     return Point(at, -float((at - 3) @ (at - 3)), -2 * (at - 3), -2 * np.eye(len(at)))
    >>> maximise(parabola, np.zeros(2)).point.at
    array([3., 3.])
    """
    free = np.ones(len(start), bool) if free is None else free
    here, radius, stalled = function(start), 1.0, 0
    if not here.finite:
        return SearchResult(here, 1, "not finite")
    for evaluations in range(2, _ITERATIONS):
        step, gain = _newton_step(here.restricted(free), radius)
        if 2 * gain < _TOLERANCE or stalled > 1:
            return SearchResult(here, evaluations - 1, "converged")
        if radius < 1e-12 or np.abs(here.at - start).max() > _FAR:
            return SearchResult(here, evaluations - 1, "no ascent")
        there = here.at.copy()
        there[free] += step
        tried = function(there)
        noise = 1e-13 * abs(here.value)
        stalled = stalled + 1 if gain < noise else 0
        actual = tried.value - here.value if tried.finite else -np.inf
        ratio = (actual + noise) / (gain + noise)
        length = float(np.linalg.norm(step))
        radius = 0.25 * length if ratio < 0.25 else max(radius, 2 * length * (ratio > 0.75))
        if ratio > 1e-4:
            here = tried
    return SearchResult(here, _ITERATIONS, "iteration limit")


def _newton_step(here: Point, radius: float) -> tuple[Array, float]:
    """Return the best step of the quadratic model within the radius, and its predicted gain."""
    eigenvalues, eigenvectors = np.linalg.eigh(-here.hessian)
    gradient = eigenvectors.T @ here.gradient
    shift = _shift(eigenvalues, gradient, radius)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(gradient == 0, 0.0, gradient / (eigenvalues + shift))
    gain = float(gradient @ step - 0.5 * (eigenvalues * step) @ step)
    return eigenvectors @ step, gain


def _shift(eigenvalues: Array, gradient: Array, radius: float) -> float:
    """Return the smallest shift with -H + shift positive definite and the step short enough."""

    def length(shift: float) -> float:
        return float(np.linalg.norm(gradient / (eigenvalues + shift)))

    lowest, largest = float(eigenvalues[0]), float(np.abs(eigenvalues).max())
    least = max(0.0, -lowest) + 1e-14 * largest * (lowest <= 0)
    if lowest + least > 0 and length(least) <= radius:
        return least
    low, high = least, least + float(np.linalg.norm(gradient)) / radius
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if length(middle) > radius else (low, middle)
        if high - low < 1e-3 * high:
            break
    return high
