"""Uplift of each campaign arm over its control group: difference, ratio and incremental profit.

With means m_a, m_0 of n_a and n_0 customers and variances s^2, the effect of an arm is m_a - m_0
with variance s_a^2 / n_a + s_0^2 / n_0 (Welch). Profit is measured per customer: margin times value
less the cost of the contact, adjusted for covariates from before the campaign (CUPED).

Estimates of several arms share one control group and are correlated. With z_i the standardised
estimate of arm i, and v_0 and v_i the variances of the means of control and arm,

    corr(z_i, z_j) = l_i l_j,   l_i = sqrt(v_0 / (v_0 + v_i)),   s_i = sqrt(1 - l_i^2)
    P(max |z_i| <= c) = integral phi(u) prod_i [Phi((c - l_i u) / s_i) - Phi((-c - l_i u) / s_i)] du

which is Dunnett's distribution with unequal variances, in large samples. It gives the simultaneous
intervals and the adjusted p-values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import ndtr

from relmark_research.errors import (
    DataError,
    ParameterError,
    check_choice,
    check_level,
    first_rows,
)
from relmark_research.relationships.campaigns.campaign_design import CampaignColumns
from relmark_research.stats.intervals import normal_quantile
from relmark_research.tables.read_table import read_values
from relmark_research.tables.schemas import Column

Array = np.ndarray
Margin = float | Mapping[str, float] | pd.Series

UPLIFT_FORMATS = {
    f"{name}{part}": kind
    for kind, names in {
        "share": (
            "response", "control_response", "uplift", "probability_profitable",
            "variance_reduction",
        ),
        "money": ("incremental_value", "incremental_profit", "total_incremental_profit", "cost"),
    }.items()
    for name in names
    for part in ("", "_low", "_high", "_simultaneous_low", "_simultaneous_high")
}  # fmt: skip
"""Display format of the columns of `campaign_uplift`."""

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_SMALLEST_VARIANCE = 1e-300


def campaign_uplift(
    campaigns: pd.DataFrame,
    *,
    margin: Margin,
    columns: CampaignColumns | None = None,
    adjust: bool = True,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the effect of each arm of each campaign against its control group.

    Parameters
    ----------
    campaigns
        One row per customer and campaign, the control group included.
    margin
        Contribution margin, a share of value: a number in (0, 1], or one by customer_id.
    columns
        Names of the columns; by default those of the sample data.
    adjust
        Whether values and profits are adjusted for the covariates (CUPED).
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        Row per campaign and arm: customers, control_customers, response, control_response (rates);
        uplift (difference of the rates; Newcombe's interval), p_value (score test);
        uplift_simultaneous_low, uplift_simultaneous_high and p_value_adjusted (for all arms of the
        campaign, Dunnett); response_ratio; incremental_value (revenue per customer);
        incremental_profit (margin less cost, per customer), also with simultaneous ends,
        probability_profitable (that it is above 0); cost (per customer, above the control's);
        total_incremental_profit (of all customers of the arm); variance_reduction (share of the
        variance of profit removed by the adjustment). Each estimate with _low and _high.

    Raises
    ------
    DataError
        If a campaign has no control group, or the table is otherwise invalid (`CampaignColumns`).
    ParameterError
        If a margin is not a share in (0, 1], or is missing for a customer.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17; Dunnett (1955), JASA 50; Deng, Xu, Kohavi and Walker
    (2013), Proceedings of WSDM.

    Examples
    --------
    >>> import relmark_research as rm
    >>> found = rm.relationships.campaign_uplift(rm.load_sample("campaigns"), margin=0.4)
    >>> win_back = found.set_index("campaign_id").loc["2024-win-back"]
    >>> win_back[["uplift", "total_incremental_profit"]].astype(float).round(3).tolist()
    [-0.011, -2223.588]
    """
    check_level(level)
    columns = columns or CampaignColumns()
    table = columns.read(campaigns)
    table["profit"] = _customer_margins(table, margin) * table["value_in_window"] - table["cost"]
    covariates = [name for name in columns.covariates if name in table.columns] if adjust else []
    rows = []
    for campaign, customers in table.groupby("campaign_id", sort=False):
        for row in _arm_rows(customers, covariates, columns.control, level):
            rows.append({"campaign_id": campaign, **row})
    return pd.DataFrame(rows)


def total_profit(
    uplift: pd.DataFrame, *, measure: str = "incremental_profit", level: float = 0.95
) -> tuple[float, float, float]:
    """Return the incremental profit of all arms of `campaign_uplift`, with its interval.

    Parameters
    ----------
    uplift
        The table of `campaign_uplift`.
    measure
        ``"incremental_profit"``, or ``"incremental_value"`` for revenue.
    level
        Probability of the intervals of that table.

    Returns
    -------
    tuple of float
        Total, low, high. Arms of one campaign share a control group: their half-widths are added,
        which makes the interval conservative. Campaigns are taken as independent.

    Raises
    ------
    DataError
        If the table is empty.
    """
    if uplift.empty:
        raise DataError("expected the table of campaign_uplift; found no rows.")
    check_choice("measure", measure, ("incremental_profit", "incremental_value"))
    if measure == "incremental_profit":
        name, sizes = "total_incremental_profit", pd.Series(1.0, uplift.index)
    else:
        name, sizes = measure, uplift["customers"]
    half = sizes * (uplift[f"{name}_high"] - uplift[f"{name}_low"]) / 2
    reach = float(np.sqrt((half.groupby(uplift["campaign_id"]).sum() ** 2).sum()))
    total = float((sizes * uplift[name]).sum())
    return total, total - reach, total + reach


@dataclass(frozen=True)
class DunnettDistribution:
    """Distribution of the largest |z| among arms that share one control, in large samples.

    Parameters
    ----------
    control_variance
        Variance of the control's mean, > 0.
    arm_variances
        Variances of the arms' means, shape (k,).
    """

    control_variance: float
    arm_variances: Array

    def cdf(self, bound: float) -> float:
        """Return P(max |z_i| <= bound) under no effect.

        Examples
        --------
        >>> one_arm = DunnettDistribution(1.0, np.array([1.0]))
        >>> round(one_arm.cdf(1.96), 4)
        0.95
        """
        loading = np.sqrt(self.control_variance / (self.control_variance + self.arm_variances))
        residual = np.sqrt(1 - loading**2)
        shift = loading[:, None] * _NODES[None, :]
        inside = ndtr((bound - shift) / residual[:, None]) - ndtr(
            (-bound - shift) / residual[:, None]
        )
        return float(_WEIGHTS @ inside.prod(axis=0))

    def critical_value(self, level: float) -> float:
        """Return the bound within which all z_i lie with probability ``level``.

        Examples
        --------
        >>> two_arms = DunnettDistribution(1.0, np.array([1.0, 1.0]))
        >>> round(two_arms.critical_value(0.95), 3)  # Dunnett's table: 2.21
        2.212
        """
        if len(self.arm_variances) == 1:
            return normal_quantile(level)
        return float(brentq(lambda bound: self.cdf(bound) - level, 0.0, 12.0, xtol=1e-10))

    def p_value(self, z: float) -> float:
        """Return the adjusted p-value of a standardised estimate, P(max |z_i| >= |z|)."""
        if not np.isfinite(z):
            return float("nan")
        if len(self.arm_variances) == 1:
            return float(2 * ndtr(-abs(z)))
        return float(np.clip(1 - self.cdf(abs(z)), 0.0, 1.0))


def cuped_adjusted(value: Array, covariates: Array, group: Array) -> tuple[Array, Array]:
    """Return the values adjusted for covariates measured before the experiment (CUPED).

    Parameters
    ----------
    value
        Outcome of each customer, shape (n,).
    covariates
        Measures from before the campaign, shape (n, k).
    group
        Arm of each customer, as integers from 0, shape (n,).

    Returns
    -------
    tuple of ndarray
        value - (covariates - mean(covariates)) theta, and theta, the least-squares slope within
        arms.

    References
    ----------
    Deng, Xu, Kohavi and Walker (2013), Proceedings of WSDM.
    """
    counts = np.bincount(group)
    centred = np.column_stack(
        [column - (np.bincount(group, column) / counts)[group] for column in (value, *covariates.T)]
    )
    theta = np.linalg.lstsq(centred[:, 1:], centred[:, 0], rcond=None)[0]
    return value - (covariates - covariates.mean(axis=0)) @ theta, theta


@dataclass(frozen=True)
class ArmMeans:
    """Means of one outcome by arm, the control first, and the variances of these means."""

    mean: Array
    variance: Array

    @classmethod
    def from_values(cls, value: Array, group: Array) -> ArmMeans:
        """Return the mean of each group and its variance s^2 / n."""
        n = np.bincount(group)
        mean = np.bincount(group, value) / n
        square = np.bincount(group, (value - mean[group]) ** 2) / (n - 1)
        return cls(mean, square / n)

    @property
    def dunnett(self) -> DunnettDistribution:
        """Distribution of the largest standardised estimate of the arms."""
        variance = np.maximum(self.variance, _SMALLEST_VARIANCE)
        return DunnettDistribution(float(variance[0]), variance[1:])

    def standard_error(self, arm: int) -> float:
        """Return the standard error of an arm's difference from the control."""
        return float(np.sqrt(self.variance[0] + self.variance[arm]))


def _customer_margins(table: pd.DataFrame, margin: Margin) -> Array:
    if isinstance(margin, (int, float)):
        found = pd.Series(float(margin), index=table.index)
    else:
        by_customer = pd.Series(margin)
        ids = read_values(by_customer.index.to_series(), Column("customer_id", "id", "customer"))
        found = table["customer_id"].map(by_customer.set_axis(ids.array))
    wrong = ~((found > 0) & (found <= 1))
    if wrong.any():
        raise ParameterError(
            f"margin must be a share of value in (0, 1] for every customer; found "
            f"{found[wrong].iloc[0]!r} for {wrong.sum():,} of {len(table):,} rows, first "
            f"{first_rows(wrong, table['customer_id'])}."
        )
    return found.to_numpy()


def _arm_rows(
    table: pd.DataFrame, covariates: list[str], control: str, level: float
) -> list[dict[str, object]]:
    arms = [control, *(arm for arm in dict.fromkeys(table["arm"]) if arm != control)]
    group = table["arm"].map({arm: number for number, arm in enumerate(arms)}).to_numpy()
    n = np.bincount(group)
    cost = np.bincount(group, table["cost"].to_numpy(float)) / n
    responses = np.bincount(group, table["responded"].to_numpy(float)).astype(int)
    before = table[covariates].to_numpy(float)
    value = _adjusted_means(table["value_in_window"], before, group)
    profit = _adjusted_means(table["profit"], before, group)
    unadjusted = ArmMeans.from_values(table["profit"].to_numpy(float), group)
    rows = []
    for arm in range(1, len(arms)):
        row: dict[str, Any] = {"arm": arms[arm], "customers": n[arm]}
        row |= _response_effect(responses, n, arm, level)
        row |= _difference("incremental_value", value, arm, level)
        row |= _difference("incremental_profit", profit, arm, level)
        gain, error = row["incremental_profit"], profit.standard_error(arm)
        row["probability_profitable"] = float(ndtr(gain / error)) if error else float(gain > 0)
        row["cost"] = cost[arm] - cost[0]
        for end in ("", "_low", "_high"):
            row[f"total_incremental_profit{end}"] = n[arm] * row[f"incremental_profit{end}"]
        plain = unadjusted.standard_error(arm)
        row["variance_reduction"] = 1 - (error / plain) ** 2 if plain else 0.0
        rows.append(row)
    return rows


def _adjusted_means(value: pd.Series, covariates: Array, group: Array) -> ArmMeans:
    numbers = value.to_numpy(float)
    if covariates.shape[1]:
        numbers, _ = cuped_adjusted(numbers, covariates, group)
    return ArmMeans.from_values(numbers, group)


def _difference(name: str, means: ArmMeans, arm: int, level: float) -> dict[str, object]:
    effect, error = float(means.mean[arm] - means.mean[0]), means.standard_error(arm)
    row: dict[str, object] = {name: effect}
    critical = {"": normal_quantile(level), "_simultaneous": means.dunnett.critical_value(level)}
    for kind, z in critical.items():
        row |= {f"{name}{kind}_low": effect - z * error, f"{name}{kind}_high": effect + z * error}
    return row


def _response_effect(responses: Array, n: Array, arm: int, level: float) -> dict[str, object]:
    from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

    rate = responses / n
    counts = (int(responses[arm]), int(n[arm]), int(responses[0]), int(n[0]))
    smoothed = (responses + 0.5) / (n + 1)
    dunnett = ArmMeans(rate, smoothed * (1 - smoothed) / n).dunnett
    joint_alpha = float(2 * ndtr(-dunnett.critical_value(level)))
    newcombe = {"compare": "diff", "method": "newcomb"}
    low, high = confint_proportions_2indep(*counts, **newcombe, alpha=1 - level)
    joint_low, joint_high = confint_proportions_2indep(*counts, **newcombe, alpha=joint_alpha)
    with np.errstate(invalid="ignore", divide="ignore"):  # rates of 0 and 1
        ratio_low, ratio_high = confint_proportions_2indep(
            *counts, compare="ratio", method="log-adjusted", alpha=1 - level
        )
        test = test_proportions_2indep(*counts, compare="diff", method="score")
    statistic = float(test.statistic) if np.isfinite(test.statistic) else 0.0
    return {
        "control_customers": n[0],
        "response": rate[arm],
        "control_response": rate[0],
        "uplift": rate[arm] - rate[0],
        "uplift_low": float(low),
        "uplift_high": float(high),
        "uplift_simultaneous_low": float(joint_low),
        "uplift_simultaneous_high": float(joint_high),
        "p_value": float(test.pvalue) if np.isfinite(test.pvalue) else 1.0,
        "p_value_adjusted": dunnett.p_value(statistic),
        "response_ratio": rate[arm] / rate[0] if rate[0] else np.nan,
        "response_ratio_low": float(ratio_low),
        "response_ratio_high": float(ratio_high),
    }
