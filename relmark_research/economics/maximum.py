"""Where a quantity is highest, in closed form or by a search."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import optimize, special

_GRID = 401  # points that are looked at before the best of them is refined


def lambert_of_exp(log_x: float) -> float:
    """Return W0(exp(log_x)), also where exp(log_x) is too large for a float.

    Examples
    --------
    >>> y = lambert_of_exp(5000.0)
    >>> round(y + math.log(y), 9)
    5000.0
    """
    if log_x < 500:
        return float(special.lambertw(math.exp(log_x)).real)
    y = log_x - math.log(log_x)
    for _ in range(8):  # Newton on y + ln y = log_x
        y -= (y + math.log(y) - log_x) / (1 + 1 / y)
    return y


def highest(
    quantity: Callable[[float], float],
    most: float,
    slope: Callable[[float], float] | None = None,
) -> float:
    """Return where on [0, most] a smooth quantity is highest: a grid first, then its best cell."""
    grid = np.linspace(0, most, _GRID)
    values = [quantity(float(at)) for at in grid]
    place = int(np.argmax(values))
    low, high = float(grid[max(place - 1, 0)]), float(grid[min(place + 1, _GRID - 1)])
    if slope is not None and slope(low) > 0 > slope(high):
        return float(optimize.brentq(slope, low, high, xtol=1e-14, rtol=1e-14))
    found = optimize.minimize_scalar(
        lambda at: -quantity(float(at)), bounds=(low, high), method="bounded",
        options={"xatol": 1e-11 * max(most, 1e-9)},
    )  # fmt: skip
    candidates = [float(found.x), float(grid[place])]
    return max(candidates, key=quantity)
