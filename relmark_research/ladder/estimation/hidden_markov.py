"""A ladder that is not seen: hidden rungs, told apart by how often people on them buy.

K      hidden rungs, 1 the lowest; Q: chances of moving between them; pi: where people start
b_k    chance to buy in a period on rung k, b_1 < ... < b_K, so that rungs cannot trade names
a_t    forward recursion, scaled: a_1 = pi m(y_1), a_t = (a_{t-1} Q) m(y_t), m(y) = b^y (1-b)^(1-y)
LL     sum over people and periods of ln(sum of a_t)

References
----------
Netzer, Lattin and Srinivasan 2008, "A hidden Markov model of customer relationship dynamics",
Marketing Science 27. Baum, Petrie, Soules and Weiss 1970 (the maximisation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from relmark_research.errors import (
    DataError,
    LadderError,
    ParameterError,
    check_level,
    unknown_name,
)
from relmark_research.stats.intervals import normal_quantile

Array = np.ndarray
_LEAST = 1e-6


@dataclass(frozen=True)
class HiddenLadder:
    """Hidden rungs with their propensity to buy.

    Attributes
    ----------
    propensity
        Chance to buy in a period on each rung, rising, shape (rungs,).
    matrix
        Chances of moving, shape (rungs, rungs).
    start
        Where people are in their first period, shape (rungs,).
    log_likelihood, customers, periods
        At the maximum; people and observed periods that it rests on.
    propensity_errors
        Standard errors of the propensities.
    converged
        Whether the best search ended at a maximum.
    """

    propensity: Array
    matrix: Array
    start: Array
    log_likelihood: float
    customers: int
    periods: int
    propensity_errors: Array = field(default_factory=lambda: np.zeros(0))
    converged: bool = True

    @property
    def bic(self) -> float:
        """Schwarz's criterion, k ln(customers) - 2 LL, k = K propensities + K - 1 + K (K - 1)."""
        k = len(self.propensity)
        return (k + k - 1 + k * (k - 1)) * np.log(self.customers) - 2 * self.log_likelihood

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return per hidden rung: propensity with interval, share at the start, chance to stay."""
        from scipy import special

        check_level(level)
        z, b = normal_quantile(level), self.propensity
        spread = z * self.propensity_errors / (b * (1 - b))
        return pd.DataFrame(
            {
                "propensity": b,
                "low": special.expit(special.logit(b) - spread),
                "high": special.expit(special.logit(b) + spread),
                "start": self.start,
                "stay": np.diag(self.matrix),
            },
            index=pd.RangeIndex(1, len(b) + 1, name="hidden rung"),
        )

    def filtered(self, bought: pd.DataFrame) -> pd.DataFrame:
        """Return where everybody probably is after their last observed period.

        Parameters
        ----------
        bought
            As for `fit_hidden_ladder`.

        Returns
        -------
        DataFrame
            Index customer_id; a column per hidden rung, and ``next``: chance to buy in the next
            period, (a_T Q) b.
        """
        y = _panel(bought)
        state = _forward(y, self.propensity, self.matrix, self.start)[1][:, -1]
        columns = [f"rung {k + 1}" for k in range(len(self.propensity))]
        table = pd.DataFrame(state, bought.index, columns)
        return table.assign(next=state @ self.matrix @ self.propensity)


def purchase_panel(purchases: pd.DataFrame, *, first: int, last: int) -> pd.DataFrame:
    """Return who bought in which period: customer_id by period, 1, 0, and missing before the first.

    Parameters
    ----------
    purchases
        customer_id and period (whole numbers), one row or more per period with a purchase.
    first, last
        The periods that the data cover.
    """
    for column in ("customer_id", "period"):
        if column not in purchases.columns:
            raise DataError(f"purchases: {unknown_name('column', column, purchases.columns)}")
    rows = purchases.drop_duplicates(["customer_id", "period"]).assign(bought=1.0)
    wide = rows.pivot(index="customer_id", columns="period", values="bought")
    wide = wide.reindex(columns=range(first, last + 1))
    known = wide.notna().cumsum(axis=1) > 0
    return wide.fillna(0.0).where(known)


def fit_hidden_ladder(
    bought: pd.DataFrame,
    *,
    rungs: int = 3,
    starts: int = 5,
    seed: int = 20240101,
    rounds: int = 1000,
) -> HiddenLadder:
    """Estimate hidden rungs from who bought when.

    Parameters
    ----------
    bought
        A row per customer and a column per period in order: 1 bought, 0 did not, missing before
        the customer was known (then no gaps).
    rungs
        Number of hidden rungs, >= 2. Compare `bic` over several.
    starts, seed
        How many random starts of the search, and their seed: there are local maxima.
    rounds
        Most rounds of each search.

    Returns
    -------
    HiddenLadder
        The best maximum of the likelihood that was found, rungs in order of propensity.

    Raises
    ------
    ParameterError
        For fewer than two rungs.
    DataError
        For other values than 0, 1 and missing, or gaps.
    """
    if rungs < 2 or starts < 1:
        raise ParameterError(f"rungs >= 2 and starts >= 1 are needed; found {rungs} and {starts}.")
    y, weight = _distinct(_panel(bought))
    if (np.isfinite(y).sum(axis=1) > 1).sum() == 0:
        raise LadderError("hidden rungs need people who were seen for two periods or more.")
    rng = np.random.default_rng(seed)
    found = [_climb(y, weight, _guess(rungs, rng, at), rounds) for at in range(starts)]
    b, Q, pi, total, converged = max(found, key=lambda one: one[3])
    order = np.argsort(b)
    b, Q, pi = b[order], Q[np.ix_(order, order)], pi[order]
    seen = int((np.isfinite(y).sum(axis=1) * weight).sum())
    errors = _errors(y, weight, b, Q, pi)
    return HiddenLadder(b, Q, pi, total, int(weight.sum()), seen, errors, converged)


def _panel(bought: pd.DataFrame) -> Array:
    y = bought.to_numpy(float)
    known = np.isfinite(y)
    wrong = known & (y != 0) & (y != 1)
    gaps = (np.diff(known.astype(int), axis=1) < 0).any(axis=1)
    if wrong.any() or gaps.any() or not known.any():
        raise DataError(
            "a panel of purchases holds 1 (bought), 0 (did not), and nothing before a customer was "
            f"known; found {int(wrong.sum())} other values and {int(gaps.sum())} rows that end "
            "early or have gaps. See purchase_panel."
        )
    return y


def _distinct(y: Array) -> tuple[Array, Array]:
    """Distinct rows (missing as -1 while sorting) and how many people share each."""
    rows, n = np.unique(np.where(np.isfinite(y), y, -1), axis=0, return_counts=True)
    return np.where(rows < 0, np.nan, rows), n.astype(float)


def _guess(rungs: int, rng: np.random.Generator, at: int) -> tuple[Array, Array, Array]:
    b = np.linspace(0.1, 0.9, rungs) if at == 0 else np.sort(rng.uniform(0.02, 0.98, rungs))
    Q = 0.7 * np.eye(rungs) + 0.3 * rng.dirichlet(np.ones(rungs), size=rungs)
    return b, Q, np.full(rungs, 1 / rungs)


def _emission(y: Array, b: Array) -> Array:
    """m(y) by person, period and rung; 1 where nothing was observed."""
    y = y[..., None]
    return np.where(np.isfinite(y), np.where(y == 1, b, 1 - b), 1.0)


def _forward(y: Array, b: Array, Q: Array, pi: Array) -> tuple[Array, Array, Array]:
    """Log-likelihood by person, filtered states, and the scales; before the first look: pi."""
    m, known = _emission(y, b), np.isfinite(y)
    people, periods, k = m.shape
    a, scale = np.empty_like(m), np.ones((people, periods))
    now = np.broadcast_to(pi, (people, k))
    for t in range(periods):
        moved = now @ Q if t else now
        fresh = known[:, t] & (~known[:, t - 1] if t else True)
        joint = np.where(fresh[:, None] | ~known[:, t, None], pi, moved) * m[:, t]
        scale[:, t] = np.where(known[:, t], joint.sum(axis=1), 1.0)
        now = joint / joint.sum(axis=1, keepdims=True)
        a[:, t] = now
    return np.log(scale).sum(axis=1), a, scale


def _climb(
    y: Array, weight: Array, guess: tuple[Array, Array, Array], rounds: int
) -> tuple[Array, Array, Array, float, bool]:
    """Baum and Welch's rounds from one start."""
    b, Q, pi = guess
    before = -np.inf
    for _ in range(rounds):
        logs, a, scale = _forward(y, b, Q, pi)
        total = float(weight @ logs)
        if total - before < 1e-8 * abs(total):
            return b, Q, pi, total, True
        before = total
        b, Q, pi = _maximised(y, weight, b, Q, (a, scale))
    return b, Q, pi, before, False


def _maximised(
    y: Array, weight: Array, b: Array, Q: Array, forward: tuple[Array, Array]
) -> tuple[Array, Array, Array]:
    a, scale = forward
    m, known = _emission(y, b), np.isfinite(y)
    people, periods, k = m.shape
    back = np.ones((people, k))
    bought, stayed, first = np.zeros(k), np.zeros(k), np.zeros(k)
    moved = np.zeros((k, k))
    for t in range(periods - 1, -1, -1):
        here = a[:, t] * back * (known[:, t] * weight)[:, None]
        here = here / np.maximum((a[:, t] * back).sum(axis=1, keepdims=True), 1e-300)
        bought += here[y[:, t] == 1].sum(axis=0)
        stayed += here.sum(axis=0)
        before = known[:, t - 1] if t else np.zeros(people, bool)
        first += here[known[:, t] & ~before].sum(axis=0)
        if t:
            ahead = m[:, t] * back / scale[:, t, None]
            both = (known[:, t] & before) * weight
            moved += Q * ((a[:, t - 1] * both[:, None]).T @ ahead)
            back = np.where((known[:, t] & before)[:, None], ahead @ Q.T, 1.0)
    b = np.clip(bought / np.maximum(stayed, 1e-300), _LEAST, 1 - _LEAST)
    return b, moved / np.maximum(moved.sum(axis=1, keepdims=True), 1e-300), first / first.sum()


def _errors(y: Array, weight: Array, b: Array, Q: Array, pi: Array) -> Array:
    """Standard errors of b from the outer product of each person's slopes."""
    from scipy import special

    def logs(v: Array) -> Array:
        k = len(b)
        Q_, pi_ = v[k : k + k * k].reshape(k, k), v[k + k * k :]
        return _forward(y, special.expit(v[:k]), special.softmax(Q_, axis=1),
                        special.softmax(pi_))[0]  # fmt: skip

    at = np.r_[special.logit(b), np.log(np.maximum(Q, _LEAST)).ravel(), np.log(pi + _LEAST)]
    slopes = np.stack([(logs(at + h) - logs(at - h)) / 2e-4 for h in 1e-4 * np.eye(len(at))])
    covariance = np.linalg.pinv((slopes * weight) @ slopes.T, rcond=1e-10)
    return np.sqrt(np.maximum(np.diag(covariance)[: len(b)], 0)) * b * (1 - b)


def choose_rungs(
    bought: pd.DataFrame, *, rungs: Sequence[int] = (2, 3, 4), starts: int = 5, seed: int = 20240101
) -> pd.DataFrame:
    """Return bic and log_likelihood for several numbers of hidden rungs: choose the least bic."""
    fits = {k: fit_hidden_ladder(bought, rungs=k, starts=starts, seed=seed) for k in rungs}
    rows = {k: {"bic": f.bic, "log_likelihood": f.log_likelihood} for k, f in fits.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("rungs")
