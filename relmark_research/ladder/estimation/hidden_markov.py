"""A hidden Markov model of the ladder: rungs are latent and differ in the propensity to buy.

K      latent rungs, 1 the lowest; Q: transition matrix; pi: initial distribution
b_k    probability of a purchase in a period on rung k, b_1 < ... < b_K (this identifies the rungs)
a_t    forward recursion, scaled: a_1 = pi m(y_1), a_t = (a_{t-1} Q) m(y_t), m(y) = b^y (1-b)^(1-y)
LL     sum over customers and periods of ln(sum of a_t)

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

from relmark_research._repr import html_table
from relmark_research.errors import (
    DataError,
    LadderError,
    ParameterError,
    check_level,
    unknown_name,
)
from relmark_research.ladder.history._period_numbers import optional_period, read_periods
from relmark_research.stats.intervals import normal_quantile
from relmark_research.tables.given_tables import frame_in_memory, frame_of_source
from relmark_research.tables.read_table import read_columns, read_values
from relmark_research.tables.schemas import Column
from relmark_research.units import Day, Period, as_date

Array = np.ndarray
SEED = 20240101
_SMALLEST = 1e-6  # probability


@dataclass(frozen=True)
class HiddenLadder:
    """Latent rungs and their propensity to buy.

    Attributes
    ----------
    propensity
        Probability of a purchase in a period on each rung, increasing, shape (rungs,).
    matrix
        Transition probabilities, shape (rungs, rungs).
    initial
        Distribution over the rungs in a customer's first period, shape (rungs,).
    log_likelihood, customers, periods
        Maximum of the log-likelihood; numbers of customers and of observed customer periods.
    propensity_errors
        Standard errors of the propensities.
    converged
        Whether the best search converged.
    """

    propensity: Array
    matrix: Array
    initial: Array
    log_likelihood: float
    customers: int
    periods: int
    propensity_errors: Array = field(default_factory=lambda: np.zeros(0))
    converged: bool = True

    @property
    def bic(self) -> float:
        """Bayesian information criterion, k ln(customers) - 2 LL, k = K + (K - 1) + K (K - 1)."""
        k = len(self.propensity)
        return (k + k - 1 + k * (k - 1)) * np.log(self.customers) - 2 * self.log_likelihood

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return per latent rung: propensity, low, high, initial share, probability of staying."""
        from scipy import special

        check_level(level)
        z, b = normal_quantile(level), self.propensity
        spread = z * self.propensity_errors / (b * (1 - b))
        return pd.DataFrame(
            {
                "propensity": b,
                "low": special.expit(special.logit(b) - spread),
                "high": special.expit(special.logit(b) + spread),
                "initial": self.initial,
                "stay": np.diag(self.matrix),
            },
            index=pd.RangeIndex(1, len(b) + 1, name="hidden rung"),
        )

    def filtered(self, bought: pd.DataFrame) -> pd.DataFrame:
        """Return the filtered state probabilities of each customer after the last observed period.

        Parameters
        ----------
        bought
            As for `fit_hidden_ladder`.

        Returns
        -------
        DataFrame
            Index customer_id; a column per latent rung, and ``next_purchase``: probability of a
            purchase in the next period, (a_T Q) b.
        """
        y = _panel(bought)
        state = _forward(y, self.propensity, self.matrix, self.initial)[1][:, -1]
        columns = [f"rung {k + 1}" for k in range(len(self.propensity))]
        table = pd.DataFrame(state, bought.index, columns)
        return table.assign(next_purchase=state @ self.matrix @ self.propensity)

    def __repr__(self) -> str:
        b = ", ".join(f"{value:.3f}" for value in self.propensity)
        return f"<{self._title()}; propensity {b}; BIC {self.bic:,.1f}>"

    def _repr_html_(self) -> str:
        rows = {f"rung {k + 1}, propensity": b for k, b in enumerate(self.propensity)}
        return html_table(self._title(), rows | {"BIC": self.bic, "converged": self.converged})

    def _title(self) -> str:
        return f"HiddenLadder: {len(self.propensity)} latent rungs, {self.customers:,} customers"


def purchase_panel(
    purchases: pd.DataFrame,
    *,
    first: int | Day,
    last: int | Day,
    period: str | Period | None = None,
) -> pd.DataFrame:
    """Return purchases by customer and period: 1 or 0, and missing before the first purchase.

    Parameters
    ----------
    purchases
        customer_id and period (whole numbers or calendar periods, see `LadderHistory.from_table`),
        one row or more per period with a purchase; with ``period`` also customer_id and date.
    first, last
        First and last period of the data: its number, or a day within a calendar period.
    period
        Calendar period in which dates are counted; None takes the column period as it is.

    Returns
    -------
    DataFrame
        Index customer_id; a column per period from ``first`` to ``last``, its number (that of
        `Period.number` for calendar periods).

    Raises
    ------
    DataError
        If a column is missing, or a period or date cannot be read.
    ParameterError
        If ``first`` or ``last`` is a day but the periods are a bare count.

    Examples
    --------
    >>> bought = pd.DataFrame({"customer_id": ["a", "a"], "date": ["2024-01-07", "2024-03-01"]})
    >>> panel = purchase_panel(bought, first="2024-01-01", last="2024-03-31", period="month")
    >>> panel.loc["a"].tolist()
    [1.0, 0.0, 1.0]
    """
    purchases = frame_of_source(purchases, "purchases")
    calendar = optional_period(period)
    column = "period" if calendar is None or "period" in purchases.columns else "date"
    for name in ("customer_id", column):
        if name not in purchases.columns:
            raise DataError(f"purchases: {unknown_name('column', name, purchases.columns)}")
    numbers, calendar = read_periods(purchases[column], calendar)
    ids = read_columns(purchases, {"customer_id": "id"}, name="purchases")["customer_id"]
    rows = pd.DataFrame({"customer_id": ids, "period": numbers})
    rows = rows.drop_duplicates().assign(bought=1.0)
    wide = rows.pivot(index="customer_id", columns="period", values="bought")
    start, end = _period_number("first", first, calendar), _period_number("last", last, calendar)
    wide = wide.reindex(columns=pd.RangeIndex(start, end + 1, name="period"))
    known = wide.notna().cumsum(axis=1) > 0
    return wide.fillna(0.0).where(known)


def _period_number(name: str, given: int | Day, period: Period | None) -> int:
    if isinstance(given, int | np.integer):
        return int(given)
    if period is None:
        raise ParameterError(
            f"{name} is the number of a period, such as 3; found {given!r}. For a day, name the "
            "calendar period, as in period='month'."
        )
    return period.number(as_date(given, name=name))


def fit_hidden_ladder(
    bought: pd.DataFrame,
    *,
    rungs: int = 3,
    starts: int = 5,
    seed: int = SEED,
    max_iterations: int = 1000,
) -> HiddenLadder:
    """Fit a hidden Markov model of purchases.

    Parameters
    ----------
    bought
        A row per customer and a column per period in order: 1 with a purchase, 0 without, missing
        before the customer was known (no gaps after that).
    rungs
        Number of latent rungs, >= 2. Compare `HiddenLadder.bic` over several.
    starts, seed
        Number of starting values of the search, and their seed: the likelihood has local maxima.
    max_iterations
        Largest number of iterations of each search.

    Returns
    -------
    HiddenLadder
        The largest maximum of the likelihood that was found, rungs in order of propensity.

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
        raise LadderError("latent rungs need customers who were observed for two periods or more.")
    rng = np.random.default_rng(seed)
    found = [
        _baum_welch(y, weight, _starting_values(rungs, rng, at), max_iterations)
        for at in range(starts)
    ]
    b, Q, pi, total, converged = max(found, key=lambda one: one[3])
    order = np.argsort(b)
    b, Q, pi = b[order], Q[np.ix_(order, order)], pi[order]
    periods = int((np.isfinite(y).sum(axis=1) * weight).sum())
    errors = _standard_errors(y, weight, b, Q, pi)
    return HiddenLadder(b, Q, pi, total, int(weight.sum()), periods, errors, converged)


def choose_rungs(
    bought: pd.DataFrame, *, rungs: Sequence[int] = (2, 3, 4), starts: int = 5, seed: int = SEED
) -> pd.DataFrame:
    """Return bic and log_likelihood for several numbers of latent rungs; the lowest BIC is best."""
    fits = {k: fit_hidden_ladder(bought, rungs=k, starts=starts, seed=seed) for k in rungs}
    rows = {k: {"bic": f.bic, "log_likelihood": f.log_likelihood} for k, f in fits.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("rungs")


def _panel(bought: pd.DataFrame) -> Array:
    periods = pd.Index(list(frame_in_memory(bought, "bought").columns))
    if periods.inferred_type in ("integer", "floating", "period", "datetime64") and not (
        periods.is_monotonic_increasing
    ):
        raise DataError(
            "a panel of purchases has a column per period, in order; found "
            f"{', '.join(map(str, periods[:5]))}. Sort the columns: bought.sort_index(axis=1)."
        )
    column = Column("purchases", "number", "1 or 0")
    y = np.column_stack([read_values(bought[name], column).to_numpy(float) for name in bought])
    known = np.isfinite(y)
    wrong = known & (y != 0) & (y != 1)
    gaps = (np.diff(known.astype(int), axis=1) < 0).any(axis=1)
    if wrong.any() or gaps.any() or not known.any():
        raise DataError(
            "a panel of purchases holds 1 (purchase), 0 (none), and missing values before a "
            f"customer was known; found {int(wrong.sum())} other values and {int(gaps.sum())} rows "
            "that end early or have gaps. See purchase_panel."
        )
    return y


def _distinct(y: Array) -> tuple[Array, Array]:
    """Distinct rows (missing as -1 while sorting) and the number of customers with each."""
    rows, n = np.unique(np.where(np.isfinite(y), y, -1), axis=0, return_counts=True)
    return np.where(rows < 0, np.nan, rows), n.astype(float)


def _starting_values(rungs: int, rng: np.random.Generator, at: int) -> tuple[Array, Array, Array]:
    b = np.linspace(0.1, 0.9, rungs) if at == 0 else np.sort(rng.uniform(0.02, 0.98, rungs))
    Q = 0.7 * np.eye(rungs) + 0.3 * rng.dirichlet(np.ones(rungs), size=rungs)
    return b, Q, np.full(rungs, 1 / rungs)


def _emission(y: Array, b: Array) -> Array:
    """m(y) by customer, period and rung; 1 where nothing was observed."""
    y = y[..., None]
    return np.where(np.isfinite(y), np.where(y == 1, b, 1 - b), 1.0)


def _forward(y: Array, b: Array, Q: Array, pi: Array) -> tuple[Array, Array, Array]:
    """Log-likelihood by customer, filtered states, and scales; before the first period: pi."""
    m, known = _emission(y, b), np.isfinite(y)
    people, periods, k = m.shape
    a, scale = np.empty_like(m), np.ones((people, periods))
    current = np.broadcast_to(pi, (people, k))
    for t in range(periods):
        moved = current @ Q if t else current
        first = known[:, t] & (~known[:, t - 1] if t else True)
        joint = np.where(first[:, None] | ~known[:, t, None], pi, moved) * m[:, t]
        scale[:, t] = np.where(known[:, t], joint.sum(axis=1), 1.0)
        current = joint / joint.sum(axis=1, keepdims=True)
        a[:, t] = current
    return np.log(scale).sum(axis=1), a, scale


def _baum_welch(
    y: Array, weight: Array, start: tuple[Array, Array, Array], max_iterations: int
) -> tuple[Array, Array, Array, float, bool]:
    b, Q, pi = start
    before = -np.inf
    for _ in range(max_iterations):
        logs, a, scale = _forward(y, b, Q, pi)
        total = float(weight @ logs)
        if total - before < 1e-8 * abs(total):
            return b, Q, pi, total, True
        before = total
        b, Q, pi = _maximisation_step(y, weight, b, Q, (a, scale))
    return b, Q, pi, before, False


def _maximisation_step(
    y: Array, weight: Array, b: Array, Q: Array, forward: tuple[Array, Array]
) -> tuple[Array, Array, Array]:
    a, scale = forward
    m, known = _emission(y, b), np.isfinite(y)
    people, periods, k = m.shape
    back = np.ones((people, k))
    bought, occupied, first = np.zeros(k), np.zeros(k), np.zeros(k)
    moved = np.zeros((k, k))
    for t in range(periods - 1, -1, -1):
        here = a[:, t] * back * (known[:, t] * weight)[:, None]
        here = here / np.maximum((a[:, t] * back).sum(axis=1, keepdims=True), 1e-300)
        bought += here[y[:, t] == 1].sum(axis=0)
        occupied += here.sum(axis=0)
        before = known[:, t - 1] if t else np.zeros(people, bool)
        first += here[known[:, t] & ~before].sum(axis=0)
        if t:
            ahead = m[:, t] * back / scale[:, t, None]
            both = (known[:, t] & before) * weight
            moved += Q * ((a[:, t - 1] * both[:, None]).T @ ahead)
            back = np.where((known[:, t] & before)[:, None], ahead @ Q.T, 1.0)
    b = np.clip(bought / np.maximum(occupied, 1e-300), _SMALLEST, 1 - _SMALLEST)
    return b, moved / np.maximum(moved.sum(axis=1, keepdims=True), 1e-300), first / first.sum()


def _standard_errors(y: Array, weight: Array, b: Array, Q: Array, pi: Array) -> Array:
    """Standard errors of b from the outer product of the customers' scores."""
    from scipy import special

    def logs(v: Array) -> Array:
        k = len(b)
        Q_, pi_ = v[k : k + k * k].reshape(k, k), v[k + k * k :]
        return _forward(y, special.expit(v[:k]), special.softmax(Q_, axis=1),
                        special.softmax(pi_))[0]  # fmt: skip

    at = np.r_[special.logit(b), np.log(np.maximum(Q, _SMALLEST)).ravel(), np.log(pi + _SMALLEST)]
    slopes = np.stack([(logs(at + h) - logs(at - h)) / 2e-4 for h in 1e-4 * np.eye(len(at))])
    covariance = np.linalg.pinv((slopes * weight) @ slopes.T, rcond=1e-10)
    return np.sqrt(np.maximum(np.diag(covariance)[: len(b)], 0)) * b * (1 - b)
