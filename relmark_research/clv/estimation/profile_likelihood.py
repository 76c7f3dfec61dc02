"""Profile likelihood: how far one parameter can go before the data object, the others following.

The interval of level 1 - e holds the values whose best log-likelihood, over all other parameters,
is within chi2(1, 1 - e) / 2 of the maximum (Venzon & Moolgavkar 1988). It needs no symmetry and may
be open: a parameter that the data do not bound has an end at 0 or at infinity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from relmark_research.clv.estimation.likelihood import Likelihood
from relmark_research.errors import ParameterError, check_level
from relmark_research.stats.newton import maximise

Array = np.ndarray

_FAR = 20.0  # logarithms from the estimate beyond which an end counts as open
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
    """

    parameter: str
    level: float
    low: float
    high: float
    values: Array
    fall: Array


def profile(likelihood: Likelihood, logs: Array, parameter: str, level: float) -> Profile:
    """Follow the likelihood both ways from its maximum at ``logs``."""
    names = likelihood.model.names()
    if parameter not in names:
        raise ParameterError(f"a profile is of one of {', '.join(names)}; found {parameter!r}.")
    check_level(level)
    k = names.index(parameter)
    walk = Walk(likelihood, np.asarray(logs, float), k)
    allowed = float(special.chdtri(1, 1 - level)) / 2
    low, high = (walk.end(allowed, way) for way in (-1.0, 1.0))
    tried = sorted(walk.seen.items())
    values, fall = (np.array(column) for column in zip(*tried, strict=True))
    return Profile(
        parameter=parameter,
        level=level,
        low=0.0 if low is None else float(np.exp(low)),
        high=np.inf if high is None else float(np.exp(high)),
        values=np.exp(values),
        fall=fall,
    )


class Walk:
    """The best likelihood given one log-parameter, remembered and continued from near by.

    The others follow, but for those that are ``held``.
    """

    def __init__(
        self, likelihood: Likelihood, best: Array, k: int, held: tuple[int, ...] = ()
    ) -> None:
        self.likelihood, self.k = likelihood, k
        self.top = likelihood.at(best)
        self.free = ~np.isin(np.arange(len(best)), (k, *held))
        self.places = {float(best[k]): best}
        self.seen = {float(best[k]): 0.0}

    def fall(self, value: float) -> float:
        """Return how far the likelihood falls when the parameter is held at this logarithm."""
        if value not in self.seen:
            near = min(self.places, key=lambda known: abs(known - value))
            start = self.places[near].copy()
            start[self.k] = value
            point = maximise(self.likelihood.at, start, free=self.free).point
            self.places[value] = point.at
            self.seen[value] = self.top.value - point.value if point.finite else np.inf
        return self.seen[value]

    def end(self, allowed: float, way: float, far: float = _FAR) -> float | None:
        """Return the logarithm where the fall is ``allowed``; None where it is not, however far."""
        from scipy import optimize

        inner = float(self.top.at[self.k])
        curvature = -float(self.top.hessian[self.k, self.k])
        step = min(2.0, max(1e-3, float(np.sqrt(2 * allowed / max(curvature, 1e-12)))))
        outer = inner + way * step
        while self.fall(outer) < allowed:
            if abs(outer - self.top.at[self.k]) > far:
                return None
            inner, step = outer, min(2 * step, 4.0)
            outer = outer + way * step
        return float(
            optimize.brentq(lambda at: self.fall(at) - allowed, inner, outer, xtol=1e-7, rtol=1e-9)
        )
