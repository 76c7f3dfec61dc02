"""From prospect to customer: who comes how far, how fast, at what cost.

Recent prospects are still on their way: they count as long as they were watched (see
`incidence`), never as failures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError, check_choice, unknown_name
from relmark_research.stats.cumulative_incidence import (
    LOST,
    ON_THE_WAY,
    REACHED,
    Incidence,
    incidence,
)
from relmark_research.stats.intervals import normal_quantile
from relmark_research.units import Day, as_date

# The stages of prospects: their days, in order, as they stood on a day.

STAGES = ("contacted", "qualified", "offer", "won")
Array = np.ndarray


@dataclass(frozen=True)
class Prospects:
    """Prospects with the days of their stages, checked, and seen until a day.

    Parameters
    ----------
    table
        The rows whose first contact was not after ``observed_until``; later days are empty.
    start
        Column of the first contact.
    stages
        Columns of the stages, in order; the last one is the goal.
    lost
        Column of the day on which a prospect was given up, or None where that is not kept.
    observed_until
        Last day that was seen.
    """

    table: pd.DataFrame
    start: str
    stages: tuple[str, ...]
    lost: str | None
    observed_until: date

    @classmethod
    def of(
        cls,
        table: pd.DataFrame,
        *,
        start: str = "first_contact",
        stages: tuple[str, ...] = STAGES,
        lost: str | None = None,
        observed_until: Day | None = None,
    ) -> Prospects:
        """Return the prospects of a table, checked.

        Raises
        ------
        DataError
            If a column is missing or no date, a first contact is missing, a stage lies before the
            one ahead of it or was reached without it, or a prospect was lost before he was met or
            after he was won.
        """
        stages = tuple(stages)
        table = _dated(table, [start, *stages, *([lost] if lost else [])])
        _check_order(table, [start, *stages], lost)
        days = [start, *stages, *([lost] if lost else [])]
        last = table[days].max().max().date() if observed_until is None else as_date(observed_until)
        end = pd.Timestamp(last)
        seen = table[table[start] <= end]
        if seen.empty:
            raise DataError(
                f"expected prospects met by {last}; found none of {len(table):,}, the first on "
                f"{table[start].min():%Y-%m-%d}. Look at a later day."
            )
        cut = {name: seen[name].where(seen[name] <= end) for name in days[1:]}
        return cls(seen.assign(**cut).reset_index(drop=True), start, stages, lost, last)

    def timed(self, origin: str, goal: str) -> tuple[Array, Array]:
        """Return days and outcome of those who came to ``origin``, on the way to ``goal``."""
        begun = self.table[self.table[origin].notna()]
        reached = begun[goal].notna()
        end = begun[goal].fillna(pd.Timestamp(self.observed_until))
        outcome = np.where(reached, REACHED, ON_THE_WAY)
        if self.lost is not None:
            given_up = begun[self.lost].notna() & ~reached
            end = end.where(~given_up, begun[self.lost])
            outcome = np.where(given_up, LOST, outcome)
        return (end - begun[origin]).dt.days.to_numpy(), outcome

    def by(self, column: str | None) -> dict[str, Prospects]:
        """Return the prospects apart by the values of a column; None keeps them together."""
        if column is None:
            return {"all": self}
        if column not in self.table.columns:
            raise DataError(f"prospects: {unknown_name('column', column, self.table.columns)}")
        named = self.table[column].astype(object).where(self.table[column].notna(), "not known")
        return {
            str(name): Prospects(
                rows.reset_index(drop=True), self.start, self.stages, self.lost, self.observed_until
            )
            for name, rows in self.table.groupby(named, sort=True)
        }


def _dated(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    for name in names:
        if name not in table.columns:
            raise DataError(f"prospects: {unknown_name('column', name, table.columns)}")
    try:
        dated = table.assign(**{name: pd.to_datetime(table[name]).dt.normalize() for name in names})
    except (ValueError, TypeError) as error:
        raise DataError(
            f"expected days in {', '.join(names)}; found what is none: {error}. Write year first."
        ) from None
    missing = dated[names[0]].isna()
    if missing.any() or dated.empty:
        raise DataError(
            f"every prospect needs a day of first contact ({names[0]}); {missing.sum():,} of "
            f"{len(dated):,} have none. Fill it in, or leave these rows out."
        )
    return dated


def _check_order(table: pd.DataFrame, names: list[str], lost: str | None) -> None:
    key = next((name for name in ("prospect_id", "customer_id") if name in table), None)
    for place in range(2, len(names)):
        skipped = table[names[place]].notna() & table[names[place - 1]].isna()
        _refuse(table, skipped, f"{names[place]} without {names[place - 1]}", key)
    for earlier, later in pairwise(names):
        _refuse(table, table[later] < table[earlier], f"{later} before {earlier}", key)
    if lost is not None:
        _refuse(table, table[lost] < table[names[0]], f"{lost} before {names[0]}", key)
        both = table[lost].notna() & table[names[-1]].notna()
        _refuse(table, both, f"both {lost} and {names[-1]}", key)


def _refuse(table: pd.DataFrame, wrong: pd.Series, what: str, key: str | None) -> None:
    if wrong.any():
        first = table[key] if key else table.index.to_series()
        raise DataError(
            f"stages out of order: expected each stage after the one before it; found {what} in "
            f"{wrong.sum():,} of {len(table):,} prospects, first "
            f"{', '.join(map(str, first[wrong].head(3)))}. Mend these days, or name the stages in "
            "the order in which they happen."
        )


SHARES = tuple(
    f"{name}{part}"
    for name in ("so_far", "passed", "drop_off", "from_start")
    for part in (("",) if name == "so_far" else ("", "_low", "_high"))
)
"""Columns of `conversion_funnel` that are shares."""

COST_FORMATS = {"on_losers": "share"} | dict.fromkeys(["cost", "per_won", "low", "high"], "money")
"""How the columns of `funnel_costs` are written."""

_PERIODS = {"month": "M", "quarter": "Q", "year": "Y"}


def conversion_funnel(
    prospects: pd.DataFrame | Prospects,
    *,
    by: str | None = None,
    start: str = "first_contact",
    stages: tuple[str, ...] = STAGES,
    lost: str | None = None,
    observed_until: Day | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return how many prospects pass each stage in the end, and where they drop off.

    Parameters
    ----------
    prospects
        One row per prospect: day of first contact, and of each stage that was reached; or
        `Prospects`, which know their own stages and last day.
    by
        Column whose values are kept apart, such as the source; None for all together.
    start, stages
        Columns of the first contact and of the stages, in order.
    lost
        Column of the day on which a prospect was given up; None where that is not kept, so that
        all who have not passed a stage are censored on the last day.
    observed_until
        Last day to be seen; by default the last day in the table.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        Row per group and stage: entered (came to the stage before), reached, waiting (neither
        reached nor given up), so_far (reached / entered, which makes failures of the recent),
        passed (share of entered who reach it in the end, Aalen-Johansen) with passed_low and
        passed_high, drop_off (1 - passed) likewise, median_days of those who pass, from_start
        (share of all prospects who come so far) with its interval, settled (whether the watch is
        long enough to speak of the end).

    Raises
    ------
    DataError
        If the stages are out of order, or a column is missing or no date.

    References
    ----------
    Kaplan and Meier (1958), JASA 53; Aalen and Johansen (1978), Scand. J. Statist. 5.

    Examples
    --------
    >>> import relmark_research as rm
    >>> from relmark_research.relationships.funnel import conversion_funnel
    >>> funnel = conversion_funnel(rm.load_sample("prospects"), by="source")
    >>> won = funnel[funnel["stage"] == "won"].set_index("group")
    >>> won["from_start"].round(3).to_dict()  # the truth: .185, .158, .249, .452
    {'fair': 0.184, 'field': 0.137, 'mail': 0.243, 'referral': 0.454}
    """
    known = (
        prospects
        if isinstance(prospects, Prospects)
        else Prospects.of(
            prospects, start=start, stages=stages, lost=lost, observed_until=observed_until
        )
    )
    rows = [
        {"group": name, **row}
        for name, part in known.by(by).items()
        for row in _stage_rows(part, level)
    ]
    return pd.DataFrame(rows)


def _stage_rows(part: Prospects, level: float) -> Iterator[dict[str, object]]:
    for before, stage in zip([part.start, *part.stages], part.stages, strict=False):
        days, outcome = part.timed(before, stage)
        step, whole = incidence(days, outcome), incidence(*part.timed(part.start, stage))
        passed, low, high = step.final(level=level)
        share, share_low, share_high = whole.final(level=level)
        reached = int((outcome == REACHED).sum())
        yield {
            "stage": stage,
            "entered": len(days),
            "reached": reached,
            "waiting": int((outcome == ON_THE_WAY).sum()),
            "so_far": reached / len(days) if len(days) else np.nan,
            "passed": passed if len(days) else np.nan,
            "passed_low": low if len(days) else np.nan,
            "passed_high": high if len(days) else np.nan,
            "drop_off": 1 - passed if len(days) else np.nan,
            "drop_off_low": 1 - high if len(days) else np.nan,
            "drop_off_high": 1 - low if len(days) else np.nan,
            "median_days": step.median,
            "from_start": share,
            "from_start_low": share_low,
            "from_start_high": share_high,
            "settled": step.settled,
        }


def funnel_curves(
    prospects: pd.DataFrame | Prospects, *, by: str | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Return the share won by days since the first contact.

    Returns
    -------
    DataFrame
        Row per group and day at which one more was won: group, days, share, low, high.
    """
    known = prospects if isinstance(prospects, Prospects) else Prospects.of(prospects)
    parts = []
    for name, part in known.by(by).items():
        found = _to_goal(part)
        days = np.concatenate([[0.0], found.days, [found.longest]])
        share, low, high = found.at(days, level=level)
        columns = {"days": days, "share": share, "low": low, "high": high}
        parts.append(pd.DataFrame(columns).drop_duplicates("days").assign(group=name))
    return pd.concat(parts, ignore_index=True)[["group", "days", "share", "low", "high"]]


def funnel_trend(
    prospects: pd.DataFrame | Prospects,
    *,
    within_days: int = 90,
    period: str = "quarter",
    by: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the share won within a time, by the period of the first contact.

    Parameters
    ----------
    prospects
        A table with the usual columns, or `Prospects`.
    within_days
        Days from the first contact in which a prospect should be won, > 0.
    period
        ``"month"``, ``"quarter"`` or ``"year"`` of the first contact.
    by
        Column whose values are kept apart; None for all together.
    level
        Probability of the intervals.

    Returns
    -------
    DataFrame
        Row per group and period: prospects, won (so far), share (within the time, Kaplan-Meier)
        with low and high, and complete: whether all were watched so long. Where nobody was, the
        share is missing.
    """
    check_choice("period", period, _PERIODS)
    if not within_days > 0:
        raise ParameterError(f"within_days must be above 0; found {within_days!r}.")
    known = prospects if isinstance(prospects, Prospects) else Prospects.of(prospects)
    end, rows = pd.Timestamp(known.observed_until), []
    for name, part in known.by(by).items():
        cohort = part.table[part.start].dt.to_period(_PERIODS[period])
        for when in sorted(cohort.unique()):
            mine = part.table[cohort == when]
            some = Prospects(mine, part.start, part.stages, part.lost, part.observed_until)
            watched = (end - mine[part.start].max()).days
            share, low, high = _to_goal(some).at(within_days, level=level)
            rows.append(
                {
                    "group": name,
                    "period": when.start_time,
                    "prospects": len(mine),
                    "won": int(mine[part.stages[-1]].notna().sum()),
                    "share": float(share),
                    "low": float(low),
                    "high": float(high),
                    "complete": bool(watched >= within_days),
                }
            )
    return pd.DataFrame(rows)


def funnel_costs(
    prospects: pd.DataFrame | Prospects,
    *,
    by: str | None = None,
    cost: str = "cost",
    watched_days: int = 180,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return what winning a customer costs along the funnel, from prospects watched long enough.

    Costs of prospects who are still on their way have no customer yet; counting them would make
    every recent customer look dear, leaving them out with their prospects does not.

    Returns
    -------
    DataFrame
        Row per group: prospects (watched for ``watched_days``), won, cost (all they cost), per_won
        = cost / won with low and high (ratio of two means, symmetric in its logarithm), and
        on_losers, the share of the cost spent on prospects who were not won.

    Raises
    ------
    DataError
        If the cost is missing or negative, or nobody was watched so long.
    """
    known = prospects if isinstance(prospects, Prospects) else Prospects.of(prospects)
    if cost not in known.table.columns:
        raise DataError(f"what winning costs needs the column {cost!r}; the prospects have none.")
    age = (pd.Timestamp(known.observed_until) - known.table[known.start]).dt.days
    bad = ~(known.table[cost] >= 0)
    if bad.any() or not (age >= watched_days).any():
        raise DataError(
            f"expected costs of 0 or more and prospects watched for {watched_days} days; found "
            f"{bad.sum():,} costs missing or negative and a longest watch of {age.max()} days."
        )
    old = Prospects(
        known.table[age >= watched_days], known.start, known.stages, known.lost,
        known.observed_until,
    )  # fmt: skip
    rows = [{"group": name, **_cost_of(part, cost, level)} for name, part in old.by(by).items()]
    return pd.DataFrame(rows)


def _cost_of(part: Prospects, cost: str, level: float) -> dict[str, float]:
    won = part.table[part.stages[-1]].notna().to_numpy(float)
    spent = part.table[cost].to_numpy(float)
    n, total = len(won), spent.sum()
    result = {"prospects": n, "won": int(won.sum()), "cost": total}
    result |= dict.fromkeys(["per_won", "low", "high"], np.nan)
    if won.any() and n > 1 and total > 0:
        ratio = total / won.sum()
        rest = spent / spent.mean() - won / won.mean()
        reach = np.exp(normal_quantile(level) * rest.std(ddof=1) / np.sqrt(n))
        result |= {"per_won": ratio, "low": ratio / reach, "high": ratio * reach}
    return result | {"on_losers": spent[won == 0].sum() / total if total else np.nan}


def _to_goal(part: Prospects) -> Incidence:
    return incidence(*part.timed(part.start, part.stages[-1]))
