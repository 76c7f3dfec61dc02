"""How many reach a goal in the end, where some are still on their way.

Of n_i still on their way at t_i, d_i leave it there, e_i of them by reaching the goal. Then

    S(t) = prod (1 - d_i / n_i)               share still on the way       (Kaplan-Meier)
    F(t) = sum S(t_i-) e_i / n_i              share that has reached it    (Aalen-Johansen)

and F = 1 - S where nothing but the goal can happen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

Array = np.ndarray

ON_THE_WAY, REACHED, LOST = 0, 1, 2


@dataclass(frozen=True)
class Incidence:
    """Share that has reached the goal, by days since the start.

    Parameters
    ----------
    days
        Rising days at which something happened, shape (k,).
    share
        F at these days, shape (k,).
    standard_error
        Of ``share``, shape (k,).
    started
        Number that set out.
    longest
        Longest time that anyone was watched, days.
    """

    days: Array
    share: Array
    standard_error: Array
    started: int
    longest: float

    @property
    def settled(self) -> bool:
        """Whether the last quarter of the longest watch brought no one more to the goal."""
        rises = np.diff(self.share, prepend=0.0) > 0
        return bool(not rises.any() or self.days[rises][-1] <= 0.75 * self.longest)

    @property
    def median(self) -> float:
        """Days in which half of those reached it who reach it at all; missing where no one did."""
        if not self.share.size or self.share[-1] == 0:
            return float("nan")
        return float(self.days[np.searchsorted(self.share, self.share[-1] / 2 - 1e-12)])

    def at(self, days: float | Array, *, level: float = 0.95) -> tuple[Array, Array, Array]:
        """Return the share that has reached the goal within ``days``, and its interval.

        The interval is symmetric in ln(-ln(1 - F)), so that it stays in [0, 1]. Beyond the longest
        watch nothing is known, and the answer is missing.
        """
        days = np.asarray(days, dtype=float)
        place = np.searchsorted(self.days, days, side="right")
        share = np.concatenate([[0.0], self.share])[place]
        error = np.concatenate([[0.0], self.standard_error])[place]
        low, high = _bounds(share, error, self.started, level)
        unknown = np.isfinite(days) & (days > self.longest)
        return tuple(np.where(unknown, np.nan, one) for one in (share, low, high))  # type: ignore[return-value]

    def final(self, *, level: float = 0.95) -> tuple[float, float, float]:
        """Return the share that reaches the goal in the end, as far as was watched."""
        share, low, high = self.at(np.inf, level=level)
        return float(share), float(low), float(high)


def incidence(days: Array, outcome: Array) -> Incidence:
    """Estimate the share that has reached a goal by each day (Aalen-Johansen).

    Parameters
    ----------
    days
        Days from the start to the outcome, or to the end of the watch, >= 0, shape (n,).
    outcome
        0 still on the way, 1 reached, 2 lost for it, shape (n,).

    Returns
    -------
    Incidence
        F(t) = sum over t_i <= t of S(t_i-) e_i / n_i with its standard error by the delta method.

    References
    ----------
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5.
    Marubini and Valsecchi (1995), Analysing survival data from clinical trials.

    Examples
    --------
    >>> found = incidence(np.array([1, 2, 2, 5, 5]), np.array([1, 1, 0, 2, 0]))
    >>> found.days.tolist(), found.share.round(3).tolist()
    ([1.0, 2.0, 5.0], [0.2, 0.4, 0.4])
    """
    days, outcome = np.asarray(days, dtype=float), np.asarray(outcome, dtype=int)
    times, place = np.unique(days, return_inverse=True)
    all_out = np.bincount(place, minlength=len(times))
    reached = np.bincount(place, outcome == REACHED, minlength=len(times))
    left = np.bincount(place, outcome != ON_THE_WAY, minlength=len(times))
    at_risk = len(days) - np.concatenate([[0], np.cumsum(all_out)[:-1]])
    happened = left > 0
    times, reached, left, at_risk = (part[happened] for part in (times, reached, left, at_risk))
    before = np.concatenate([[1.0], np.cumprod(1 - left / at_risk)[:-1]])
    share = np.cumsum(before * reached / at_risk)
    return Incidence(
        days=times,
        share=share,
        standard_error=np.sqrt(_variance(share, before, reached, left, at_risk)),
        started=len(days),
        longest=float(days.max(initial=0.0)),
    )


def _variance(share: Array, before: Array, reached: Array, left: Array, at_risk: Array) -> Array:
    """Variance of F(t): sums over t_i <= t of what is quadratic in F(t), hence three sums each."""
    still = at_risk - left
    greenwood = np.divide(left, at_risk * still, out=np.zeros_like(share), where=still > 0)
    own = np.cumsum(before**2 * reached * (at_risk - reached) / at_risk**3)
    mixed = before * reached / at_risk**2
    square = (
        share**2 * np.cumsum(greenwood)
        - 2 * share * np.cumsum(greenwood * share)
        + np.cumsum(greenwood * share**2)
    )
    cross = share * np.cumsum(mixed) - np.cumsum(mixed * share)
    return np.maximum(square + own - 2 * cross, 0.0)


def _bounds(share: Array, error: Array, n: int, level: float) -> tuple[Array, Array]:
    """Return the interval; where no one or everyone reached it, the exact binomial one."""
    z = ndtri(0.5 + level / 2)
    inside = (share > 0) & (share < 1) & (error > 0)
    safe = np.where(inside, share, 0.5)
    centre = np.log(-np.log1p(-safe))
    reach = z * np.where(inside, error, 0.0) / ((1 - safe) * -np.log1p(-safe))
    low, high = (-np.expm1(-np.exp(centre + side * reach)) for side in (-1, 1))
    tail = ((1 - level) / 2) ** (1 / max(n, 1))
    low = np.where(inside, low, np.where(share == 1, tail, share))
    high = np.where(inside, high, np.where(share == 0, 1 - tail, share))
    return low, high
