"""Acquisition and retention together: a selection-corrected joint model of prospects.

Customers who were won with more effort may stay for a shorter time. A regression of the duration of
those acquired on the effort cannot show it: it sees only the prospects whose effort succeeded. Of
all prospects, acquired or not,

    acquired if  w'alpha + mu > 0,
    ln(duration) = x'beta + eta,   (mu, eta) normal, variances 1 and sigma^2, correlation rho,

durations of customers who still stay are censored. With z = (ln(duration) - x'beta) / sigma the
log-likelihood of a prospect is

    not acquired:   ln Phi(-w'alpha)
    ended:          ln phi(z) - ln(sigma duration) + ln Phi((w'alpha + rho z) / sqrt(1 - rho^2))
    still staying:  ln Phi2(w'alpha, -z; rho)

w and x hold a constant, the logarithm of effort, and traits; w has at least one trait that x lacks,
so that rho is not identified by the normal distribution alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, special

from relmark_research._repr import short_repr
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.errors import (
    ConvergenceError,
    DataError,
    ParameterError,
    check_level,
    check_number,
)
from relmark_research.stats.intervals import normal_quantile, percentile_interval
from relmark_research.tables.read_table import read_columns
from relmark_research.tables.schemas import ColumnType
from relmark_research.units import AnnualRate

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_LEAST = 30  # prospects of each kind
_VALUE_NODES = np.polynomial.hermite_e.hermegauss(40)
_NAMES: dict[str, ColumnType] = {
    "acquired": "flag",
    "duration": "number",
    "ended": "flag",
    "acquisition_spend": "number",
    "retention_spend": "number",
}


@short_repr
@dataclass(frozen=True, repr=False)
class JointResponse:
    """The joint model of acquisition and duration, beside the two separate regressions.

    Attributes
    ----------
    table
        One row per coefficient: estimate, standard_error of the joint model; separate and
        separate_error of the probit of acquisition and the regression of duration, which ignore
        each other. Names: acquisition: constant, spend (log), traits; duration: constant,
        acquisition spend and retention spend (log), traits; ln sigma; atanh rho.
    covariance
        Of the joint estimates, in the order of the table.
    log_likelihood, separate_log_likelihood
        Of both models on the same prospects.
    prospects, acquired, ended
        Counts.
    spend
        Mean acquisition spend per prospect, and mean retention spend per customer and year.
    traits
        Means of the traits of acquisition and of duration.
    """

    table: pd.DataFrame
    covariance: Array
    log_likelihood: float
    separate_log_likelihood: float
    prospects: int
    acquired: int
    ended: int
    spend: tuple[float, float]
    traits: tuple[Array, Array]

    @property
    def correlation(self) -> float:
        """rho, the correlation of what else makes a prospect come and stay."""
        return float(np.tanh(self.table["estimate"].to_numpy(float)[-1]))

    def correlation_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of rho."""
        middle, error = self.table[["estimate", "standard_error"]].to_numpy(float)[-1]
        reach = normal_quantile(check_level(level)) * error
        return float(np.tanh(middle - reach)), float(np.tanh(middle + reach))

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return estimate, low and high of the joint model and of the separate regressions."""
        reach = normal_quantile(check_level(level))
        columns = {}
        for name, error in (("estimate", "standard_error"), ("separate", "separate_error")):
            prefix = "" if name == "estimate" else "separate_"
            columns[name] = self.table[name]
            columns[f"{prefix}low"] = self.table[name] - reach * self.table[error]
            columns[f"{prefix}high"] = self.table[name] + reach * self.table[error]
        return pd.DataFrame(columns)

    def effect_of_effort(
        self,
        acquisition_spend: float | None = None,
        *,
        separate: bool = False,
        level: float = 0.95,
        draws: int = 300,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Return what acquisition spend does to the share acquired and to their duration.

        Parameters
        ----------
        acquisition_spend
            Money per prospect, > 0; the mean of the data if None.
        separate
            Whether the two separate regressions are used; they have no interval here.
        level
            Probability of the interval of the relative change.
        draws, seed
            Number and seed of the draws of the coefficients.

        Returns
        -------
        DataFrame
            Rows ``acquisition`` (share of prospects) and ``duration`` (median years of those
            acquired): now, with_10_percent_more, relative_change with low and high. The duration
            changes through the effort itself and through who is acquired by it.
        """
        check_level(level)
        A = self.spend[0] if acquisition_spend is None else acquisition_spend
        theta = self.table["separate" if separate else "estimate"].to_numpy(float)
        now, more = (self._effects(spend, theta, separate) for spend in (A, 1.1 * A))
        index = pd.Index(["acquisition", "duration"], name="of")
        table = pd.DataFrame({"now": now, "with_10_percent_more": more}, index=index)
        table["relative_change"] = more / now - 1
        if separate:
            return table.assign(low=np.nan, high=np.nan)
        rng = np.random.default_rng(seed)
        drawn = rng.multivariate_normal(theta, self.covariance, draws)
        changes = np.array(
            [self._effects(1.1 * A, each) / self._effects(A, each) for each in drawn]
        )
        low, high = percentile_interval(changes - 1, level)
        return table.assign(low=low, high=high)

    def _effects(self, spend: float, theta: Array, separate: bool = False) -> Array:
        """Return the share acquired and the median duration of those, at coefficients."""
        point = self._point_at(theta, spend, self.spend[1], separate)
        return np.array([point.rate, point.median_duration()])

    def profit(
        self,
        acquisition_spend: float | None = None,
        retention_spend: float | None = None,
        *,
        annual_margin: float,
        annual_discount_rate: float,
        separate: bool = False,
    ) -> float:
        """Return expected profit per prospect, money.

        Parameters
        ----------
        acquisition_spend, retention_spend
            Money per prospect, and per customer and year, > 0; the means of the data if None.
        annual_margin
            Money per customer and year before retention spend, > 0.
        annual_discount_rate
            In [0, 1).
        separate
            Whether the two separate regressions are used.

        Returns
        -------
        float
            P(acquired) (annual_margin - R) E[(1 - (1 + d)^-T) / ln(1 + d) | acquired] - A.
        """
        A = self.spend[0] if acquisition_spend is None else acquisition_spend
        R = self.spend[1] if retention_spend is None else retention_spend
        for name, value in (("acquisition_spend", A), ("retention_spend", R)):
            check_number(name, value, low=0, rule="must be money above 0")
        point = self._point(A, R, separate)
        force = AnnualRate(annual_discount_rate).force
        return point.rate_times_annuity(force) * (annual_margin - R) - A

    def best_spends(
        self,
        *,
        annual_margin: float,
        annual_discount_rate: float,
        separate: bool = False,
        factor: float = 3.0,
    ) -> pd.Series:
        """Return the spends that maximise profit per prospect, within a factor of today's.

        Returns
        -------
        Series
            acquisition_spend, retention_spend, profit (by the model used), joint_profit (of these
            spends by the joint model) and acquisition_share, the share of acquisition in the budget
            per prospect, A / (A + expected retention spend).
        """
        start = np.log(self.spend)

        def profit(A: float, R: float, separate: bool) -> float:
            return self.profit(
                A,
                R,
                annual_margin=annual_margin,
                annual_discount_rate=annual_discount_rate,
                separate=separate,
            )

        def loss(logs: Array) -> float:
            return -profit(float(np.exp(logs[0])), float(np.exp(logs[1])), separate)

        reach = np.log(factor)
        bounds = [(value - reach, value + reach) for value in start]
        tries = [start, start - reach / 2, start + reach / 2]
        found = min(
            (optimize.minimize(loss, x, bounds=bounds, method="L-BFGS-B") for x in tries),
            key=lambda each: each.fun,
        )
        A, R = (float(each) for each in np.exp(found.x))
        paid = self._point(A, R, separate).rate_times_annuity(
            AnnualRate(annual_discount_rate).force
        )
        return pd.Series(
            {
                "acquisition_spend": A,
                "retention_spend": R,
                "profit": -float(found.fun),
                "joint_profit": profit(A, R, False),
                "acquisition_share": A / (A + R * paid),
            }
        )

    def _point(self, A: float, R: float, separate: bool) -> _Point:
        theta = self.table["separate" if separate else "estimate"].to_numpy(float)
        return self._point_at(theta, A, R, separate)

    def _point_at(self, theta: Array, A: float, R: float, separate: bool) -> _Point:
        k = 2 + len(self.traits[0])
        w = np.concatenate([[1.0, np.log(A)], self.traits[0]])
        x = np.concatenate([[1.0, np.log(A), np.log(R)], self.traits[1]])
        rho = 0.0 if separate else float(np.tanh(theta[-1]))
        return _Point(float(w @ theta[:k]), float(x @ theta[k:-2]), float(np.exp(theta[-2])), rho)

    def _summary(self) -> dict[str, object]:
        return {
            "prospects": self.prospects,
            "acquired": self.acquired,
            "ended": self.ended,
            "correlation": self.correlation,
        }


@dataclass(frozen=True)
class _Point:
    """A prospect of given spends: index of acquisition, mean and sd of log duration, rho."""

    index: float
    mean: float
    sigma: float
    rho: float

    @property
    def rate(self) -> float:
        return float(special.ndtr(self.index))

    def rate_times_annuity(self, force: float) -> float:
        """Return P(acquired) E[years paid for, discounted | acquired], by quadrature over eta."""
        z, weight = _VALUE_NODES
        weight = weight / weight.sum()
        years = np.exp(self.mean + self.sigma * z)
        paid = years if force == 0 else -np.expm1(-force * years) / force
        selected = special.ndtr((self.index + self.rho * z) / np.sqrt(1 - self.rho**2))
        return float(weight @ (paid * selected))

    def median_duration(self) -> float:
        """Return the median duration of those acquired."""

        def above(z: float) -> float:
            both = bivariate_normal(np.array([self.index]), np.array([-z]), self.rho)[0]
            return float(both / self.rate - 0.5)

        return float(np.exp(self.mean + self.sigma * optimize.brentq(above, -8, 8)))


def acquisition_and_retention(
    prospects: Any,
    *,
    acquisition_traits: Sequence[str],
    duration_traits: Sequence[str] = (),
) -> JointResponse:
    """Fit acquisition and the duration of those acquired together, corrected for selection.

    Parameters
    ----------
    prospects
        One row per prospect, acquired or not: acquired (1 or 0), acquisition_spend (money, > 0),
        and for those acquired duration (years, > 0), ended (1: ended; 0: still staying) and
        retention_spend (money per customer and year, > 0); and the traits, numbers.
    acquisition_traits, duration_traits
        Columns that move acquisition, and duration. At least one moves acquisition only: without it
        the correlation is identified by the normal distribution alone.

    Returns
    -------
    JointResponse
        Maximum likelihood estimates of both equations, with the two separate regressions beside.

    Raises
    ------
    DataError
        If a column is missing or outside its domain, or there are fewer than 30 prospects that were
        not acquired, or customers who ended.
    ParameterError
        If no trait moves acquisition only.
    ConvergenceError
        If the likelihood has no maximum in reach.

    References
    ----------
    Thomas (2001), A methodology for linking customer acquisition to customer retention, Journal of
    Marketing Research 38(2), 262-268; Reinartz, Thomas & Kumar (2005), Balancing acquisition and
    retention resources to maximize customer profitability, Journal of Marketing 69(1), 63-79.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> spend, near = np.exp(rng.standard_normal(800)), rng.standard_normal(800)
    >>> mu, eta = rng.multivariate_normal([0, 0], [[1, -0.5], [-0.5, 1]], 800).T
    >>> acquired = 0.4 * np.log(spend) + 0.8 * near + mu > 0
    >>> years = np.exp(0.5 + 0.3 * np.log(spend) + 0.6 * eta)
    >>> prospects = pd.DataFrame({"acquired": acquired * 1, "near": near,
    ...     "acquisition_spend": spend, "duration": np.minimum(years, 4), "ended": (years < 4) * 1,
    ...     "retention_spend": np.exp(rng.standard_normal(800))})
    >>> found = acquisition_and_retention(prospects, acquisition_traits=["near"])
    >>> found.correlation_interval()[1] < 0
    True
    """
    only = [name for name in acquisition_traits if name not in duration_traits]
    if not only:
        raise ParameterError(
            "at least one trait must move acquisition only (an exclusion restriction), such as the "
            f"season of first contact; found acquisition_traits={list(acquisition_traits)!r} and "
            f"duration_traits={list(duration_traits)!r}."
        )
    table = _checked(prospects, [*acquisition_traits, *duration_traits])
    data = _Data.of(table, list(acquisition_traits), list(duration_traits))
    separate = _maximised(data, _starts(data), joint=False)
    joint = _maximised(data, separate[0], joint=True)
    index = _index(list(acquisition_traits), list(duration_traits))
    columns = {
        "estimate": joint[0],
        "standard_error": np.sqrt(np.diag(joint[1])),
        "separate": separate[0],
        "separate_error": np.sqrt(np.diag(separate[1])),
    }
    won = table[table["acquired"] == 1]
    return JointResponse(
        table=pd.DataFrame(columns, index=index),
        covariance=joint[1],
        log_likelihood=joint[2],
        separate_log_likelihood=separate[2],
        prospects=len(table),
        acquired=len(won),
        ended=int(won["ended"].sum()),
        spend=(float(table["acquisition_spend"].mean()), float(won["retention_spend"].mean())),
        traits=(
            table[list(acquisition_traits)].mean().to_numpy(float),
            won[list(duration_traits)].mean().to_numpy(float),
        ),
    )


@dataclass(frozen=True)
class _Data:
    """Design matrices of all prospects (w) and of those acquired (x), with their outcomes."""

    w: Array
    x: Array
    acquired: Array
    log_duration: Array
    ended: Array

    @classmethod
    def of(cls, table: pd.DataFrame, first: list[str], second: list[str]) -> _Data:
        won = table[table["acquired"] == 1]
        logs = np.log(table["acquisition_spend"].to_numpy(float))
        w = np.column_stack([np.ones(len(table)), logs, table[first].to_numpy(float)])
        spends = np.log(won[["acquisition_spend", "retention_spend"]].to_numpy(float))
        x = np.column_stack([np.ones(len(won)), spends, won[second].to_numpy(float)])
        return cls(
            w,
            x,
            table["acquired"].to_numpy(float) == 1,
            np.log(won["duration"].to_numpy(float)),
            won["ended"].to_numpy(float) == 1,
        )

    def log_likelihood(self, theta: Array, *, joint: bool = True) -> Array:
        """Return the log-likelihood of each prospect; without correlation unless joint."""
        k = self.w.shape[1]
        alpha, beta, log_sigma = theta[:k], theta[k:-2], theta[-2]
        rho = np.tanh(theta[-1]) if joint else 0.0
        index = self.w @ alpha
        z = (self.log_duration - self.x @ beta) / np.exp(log_sigma)
        found = np.empty(len(index))
        found[~self.acquired] = special.log_ndtr(-index[~self.acquired])
        own = index[self.acquired]
        ended = self.ended
        part = np.empty(len(own))
        part[ended] = (
            -0.5 * z[ended] ** 2 - 0.5 * np.log(2 * np.pi) - log_sigma - self.log_duration[ended]
            + special.log_ndtr((own[ended] + rho * z[ended]) / np.sqrt(1 - rho**2))
        )  # fmt: skip
        if joint:
            both = bivariate_normal(own[~ended], -z[~ended], float(rho))
            part[~ended] = np.log(np.maximum(both, 1e-300))
        else:
            part[~ended] = special.log_ndtr(own[~ended]) + special.log_ndtr(-z[~ended])
        found[self.acquired] = part
        return found


def bivariate_normal(h: Array, k: Array, rho: float) -> Array:
    """Return P(Z1 < h, Z2 < k) of standard normals with correlation rho.

    Plackett's identity, integrated by Gauss and Legendre over r = sin(t): Phi(h) Phi(k) plus the
    integral from 0 to asin(rho) of exp(-(h^2 + k^2 - 2 h k sin t) / (2 cos^2 t)) / (2 pi).

    Examples
    --------
    >>> round(float(bivariate_normal(np.zeros(1), np.zeros(1), 0.5)[0]), 6)  # 1/4 + asin(r)/(2 pi)
    0.333333
    """
    end = np.arcsin(np.clip(rho, -0.9999, 0.9999))
    t = end * (_NODES + 1) / 2
    sine, cosine2 = np.sin(t), np.cos(t) ** 2
    squares = (h**2 + k**2)[:, None] - 2 * (h * k)[:, None] * sine
    integral = np.exp(-squares / (2 * cosine2)) @ _WEIGHTS * end / 2
    found: Array = special.ndtr(h) * special.ndtr(k) + integral / (2 * np.pi)
    return found


def _maximised(data: _Data, start: Array, *, joint: bool) -> tuple[Array, Array, float]:
    """Return the estimate, its covariance (inverse Hessian) and the log-likelihood."""
    free = np.arange(len(start)) if joint else np.arange(len(start) - 1)

    def loss(part: Array) -> float:
        theta = start.copy()
        theta[free] = part
        return -float(data.log_likelihood(theta, joint=joint).sum())

    found = optimize.minimize(loss, start[free], method="BFGS", options={"gtol": 1e-4})
    hessian = _hessian(loss, found.x)
    sizes = np.linalg.eigvalsh(hessian)
    if not (np.isfinite(found.fun) and sizes.min() > 0):
        raise ConvergenceError(
            "the joint model has no maximum in reach: the correlation runs to 1, or a coefficient "
            "is not identified. Use fewer traits, or a trait that moves acquisition more."
        )
    theta, covariance = start.copy(), np.zeros((len(start), len(start)))
    theta[free] = found.x
    covariance[np.ix_(free, free)] = np.linalg.inv(hessian)
    return theta, covariance, -float(found.fun)


def _hessian(loss: Any, at: Array) -> Array:
    """Return the Hessian by central differences."""
    n, step = len(at), 1e-3
    shifts = np.eye(n) * step
    found = np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            a, b = shifts[i], shifts[j]
            corner = loss(at + a + b) - loss(at + a - b) - loss(at - a + b) + loss(at - a - b)
            found[i, j] = found[j, i] = corner / (4 * step**2)
    return found


def _starts(data: _Data) -> Array:
    """Return a start: least squares of both outcomes."""
    sign = np.where(data.acquired, 0.8, -0.8)
    alpha = np.linalg.lstsq(data.w, sign, rcond=None)[0]
    beta = np.linalg.lstsq(data.x, data.log_duration, rcond=None)[0]
    spread = float(np.std(data.log_duration - data.x @ beta))
    return np.concatenate([alpha, beta, [np.log(max(spread, 1e-3)), 0.0]])


def _index(first: list[str], second: list[str]) -> pd.MultiIndex:
    pairs = [("acquisition", name) for name in ["constant", "acquisition spend", *first]]
    spends = ["constant", "acquisition spend", "retention spend"]
    pairs += [("duration", name) for name in [*spends, *second]]
    pairs += [("both", "ln sigma"), ("both", "atanh rho")]
    return pd.MultiIndex.from_tuples(pairs, names=["equation", "coefficient"])


def _checked(prospects: Any, traits: list[str]) -> pd.DataFrame:
    types = {**_NAMES, **dict.fromkeys(traits, "number")}
    table = read_columns(prospects, types, name="prospects")  # type: ignore[arg-type]
    _require(table, "acquired", "1 or 0", table["acquired"].isin([0, 1]))
    for name in ("acquisition_spend", *traits):
        known = table[name].notna()
        if name == "acquisition_spend":
            known &= table[name] > 0
        _require(table, name, "above 0" if name == "acquisition_spend" else "known", known)
    won = table[table["acquired"] == 1]
    for name in ("duration", "retention_spend"):
        _require(won, name, "above 0 for those acquired", won[name] > 0)
    _require(won, "ended", "1 or 0 for those acquired", won["ended"].isin([0, 1]))
    counts = {
        "prospects not acquired": len(table) - len(won),
        "customers who ended": int(won["ended"].sum()),
    }
    for what, number in counts.items():
        if number < _LEAST:
            raise DataError(
                f"the joint model needs at least {_LEAST} {what}; found {number}. Add prospects."
            )
    return table


def _require(table: pd.DataFrame, name: str, rule: str, valid: pd.Series) -> None:
    if not valid.all():
        first = table.index[~valid][0]
        raise DataError(
            f"prospects: {name} must be {rule}; {int((~valid).sum()):,} of {len(table):,} are not, "
            f"first in row {first}. Correct them."
        )
