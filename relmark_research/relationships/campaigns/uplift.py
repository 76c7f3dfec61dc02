"""The uplift of each arm: difference, ratio and profit, alone and judged together.

With means m_a, m_0 of n_a and n_0 customers and variances s^2, the difference of an arm is
m_a - m_0 with variance s_a^2 / n_a + s_0^2 / n_0 (Welch). Profit is counted per customer, margin
times value less the cost of the contact, less what was to be expected from before (CUPED).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import ndtr

from relmark_research.errors import DataError, ParameterError, check_level
from relmark_research.relationships.campaigns.campaign_design import CampaignColumns
from relmark_research.stats.intervals import normal_quantile

# Several arms against one control: intervals and p-values that hold for all of them at once.
# Estimates of arms that share a control are correlated. With z_i the standardised estimate of
# arm i, v_0 and v_i the variances of the means of control and arm, corr(z_i, z_j) = l_i l_j, l_i
# = sqrt(v_0 / (v_0 + v_i)) P(max |z_i| <= c) = integral phi(u) prod_i [Phi((c - l_i u) / s_i) -
# Phi((-c - l_i u) / s_i)] du with s_i = sqrt(1 - l_i^2), which is Dunnett's distribution with
# unequal variances, in large samples.

Array = np.ndarray

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True)
class Family:
    """Arms that are judged together against one control.

    Parameters
    ----------
    control_variance
        Variance of the control's mean, > 0.
    arm_variances
        Variances of the arms' means, shape (k,).
    """

    control_variance: float
    arm_variances: Array

    def within(self, bound: float) -> float:
        """Return the probability that no standardised estimate passes ``bound`` by chance.

        Examples
        --------
        >>> alone = Family(1.0, np.array([1.0]))
        >>> round(alone.within(1.96), 4)
        0.95
        """
        load = np.sqrt(self.control_variance / (self.control_variance + self.arm_variances))
        rest = np.sqrt(1 - load**2)
        shift = load[:, None] * _NODES[None, :]
        inside = ndtr((bound - shift) / rest[:, None]) - ndtr((-bound - shift) / rest[:, None])
        return float(_WEIGHTS @ inside.prod(axis=0))

    def bound(self, level: float) -> float:
        """Return the bound that all estimates keep with probability ``level``.

        Examples
        --------
        >>> round(Family(1.0, np.array([1.0, 1.0])).bound(0.95), 3)  # Dunnett's table: 2.21
        2.212
        """
        if len(self.arm_variances) == 1:
            return normal_quantile(level)
        return float(brentq(lambda c: self.within(c) - level, 0.01, 12.0, xtol=1e-10))

    def p_value(self, z: float) -> float:
        """Return the probability of an estimate as far out as ``z`` somewhere among the arms."""
        if not np.isfinite(z):
            return float("nan")
        if len(self.arm_variances) == 1:
            return float(2 * ndtr(-abs(z)))
        return float(np.clip(1 - self.within(abs(z)), 0.0, 1.0))


def adjusted_values(value: Array, before: Array, group: Array) -> tuple[Array, Array]:
    """Return the values less what was to be expected from before (CUPED).

    Parameters
    ----------
    value
        Outcome of each customer, shape (n,).
    before
        Measures from before the campaign, shape (n, k).
    group
        Arm of each customer, as integers from 0.

    Returns
    -------
    tuple of arrays
        value - (before - mean(before)) theta, and theta, the least-squares slope within arms.

    References
    ----------
    Deng, Xu, Kohavi and Walker (2013), Proceedings of WSDM.
    """
    counts = np.bincount(group)
    centred = np.column_stack(
        [column - (np.bincount(group, column) / counts)[group] for column in (value, *before.T)]
    )
    theta = np.linalg.lstsq(centred[:, 1:], centred[:, 0], rcond=None)[0]
    return value - (before - before.mean(axis=0)) @ theta, theta


FORMATS = {
    f"{name}{part}": kind
    for kind, names in {
        "share": ("response", "control_response", "uplift", "probability_pays", "less_doubt"),
        "money": ("value", "profit", "total", "cost"),
    }.items()
    for name in names
    for part in ("", "_low", "_high", "_all_low", "_all_high")
}
"""How the columns of `campaign_uplift` are written."""

Margin = float | Mapping[str, float] | pd.Series


def campaign_uplift(
    campaigns: pd.DataFrame,
    *,
    margin: Margin,
    columns: CampaignColumns | None = None,
    adjust: bool = True,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return what each arm of each campaign caused, against its control group.

    Parameters
    ----------
    campaigns
        One row per customer addressed or left alone.
    margin
        Share of value that is margin: a number in (0, 1], or one by customer_id.
    columns
        Names of the columns; by default those of the sample data.
    adjust
        Whether values and profit are adjusted by what each customer did before (CUPED).
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        Row per campaign and arm: customers, control_customers, response, control_response; uplift
        (difference of the responses; Newcombe's interval), p_value; uplift_all_low, _high and
        p_value_all (that hold for all arms of the campaign at once); ratio of the responses; value
        (extra revenue per customer); profit (extra margin less cost, per customer), profit_all_low,
        _high, probability_pays (that profit is above 0); cost (per customer), total (profit of all
        customers of the arm); less_doubt (share of the variance of profit that the adjustment took
        away). Each estimate with _low and _high.

    Raises
    ------
    DataError
        If a campaign has no control group, or the table is otherwise unfit (`CampaignColumns`).
    ParameterError
        If a margin is no share in (0, 1] or is missing for a customer.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17; Dunnett (1955), JASA 50; Deng and others (2013).

    Examples
    --------
    >>> import relmark_research as rm
    >>> from relmark_research.relationships.campaigns.uplift import campaign_uplift
    >>> found = campaign_uplift(rm.load_sample("campaigns"), margin=0.4)
    >>> found.set_index("campaign_id").loc["2024-win-back", ["uplift", "total"]].round(3).tolist()
    [-0.011, -2223.588]
    """
    check_level(level)
    columns = columns or CampaignColumns()
    table = columns.read(campaigns)
    table["profit"] = _margins(table, margin) * table["value_in_window"] - table["cost"]
    before = [name for name in columns.before if name in table.columns] if adjust else []
    rows = []
    for campaign, mine in table.groupby("campaign_id", sort=False):
        for row in _campaign_rows(mine, before, columns.control, level):
            rows.append({"campaign_id": campaign, **row})
    return pd.DataFrame(rows)


def _margins(table: pd.DataFrame, margin: Margin) -> Array:
    if isinstance(margin, (int, float)):
        found = pd.Series(float(margin), index=table.index)
    else:
        by = pd.Series(margin)
        found = table["customer_id"].map(by.set_axis(by.index.astype(str)))
    wrong = ~((found > 0) & (found <= 1))
    if wrong.any():
        raise ParameterError(
            f"margin is a share of value in (0, 1], for every customer; found "
            f"{found[wrong].iloc[0]!r} for {wrong.sum():,} of {len(table):,} rows, first customer "
            f"{table.loc[wrong, 'customer_id'].iloc[0]}."
        )
    return found.to_numpy()


@dataclass(frozen=True)
class Means:
    """Means of one outcome by arm, the control first, with their variances."""

    mean: Array
    variance: Array  # of the mean

    @classmethod
    def of(cls, value: Array, group: Array) -> Means:
        """Return the mean of each group and its variance s^2 / n."""
        n = np.bincount(group)
        mean = np.bincount(group, value) / n
        square = np.bincount(group, (value - mean[group]) ** 2) / (n - 1)
        return cls(mean, square / n)

    @property
    def family(self) -> Family:
        """The arms, to be judged together."""
        return Family(max(float(self.variance[0]), 1e-300), np.maximum(self.variance[1:], 1e-300))


def _campaign_rows(
    table: pd.DataFrame, before: list[str], control: str, level: float
) -> list[dict[str, object]]:
    arms = [control, *(arm for arm in dict.fromkeys(table["arm"]) if arm != control)]
    group = table["arm"].map({arm: place for place, arm in enumerate(arms)}).to_numpy()
    n = np.bincount(group)
    cost = np.bincount(group, table["cost"].to_numpy(float)) / n
    hits = np.bincount(group, table["responded"].to_numpy(float)).astype(int)
    earlier = table[before].to_numpy(float)
    value = _adjusted(table["value_in_window"], earlier, group)
    profit, plain = (
        _adjusted(table["profit"], earlier, group),
        Means.of(table["profit"].to_numpy(float), group),
    )
    rows = []
    for place in range(1, len(arms)):
        row: dict[str, Any] = {"arm": arms[place], "customers": n[place]}
        row |= _responses(hits, n, place, level)
        row |= _difference("value", value, place, level)
        row |= _difference("profit", profit, place, level)
        gain, doubt = row["profit"], _error(profit, place)
        row["probability_pays"] = float(ndtr(gain / doubt)) if doubt else float(gain > 0)
        row["cost"] = cost[place] - cost[0]
        for end in ("", "_low", "_high"):
            row[f"total{end}"] = n[place] * row[f"profit{end}"]
        earlier_doubt = _error(plain, place)
        row["less_doubt"] = 1 - (doubt / earlier_doubt) ** 2 if earlier_doubt else 0.0
        rows.append(row)
    return rows


def _adjusted(value: pd.Series, before: Array, group: Array) -> Means:
    numbers = value.to_numpy(float)
    if before.shape[1]:
        numbers, _ = adjusted_values(numbers, before, group)
    return Means.of(numbers, group)


def _error(means: Means, place: int) -> float:
    return float(np.sqrt(means.variance[0] + means.variance[place]))


def _difference(name: str, means: Means, place: int, level: float) -> dict[str, object]:
    gap, error = float(means.mean[place] - means.mean[0]), _error(means, place)
    row: dict[str, object] = {name: gap}
    for label, z in (("", normal_quantile(level)), ("_all", means.family.bound(level))):
        row |= {f"{name}{label}_low": gap - z * error, f"{name}{label}_high": gap + z * error}
    return row


def _responses(hits: Array, n: Array, place: int, level: float) -> dict[str, object]:
    from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

    rate = hits / n
    four = (int(hits[place]), int(n[place]), int(hits[0]), int(n[0]))
    smooth = (hits + 0.5) / (n + 1)
    means = Means(rate, smooth * (1 - smooth) / n)
    bound = means.family.bound(level)
    plain = confint_proportions_2indep(*four, compare="diff", method="newcomb", alpha=1 - level)
    joint = confint_proportions_2indep(
        *four, compare="diff", method="newcomb", alpha=float(2 * ndtr(-bound))
    )
    ratio = confint_proportions_2indep(
        *four, compare="ratio", method="log-adjusted", alpha=1 - level
    )
    tested = test_proportions_2indep(*four, compare="diff", method="score")
    return {
        "control_customers": n[0],
        "response": rate[place],
        "control_response": rate[0],
        "uplift": rate[place] - rate[0],
        "uplift_low": float(plain[0]),
        "uplift_high": float(plain[1]),
        "uplift_all_low": float(joint[0]),
        "uplift_all_high": float(joint[1]),
        "p_value": float(tested.pvalue),
        "p_value_all": means.family.p_value(float(tested.statistic)),
        "ratio": rate[place] / rate[0] if rate[0] else np.nan,
        "ratio_low": float(ratio[0]),
        "ratio_high": float(ratio[1]),
    }


def total_profit(uplift: pd.DataFrame, *, level: float = 0.95) -> tuple[float, float, float]:
    """Return the profit that all arms of a table of uplifts brought together, with its interval.

    Arms of one campaign share its control group; their errors are added as if they were one, which
    errs on the wide side. Campaigns are taken as independent.
    """
    if uplift.empty:
        raise DataError("expected the table of campaign_uplift; found no rows.")
    half = (uplift["total_high"] - uplift["total_low"]) / 2
    reach = float(np.sqrt((half.groupby(uplift["campaign_id"]).sum() ** 2).sum()))
    total = float(uplift["total"].sum())
    return total, total - reach, total + reach
