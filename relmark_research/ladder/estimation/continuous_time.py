"""A Markov chain in continuous time from panel data: customers observed at irregular times.

Q     generator: rates per unit of time, q_rs >= 0 off the diagonal, rows summing to zero
P(t)  expm(Q t): transition probabilities over a time t
L     product over successive observations of P(t)[a, b]; if b was entered exactly at the second one
      (such as a dated loss), sum over s != b of P(t)[a, s] q_sb

References
----------
Kalbfleisch and Lawless 1985, "The analysis of panel data under a Markov assumption", Journal of the
American Statistical Association 80, section 3. Jackson 2011, Journal of Statistical Software 38
(exact times). Van Loan 1978, IEEE Transactions on Automatic Control 23 (derivatives by blocks).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relmark_research._repr import html_table
from relmark_research.errors import (
    ConvergenceError,
    DataError,
    LadderError,
    check_level,
    unknown_name,
)
from relmark_research.ladder.estimation.markov import can_reach
from relmark_research.ladder.history._states import parse_moves
from relmark_research.stats.intervals import normal_quantile
from relmark_research.tables.given_tables import frame_of_source
from relmark_research.tables.read_table import read_values
from relmark_research.tables.schemas import Column
from relmark_research.units import DAYS_PER_YEAR

Array = np.ndarray


@dataclass(frozen=True)
class GeneratorEstimate:
    """Estimated transition rates in continuous time.

    Attributes
    ----------
    states
        Rungs in order.
    rates
        Q as an array, shape (states, states).
    moves
        Pairs of states whose rates were estimated.
    covariance
        Covariance of the logarithms of these rates.
    log_likelihood
        Maximum of the panel log-likelihood.
    pairs
        Number of pairs of successive observations.
    """

    states: tuple[str, ...]
    rates: Array
    moves: tuple[tuple[str, str], ...]
    covariance: Array
    log_likelihood: float
    pairs: int

    @property
    def generator(self) -> pd.DataFrame:
        """Rates per unit of time by origin and destination; the diagonal is minus the row's sum."""
        index = pd.Index(self.states, name="origin")
        return pd.DataFrame(self.rates, index, pd.Index(self.states, name="destination"))

    @property
    def sojourn(self) -> pd.Series:
        """Mean sojourn time on each rung, -1/q_rr; infinite for an absorbing state."""
        with np.errstate(divide="ignore"):
            times = -1 / np.diag(self.rates)
        return pd.Series(np.abs(times), index=pd.Index(self.states, name="rung"), name="time")

    def intervals(self, level: float = 0.95) -> pd.DataFrame:
        """Return origin, destination, rate, low, high: rate x exp(-+ z se of its logarithm)."""
        check_level(level)
        z = normal_quantile(level)
        cells = [(self.states.index(a), self.states.index(b)) for a, b in self.moves]
        rate = np.array([self.rates[cell] for cell in cells])
        spread = np.exp(z * np.sqrt(np.diag(self.covariance)))
        columns = {"origin": [a for a, _ in self.moves], "destination": [b for _, b in self.moves]}
        return pd.DataFrame(columns | {"rate": rate, "low": rate / spread, "high": rate * spread})

    def matrix(self, time: float) -> pd.DataFrame:
        """Return the transition probabilities over a time, expm(Q time)."""
        from scipy.linalg import expm

        return pd.DataFrame(expm(self.rates * time), self.generator.index, self.generator.columns)

    def time_to(self, rung: str) -> pd.Series:
        """Return the mean first passage time to a rung; infinite if it may never be reached.

        m = (-Q without the rung)^-1 1.
        """
        if rung not in self.states:
            raise LadderError(unknown_name("rung", rung, self.states))
        target = self.states.index(rung)
        linked = (self.rates > 0).astype(float)
        able = can_reach(linked, target)
        stopped = linked.copy()
        stopped[target] = 0  # infinite where the path may end in a state that cannot reach the rung
        stuck = [can_reach(stopped, int(s)) for s in np.flatnonzero(~able)]
        certain = able & ~np.any(stuck, axis=0) if stuck else able
        inner = np.flatnonzero(certain & (np.arange(len(able)) != target))
        times = np.where(certain, 0.0, np.inf)
        if len(inner):
            times[inner] = np.linalg.solve(-self.rates[np.ix_(inner, inner)], np.ones(len(inner)))
        return pd.Series(times, index=pd.Index(self.states, name="origin"), name="time")

    def __repr__(self) -> str:
        return f"<{self._title()}>"

    def _repr_html_(self) -> str:
        rows: list[tuple[object, ...]] = [("move", "rate", "low", "high")]
        rows += [
            (f"{row['origin']} to {row['destination']}", row["rate"], row["low"], row["high"])
            for row in self.intervals().to_dict("records")
        ]
        return html_table(self._title(), rows)

    def _title(self) -> str:
        return (
            f"GeneratorEstimate: {len(self.moves)} rates between {len(self.states)} states, "
            f"{self.pairs:,} pairs of observations"
        )


def fit_generator(
    panel: pd.DataFrame,
    *,
    rungs: Sequence[str] | None = None,
    impossible: Iterable[Any] = (),
    exact: Sequence[str] = (),
) -> GeneratorEstimate:
    """Estimate transition rates from observations at irregular times.

    Parameters
    ----------
    panel
        customer_id, time (a number, or a day; days become years of 365.2425 days), rung: one row
        per observation.
    rungs
        States in order; None takes the order of first appearance.
    impossible
        Direct moves that cannot happen (a path over other rungs may lead there). Possible moves
        that were never observed between successive rows get no rate.
    exact
        States whose time of entry is known exactly, such as a dated loss.

    Returns
    -------
    GeneratorEstimate
        Maximum of the panel likelihood; standard errors from its Hessian.

    Raises
    ------
    DataError
        If a column is missing, or the times of a customer do not increase.
    LadderError
        If a rung is unknown, no customer is observed twice, or an observed move is impossible.
    ConvergenceError
        If the optimiser does not converge.
    """
    states, pairs, observed = read_panel(panel, rungs, exact)
    k = len(states)
    excluded = parse_moves(impossible, states)
    for a, b in excluded:
        if observed[states.index(a), states.index(b)] and (b in exact or k == 2):
            raise LadderError(f"the move {a} to {b} is declared impossible, but was observed.")
    cells = [
        (i, j) for i in range(k) for j in range(k)
        if i != j and observed[i, j] and (states[i], states[j]) not in excluded
    ]  # fmt: skip
    if not cells:
        raise LadderError("no customer moved between two observations. Use longer data.")
    return _maximise(states, pairs, cells, observed)


@dataclass(frozen=True)
class ObservationPairs:
    """Successive observations of the same customer, equal pairs together.

    Attributes
    ----------
    times
        Distinct times between two observations, increasing, shape (times,).
    time_index, origin, destination
        For each distinct pair: the index in ``times``, the state before and the state after.
    exact
        Whether the state after was entered exactly at the second observation.
    n
        Number of such pairs.
    """

    times: Array
    time_index: Array
    origin: Array
    destination: Array
    exact: Array
    n: Array


def log_likelihood(rates: Array, pairs: ObservationPairs) -> float:
    """Return the logarithm of the panel likelihood.

    Parameters
    ----------
    rates
        Q, shape (states, states).
    pairs
        Successive observations.

    Examples
    --------
    >>> from scipy.linalg import expm
    >>> Q = np.array([[-0.5, 0.5], [0.2, -0.2]])
    >>> pairs = ObservationPairs(np.array([2.0]), *(np.array([k]) for k in (0, 0, 1)),
    ...                          np.array([False]), np.array([3]))
    >>> bool(np.isclose(log_likelihood(Q, pairs), 3 * np.log(expm(2 * Q)[0, 1])))
    True
    """
    return likelihood_and_slopes(rates, pairs, ())[0]


def likelihood_and_slopes(
    rates: Array, pairs: ObservationPairs, cells: Sequence[tuple[int, int]]
) -> tuple[float, Array]:
    """Return the log-likelihood and its derivatives by the rates of ``cells``."""
    entry = rates - np.diag(np.diag(rates))
    P, derivative = _exponentials(rates, pairs.times)
    probability = _pair_probabilities(P, entry, pairs)
    with np.errstate(divide="ignore"):
        total = float(pairs.n @ np.log(np.maximum(probability, 0)))
    slopes = np.zeros(len(cells))
    for at, (a, b) in enumerate(cells):
        direction = np.zeros_like(rates)
        direction[a, a], direction[a, b] = -1.0, 1.0
        slope = _pair_probabilities(derivative(direction), entry, pairs)
        entered = pairs.exact & (pairs.destination == b)
        slope = slope + np.where(entered, P[pairs.time_index, pairs.origin, a], 0.0)
        slopes[at] = pairs.n @ (slope / np.maximum(probability, 1e-300))
    return total, slopes


def _exponentials(rates: Array, times: Array) -> tuple[Array, Callable[[Array], Array]]:
    """P at all times, and its derivative in a direction G.

    From the eigenvalues d of Q = U d U^-1: U ((U^-1 G U) * v) U^-1 with
    v_ij = (e^(d_i t) - e^(d_j t)) / (d_i - d_j), or t e^(d_i t) for equal eigenvalues. If the
    eigenvectors are nearly dependent: the exponential of [[Q, G], [0, Q]] (Van Loan 1978).
    """
    d, U = np.linalg.eig(rates)
    if np.linalg.cond(U) > 1e7:
        return _exponentials_by_blocks(rates, times)
    inverse = np.linalg.inv(U)
    powers = np.exp(d * times[:, None])
    gap = d[:, None] - d[None, :]
    near = np.abs(gap) < 1e-7
    v = np.where(
        near,
        times[:, None, None] * powers[:, :, None],
        (powers[:, :, None] - powers[:, None, :]) / np.where(near, 1, gap),
    )

    def derivative(direction: Array) -> Array:
        return (U @ ((inverse @ direction @ U) * v) @ inverse).real

    return ((U * powers[:, None, :]) @ inverse).real, derivative


def _exponentials_by_blocks(rates: Array, times: Array) -> tuple[Array, Callable[[Array], Array]]:
    from scipy.linalg import expm

    k, t = len(rates), times[:, None, None]

    def derivative(direction: Array) -> Array:
        block = np.zeros((len(times), 2 * k, 2 * k))
        block[:, :k, :k] = block[:, k:, k:] = rates * t
        block[:, :k, k:] = direction * t
        return np.asarray(expm(block)[:, :k, k:])

    return np.asarray(expm(rates * t)), derivative


def _pair_probabilities(P: Array, entry: Array, pairs: ObservationPairs) -> Array:
    plain = P[pairs.time_index, pairs.origin, pairs.destination]
    if not pairs.exact.any():
        return plain
    entered = np.einsum("ns,sn->n", P[pairs.time_index, pairs.origin], entry[:, pairs.destination])
    return np.where(pairs.exact, entered, plain)


def read_panel(
    panel: pd.DataFrame, rungs: Sequence[str] | None, exact: Sequence[str]
) -> tuple[tuple[str, ...], ObservationPairs, Array]:
    """Return states, pairs of observations, and the number of pairs by origin and destination.

    Rows of one customer must be in order of time: a time that is not later than the previous one
    is refused, since it may be a wrong entry as well as a wrong order.
    """
    panel = frame_of_source(panel, "panel")
    for column in ("customer_id", "time", "rung"):
        if column not in panel.columns:
            raise DataError(f"panel: {unknown_name('column', column, panel.columns)}")
    if panel[["customer_id", "time", "rung"]].isna().any(axis=None):
        raise DataError("panel: every row needs a customer_id, a time and a rung; some are empty.")
    states = tuple(map(str, panel["rung"].unique() if rungs is None else rungs))
    for name in (*panel["rung"].astype(str).unique(), *exact):
        if name not in states:
            raise LadderError(unknown_name("rung", name, states))
    person = pd.factorize(panel["customer_id"])[0]
    order = np.argsort(person, kind="stable")
    person, time = person[order], _times(panel["time"])[order]
    state = panel["rung"].astype(str).map({s: k for k, s in enumerate(states)}).to_numpy(int)[order]
    same = person[1:] == person[:-1]
    step = np.diff(time)
    _check_order(panel.iloc[order], same & (step <= 0))
    at = np.flatnonzero(same)
    if not len(at):
        raise LadderError(
            "a move needs two observations of a customer; every customer was observed once."
        )
    return states, *_distinct_pairs(step[at], state[at], state[at + 1], states, exact)


def _distinct_pairs(
    step: Array, origin: Array, destination: Array, states: Sequence[str], exact: Sequence[str]
) -> tuple[ObservationPairs, Array]:
    k = len(states)
    dated = np.isin(np.array(states), list(exact))
    times, time_index = np.unique(step.round(9), return_inverse=True)
    kinds, n = np.unique(np.stack([time_index, origin, destination]), axis=1, return_counts=True)
    entered = dated[kinds[2]] & (kinds[1] != kinds[2])
    observed = np.zeros((k, k))
    np.add.at(observed, (kinds[1], kinds[2]), n)
    pairs = ObservationPairs(times, kinds[0], kinds[1], kinds[2], entered, n.astype(float))
    return pairs, observed


def _times(time: pd.Series) -> Array:
    if pd.api.types.is_numeric_dtype(time):
        return time.to_numpy(float)
    texts = time.astype("str").str.strip()
    if texts.str.fullmatch(r"[+-]?\d{1,15}(\.\d*)?").all():
        return texts.to_numpy(float)
    moments = time
    if time.dtype.kind != "M":  # text is ISO 8601, and keeps its time of day
        read_values(time, Column("time", "date", "a day or moment", required=True))
        moments = pd.to_datetime(time, format="ISO8601", utc=True)
    return ((moments - moments.min()) / pd.Timedelta(days=DAYS_PER_YEAR)).to_numpy(float)


def _check_order(panel: pd.DataFrame, backwards: Array) -> None:
    if not backwards.any():
        return
    at = int(np.argmax(backwards))
    before, after = panel.iloc[at], panel.iloc[at + 1]
    raise DataError(
        f"time runs backwards or stands still in {int(backwards.sum()):,} rows, first for customer "
        f"{after['customer_id']}: {before['time']} is followed by {after['time']}. Sort the "
        "panel by customer and time, and keep one row per time."
    )


def _maximise(
    states: tuple[str, ...],
    pairs: ObservationPairs,
    cells: list[tuple[int, int]],
    observed: Array,
) -> GeneratorEstimate:
    from scipy import optimize

    k = len(states)
    exposure = np.bincount(pairs.origin, pairs.n * pairs.times[pairs.time_index], minlength=k)
    start = np.log([max(observed[i, j], 0.5) / max(exposure[i], 1e-9) for i, j in cells])

    def rates(logs: Array) -> Array:
        Q = np.zeros((k, k))
        Q[tuple(np.transpose(cells))] = np.exp(np.clip(logs, -30, 30))
        return Q - np.diag(Q.sum(axis=1))

    def loss(logs: Array) -> tuple[float, Array]:
        total, slopes = likelihood_and_slopes(rates(logs), pairs, cells)
        if not np.isfinite(total):
            return 1e300, np.zeros(len(logs))
        return -total, -slopes * np.exp(np.clip(logs, -30, 30))

    found = optimize.minimize(loss, start, jac=True, method="BFGS", options={"maxiter": 500})
    _check_converged(found, rates(found.x), pairs)
    hessian = np.array(
        [(loss(found.x + h)[1] - loss(found.x - h)[1]) / 2e-4 for h in 1e-4 * np.eye(len(cells))]
    )
    covariance = np.linalg.pinv((hessian + hessian.T) / 2)
    moves = tuple((states[i], states[j]) for i, j in cells)
    return GeneratorEstimate(
        states, rates(found.x), moves, covariance, -float(found.fun), int(pairs.n.sum())
    )


def _check_converged(found: Any, Q: Array, pairs: ObservationPairs) -> None:
    slope = np.abs(found.jac).max() / max(1.0, pairs.n.sum())
    if not np.isfinite(found.fun) or found.fun >= 1e300 or slope > 1e-4:
        raise ConvergenceError(
            f"the rates did not converge: the largest gradient per pair of observations is "
            f"{slope:.2g} after {found.nit} iterations. Declare moves impossible that need a rung "
            "in between."
        )
    if np.abs(np.diag(Q)).max() * pairs.times.min() > 20:
        raise ConvergenceError(
            "the rates grow without bound: customers moved as often between observations a moment "
            "apart as between distant ones. Check the times of the observations."
        )
