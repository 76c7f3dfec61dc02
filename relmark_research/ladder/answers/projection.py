"""The number of people on each rung in the coming periods and in the long run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research._repr import html_table
from relmark_research.errors import LadderError, ParameterError, check_level, unknown_name
from relmark_research.ladder.estimation import markov
from relmark_research.ladder.estimation.transition_matrix import Array, TransitionMatrix
from relmark_research.ladder.history._period_numbers import period_label
from relmark_research.stats.intervals import percentile_interval
from relmark_research.tables.read_table import read_values
from relmark_research.tables.schemas import Column

Numbers = Mapping[str, float] | pd.Series


@dataclass(frozen=True)
class Projection:
    """Projected numbers of people on each rung.

    Attributes
    ----------
    table
        periods_ahead (0 is now), period (its name), rung, expected, low, high. The interval covers
        the uncertainty of the matrix and chance in the moves.
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

    def __repr__(self) -> str:
        numbers = ", ".join(f"{row.rung} {row.expected:,.0f}" for row in self._last().itertuples())
        return f"<{self._title()}; expected {numbers}>"

    def _repr_html_(self) -> str:
        rows: list[tuple[object, ...]] = [("rung", "expected", "low", "high")]
        rows += [
            (row["rung"], *(f"{row[name]:,.0f}" for name in ("expected", "low", "high")))
            for row in self._last().to_dict("records")
        ]
        return html_table(self._title(), rows)

    def _last(self) -> pd.DataFrame:
        ahead = self.table["periods_ahead"]
        return self.table[ahead == ahead.max()]

    def _title(self) -> str:
        last = self._last()
        return (
            f"Projection to period {last['period'].iloc[0]} "
            f"({last['periods_ahead'].iloc[0]} ahead, {self.level:.0%} intervals)"
        )


def project(
    estimate: TransitionMatrix,
    start: Numbers | None,
    periods: int,
    *,
    inflow: Mapping[str, float] | None,
    level: float,
) -> Projection:
    """Project the number of people on each rung, see `TransitionEstimate.project`."""
    check_level(level)
    if not (periods == int(periods) and periods >= 1):
        raise ParameterError(f"periods must be a whole number of at least 1; found {periods}.")
    P = estimate.complete_matrix("a projection")
    now = _by_state(estimate, _start(estimate, start), "start")
    new = _by_state(estimate, inflow or {}, "inflow")
    expected = [now]
    for _ in range(int(periods)):
        expected.append(expected[-1] @ P + new)
    low, high = _simulated_interval(estimate, now, new, int(periods), level)
    return Projection(_table(estimate, np.array(expected), low, high), level)


def _start(estimate: TransitionMatrix, start: Numbers | None) -> Numbers:
    if start is not None:
        return start
    if estimate.history is None:
        raise ParameterError(
            "start must give the number of people on each rung, as in {'first-time': 500}: the "
            "estimate was made from counts and does not know them."
        )
    return estimate.history.latest()


def _by_state(estimate: TransitionMatrix, given: Numbers, what: str) -> Array:
    """Return a number per state, refusing unknown rungs and negative or missing numbers."""
    numbers = np.zeros(len(estimate.states))
    if isinstance(given, pd.Series):
        given = read_values(given, Column(what, "number", "people on each rung"))
    for rung, value in dict(given).items():
        if str(rung) not in estimate.states:
            raise LadderError(f"{what}: {unknown_name('rung', rung, estimate.states)}")
        if not (np.isfinite(value) and value >= 0):
            raise ParameterError(
                f"{what}: a number of people is 0 or more; found {value} on {rung}."
            )
        numbers[estimate.states.index(str(rung))] = value
    return numbers


def _simulated_interval(
    estimate: TransitionMatrix, now: Array, new: Array, periods: int, level: float
) -> tuple[Array, Array]:
    """Simulate whole people under drawn matrices; fractions of a person move in expectation."""
    P = estimate.probability_draws
    rng = np.random.default_rng(estimate.draws_seed)
    floor = np.floor(now)
    people = np.broadcast_to(floor.astype(np.int64), (len(P), len(now)))
    fraction = np.broadcast_to(now - floor, people.shape)
    path = [people + fraction]
    entering, part = np.floor(new).astype(np.int64), new - np.floor(new)
    for _ in range(periods):
        people = rng.multinomial(people, P).sum(axis=1) + entering
        fraction = (fraction[:, None, :] @ P)[:, 0] + part
        path.append(people + fraction)
    return percentile_interval(np.stack(path, axis=1), level)


def _table(estimate: TransitionMatrix, expected: Array, low: Array, high: Array) -> pd.DataFrame:
    steps, k = expected.shape
    last = estimate.history.last_period if estimate.history is not None else 0
    calendar = estimate.period if estimate.history is not None else None
    return pd.DataFrame(
        {
            "periods_ahead": np.repeat(np.arange(steps), k),
            "period": np.repeat([period_label(last + t, calendar) for t in range(steps)], k),
            "rung": np.tile(np.array(estimate.states, object), steps),
            "expected": expected.ravel(),
            "low": low.ravel(),
            "high": high.ravel(),
        }
    )


def steady_state(
    estimate: TransitionMatrix,
    inflow: Mapping[str, float] | None,
    *,
    absorbing_state: str | None,
    level: float,
) -> pd.DataFrame:
    """Return the numbers in the long run, see `TransitionEstimate.steady_state`.

    People who return from the absorbing state are not included: count them in the inflow.
    """
    check_level(level)
    P, draws = estimate.complete_matrix("the steady state"), estimate.probability_draws
    if inflow is None:
        middle, drawn = markov.stationary_distribution(P), markov.stationary_distribution(draws)
    else:
        new = _by_state(estimate, inflow, "inflow")
        absorbing = np.zeros(len(P), bool)
        absorbing[_absorbing_index(estimate, absorbing_state)] = True
        _check_accessible(estimate, P, absorbing)
        middle, drawn = (markov.steady_state_numbers(each, new, absorbing) for each in (P, draws))
    low, high = percentile_interval(drawn, level)
    found = {"expected": middle, "low": low, "high": high}
    return pd.DataFrame(found, index=estimate.index("rung"))


def _absorbing_index(estimate: TransitionMatrix, absorbing_state: str | None) -> int:
    if absorbing_state is None and not estimate.off_ladder:
        raise ParameterError(
            "with inflow there is a steady state only if people leave: name the state in which "
            "they no longer count, as in steady_state(inflow, absorbing_state='lost')."
        )
    return estimate.state_index(absorbing_state or estimate.off_ladder[-1])


def _check_accessible(estimate: TransitionMatrix, P: Array, absorbing: Array) -> None:
    able = markov.can_reach(P, int(np.argmax(absorbing)))
    if not able.all():
        stuck = [s for s, leaves in zip(estimate.states, able, strict=True) if not leaves]
        raise LadderError(
            f"there is no steady state: people on {', '.join(stuck)} never reach the absorbing "
            "state, so their number grows with every period. Give a prior, or choose another "
            "absorbing_state."
        )
