"""Profile likelihood: intervals of single parameters from the likelihood itself.

The interval at a level of 1 - e holds the values whose maximum log-likelihood over all other
parameters is within chi2(1, 1 - e) / 2 of the overall maximum (Venzon & Moolgavkar 1988). It need
not be symmetric and may be open: the low end is 0 or the high end infinite if the data give no
bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import special

from relmark_research._repr import html_table, one_line
from relmark_research.clv.estimation.likelihood import Likelihood
from relmark_research.errors import ParameterError, check_level
from relmark_research.stats.newton import maximise

Array = np.ndarray

_FAR = 20.0  # logarithms from the estimate beyond which an end counts as open


@dataclass(frozen=True)
class Profile:
    """The profile-likelihood interval of a parameter.

    Attributes
    ----------
    parameter, level
        Name of the parameter, and the probability of the interval.
    low, high
        Ends of the interval; 0 or infinite if the data give no bound.
    values
        Values of the parameter that were tried, in increasing order.
    log_likelihood_loss
        Maximum of the log-likelihood minus its maximum given each value.
    """

    parameter: str
    level: float
    low: float
    high: float
    values: Array = field(repr=False)
    log_likelihood_loss: Array = field(repr=False)

    def __repr__(self) -> str:
        return one_line("Profile", self._shown())

    def _repr_html_(self) -> str:
        return html_table("Profile likelihood", self._shown())

    def _shown(self) -> dict[str, object]:
        return {
            "parameter": self.parameter,
            "level": f"{self.level:.0%}",
            "low": self.low if self.low > 0 else "no lower bound",
            "high": self.high if self.high < np.inf else "no upper bound",
        }


def profile(likelihood: Likelihood, logs: Array, parameter: str, level: float) -> Profile:
    """Return the interval of a parameter, from the maximum at ``logs`` outwards on both sides."""
    names = likelihood.model.names()
    if parameter not in names:
        raise ParameterError(
            f"expected the name of a parameter, {', '.join(names)}; found {parameter!r}."
        )
    check_level(level)
    k = names.index(parameter)
    path = ProfilePath(likelihood, np.asarray(logs, float), k)
    allowed = float(special.chdtri(1, 1 - level)) / 2
    low, high = (path.end(allowed, sign) for sign in (-1.0, 1.0))
    tried = sorted(path.losses.items())
    values, losses = (np.array(column) for column in zip(*tried, strict=True))
    return Profile(
        parameter=parameter,
        level=level,
        low=0.0 if low is None else float(np.exp(low)),
        high=np.inf if high is None else float(np.exp(high)),
        values=np.exp(values),
        log_likelihood_loss=losses,
    )


class ProfilePath:
    """The maximum likelihood given one log-parameter, each search started from the nearest result.

    Parameters
    ----------
    likelihood
        What is maximised.
    best
        Log-parameters at the overall maximum, shape (parameters,).
    k
        Position of the profiled parameter.
    fixed
        Positions of other parameters that stay as they are in ``best``.
    """

    def __init__(
        self, likelihood: Likelihood, best: Array, k: int, fixed: tuple[int, ...] = ()
    ) -> None:
        self.likelihood, self.k = likelihood, k
        self.maximum = likelihood.evaluate(best)
        self.free = ~np.isin(np.arange(len(best)), (k, *fixed))
        self.places = {float(best[k]): best}
        self.losses = {float(best[k]): 0.0}

    def loss(self, value: float) -> float:
        """Return the loss of log-likelihood if the log-parameter is held at ``value``."""
        if value not in self.losses:
            nearest = min(self.places, key=lambda known: abs(known - value))
            start = self.places[nearest].copy()
            start[self.k] = value
            point = maximise(self.likelihood.evaluate, start, free=self.free).point
            self.places[value] = point.at
            self.losses[value] = self.maximum.value - point.value if point.finite else np.inf
        return self.losses[value]

    def end(self, allowed: float, sign: float, far: float = _FAR) -> float | None:
        """Return the logarithm where the loss is ``allowed``; None if it is less up to ``far``."""
        from scipy import optimize

        inner = float(self.maximum.at[self.k])
        curvature = -float(self.maximum.hessian[self.k, self.k])
        step = min(2.0, max(1e-3, float(np.sqrt(2 * allowed / max(curvature, 1e-12)))))
        outer = inner + sign * step
        while self.loss(outer) < allowed:
            if abs(outer - self.maximum.at[self.k]) > far:
                return None
            inner, step = outer, min(2 * step, 4.0)
            outer = outer + sign * step
        return float(
            optimize.brentq(
                lambda value: self.loss(value) - allowed, inner, outer, xtol=1e-7, rtol=1e-9
            )
        )
