"""Tests of three claims of relationship marketing on the user's data.

The claims: retention is cheaper than acquisition; loyal customers are more profitable; a few
customers generate most of the profit. If loyalty and profit are measured in the same period, the
last two hold by construction, so both are tested on a holdout period.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from relmark_research._repr import short_repr
from relmark_research.economics.budget.spend_ledger import ALL
from relmark_research.errors import DataError, ParameterError, check_share, first_rows, unknown_name
from relmark_research.stats.concentration import concentration_share, top_share
from relmark_research.stats.intervals import normal_interval, normal_quantile
from relmark_research.tables.given_tables import frame_in_memory
from relmark_research.tables.read_table import read_columns
from relmark_research.tables.schemas import ColumnType

if TYPE_CHECKING:
    from collections.abc import Sequence

_MIN_CUSTOMERS = 30
_SUFFIXES = ("", "_low", "_high")
_RATIOS = [f"{name}{end}" for name in ("cost_ratio", "marginal_cost_ratio") for end in _SUFFIXES]
_COLUMNS: dict[str, ColumnType] = {
    "cohort": "text",
    "tenure": "number",
    "calibration_profit": "number",
    "holdout_profit": "number",
    "active_in_holdout": "flag",
}

Verdict = Literal["holds", "does not hold", "inconclusive"]


@short_repr
@dataclass(frozen=True, repr=False)
class Claim:
    """The test of a claim.

    Attributes
    ----------
    claim
        The claim in words.
    verdict
        ``"holds"`` or ``"does not hold"`` if the whole interval is on one side of the threshold,
        else ``"inconclusive"``.
    estimate, low, high
        The measure with its interval.
    measure, threshold
        Name of the measure, and the value above which the claim holds.
    sentence
        The result in words.
    table
        The evidence: the circular comparison and the comparison on the holdout.
    """

    claim: str
    verdict: Verdict
    estimate: float
    low: float
    high: float
    measure: str
    threshold: float
    sentence: str
    table: pd.DataFrame

    def _summary(self) -> dict[str, object]:
        names = ("claim", "verdict", "measure", "estimate", "low", "high")
        return {name: getattr(self, name) for name in names}


def retaining_is_cheaper(costs: pd.DataFrame, *, segment: str = ALL) -> Claim:
    """Test whether retaining one more customer costs less than acquiring one more.

    Parameters
    ----------
    costs
        The table of `unit_costs`.
    segment
        A row of the table; the total by default.

    Returns
    -------
    Claim
        Ratio of marginal acquisition cost to marginal retention cost, threshold 1. Inconclusive
        without response curves: a ratio of average costs does not measure marginal costs.

    Examples
    --------
    >>> import relmark_research as rm
    >>> costs = rm.unit_costs(rm.load_sample("books"), by="channel", recent=4)
    >>> retaining_is_cheaper(costs, segment="field").verdict
    'holds'
    >>> print(retaining_is_cheaper(costs, segment="web").sentence)
    The average acquisition cost is 1.05 times (1.02 to 1.09) the average retention cost. At the
    margin the ratio is 0.45 (0.35 to 0.59): the marginal retention cost exceeds the marginal
    acquisition cost.
    """
    costs = frame_in_memory(costs, "costs")
    if segment not in costs.index:
        raise ParameterError(unknown_name("segment", segment, costs.index))
    costs = read_columns(costs, {}, name="costs", optional=dict.fromkeys(_RATIOS, "number"))
    row = costs.loc[segment].to_dict()
    average = _ratio(*(row[f"cost_ratio{suffix}"] for suffix in _SUFFIXES))
    start = f"The average acquisition cost is {average} the average retention cost. "
    value, low, high = (float(row[f"marginal_cost_ratio{suffix}"]) for suffix in _SUFFIXES)
    if not np.isfinite(value):
        return Claim(
            "retaining is cheaper than acquiring", "inconclusive", np.nan, np.nan, np.nan,
            "marginal acquisition cost / marginal retention cost", 1.0,
            start + "The marginal cost is not identified: " + (row["note"] or "no response curve."),
            costs.loc[[segment]],
        )  # fmt: skip
    verdict = _verdict(low, high, 1.0)
    conclusions = {
        "holds": "the marginal acquisition cost exceeds the marginal retention cost",
        "does not hold": "the marginal retention cost exceeds the marginal acquisition cost",
        "inconclusive": "the marginal costs do not differ significantly",
    }
    sentence = (
        f"{start}At the margin the ratio is {value:.2f} ({low:.2f} to {high:.2f}): "
        f"{conclusions[verdict]}."
    )
    return Claim(
        "retaining is cheaper than acquiring", verdict, value, low, high,
        "marginal acquisition cost / marginal retention cost", 1.0, sentence, costs.loc[[segment]],
    )  # fmt: skip


def loyal_are_more_profitable(history: pd.DataFrame, *, level: float = 0.95) -> Claim:
    """Test whether customers with a long tenure are more profitable in the holdout than others.

    Loyal customers have a tenure above the median of their acquisition cohort (quarter), so that
    all customers compared had the same time to buy.

    Parameters
    ----------
    history
        The table of `holdout_profit`.
    level
        Probability of the intervals (Welch's for differences of means, Bonett and Wright's for
        Spearman's rank correlation).

    Returns
    -------
    Claim
        Difference in holdout profit per customer and year, money, threshold 0. The table has the
        same comparison in the calibration period (circular: a longer tenure means more time to
        buy) and among customers active in the holdout only.

    References
    ----------
    Reinartz & Kumar (2000), On the profitability of long-life customers in a noncontractual
    setting, Journal of Marketing 64(4), 17-35.
    """
    table = _checked(history, list(_COLUMNS))
    loyal = table["tenure"] > table.groupby("cohort")["tenure"].transform("median")
    if not 1 < loyal.sum() < len(loyal) - 1:
        raise DataError(
            f"the comparison needs loyal and other customers; found {loyal.sum()} loyal of "
            f"{len(loyal)}. Use a later split, so that more customers have repeat purchases."
        )
    everyone, active = np.ones(len(table), bool), table["active_in_holdout"].to_numpy(bool)
    samples = {
        "before, circular": (everyone, "calibration_profit"),
        "after": (everyone, "holdout_profit"),
        "after, still buying": (active, "holdout_profit"),
    }
    rows = {
        name: _comparison(
            table.loc[chosen, column], loyal[chosen], table.loc[chosen, "tenure"], level
        )
        for name, (chosen, column) in samples.items()
    }
    found = pd.DataFrame(rows).T.rename_axis("sample")
    after, still_active = rows["after"], rows["after, still buying"]
    verdict = _verdict(after["low"], after["high"], 0.0)
    return Claim(
        "loyal customers are more profitable", verdict, float(after["difference"]),
        float(after["low"]), float(after["high"]), "difference in profit per customer and year",
        0.0, _tenure_sentence(verdict, after, still_active), found,
    )  # fmt: skip


def few_bring_most(
    history: pd.DataFrame, *, share: float = 0.2, threshold: float = 0.5, level: float = 0.95
) -> Claim:
    """Test whether the most profitable customers generate most of the profit in the holdout.

    Parameters
    ----------
    history
        The table of `holdout_profit`.
    share
        Share of customers, in (0, 1), that count as the few: the best by calibration profit.
    threshold
        Share of the profit, in (0, 1), above which the claim holds.
    level
        Probability of the intervals.

    Returns
    -------
    Claim
        Share of the holdout profit from the customers who were best in the calibration period. The
        table also has the circular shares: of the best in each period in the same period.
    """
    table = _checked(history, ["calibration_profit", "holdout_profit"])
    for name, value in (("share", share), ("threshold", threshold)):
        check_share(name, value)
    before = table["calibration_profit"].to_numpy(float)
    after = table["holdout_profit"].to_numpy(float)
    rows = {
        "before, circular": _with_interval(top_share(before, share), level),
        "after, the best of before": _with_interval(
            concentration_share(after, before, share), level
        ),
        "after, circular": _with_interval(top_share(after, share), level),
    }
    found = pd.DataFrame(rows, index=["share", "low", "high"]).T.rename_axis("sample")
    estimate, low, high = rows["after, the best of before"]
    verdict = _verdict(low, high, threshold)
    conclusions = {
        "holds": f"above the threshold of {threshold:.0%}",
        "does not hold": f"below the threshold of {threshold:.0%}",
        "inconclusive": f"not significantly different from the threshold of {threshold:.0%}",
    }
    sentence = (
        f"The best {share:.0%} of customers by calibration profit generated "
        f"{rows['before, circular'][0]:.0%} of that profit. They generated {estimate:.0%} "
        f"({low:.0%} to {high:.0%}) of the holdout profit, {conclusions[verdict]}."
    )
    return Claim(
        "a few customers bring most of the value", verdict, estimate, low, high,
        f"share of holdout profit, best {share:.0%} by calibration profit", threshold, sentence,
        found,
    )  # fmt: skip


def claims_table(claims: Sequence[Claim]) -> pd.DataFrame:
    """Return one row per claim: claim, verdict, measure, estimate, low, high."""
    columns = ["claim", "verdict", "measure", "estimate", "low", "high"]
    return pd.DataFrame(
        [[getattr(claim, name) for name in columns] for claim in claims], columns=columns
    )


def _tenure_sentence(
    verdict: Verdict, after: dict[str, float], still_active: dict[str, float]
) -> str:
    words = {
        "holds": "more profit than others",
        "does not hold": "less profit than others",
        "inconclusive": "no significantly different profit",
    }[verdict]
    if still_active["low"] > 0:
        why = "a long tenure is also more profitable"
    elif still_active["high"] < 0:
        why = "a long tenure is less profitable"
    else:
        why = "the difference is not significant, so loyalty pays through retention"
    return (
        f"In the holdout, customers with a long tenure generated {words}: {after['loyal']:,.0f} a "
        f"year against {after['others']:,.0f}, a difference of {after['difference']:,.0f} "
        f"({after['low']:,.0f} to {after['high']:,.0f}). Among customers who still buy, {why}."
    )


def _comparison(
    profit: pd.Series, loyal: pd.Series, tenure: pd.Series, level: float
) -> dict[str, float]:
    groups = [profit[loyal].to_numpy(float), profit[~loyal].to_numpy(float)]
    difference = groups[0].mean() - groups[1].mean()
    error = np.sqrt(sum(group.var(ddof=1) / len(group) for group in groups))
    half_width = normal_quantile(level) * error
    rank = float(stats.spearmanr(tenure, profit).statistic)
    z = np.arctanh(np.clip(rank, -1 + 1e-15, 1 - 1e-15))  # Fisher's transformation
    z_width = normal_quantile(level) * np.sqrt((1 + rank**2 / 2) / max(len(profit) - 3, 1))
    return {
        "customers": len(profit),
        "loyal": groups[0].mean(),
        "others": groups[1].mean(),
        "difference": difference,
        "low": difference - half_width,
        "high": difference + half_width,
        "rank_correlation": rank,
        "rank_correlation_low": float(np.tanh(z - z_width)),
        "rank_correlation_high": float(np.tanh(z + z_width)),
    }


def _with_interval(estimate: tuple[Any, Any], level: float) -> tuple[float, float, float]:
    share, error = map(float, estimate)
    low, high = normal_interval(share, error, level)
    return share, float(low), float(high)


def _verdict(low: float, high: float, threshold: float) -> Verdict:
    if low > threshold:
        return "holds"
    return "does not hold" if high < threshold else "inconclusive"


def _ratio(value: float, low: float, high: float) -> str:
    return f"{value:.2f} times ({low:.2f} to {high:.2f})"


def _checked(history: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    history = frame_in_memory(history, "history")
    for name in columns:
        if name not in history.columns:
            raise DataError(
                unknown_name("column", name, history.columns)
                + " Make the table with holdout_profit(log)."
            )
    history = read_columns(history, {name: _COLUMNS[name] for name in columns}, name="history")
    for name in columns:
        missing = history[name].isna()
        if missing.any():
            raise DataError(
                f"{name} must be known for every customer; {missing.sum():,} of {len(history):,} "
                f"are missing, first: {first_rows(missing, history.index)}. Fill them in, or "
                "remove them."
            )
    if len(history) < _MIN_CUSTOMERS:
        raise DataError(
            f"the test needs at least {_MIN_CUSTOMERS} customers with a first purchase before the "
            f"split; found {len(history)}."
        )
    return history
