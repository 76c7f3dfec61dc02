"""Profile likelihood: how far one parameter can go before the data object, the others following.

The interval of level 1 - e holds the values whose best log-likelihood, over all other parameters,
is within chi2(1, 1 - e) / 2 of the maximum (Venzon & Moolgavkar 1988). It needs no symmetry and may
be open: a parameter that the data do not bound has an end at 0 or at infinity. So it serves at a
limit as well: where the share of customers who leave may be 0, its interval ends at the largest
share that the data allow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from relmark_research.clv.diagnosis import ratio_name
from relmark_research.clv.likelihood import Likelihood
from relmark_research.clv.search import Surface, by_ratio, maximise
from relmark_research.errors import ParameterError, check_level

if TYPE_CHECKING:
    from collections.abc import Callable

    from relmark_research.clv.base import Model

Array = np.ndarray

_FAR = 20.0  # logarithms from the estimate beyond which an end counts as open
_FARTHER = 80.0  # the same of a ratio, which may be at 0 already
_CLOSE = 1e-4  # of the log-likelihood, at which an end is found


@dataclass(frozen=True)
class Profile:
    """The profile-likelihood interval of a parameter.

    Attributes
    ----------
    parameter, level
        Whose it is, and its probability.
    low, high
        Its ends; 0 or infinite where the data set no bound.
    values, fall
        Values tried, and how far below its maximum the log-likelihood is there at best; sorted.
    at_low, at_high
        The best model at either end; None where there is no bound.
    """

    parameter: str
    level: float
    low: float
    high: float
    values: Array
    fall: Array
    at_low: Model | None = field(default=None, repr=False)
    at_high: Model | None = field(default=None, repr=False)


def profile(likelihood: Likelihood, logs: Array, parameter: str, level: float) -> Profile:
    """Follow the likelihood both ways from its maximum at ``logs``.

    ``parameter`` is one of the model's, or the ratio of two, such as ``"a / (a + b)"``.
    """
    names = likelihood.model.names()
    pairs = {ratio_name(mixture): mixture for mixture in likelihood.model.mixtures}
    if parameter not in (*names, *pairs):
        known = ", ".join([*names, *pairs])
        raise ParameterError(f"a profile is of one of {known}; found {parameter!r}.")
    check_level(level)
    place, surface, far = np.array(logs, float), likelihood.at, _FAR
    turn, value, most = np.eye(len(place)), np.exp, np.inf
    if parameter in names:
        k = names.index(parameter)
    else:
        pair = pairs[parameter]
        k, other = names.index(pair.first), names.index(pair.second)
        surface, far = by_ratio(likelihood.at, k, other), _FARTHER
        place[k] -= place[other]
        turn[k, other] = 1.0
        if pair.kind == "share":
            value, most = special.expit, 1.0
    walk = _Walk(surface, place, k, far)
    allowed = float(special.chdtri(1, 1 - level)) / 2
    ends = [walk.end(allowed, way) for way in (-1.0, 1.0)]
    return _told(
        walk, ends, (parameter, level, value, most), lambda at: _model(likelihood, turn, at)
    )


def _model(likelihood: Likelihood, turn: Array, place: Array) -> Model:
    return likelihood.model.from_values(np.exp(turn @ place))


def _told(
    walk: _Walk,
    ends: list[float | None],
    of: tuple[str, float, Callable[[Array], Array], float],
    model: Callable[[Array], Model],
) -> Profile:
    """Return what a walk found, in terms of the parameter instead of its logarithm."""
    parameter, level, value, most = of
    tried = sorted(walk.seen.items())
    at, fall = (np.array(column) for column in zip(*tried, strict=True))
    low, high = ends
    return Profile(
        parameter=parameter,
        level=level,
        low=0.0 if low is None else float(value(np.asarray(low))),
        high=most if high is None else float(value(np.asarray(high))),
        values=value(at),
        fall=fall,
        at_low=None if low is None else model(walk.places[low]),
        at_high=None if high is None else model(walk.places[high]),
    )


class _Walk:
    """The best likelihood given one coordinate, remembered and continued from near by."""

    def __init__(self, surface: Surface, best: Array, k: int, far: float) -> None:
        self.surface, self.k, self.far = surface, k, far
        self.top = surface(best)
        self.free = np.arange(len(best)) != k
        self.places = {float(best[k]): best}
        self.seen = {float(best[k]): 0.0}

    def fall(self, value: float) -> float:
        """Return how far the likelihood falls when the coordinate is held at this value."""
        if value not in self.seen:
            near = min(self.places, key=lambda known: abs(known - value))
            start = self.places[near].copy()
            start[self.k] = value
            point = maximise(self.surface, start, free=self.free).point
            self.places[value] = point.at
            self.seen[value] = self.top.value - point.value if point.finite else np.inf
        return self.seen[value]

    def end(self, allowed: float, way: float) -> float | None:
        """Return the value where the fall is ``allowed``; None where it never is."""
        from scipy import optimize

        inner = float(self.top.at[self.k])
        curvature = -float(self.top.hessian[self.k, self.k])
        step = min(2.0, max(1e-3, float(np.sqrt(2 * allowed / max(curvature, 1e-12)))))
        outer = inner + way * step
        while self.fall(outer) < allowed:
            if abs(outer - self.top.at[self.k]) > self.far:
                return None
            inner, step = outer, min(2 * step, 4.0)
            outer = outer + way * step
        end = float(
            optimize.brentq(lambda at: self.fall(at) - allowed, inner, outer, xtol=1e-7, rtol=1e-9)
        )
        self.fall(end)
        return end
