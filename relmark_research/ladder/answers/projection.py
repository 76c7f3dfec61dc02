"""Who will stand where, how long it takes, and where the numbers come to rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.errors import LadderError, ParameterError, check_level, unknown_name
from relmark_research.ladder.estimation import markov
from relmark_research.ladder.history.periods import YEARS, label_of
from relmark_research.stats.intervals import percentile_interval
from relmark_research.units import Horizon, TimeUnit

if TYPE_CHECKING:
    from relmark_research.ladder.answers.transition_estimate import TransitionEstimate

Array = np.ndarray
LONGEST = 2000  # periods that a distribution of times is followed


@dataclass(frozen=True)
class Projection:
    """How many will stand on each rung.

    Attributes
    ----------
    table
        ahead (0 is now), period (its name), rung, expected, low, high. The interval carries both
        the uncertainty of the matrix and chance in who moves.
    level
        Probability of each interval.
    """

    table: pd.DataFrame
    level: float

    def wide(self) -> pd.DataFrame:
        """Return expected numbers, a row per period and a column per rung."""
        wide = self.table.pivot(index="period", columns="rung", values="expected")
        return wide.reindex(
            index=self.table["period"].unique(), columns=self.table["rung"].unique()
        )


@dataclass(frozen=True)
class Reach:
    """How long it takes to get to a rung.

    Attributes
    ----------
    rung
        Where to.
    table
        Index origin; probability (ever to get there), mean and sd of the time of those who do,
        with low and high for the probability and the mean, and median: all in periods.
    distribution
        Chance to have got there within 0, 1, 2, ... periods (index), a column per origin.
    level
        Probability of each interval.
    """

    rung: str
    table: pd.DataFrame
    distribution: pd.DataFrame
    level: float


def project(
    estimate: TransitionEstimate,
    start: Mapping[str, float] | pd.Series | None,
    periods: int,
    *,
    inflow: Mapping[str, float] | None,
    level: float,
) -> Projection:
    """Say how many will stand on each rung in each of the next periods.

    Parameters
    ----------
    estimate
        The chances.
    start
        How many stand on each rung now; None takes the history's last period.
    periods
        How many periods ahead, >= 1.
    inflow
        How many new people enter on each rung at the end of every period.
    level
        Probability of each interval.

    Returns
    -------
    Projection
        expected: n P + inflow, again and again.
    """
    check_level(level)
    if not (periods == int(periods) and periods >= 1):
        raise ParameterError(f"periods must be a whole number of at least 1; found {periods}.")
    P = estimate.whole("a projection")
    now = numbers_of(estimate, _start(estimate, start), "start")
    new = numbers_of(estimate, inflow or {}, "inflow")
    expected = [now]
    for _ in range(int(periods)):
        expected.append(expected[-1] @ P + new)
    low, high = _spread(estimate, now, new, int(periods), level)
    return Projection(_table(estimate, np.array(expected), low, high), level)


def _start(
    estimate: TransitionEstimate, start: Mapping[str, float] | pd.Series | None
) -> Mapping[str, float] | pd.Series:
    if start is not None:
        return start
    if estimate.history is None:
        raise ParameterError(
            "start must say how many stand on each rung now, as in {'first-time': 500}: the "
            "estimate was made from counts and does not know."
        )
    return estimate.history.latest()


def numbers_of(
    estimate: TransitionEstimate, given: Mapping[str, float] | pd.Series, what: str
) -> Array:
    """Return a number per state, refusing unknown rungs and what is no number of people."""
    numbers = np.zeros(len(estimate.states))
    for rung, value in dict(given).items():
        if str(rung) not in estimate.states:
            raise LadderError(f"{what}: {unknown_name('rung', rung, estimate.states)}")
        if not (np.isfinite(value) and value >= 0):
            raise ParameterError(
                f"{what}: a number of people is 0 or more; found {value} on {rung}."
            )
        numbers[estimate.states.index(str(rung))] = value
    return numbers


def _spread(
    estimate: TransitionEstimate, now: Array, new: Array, periods: int, level: float
) -> tuple[Array, Array]:
    """Follow whole people through drawn matrices; what is not whole is moved on average."""
    drawn = np.nan_to_num(estimate.drawn)
    rng = np.random.default_rng(estimate.draws_seed)
    whole = np.floor(now)
    people = np.broadcast_to(whole.astype(np.int64), (len(drawn), len(now)))
    rest = np.broadcast_to(now - whole, people.shape)
    path = [people + rest]
    entering, part = np.floor(new).astype(np.int64), new - np.floor(new)
    for _ in range(periods):
        people = rng.multinomial(people, drawn).sum(axis=1) + entering
        rest = (rest[:, None, :] @ drawn)[:, 0] + part
        path.append(people + rest)
    return percentile_interval(np.stack(path, axis=1), level)


def _table(estimate: TransitionEstimate, expected: Array, low: Array, high: Array) -> pd.DataFrame:
    steps, k = expected.shape
    last = estimate.history.last_period if estimate.history is not None else 0
    calendar = estimate.period if estimate.history is not None else None
    return pd.DataFrame(
        {
            "ahead": np.repeat(np.arange(steps), k),
            "period": np.repeat([label_of(last + t, calendar) for t in range(steps)], k),
            "rung": np.tile(np.array(estimate.states, object), steps),
            "expected": expected.ravel(),
            "low": low.ravel(),
            "high": high.ravel(),
        }
    )


def time_to(estimate: TransitionEstimate, rung: str, *, before: str | None, level: float) -> Reach:
    """Say how long it takes to get to a rung from each other.

    Parameters
    ----------
    estimate
        The chances.
    rung
        Where to: for the time to loss, the state that means lost.
    before
        A state at which the way ends, such as lost: who gets there first is not counted as
        reaching ``rung``, though some might come back. None: no way ends.
    level
        Probability of each interval.

    Returns
    -------
    Reach
        Times in periods: mean (I - Q)^-1 h / h with h the chance ever to get there.

    References
    ----------
    Kemeny and Snell 1960, Finite Markov Chains, theorem 3.3.5.

    Examples
    --------
    >>> from relmark_research.ladder.answers.transition_estimate import estimate_transitions
    >>> counts = pd.DataFrame([[75, 25], [0, 40]], index=["client", "lost"],
    ...                       columns=["client", "lost"])
    >>> float(estimate_transitions(counts).time_to("lost").table.loc["client", "mean"])
    4.0
    """
    check_level(level)
    P, target = estimate.whole("the time to a rung"), estimate.place(rung)
    drawn = np.nan_to_num(estimate.drawn)
    if before is not None:
        P, drawn = (markov.ending(matrix, estimate.place(before)) for matrix in (P, drawn))
    chance, mean, sd = markov.time_to(P, target)
    drawn_chance, drawn_mean, _ = markov.time_to(drawn, target)
    path = _distribution(P, target, chance)
    with np.errstate(invalid="ignore", divide="ignore"):
        median = np.where(chance > 0, markov.quantile(path / chance, 0.5), np.nan)
        middle = percentile_interval(drawn_mean, level)
    ends = percentile_interval(drawn_chance, level)
    table = pd.DataFrame(
        {
            "probability": chance, "probability_low": ends[0], "probability_high": ends[1],
            "mean": mean, "mean_low": middle[0], "mean_high": middle[1], "sd": sd, "median": median,
        },
        index=pd.Index(estimate.states, name="origin"),
    )  # fmt: skip
    index = pd.RangeIndex(len(path), name="periods")
    return Reach(rung, table, pd.DataFrame(path, index, list(estimate.states)), level)


def _distribution(P: Array, target: int, chance: Array) -> Array:
    """Follow the chances until all but a thousandth of those who get there have."""
    periods = 16
    while True:
        path = markov.reaching(P, target, periods)
        if periods >= LONGEST or (path[-1] >= 0.999 * chance).all():
            return path
        periods *= 2


def probability_of_reaching(
    estimate: TransitionEstimate, rung: str, within: int | str | Horizon, *, level: float
) -> pd.DataFrame:
    """Say which share will have reached a rung within so many periods.

    Parameters
    ----------
    estimate
        The chances.
    rung
        Where to.
    within
        Periods, or a length such as ``"12 months"`` where the period is a calendar one; parts of
        a period do not count.
    level
        Probability of each interval.

    Returns
    -------
    DataFrame
        Index origin; probability, low, high.
    """
    check_level(level)
    P, target = estimate.whole("the chance of reaching a rung"), estimate.place(rung)
    n = periods_within(within, estimate.period)
    drawn = markov.reaching(np.nan_to_num(estimate.drawn), target, n)[-1]
    low, high = percentile_interval(drawn, level)
    found = {"probability": markov.reaching(P, target, n)[-1], "low": low, "high": high}
    return pd.DataFrame(found, index=pd.Index(estimate.states, name="origin"))


def periods_within(within: int | str | Horizon, period: str | None) -> int:
    """Return how many whole periods a length of time holds.

    Examples
    --------
    >>> periods_within("12 months", "quarter"), periods_within(3, None)
    (4, 3)
    """
    if isinstance(within, int | float):
        if within < 0 or within != int(within):
            raise ParameterError(f"within is a whole number of periods, 0 or more; found {within}.")
        return int(within)
    if period is None:
        raise ParameterError(
            f"within={within!r} needs the calendar length of a period, which the table did not "
            "say. Give a number of periods, or estimate_transitions(..., period='month')."
        )
    years = Horizon.parse(within).length(TimeUnit("year"))
    if not np.isfinite(years):
        raise ParameterError("within must end; for the chance ever to get there see time_to.")
    return int(years / YEARS[period] + 1e-6)
