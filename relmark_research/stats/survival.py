"""Time to an event with right censoring: Kaplan-Meier, Aalen-Johansen and the log-rank test.

Of n_i at risk just before t_i, d_i have an event at t_i, e_i of them the event of interest. Then

    S(t) = product over t_i <= t of (1 - d_i / n_i)       survival               (Kaplan-Meier)
    F(t) = sum over t_i <= t of S(t_i-) e_i / n_i         cumulative incidence   (Aalen-Johansen)

and F = 1 - S where no event competes with the one of interest. Times run from the start of each
unit; a unit without an event by the end of its observation is censored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.stats.intervals import normal_quantile, tail_probabilities

Array = np.ndarray

CENSORED, EVENT, COMPETING_EVENT = 0, 1, 2


@dataclass(frozen=True)
class SurvivalCurve:
    """A Kaplan-Meier estimate at the times of the events.

    Attributes
    ----------
    time
        Increasing times at which an event occurred, shape (k,).
    at_risk, events
        n_i and d_i, shape (k,).
    survival
        S at these times, shape (k,).
    """

    time: Array
    at_risk: Array
    events: Array
    survival: Array

    @property
    def hazard(self) -> Array:
        """Share of those at risk with an event, d_i / n_i, shape (k,)."""
        result: Array = self.events / self.at_risk
        return result

    def at(self, time: Array) -> Array:
        """Return S at any times, a step function that begins at 1."""
        place = np.searchsorted(self.time, time, side="right")
        return np.concatenate([[1.0], self.survival])[place]

    def interval(self, level: float = 0.95) -> tuple[Array, Array]:
        """Return low and high of S at the times of the events.

        Returns
        -------
        tuple of ndarray
            S ^ exp(+- z s / ln S) with Greenwood's s^2 = sum of d_i / (n_i (n_i - d_i)), so that
            the interval is symmetric in ln(-ln S); missing (NaN) where S is 0.

        References
        ----------
        Kalbfleisch and Prentice (1980), The statistical analysis of failure time data, section 1.3.
        """
        n, d, S = self.at_risk, self.events, self.survival
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.sqrt(np.cumsum(d / (n * (n - d))))
            reach = normal_quantile(level) * error / np.log(S)
            low, high = S ** np.exp(-reach), S ** np.exp(reach)
        inside = (S > 0) & (S < 1)
        return np.where(inside, low, np.nan), np.where(inside, high, np.nan)


def kaplan_meier(time: Array, event: Array, weights: Array | None = None) -> SurvivalCurve:
    """Estimate survival by Kaplan and Meier's product-limit estimator.

    Parameters
    ----------
    time
        Time to the event or to censoring, shape (n,).
    event
        Whether the event occurred (true) or the time is censored (false), shape (n,).
    weights
        Number of units that each row counts, >= 0, shape (n,); 1 by default.

    References
    ----------
    Kaplan and Meier (1958), Nonparametric estimation from incomplete observations, Journal of the
    American Statistical Association 53(282), 457-481.

    Examples
    --------
    >>> curve = kaplan_meier(np.array([1, 2, 2, 3, 3]), np.array([1, 1, 0, 1, 0]))
    >>> curve.time.tolist(), curve.survival.round(4).tolist()
    ([1.0, 2.0, 3.0], [0.8, 0.6, 0.3])
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    found = SurvfuncRight(
        np.asarray(time, float),
        np.asarray(event, int),
        freq_weights=np.ones(len(time)) if weights is None else np.asarray(weights, float),
    )
    return SurvivalCurve(
        time=np.asarray(found.surv_times, float),
        at_risk=np.asarray(found.n_risk, float),
        events=np.asarray(found.n_events, float),
        survival=np.asarray(found.surv_prob, float),
    )


def log_rank(time: Array, event: Array, group: Array) -> tuple[float, float]:
    """Test whether groups share one survival curve.

    Parameters
    ----------
    time, event
        As for `kaplan_meier`, shape (n,).
    group
        The group of each row, shape (n,).

    Returns
    -------
    tuple of float
        Chi-square with (groups - 1) degrees of freedom, and its p-value; missing (NaN) with one
        group or without an event.

    References
    ----------
    Mantel (1966), Evaluation of survival data and two new rank order statistics, Cancer
    Chemotherapy Reports 50(3), 163-170.

    Examples
    --------
    >>> time, event = np.array([1, 2, 3, 4, 5, 6]), np.ones(6)
    >>> chi2, p_value = log_rank(time, event, np.array(["a", "a", "a", "b", "b", "b"]))
    >>> round(chi2, 3), round(p_value, 3)  # (3 - 1.15)^2 / 0.6775
    (5.052, 0.025)
    """
    from statsmodels.duration.survfunc import survdiff

    places, names = pd.factorize(np.asarray(group))
    if len(names) < 2 or not np.any(event):
        return float("nan"), float("nan")
    chi2, p_value = survdiff(np.asarray(time, float), np.asarray(event, int), places)
    return float(chi2), float(p_value)


@dataclass(frozen=True)
class CumulativeIncidence:
    """An Aalen-Johansen estimate at the times of the events, competing ones included.

    Attributes
    ----------
    time
        Increasing times at which an event occurred, shape (k,).
    incidence
        F at these times, shape (k,).
    standard_error
        Of ``incidence``, shape (k,).
    n
        Number of units.
    longest_followup
        The longest time, censored or not.
    """

    time: Array
    incidence: Array
    standard_error: Array
    n: int
    longest_followup: float

    @property
    def plateaued(self) -> bool:
        """Whether F did not rise in the last quarter of the longest follow-up."""
        rises = np.diff(self.incidence, prepend=0.0) > 0
        return bool(not rises.any() or self.time[rises][-1] <= 0.75 * self.longest_followup)

    @property
    def median(self) -> float:
        """Time at which F reaches half of its last value; missing (NaN) where F stays 0."""
        if not self.incidence.size or self.incidence[-1] == 0:
            return float("nan")
        half = self.incidence[-1] / 2 - 1e-12
        return float(self.time[np.searchsorted(self.incidence, half)])

    def at(self, time: float | Array, *, level: float = 0.95) -> tuple[Array, Array, Array]:
        """Return F at any times, and its interval.

        The interval is symmetric in ln(-ln(1 - F)); where F is 0 or 1 it is the exact binomial
        interval. Beyond the longest follow-up all three are missing (NaN).
        """
        time = np.asarray(time, dtype=float)
        place = np.searchsorted(self.time, time, side="right")
        incidence = np.concatenate([[0.0], self.incidence])[place]
        error = np.concatenate([[0.0], self.standard_error])[place]
        low, high = _incidence_interval(incidence, error, self.n, level)
        unknown = np.isfinite(time) & (time > self.longest_followup)
        return tuple(np.where(unknown, np.nan, each) for each in (incidence, low, high))  # type: ignore[return-value]

    def final(self, *, level: float = 0.95) -> tuple[float, float, float]:
        """Return F at the end of the follow-up, and its interval."""
        incidence, low, high = self.at(np.inf, level=level)
        return float(incidence), float(low), float(high)


def cumulative_incidence(time: Array, outcome: Array) -> CumulativeIncidence:
    """Estimate the probability of an event by each time, where other events may prevent it.

    Parameters
    ----------
    time
        Time to the first event or to censoring, >= 0, shape (n,).
    outcome
        `CENSORED` (0), `EVENT` (1) or `COMPETING_EVENT` (2), shape (n,).

    Returns
    -------
    CumulativeIncidence
        F(t) = sum over t_i <= t of S(t_i-) e_i / n_i, and its standard error by the delta method.

    References
    ----------
    Aalen and Johansen (1978), An empirical transition matrix for non-homogeneous Markov chains
    based on censored observations, Scandinavian Journal of Statistics 5(3), 141-150.
    Marubini and Valsecchi (1995), Analysing survival data from clinical trials and observational
    studies, chapter 10 (standard error).

    Examples
    --------
    >>> found = cumulative_incidence(np.array([1, 2, 2, 5, 5]), np.array([1, 1, 0, 2, 0]))
    >>> found.time.tolist(), found.incidence.round(3).tolist()
    ([1.0, 2.0, 5.0], [0.2, 0.4, 0.4])
    """
    time, outcome = np.asarray(time, dtype=float), np.asarray(outcome, dtype=int)
    times, place = np.unique(time, return_inverse=True)
    leaving = np.bincount(place, minlength=len(times))
    own = np.bincount(place, outcome == EVENT, minlength=len(times))
    events = np.bincount(place, outcome != CENSORED, minlength=len(times))
    at_risk = len(time) - np.concatenate([[0], np.cumsum(leaving)[:-1]])
    occurred = events > 0
    times, own, events, at_risk = (each[occurred] for each in (times, own, events, at_risk))
    before = np.concatenate([[1.0], np.cumprod(1 - events / at_risk)[:-1]])
    incidence = np.cumsum(before * own / at_risk)
    return CumulativeIncidence(
        time=times,
        incidence=incidence,
        standard_error=np.sqrt(_incidence_variance(incidence, before, own, events, at_risk)),
        n=len(time),
        longest_followup=float(time.max(initial=0.0)),
    )


def _incidence_variance(F: Array, before: Array, own: Array, events: Array, n: Array) -> Array:
    """Return Var F(t); each sum over t_i <= t is quadratic in F(t), hence three cumulative sums.

    statsmodels' CumIncidenceRight has the same variance, but none at a time after which nothing is
    left at risk; there the limit is taken.
    """
    left = n - events
    greenwood = np.divide(events, n * left, out=np.zeros_like(F), where=left > 0)
    alone = np.cumsum(before**2 * own * (n - own) / n**3)
    mixed = before * own / n**2
    square = (
        F**2 * np.cumsum(greenwood) - 2 * F * np.cumsum(greenwood * F) + np.cumsum(greenwood * F**2)
    )
    cross = F * np.cumsum(mixed) - np.cumsum(mixed * F)
    result: Array = np.maximum(square + alone - 2 * cross, 0.0)
    return result


def _incidence_interval(
    incidence: Array, error: Array, n: int, level: float
) -> tuple[Array, Array]:
    """Return the interval of F; where F is 0 or 1, the exact binomial one (Clopper-Pearson)."""
    inside = (incidence > 0) & (incidence < 1) & (error > 0)
    safe = np.where(inside, incidence, 0.5)
    centre = np.log(-np.log1p(-safe))
    slope = (1 - safe) * -np.log1p(-safe)
    reach = normal_quantile(level) * np.where(inside, error, 0.0) / slope
    low, high = (-np.expm1(-np.exp(centre + side * reach)) for side in (-1, 1))
    tail = tail_probabilities(level)[0] ** (1 / max(n, 1))
    low = np.where(inside, low, np.where(incidence == 1, tail, incidence))
    high = np.where(inside, high, np.where(incidence == 0, 1 - tail, incidence))
    return low, high
