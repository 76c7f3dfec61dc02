"""First passage: whether and when a rung is reached, by the matrix and as observed.

h       probability of ever reaching the target j: (I - Q) h = r, Q the matrix without j
E T     mean first passage time of those who reach it: (I - Q)^-1 h / h
F(t)    probability of having reached it within t periods

References
----------
Kemeny and Snell 1960, Finite Markov Chains, theorem 3.3.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research._repr import html_table
from relmark_research.errors import LadderError, ParameterError, check_level, unknown_name
from relmark_research.ladder.estimation import markov
from relmark_research.ladder.estimation.transition_matrix import Array, TransitionMatrix
from relmark_research.stats.intervals import percentile_interval
from relmark_research.stats.survival import kaplan_meier
from relmark_research.units import Horizon, Period, TimeUnit

MAX_PERIODS = 2000  # to which a distribution of times is computed
MIN_AT_RISK = 10  # people, below which the observed curve ends


@dataclass(frozen=True)
class FirstPassage:
    """First passage from each rung to a target.

    Attributes
    ----------
    target
        The rung to reach.
    table
        Index origin; probability (of ever reaching the target), mean and sd of the time of those
        who do, with _low and _high of the probability and the mean, and median: all in periods.
    distribution
        Probability of having reached the target within 0, 1, 2, ... periods (index), a column per
        origin.
    level
        Probability of each interval.
    """

    target: str
    table: pd.DataFrame
    distribution: pd.DataFrame
    level: float

    def __repr__(self) -> str:
        rows = self.table.drop(index=self.target, errors="ignore")
        means = ", ".join(f"{name} {mean:.1f}" for name, mean in rows["mean"].items())
        return f"<{self._title()}; mean periods from {means}>"

    def _repr_html_(self) -> str:
        rows: list[tuple[object, ...]] = [("from", "probability", "mean periods", "low", "high")]
        rows += [
            (name, f"{row['probability']:.1%}", row["mean"], row["mean_low"], row["mean_high"])
            for name, row in self.table.iterrows()
        ]
        return html_table(self._title(), rows)

    def _title(self) -> str:
        return f"FirstPassage to {self.target} ({self.level:.0%} intervals)"


def time_to(
    estimate: TransitionMatrix, rung: str, *, before: str | None, level: float
) -> FirstPassage:
    """Return the first passage time to a rung, see `TransitionEstimate.time_to`.

    Examples
    --------
    >>> from relmark_research.ladder.answers.transition_estimate import estimate_transitions
    >>> states = ["client", "lost"]
    >>> counts = pd.DataFrame([[75, 25], [0, 40]], index=states, columns=states)
    >>> float(estimate_transitions(counts).time_to("lost").table.loc["client", "mean"])
    4.0
    """
    check_level(level)
    P, target = estimate.complete_matrix("the time to a rung"), estimate.state_index(rung)
    draws = estimate.probability_draws
    if before is not None:
        end = estimate.state_index(before)
        P, draws = markov.make_absorbing(P, end), markov.make_absorbing(draws, end)
    probability, mean, sd = markov.first_passage_times(P, target)
    drawn_probability, drawn_mean, _ = markov.first_passage_times(draws, target)
    path = _distribution(P, target, probability)
    with np.errstate(invalid="ignore", divide="ignore"):
        quantile = markov.first_passage_quantile(path / probability, 0.5)
        median = np.where(probability > 0, quantile, np.nan)
        mean_low, mean_high = percentile_interval(drawn_mean, level)
    low, high = percentile_interval(drawn_probability, level)
    table = pd.DataFrame(
        {
            "probability": probability, "probability_low": low, "probability_high": high,
            "mean": mean, "mean_low": mean_low, "mean_high": mean_high, "sd": sd, "median": median,
        },
        index=estimate.index("origin"),
    )  # fmt: skip
    periods = pd.RangeIndex(len(path), name="periods")
    return FirstPassage(rung, table, pd.DataFrame(path, periods, list(estimate.states)), level)


def _distribution(P: Array, target: int, probability: Array) -> Array:
    """F(t) until all but a thousandth of those who reach the target have reached it."""
    periods = 16
    while True:
        path = markov.first_passage_distribution(P, target, periods)
        if periods >= MAX_PERIODS or (path[-1] >= 0.999 * probability).all():
            return path
        periods *= 2


def probability_of_reaching(
    estimate: TransitionMatrix, rung: str, within: int | str | Horizon, *, level: float
) -> pd.DataFrame:
    """Return the probability of reaching a rung in time, see the method of `TransitionEstimate`."""
    check_level(level)
    P = estimate.complete_matrix("the probability of reaching a rung")
    target, n = estimate.state_index(rung), periods_within(within, estimate.period)
    probability, drawn = (
        markov.first_passage_distribution(matrix, target, n)[-1]
        for matrix in (P, estimate.probability_draws)
    )
    low, high = percentile_interval(drawn, level)
    found = {"probability": probability, "low": low, "high": high}
    return pd.DataFrame(found, index=estimate.index("origin"))


def periods_within(within: int | str | Horizon, period: Period | None) -> int:
    """Return the number of whole periods in a length of time.

    Examples
    --------
    >>> periods_within("12 months", Period("quarter")), periods_within(3, None)
    (4, 3)
    """
    if isinstance(within, int | float):
        if within < 0 or within != int(within):
            raise ParameterError(f"within is a whole number of periods, 0 or more; found {within}.")
        return int(within)
    if period is None:
        raise ParameterError(
            f"within={within!r} needs the calendar length of a period, which the table does not "
            "give. Give a number of periods, or estimate_transitions(..., period='month')."
        )
    years = Horizon.parse(within).length(TimeUnit("year"))
    if not np.isfinite(years):
        raise ParameterError("within must end; time_to gives the probability of ever reaching it.")
    return int(years / period.years + 1e-6)


def first_passage_table(
    estimate: TransitionMatrix, start: str, target: str, *, level: float = 0.95
) -> pd.DataFrame:
    """Return the share that has reached a rung from another by period: observed and by the matrix.

    Parameters
    ----------
    estimate
        Made from a history.
    start, target
        Rungs; time is counted from a person's first period on ``start``.
    level
        Probability of each interval.

    Returns
    -------
    DataFrame
        periods; at_risk; observed, observed_low, observed_high: 1 - S(t), Kaplan and Meier's
        estimate with intervals of the logarithm of the cumulative hazard (Greenwood); expected,
        expected_low, expected_high by the matrix. People whose data end before the target are
        censored then.
    """
    history = estimate.required_history("the observed time from rung to rung")
    a, b = estimate.state_index(start), estimate.state_index(target)
    if a == b:
        raise LadderError(f"start and target must be two rungs; both are {start}.")
    durations = history.source.first_passages(a, b)
    if durations.empty:
        raise LadderError(unknown_name("rung with people at risk", start, estimate.states))
    table = _observed(durations, level)
    last = int(table["periods"].max())
    P, draws = estimate.complete_matrix("the time to a rung"), estimate.probability_draws
    path, drawn = (
        markov.first_passage_distribution(matrix, b, last)[..., a] for matrix in (P, draws)
    )
    low, high = percentile_interval(drawn.T, level)
    at = table["periods"].to_numpy(int)
    return table.assign(expected=path[at], expected_low=low[at], expected_high=high[at])


def _observed(durations: pd.DataFrame, level: float) -> pd.DataFrame:
    duration, people = durations["duration"].to_numpy(), durations["n"].to_numpy(float)
    curve = kaplan_meier(duration, durations["reached"].to_numpy(bool), people)
    periods = np.arange(int(duration.max()) + 1)
    arrived, steps = 1 - curve.at(periods), np.searchsorted(curve.time, periods, side="right")
    low, high = (np.concatenate([[np.nan], 1 - end])[steps] for end in curve.interval(level)[::-1])
    table = pd.DataFrame(
        {
            "periods": periods,
            "at_risk": [people[duration >= period].sum() for period in periods],
            "observed": arrived,
            "observed_low": np.where(np.isnan(low), arrived, low),
            "observed_high": np.where(np.isnan(high), arrived, high),
        }
    )
    return table[table["at_risk"] >= MIN_AT_RISK]
