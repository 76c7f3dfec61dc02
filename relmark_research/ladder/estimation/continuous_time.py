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

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.errors import (
    ConvergenceError,
    DataError,
    LadderError,
    check_level,
    unknown_name,
)
from relmark_research.ladder.history.ladder import parse_moves
from relmark_research.stats.intervals import normal_quantile
from relmark_research.units import DAYS_PER_YEAR

# The likelihood of looks at irregular times, and its slopes. Q rates per unit of time; P(t) =
# expm(Q t) L product of P(t)[a, b]; where b was entered exactly at the second look, of sum over
# s != b of P(t)[a, s] q_sb References ---------- Kalbfleisch and Lawless 1985, Journal of the
# American Statistical Association 80, section 3. Van Loan 1978, IEEE Transactions on Automatic
# Control 23.

Array = np.ndarray


@dataclass(frozen=True)
class Looks:
    """Successive looks at the same person, equal ones together.

    Attributes
    ----------
    times
        Distinct times between two looks, rising, shape (times,).
    place, origin, destination
        Per kind of pair: which time, the state before and after.
    exact
        Whether the state after was entered exactly at the second look.
    n
        How many pairs there are of the kind.
    """

    times: Array
    place: Array
    origin: Array
    destination: Array
    exact: Array
    n: Array


def log_likelihood(rates: Array, looks: Looks) -> float:
    """Return the logarithm of the panel likelihood.

    Parameters
    ----------
    rates
        Q, shape (states, states).
    looks
        Pairs of successive looks.

    Examples
    --------
    >>> from scipy.linalg import expm
    >>> Q = np.array([[-0.5, 0.5], [0.2, -0.2]])
    >>> one = Looks(np.array([2.0]), *(np.array([k]) for k in (0, 0, 1)), np.array([False]),
    ...             np.array([3]))
    >>> bool(np.isclose(log_likelihood(Q, one), 3 * np.log(expm(2 * Q)[0, 1])))
    True
    """
    return likelihood(rates, looks, ())[0]


def likelihood(rates: Array, looks: Looks, cells: Sequence[tuple[int, int]]) -> tuple[float, Array]:
    """Return the log-likelihood and its slopes by the rates of ``cells``."""
    entry = rates - np.diag(np.diag(rates))
    P, slope_of = _exponentials(rates, looks.times)
    chance = _chances(P, entry, looks)
    with np.errstate(divide="ignore"):
        total = float(looks.n @ np.log(np.maximum(chance, 0)))
    slopes = np.zeros(len(cells))
    for at, (a, b) in enumerate(cells):
        way = np.zeros_like(rates)
        way[a, a], way[a, b] = -1.0, 1.0
        slope = _chances(slope_of(way), entry, looks)
        hit = looks.exact & (looks.destination == b)
        slope = slope + np.where(hit, P[looks.place, looks.origin, a], 0.0)
        slopes[at] = looks.n @ (slope / np.maximum(chance, 1e-300))
    return total, slopes


def _exponentials(rates: Array, times: Array) -> tuple[Array, Callable[[Array], Array]]:
    """P at all times, and its slope in a direction G.

    From the eigenvalues d of Q = U d U^-1: U ((U^-1 G U) * v) U^-1 with
    v_ij = (e^(d_i t) - e^(d_j t)) / (d_i - d_j), or t e^(d_i t) where the two are one. Where the
    eigenvectors hardly differ, by the exponential of [[Q, G], [0, Q]] (Van Loan 1978).
    """
    d, U = np.linalg.eig(rates)
    if np.linalg.cond(U) > 1e7:
        return _by_blocks(rates, times)
    inverse = np.linalg.inv(U)
    powers = np.exp(d * times[:, None])
    gap = d[:, None] - d[None, :]
    near = np.abs(gap) < 1e-7
    v = np.where(
        near,
        times[:, None, None] * powers[:, :, None],
        (powers[:, :, None] - powers[:, None, :]) / np.where(near, 1, gap),
    )

    def slope(way: Array) -> Array:
        return (U @ ((inverse @ way @ U) * v) @ inverse).real

    return ((U * powers[:, None, :]) @ inverse).real, slope


def _by_blocks(rates: Array, times: Array) -> tuple[Array, Callable[[Array], Array]]:
    from scipy.linalg import expm

    k, t = len(rates), times[:, None, None]

    def slope(way: Array) -> Array:
        block = np.zeros((len(times), 2 * k, 2 * k))
        block[:, :k, :k] = block[:, k:, k:] = rates * t
        block[:, :k, k:] = way * t
        return np.asarray(expm(block)[:, :k, k:])

    return np.asarray(expm(rates * t)), slope


def _chances(P: Array, entry: Array, looks: Looks) -> Array:
    plain = P[looks.place, looks.origin, looks.destination]
    if not looks.exact.any():
        return plain
    entered = np.einsum("ns,sn->n", P[looks.place, looks.origin], entry[:, looks.destination])
    return np.where(looks.exact, entered, plain)


# Looks at people at irregular times, paired and counted.


def read_looks(
    panel: pd.DataFrame, rungs: Sequence[str] | None, exact: Sequence[str]
) -> tuple[tuple[str, ...], Looks, Array]:
    """Return states, pairs of looks, and how often each pair of states was seen in a row.

    Rows of one customer must stand in order of time: a time that is not later than the one above
    it is refused, because it is as likely a wrong entry as a wrong order.
    """
    for column in ("customer_id", "time", "rung"):
        if column not in panel.columns:
            raise DataError(f"panel: {unknown_name('column', column, panel.columns)}")
    if panel[["customer_id", "time", "rung"]].isna().any(axis=None):
        raise DataError("panel: every look needs a customer_id, a time and a rung; some are empty.")
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
    _refuse_backwards(panel.iloc[order], same & (step <= 0))
    at = np.flatnonzero(same)
    if not len(at):
        raise LadderError("a move needs two looks at one customer; everybody was seen once.")
    return states, *_paired(step[at], state[at], state[at + 1], states, exact)


def _paired(
    step: Array, origin: Array, destination: Array, states: Sequence[str], exact: Sequence[str]
) -> tuple[Looks, Array]:
    k = len(states)
    dated = np.isin(np.array(states), list(exact))
    times, place = np.unique(step.round(9), return_inverse=True)
    kinds, n = np.unique(
        np.stack([place, origin, destination]), axis=1, return_counts=True
    )  # fmt: skip
    arrives = dated[kinds[2]] & (kinds[1] != kinds[2])
    seen = np.zeros((k, k))
    np.add.at(seen, (kinds[1], kinds[2]), n)
    return Looks(times, kinds[0], kinds[1], kinds[2], arrives, n.astype(float)), seen


def _times(time: pd.Series) -> Array:
    if pd.api.types.is_numeric_dtype(time):
        return time.to_numpy(float)
    days = pd.to_datetime(time)
    return ((days - days.min()) / pd.Timedelta(days=DAYS_PER_YEAR)).to_numpy(float)


def _refuse_backwards(panel: pd.DataFrame, back: Array) -> None:
    if not back.any():
        return
    at = int(np.argmax(back))
    before, after = panel.iloc[at], panel.iloc[at + 1]
    raise DataError(
        f"time runs backwards or stands still for {int(back.sum()):,} looks, first for customer "
        f"{after['customer_id']}: {before['time']} is followed by {after['time']}. Sort the "
        "panel by customer and time, and keep one look per time."
    )


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
        check_level(level)
        z = normal_quantile(level)
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
        from relmark_research.ladder.estimation.markov import can_reach

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
