"""Newton's method in a trust region: the search for a maximum in a few coordinates.

Each step solves (information + shift) step = slope with the smallest shift >= 0 that keeps the
step within the radius (More & Sorensen 1983), by the information's eigenvectors; models have two
to six parameters, so that costs nothing beside the likelihood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

Array = np.ndarray
Ending = Literal["at a maximum", "no ascent", "out of steps", "not a number"]

_NEAR = 1e-14  # squared distance to the maximum, in standard errors, that counts as arrived
_STEPS = 200
_FAR = 60.0  # a logarithm further from the start than this is as good as infinite


@dataclass(frozen=True)
class Point:
    """A function at a place: its value, gradient (k,) and Hessian (k, k)."""

    at: Array
    value: float
    gradient: Array
    hessian: Array

    @property
    def finite(self) -> bool:
        """Whether value and slopes are numbers."""
        parts = (self.value, *self.gradient, *self.hessian.flat)
        return bool(np.isfinite(parts).all())

    def only(self, free: Array) -> Point:
        """Return the point as a function of the coordinates ``free`` (mask) alone."""
        return Point(
            self.at[free], self.value, self.gradient[free], self.hessian[np.ix_(free, free)]
        )


Surface = Callable[[Array], Point]


@dataclass(frozen=True)
class Found:
    """Where a search ended, after how many evaluations, and why."""

    point: Point
    evaluations: int
    ending: Ending


def maximise(surface: Surface, start: Array, *, free: Array | None = None) -> Found:
    """Climb from ``start`` to a maximum of ``surface``.

    Parameters
    ----------
    surface
        Gives a Point at a place.
    start
        Where to begin, shape (k,).
    free
        Mask of the coordinates to move; all if None.

    Examples
    --------
    >>> def hill(at):
    ...     return Point(at, -float((at - 3) @ (at - 3)), -2 * (at - 3), -2 * np.eye(len(at)))
    >>> maximise(hill, np.zeros(2)).point.at
    array([3., 3.])
    """
    free = np.ones(len(start), bool) if free is None else free
    here, radius, stalled = surface(start), 1.0, 0
    if not here.finite:
        return Found(here, 1, "not a number")
    for evaluations in range(2, _STEPS):
        step, gain = _newton_step(here.only(free), radius)
        if 2 * gain < _NEAR or stalled > 1:
            return Found(here, evaluations - 1, "at a maximum")
        if radius < 1e-12 or np.abs(here.at - start).max() > _FAR:
            return Found(here, evaluations - 1, "no ascent")
        there = here.at.copy()
        there[free] += step
        tried = surface(there)
        noise = 1e-13 * abs(here.value)
        stalled = stalled + 1 if gain < noise else 0
        risen = tried.value - here.value if tried.finite else -np.inf
        share = (risen + noise) / (gain + noise)
        length = float(np.linalg.norm(step))
        radius = 0.25 * length if share < 0.25 else max(radius, 2 * length * (share > 0.75))
        if share > 1e-4:
            here = tried
    return Found(here, _STEPS, "out of steps")


def _newton_step(here: Point, radius: float) -> tuple[Array, float]:
    """Return the best step within the radius by the quadratic model, and the gain it promises."""
    sizes, axes = np.linalg.eigh(-here.hessian)
    slope = axes.T @ here.gradient
    shift = _shift(sizes, slope, radius)
    with np.errstate(divide="ignore", invalid="ignore"):
        along = np.where(slope == 0, 0.0, slope / (sizes + shift))
    gain = float(slope @ along - 0.5 * (sizes * along) @ along)
    return axes @ along, gain


def _shift(sizes: Array, slope: Array, radius: float) -> float:
    """Return the smallest shift that makes the information positive and the step short enough."""

    def length(shift: float) -> float:
        return float(np.linalg.norm(slope / (sizes + shift)))

    least = max(0.0, -float(sizes[0])) + 1e-14 * float(np.abs(sizes).max()) * (sizes[0] <= 0)
    if sizes[0] + least > 0 and length(least) <= radius:
        return least
    low, high = least, least + float(np.linalg.norm(slope)) / radius
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if length(middle) > radius else (low, middle)
        if high - low < 1e-3 * high:
            break
    return high
