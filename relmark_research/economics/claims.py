"""Three claims of relationship marketing, as tests on one's own data.

Retaining is cheaper than acquiring; loyal customers are more profitable; a few customers bring most
of the value. The last two are true of any data by construction if loyalty and profit are measured
on the same days, so both are tested on days that came after.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy import stats

from relmark_research.customers.log.open_table import opened
from relmark_research.economics.budget.spend_ledger import ALL
from relmark_research.economics.profitability.cost_rules import (
    checked_contacts,
    refuse_strangers,
    within,
)
from relmark_research.errors import DataError, ParameterError, unknown_name
from relmark_research.stats.concentration import kept_share, top_share
from relmark_research.stats.intervals import normal_quantile
from relmark_research.units import DAYS_PER_YEAR, Day, as_date

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relmark_research.customers.log.transactions import TransactionLog

# What each customer had done by a day, and what came after: the data of the claims.

_SHORTEST = 91  # days before the split within which a newcomer has shown nothing yet


def before_and_after(
    log: TransactionLog,
    *,
    at: Day | None = None,
    margin: float | None = None,
    contacts: pd.DataFrame | str | None = None,
) -> pd.DataFrame:
    """Return each customer's tenure and profit by a day, and profit afterwards.

    Parameters
    ----------
    log
        Transactions; profit is value less cost.
    at
        The split, the last day of before; two thirds of the way if None.
    margin
        Share of value that is profit, in (0, 1], for a log without cost.
    contacts
        What serving cost: columns customer_id, date, cost; taken off the profit. None takes off
        nothing.

    Returns
    -------
    DataFrame
        Row per customer first seen at least 91 days before the split, index customer_id: cohort
        (quarter of the first purchase), tenure (years from first to last purchase, by the split),
        before and after (profit per year, of the days on each side), active_after (whether anything
        was bought after).

    Raises
    ------
    DataError
        Where the log has neither cost nor margin, nobody was seen early enough, or a contact has no
        day, no cost or no customer of the log.

    Examples
    --------
    >>> import relmark_research as rm
    >>> history = before_and_after(rm.load_cdnow(), at="1997-09-30", margin=0.3)
    >>> len(history), round(float(history["active_after"].mean()), 3)
    (2357, 0.29)
    """
    if not log.has_cost and margin is None:
        raise DataError(
            "profit needs the cost of what was sold, or a margin; found a log without cost. Read "
            "it with cost='your column', or say margin=0.3 for thirty percent of value."
        )
    if margin is not None and not 0 < margin <= 1:
        raise ParameterError(f"a margin is a share of value in (0, 1]; found {margin!r}.")
    split = _split_day(log, at)
    table = _sides(log, split, margin)
    for side, cost in _costs(contacts, split, log, table.index).items():
        table[side] -= cost.reindex(table.index).fillna(0.0)
    table = table[table["first"] <= split - pd.Timedelta(days=_SHORTEST)]
    if table.empty:
        raise DataError(f"nobody was seen {_SHORTEST} days before {split:%Y-%m-%d}; split later.")
    ahead = (pd.Timestamp(log.observed_until) - split).days / DAYS_PER_YEAR
    seen = ((split - table["first"]).dt.days + 1) / DAYS_PER_YEAR
    return pd.DataFrame(
        {
            "cohort": table["first"].dt.to_period("Q").astype(str),
            "tenure": (table["last"] - table["first"]).dt.days / DAYS_PER_YEAR,
            "before": table["before"] / seen,
            "after": table["after"] / ahead,
            "active_after": table["bought_after"] > 0,
        },
        index=table.index,
    )


def _split_day(log: TransactionLog, at: Day | None) -> pd.Timestamp:
    first, last = log.observed_from, log.observed_until
    day = first + (last - first) * 2 // 3 if at is None else as_date(at, name="at")
    if not first < day < last:
        raise DataError(
            f"the split must lie within the log ({first} to {last}); found {day}. "
            "Choose a day with some months before and after it."
        )
    return pd.Timestamp(day)


def _sides(log: TransactionLog, split: pd.Timestamp, margin: float | None) -> pd.DataFrame:
    """Return first and last purchase and profit on each side, computed in the engine."""
    rows, day = log.rows, split.date()
    profit = rows.value * margin if margin is not None else rows.value - rows.cost.fill_null(0)
    rows = rows.mutate(profit=profit, early=rows.date <= day)
    bought = rows.value > 0
    table = (
        rows.group_by("customer_id")
        .agg(
            first=rows.date.min(),
            last=rows.date.max(where=rows.early & bought),
            before=rows.profit.sum(where=rows.early),
            after=rows.profit.sum(where=~rows.early),
            bought_after=(~rows.early & bought).cast("int64").sum(),
        )
        .to_pandas()
        .set_index("customer_id")
        .sort_index()
    )
    table[["first", "last"]] = table[["first", "last"]].apply(pd.to_datetime)
    table["last"] = table["last"].fillna(table["first"])
    return table.fillna({"before": 0.0, "after": 0.0}).astype({"before": float, "after": float})


def _costs(
    contacts: pd.DataFrame | str | None, split: pd.Timestamp, log: TransactionLog, known: pd.Index
) -> dict[str, pd.Series]:
    if contacts is None:
        return {}
    contacts = checked_contacts(opened(contacts))
    refuse_strangers(
        within(contacts, "date", log),
        known,
        money="cost",
        table="contacts",
        advice="Take out contacts of people who never bought: they are a cost of acquisition.",
    )
    days = contacts["date"]
    seen = days <= pd.Timestamp(as_date(log.observed_until))
    ids = contacts["customer_id"]
    return {
        side: contacts["cost"][chosen & seen].groupby(ids[chosen & seen]).sum()
        for side, chosen in (("before", days <= split), ("after", days > split))
    }


Verdict = Literal["holds", "does not hold", "cannot be told"]


@dataclass(frozen=True)
class Claim:
    """A claim with its answer.

    Attributes
    ----------
    claim
        What is claimed.
    verdict
        ``"holds"`` or ``"does not hold"`` where the whole interval says so, else ``"cannot be
        told"``.
    estimate, low, high
        What was measured, with its interval.
    measure, threshold
        What that is, and the value from which on the claim holds.
    sentence
        The answer in words.
    table
        What it rests on, the circular version beside the fair one.
    """

    claim: str
    verdict: Verdict
    estimate: float
    low: float
    high: float
    measure: str
    threshold: float
    sentence: str
    table: pd.DataFrame = field(repr=False)


def retaining_is_cheaper(costs: pd.DataFrame, *, segment: str = ALL) -> Claim:
    """Test whether keeping one more customer costs less than winning one more.

    Parameters
    ----------
    costs
        As `unit_costs` gives it.
    segment
        Its row; all together by default.

    Returns
    -------
    Claim
        Of the marginal cost of winning over that of keeping, threshold 1. Without curves the claim
        cannot be told: a ratio of averages says nothing of the next customer.

    Examples
    --------
    >>> import relmark_research as rm
    >>> from relmark_research.economics.budget.unit_costs import unit_costs
    >>> costs = unit_costs(rm.load_sample("books"), by="channel", recent=4)
    >>> retaining_is_cheaper(costs, segment="field").verdict
    'holds'
    >>> print(retaining_is_cheaper(costs, segment="web").sentence)
    On average a customer won costs 1.05 times (1.02 to 1.09) a customer kept. What counts is the
    next one: there the ratio is 0.44 (0.35 to 0.54), and keeping one more is dearer than winning
    one more.
    """
    if segment not in costs.index:
        raise ParameterError(unknown_name("segment", segment, costs.index))
    row = costs.loc[segment].to_dict()
    average = _ratio(*(row[f"cost_ratio{end}"] for end in ("", "_low", "_high")))
    start = f"On average a customer won costs {average} a customer kept. "
    value, low, high = (float(row[f"marginal_ratio{end}"]) for end in ("", "_low", "_high"))
    if not np.isfinite(value):
        return Claim(
            "retaining is cheaper than acquiring", "cannot be told", np.nan, np.nan, np.nan,
            "marginal cost of winning / of keeping", 1.0,
            start + "What the next one costs cannot be told: " + (row["note"] or "no curve."),
            costs.loc[[segment]],
        )  # fmt: skip
    verdict = _verdict(low, high, 1.0)
    ends = {
        "holds": "keeping one more is cheaper than winning one more",
        "does not hold": "keeping one more is dearer than winning one more",
        "cannot be told": "which of the two is cheaper cannot be told",
    }
    sentence = (
        f"{start}What counts is the next one: there the ratio is {value:.2f} ({low:.2f} to "
        f"{high:.2f}), and {ends[verdict]}."
    )
    return Claim(
        "retaining is cheaper than acquiring", verdict, value, low, high,
        "marginal cost of winning / of keeping", 1.0, sentence, costs.loc[[segment]],
    )  # fmt: skip


def loyal_are_more_profitable(history: pd.DataFrame, *, level: float = 0.95) -> Claim:
    """Test whether customers who had stayed long brought more afterwards than those who had not.

    Within the newcomers of each quarter the loyal are those whose time between first and last
    purchase, up to the split, is above the quarter's median: none has had more time than others.

    Parameters
    ----------
    history
        As `before_and_after` gives it.
    level
        Probability of the intervals (Welch's for differences of means, Bonett and Wright's for
        rank correlations).

    Returns
    -------
    Claim
        Of the difference in profit per customer and year after the split, money, threshold 0. Its
        table has the same on the days before (circular: who stays longer has had more time to
        buy) and for those only who still bought after the split.

    References
    ----------
    Reinartz & Kumar (2000), On the profitability of long-life customers in a noncontractual
    setting, Journal of Marketing 64(4), 17-35.
    """
    table = _checked(history, ["cohort", "tenure", "before", "after", "active_after"])
    loyal = table["tenure"] > table.groupby("cohort")["tenure"].transform("median")
    if not 1 < loyal.sum() < len(loyal) - 1:
        raise DataError(
            f"the claim needs customers of both kinds; found {loyal.sum()} loyal of {len(loyal)}. "
            "Split later, so that some have come back."
        )
    still = table["active_after"].to_numpy(bool)
    samples = {
        "before, circular": (np.ones(len(table), bool), "before"),
        "after": (np.ones(len(table), bool), "after"),
        "after, still buying": (still, "after"),
    }
    rows = {
        name: _compared(
            table.loc[chosen, column], loyal[chosen], table.loc[chosen, "tenure"], level
        )
        for name, (chosen, column) in samples.items()
    }
    found = pd.DataFrame(rows).T.rename_axis("sample")
    after, active = rows["after"], rows["after, still buying"]
    verdict = _verdict(after["low"], after["high"], 0.0)
    words = {"holds": "more", "does not hold": "less", "cannot be told": "about as much"}[verdict]
    if active["low"] > 0:
        why = "The loyal bring more also among those who still buy"
    elif active["high"] < 0:
        why = "Among those who still buy the loyal bring less"
    else:
        why = "Among those who still buy no difference can be told: loyalty pays by lasting"
    sentence = (
        f"Customers who had stayed long brought {words} afterwards: {after['loyal']:,.0f} a year "
        f"against {after['others']:,.0f}, a difference of {after['difference']:,.0f} "
        f"({after['low']:,.0f} to {after['high']:,.0f}). {why}."
    )
    return Claim(
        "loyal customers are more profitable", verdict, float(after["difference"]),
        float(after["low"]), float(after["high"]), "difference in profit per customer and year",
        0.0, sentence, found,
    )  # fmt: skip


def few_bring_most(
    history: pd.DataFrame, *, few: float = 0.2, most: float = 0.5, level: float = 0.95
) -> Claim:
    """Test whether the customers who brought most so far bring most of what comes after.

    Parameters
    ----------
    history
        As `before_and_after` gives it.
    few
        Share of customers, in (0, 1): the best so many by their profit before the split.
    most
        Share of the profit, in (0, 1), above which the claim holds.
    level
        Probability of the intervals.

    Returns
    -------
    Claim
        Of the share of the profit after the split that the best of before bring. Its table has
        beside it the share of the best before (and, in hindsight, after) on the same days.
    """
    table = _checked(history, ["before", "after"])
    for name, share in (("few", few), ("most", most)):
        if not 0 < share < 1:
            raise ParameterError(f"{name} is a share in (0, 1), 0.2 for a fifth; found {share!r}.")
    before, after = table["before"].to_numpy(float), table["after"].to_numpy(float)
    rows = {
        "before, circular": top_share(before, few, level=level),
        "after, the best of before": kept_share(before, after, few, level=level),
        "after, circular": top_share(after, few, level=level),
    }
    found = pd.DataFrame(rows, index=["share", "low", "high"]).T.rename_axis("sample")
    share, low, high = rows["after, the best of before"]
    verdict = _verdict(low, high, most)
    ends = {
        "holds": f"more than the {most:.0%} that make the claim",
        "does not hold": f"less than the {most:.0%} that make the claim",
        "cannot be told": f"not surely more or less than {most:.0%}",
    }
    sentence = (
        f"The best {few:.0%} of customers up to the split had brought "
        f"{rows['before, circular'][0]:.0%} of the profit; the same customers brought "
        f"{share:.0%} ({low:.0%} to {high:.0%}) of what came after, {ends[verdict]}."
    )
    return Claim(
        "a few customers bring most of the value", verdict, float(share), float(low), float(high),
        f"share of the profit after, best {few:.0%} of before", most, sentence, found,
    )  # fmt: skip


def claims_table(claims: Sequence[Claim]) -> pd.DataFrame:
    """Return the claims one to a row: claim, verdict, measure, estimate, low, high."""
    columns = ["claim", "verdict", "measure", "estimate", "low", "high"]
    return pd.DataFrame(
        [[getattr(one, name) for name in columns] for one in claims], columns=columns
    )


def _compared(
    profit: pd.Series, loyal: pd.Series, tenure: pd.Series, level: float
) -> dict[str, float]:
    groups = [profit[loyal].to_numpy(float), profit[~loyal].to_numpy(float)]
    difference = groups[0].mean() - groups[1].mean()
    error = np.sqrt(sum(group.var(ddof=1) / len(group) for group in groups))
    reach = normal_quantile(level) * error
    rank = float(stats.spearmanr(tenure, profit).statistic)
    angle = np.arctanh(np.clip(rank, -1 + 1e-15, 1 - 1e-15))
    tilt = normal_quantile(level) * np.sqrt((1 + rank**2 / 2) / max(len(profit) - 3, 1))
    return {
        "customers": len(profit),
        "loyal": groups[0].mean(),
        "others": groups[1].mean(),
        "difference": difference,
        "low": difference - reach,
        "high": difference + reach,
        "rank_correlation": rank,
        "rank_correlation_low": float(np.tanh(angle - tilt)),
        "rank_correlation_high": float(np.tanh(angle + tilt)),
    }


def _verdict(low: float, high: float, threshold: float) -> Verdict:
    if low > threshold:
        return "holds"
    return "does not hold" if high < threshold else "cannot be told"


def _ratio(value: float, low: float, high: float) -> str:
    return f"{value:.2f} times ({low:.2f} to {high:.2f})"


def _checked(history: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    for name in columns:
        if name not in history.columns:
            raise DataError(
                unknown_name("column", name, history.columns)
                + " Make the table with before_and_after(log)."
            )
        gaps = history[name].isna()
        if gaps.any():
            raise DataError(
                f"the claim needs {name} of every customer; {gaps.sum():,} of {len(history):,} "
                f"have none, first: {history.index[gaps][0]!r}. Fill them in, or leave them out."
            )
    if len(history) < 30:
        raise DataError(
            f"the claim needs at least 30 customers seen before the split; found {len(history)}."
        )
    return history
