"""When people are looked at irregularly: rates of moving in continuous time.

Q     rates per unit of time, q_rs >= 0 off the diagonal, rows summing to zero
P(t)  expm(Q t): chances of being on each rung a time t later
L     product over successive looks of P(t)[a, b]; where b was entered exactly then (a loss that is
      dated), sum over s != b of P(t)[a, s] q_sb

References
----------
Kalbfleisch and Lawless 1985, "The analysis of panel data under a Markov assumption", Journal of the
American Statistical Association 80. Jackson 2011, Journal of Statistical Software 38 (exact times).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.errors import ConvergenceError, LadderError, unknown_name
from relmark_research.ladder.intervals import check_level
from relmark_research.ladder.looks import Looks, likelihood
from relmark_research.ladder.panels import read_looks
from relmark_research.ladder.rungs import parse_moves

Array = np.ndarray


@dataclass(frozen=True)
class GeneratorEstimate:
    """Rates of moving in continuous time.

    Attributes
    ----------
    states
        Rungs in order.
    rates
        Q as an array, shape (states, states).
    moves
        Which rates were estimated, as pairs of states.
    covariance
        Of the logarithms of those rates.
    log_likelihood
        At the estimate.
    pairs
        Successive looks that it rests on.
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
        """Mean time on each rung before leaving it, -1/q_rr; infinite where nobody leaves."""
        with np.errstate(divide="ignore"):
            times = -1 / np.diag(self.rates)
        return pd.Series(np.abs(times), index=pd.Index(self.states, name="rung"), name="time")

    def intervals(self, level: float = 0.95) -> pd.DataFrame:
        """Return origin, destination, rate, low, high: rate x exp(-+ z se of its logarithm)."""
        from scipy import stats

        check_level(level)
        z = stats.norm.ppf((1 + level) / 2)
        places = [(self.states.index(a), self.states.index(b)) for a, b in self.moves]
        rate = np.array([self.rates[place] for place in places])
        spread = np.exp(z * np.sqrt(np.diag(self.covariance)))
        columns = {"origin": [a for a, _ in self.moves], "destination": [b for _, b in self.moves]}
        return pd.DataFrame(columns | {"rate": rate, "low": rate / spread, "high": rate * spread})

    def matrix(self, time: float) -> pd.DataFrame:
        """Return the chances of being on each rung a time later, expm(Q time)."""
        from scipy.linalg import expm

        return pd.DataFrame(expm(self.rates * time), self.generator.index, self.generator.columns)

    def time_to(self, rung: str) -> pd.Series:
        """Return the mean time until a rung is first reached, infinite where it may never be.

        m = (-Q without the rung)^-1 1.
        """
        from relmark_research.ladder.chains import can_reach

        if rung not in self.states:
            raise LadderError(unknown_name("rung", rung, self.states))
        target = self.states.index(rung)
        linked = (self.rates > 0).astype(float)
        able = can_reach(linked, target)
        halted = linked.copy()
        halted[target] = 0  # who may end where the rung is out of reach waits for ever
        stuck = [can_reach(halted, int(s)) for s in np.flatnonzero(~able)]
        sure = able & ~np.any(stuck, axis=0) if stuck else able
        inner = np.flatnonzero(sure & (np.arange(len(able)) != target))
        times = np.where(sure, 0.0, np.inf)
        if len(inner):
            times[inner] = np.linalg.solve(-self.rates[np.ix_(inner, inner)], np.ones(len(inner)))
        return pd.Series(times, index=pd.Index(self.states, name="origin"), name="time")


def fit_generator(
    panel: pd.DataFrame,
    *,
    rungs: Sequence[str] | None = None,
    impossible: Iterable[Any] = (),
    exact: Sequence[str] = (),
) -> GeneratorEstimate:
    """Estimate rates of moving from looks at irregular times.

    Parameters
    ----------
    panel
        customer_id, time (a number, or a day; days become years of 365.2425 days), rung: one row
        per look.
    rungs
        States in order; None takes the order in which they first appear.
    impossible
        Direct moves that cannot happen (a longer way may lead there). Moves that are possible but
        never seen between successive looks get no rate: declare few and look often.
    exact
        States whose time of entry is known to the day, such as a dated loss.

    Returns
    -------
    GeneratorEstimate
        Maximum of the panel likelihood; standard errors from its curvature.

    Raises
    ------
    DataError
        Where a column is missing, or time runs backwards or stands still for a customer.
    LadderError
        Where a rung is unknown, nobody is seen twice, or a seen move is impossible.
    ConvergenceError
        Where the search does not end.
    """
    states, looks, seen = read_looks(panel, rungs, exact)
    k = len(states)
    barred = parse_moves(impossible, states)
    for a, b in barred:
        if seen[states.index(a), states.index(b)] and (b in exact or k == 2):
            raise LadderError(f"the move {a} to {b} is declared impossible, but was seen.")
    cells = [
        (i, j) for i in range(k) for j in range(k)
        if i != j and seen[i, j] and (states[i], states[j]) not in barred
    ]  # fmt: skip
    if not cells:
        raise LadderError("nobody was seen to move between two looks. Take longer data.")
    return _searched(states, looks, cells, seen)


def _searched(
    states: tuple[str, ...], looks: Looks, cells: list[tuple[int, int]], seen: Array
) -> GeneratorEstimate:
    from scipy import optimize

    k = len(states)
    spent = np.bincount(looks.origin, looks.n * looks.times[looks.place], minlength=k)
    start = np.log([max(seen[i, j], 0.5) / max(spent[i], 1e-9) for i, j in cells])

    def rates(logs: Array) -> Array:
        Q = np.zeros((k, k))
        Q[tuple(np.transpose(cells))] = np.exp(np.clip(logs, -30, 30))
        return Q - np.diag(Q.sum(axis=1))

    def loss(logs: Array) -> tuple[float, Array]:
        total, slopes = likelihood(rates(logs), looks, cells)
        if not np.isfinite(total):
            return 1e300, np.zeros(len(logs))
        return -total, -slopes * np.exp(np.clip(logs, -30, 30))

    found = optimize.minimize(loss, start, jac=True, method="BFGS", options={"maxiter": 500})
    slope = np.abs(found.jac).max() / max(1.0, looks.n.sum())
    if not np.isfinite(found.fun) or found.fun >= 1e300 or slope > 1e-4:
        raise ConvergenceError(
            f"the rates did not settle: the steepest slope per pair of looks is {slope:.2g} after "
            f"{found.nit} steps. Declare moves impossible that need a rung in between."
        )
    if np.abs(np.diag(rates(found.x))).max() * looks.times.min() > 20:
        raise ConvergenceError(
            "the rates grow without end: people are found to have moved between looks a moment "
            "apart as readily as between distant ones. Check the times of the looks."
        )
    hessian = np.array(
        [(loss(found.x + h)[1] - loss(found.x - h)[1]) / 2e-4 for h in 1e-4 * np.eye(len(cells))]
    )
    covariance = np.linalg.pinv((hessian + hessian.T) / 2)
    moves = tuple((states[i], states[j]) for i, j in cells)
    return GeneratorEstimate(
        states, rates(found.x), moves, covariance, -float(found.fun), int(looks.n.sum())
    )
