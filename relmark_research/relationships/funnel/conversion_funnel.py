"""Conversion of prospects to customers: share and time by stage, trend, and acquisition cost.

Prospects who have not passed a stage by the last observed day are censored, not failures: their
time in the stage enters the estimate (`stats.survival.cumulative_incidence`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.errors import DataError, ParameterError, first_rows, unknown_name
from relmark_research.stats.intervals import normal_quantile
from relmark_research.stats.survival import (
    CENSORED,
    COMPETING_EVENT,
    EVENT,
    CumulativeIncidence,
    cumulative_incidence,
)
from relmark_research.tables.read_table import group_values, open_table
from relmark_research.tables.schemas import PROSPECTS, Column
from relmark_research.units import Day, Period, as_date

Array = np.ndarray

STAGES = ("contacted", "qualified", "offer", "won")

SHARE_COLUMNS = tuple(
    f"{name}{part}"
    for name in ("conversion_to_date", "conversion", "drop_off", "cumulative_conversion")
    for part in (("",) if name == "conversion_to_date" else ("", "_low", "_high"))
)
"""Columns of `conversion_funnel` that are shares."""

COST_FORMATS = {"lost_cost_share": "share"} | dict.fromkeys(
    ["cost", "acquisition_cost", "low", "high"], "money"
)
"""Display format of the columns of `funnel_costs`."""


@dataclass(frozen=True, repr=False)
class Prospects:
    """Prospects with the days of their stages, checked, as known on a day.

    Attributes
    ----------
    table
        The rows whose first contact is not after ``observed_until``; later days are missing.
    start
        Column of the first contact.
    stages
        Columns of the stages, in order; the last one is the conversion.
    lost
        Column of the day on which a prospect was given up, or None where it is not recorded.
    observed_until
        Last day observed.
    """

    table: pd.DataFrame
    start: str
    stages: tuple[str, ...]
    lost: str | None
    observed_until: date

    @classmethod
    def from_table(
        cls,
        table: Any,
        *,
        start: str = "first_contact",
        stages: tuple[str, ...] | None = STAGES,
        lost: str | None = None,
        observed_until: Day | None = None,
    ) -> Prospects:
        """Return the checked prospects of a table.

        Parameters
        ----------
        table
            One row per prospect: any source of `read_table`.
        start, stages, lost
            Columns, as in the attributes; None takes the usual stages that the table has.
        observed_until
            Last day to observe; by default the last day in the table.

        Raises
        ------
        DataError
            If a column is missing or holds no dates, a first contact is missing, a stage lies
            before the previous one or was reached without it, or a prospect was lost before the
            first contact or was both lost and won.
        """
        stages = _usual_stages(table) if stages is None else tuple(stages)
        days = [start, *stages, *([lost] if lost else [])]
        table = _with_dates(table, days)
        _check_order(table, [start, *stages], lost)
        last = table[days].max().max().date() if observed_until is None else as_date(observed_until)
        end = pd.Timestamp(last)
        known = table[table[start] <= end]
        if known.empty:
            raise DataError(
                f"expected prospects with a first contact by {last}; found none of {len(table):,}, "
                f"the first on {table[start].min():%Y-%m-%d}. Choose a later day."
            )
        cut = {name: known[name].where(known[name] <= end) for name in days[1:]}
        return cls(known.assign(**cut).reset_index(drop=True), start, stages, lost, last)

    def durations(self, origin: str, goal: str) -> tuple[Array, Array]:
        """Return days from ``origin`` to the outcome, and the outcome, of all who reached it.

        Returns
        -------
        tuple of ndarray
            Days, and outcome as in `cumulative_incidence`: an event where ``goal`` was reached, a
            competing event where the prospect was lost, otherwise censored.
        """
        begun = self.table[self.table[origin].notna()]
        reached = begun[goal].notna()
        end = begun[goal].fillna(pd.Timestamp(self.observed_until))
        outcome = np.where(reached, EVENT, CENSORED)
        if self.lost is not None:
            lost = begun[self.lost].notna() & ~reached
            end = end.where(~lost, begun[self.lost])
            outcome = np.where(lost, COMPETING_EVENT, outcome)
        return (end - begun[origin]).dt.days.to_numpy(), outcome

    def groups(self, column: str | None) -> dict[str, Prospects]:
        """Return the prospects by the values of a column; None gives one group ``"all"``."""
        if column is None:
            return {"all": self}
        if column not in self.table.columns:
            raise DataError(f"prospects: {unknown_name('column', column, self.table.columns)}")
        group = group_values(self.table[column])
        return {
            str(name): replace(self, table=rows.reset_index(drop=True))
            for name, rows in self.table.groupby(group, sort=True)
        }

    def _rows(self) -> dict[str, object]:
        return {
            "prospects": len(self.table),
            "stages": ", ".join(self.stages),
            "won": int(self.table[self.stages[-1]].notna().sum()),
            "first contact from": f"{self.table[self.start].min():%Y-%m-%d}",
            "observed until": self.observed_until,
        }

    def __repr__(self) -> str:
        return one_line("Prospects", self._rows())

    def _repr_html_(self) -> str:
        return html_table("Prospects", self._rows())


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
    """Return conversion and drop-off rates by stage, corrected for censoring.

    Parameters
    ----------
    prospects
        One row per prospect: day of first contact, and of each stage reached; or `Prospects`, which
        have their own stages and last day.
    by
        Column whose values form groups, such as the source; None for one group.
    start, stages
        Columns of the first contact and of the stages, in order.
    lost
        Column of the day on which a prospect was given up; None where it is not recorded: then all
        who have not passed a stage are censored on the last day.
    observed_until
        Last day to observe; by default the last day in the table.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        Row per group and stage: entered (reached the previous stage), reached, pending (neither
        reached nor lost), conversion_to_date (reached / entered, biased by censoring), conversion
        (share of entered who reach the stage eventually, Aalen-Johansen) with conversion_low and
        conversion_high, drop_off (1 - conversion) likewise, median_days of those who convert,
        cumulative_conversion (share of all prospects who reach the stage) with its interval,
        plateaued (whether the share stopped rising before the last quarter of the follow-up, so
        that it may be read as the eventual share).

    Raises
    ------
    DataError
        If the stages are out of order, or a column is missing or holds no dates.

    References
    ----------
    Kaplan and Meier (1958), JASA 53; Aalen and Johansen (1978), Scand. J. Statist. 5.

    Examples
    --------
    >>> import relmark_research as rm
    >>> prospects = rm.load_sample("prospects")
    >>> funnel = rm.relationships.conversion_funnel(prospects, by="source")
    >>> won = funnel[funnel["stage"] == "won"].set_index("group")
    >>> won["cumulative_conversion"].round(3).to_dict()  # true values: .185, .158, .249, .452
    {'fair': 0.184, 'field': 0.137, 'mail': 0.243, 'referral': 0.454}
    """
    known = (
        prospects
        if isinstance(prospects, Prospects)
        else Prospects.from_table(
            prospects, start=start, stages=stages, lost=lost, observed_until=observed_until
        )
    )
    rows = [
        {"group": name, **row}
        for name, group in known.groups(by).items()
        for row in _stage_rows(group, level)
    ]
    return pd.DataFrame(rows)


def funnel_curves(
    prospects: pd.DataFrame | Prospects, *, by: str | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Return the share converted by days since the first contact.

    Parameters
    ----------
    prospects, by, level
        As for `conversion_funnel`.

    Returns
    -------
    DataFrame
        Row per group and day with a conversion: group, days, share (cumulative incidence), low,
        high.
    """
    parts = []
    for name, group in _as_prospects(prospects).groups(by).items():
        found = _time_to_conversion(group)
        days = np.concatenate([[0.0], found.time, [found.longest_followup]])
        share, low, high = found.at(days, level=level)
        columns = {"days": days, "share": share, "low": low, "high": high}
        parts.append(pd.DataFrame(columns).drop_duplicates("days").assign(group=name))
    return pd.concat(parts, ignore_index=True)[["group", "days", "share", "low", "high"]]


def funnel_trend(
    prospects: pd.DataFrame | Prospects,
    *,
    within_days: int = 90,
    period: str | Period = "quarter",
    by: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the share converted within a time, by the period of the first contact.

    Parameters
    ----------
    prospects
        A table with the standard columns, or `Prospects`.
    within_days
        Days from the first contact within which conversions count, > 0.
    period
        Period of the first contact: ``"week"``, ``"month"``, ``"quarter"``, ``"year"`` or a fiscal
        `Period`.
    by
        Column whose values form groups; None for one group.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        Row per group and period: prospects, won (to date), share (within the time, cumulative
        incidence) with low and high, complete (whether all were observed for the whole time). The
        share is missing where none was.

    Raises
    ------
    ParameterError
        If the period is unknown, or ``within_days`` is not above 0.
    """
    frequency = Period.of(period).frequency
    if not within_days > 0:
        raise ParameterError(f"within_days must be above 0; found {within_days!r}.")
    rows = []
    for name, group in _as_prospects(prospects).groups(by).items():
        cohort = group.table[group.start].dt.to_period(frequency)
        for when in sorted(cohort.unique()):
            members = replace(group, table=group.table[cohort == when])
            row = {"group": name, "period": when.start_time}
            rows.append(row | _cohort_row(members, within_days, level))
    return pd.DataFrame(rows)


def funnel_costs(
    prospects: pd.DataFrame | Prospects,
    *,
    by: str | None = None,
    cost: str = "cost",
    follow_up_days: int = 180,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the acquisition cost along the funnel, from prospects with sufficient follow-up.

    The most recent prospects have cost money and have not converted yet. Counting their cost would
    overstate the acquisition cost, so prospects observed for a shorter time are excluded.

    Parameters
    ----------
    prospects
        A table with the standard columns, or `Prospects`.
    by
        Column whose values form groups; None for one group.
    cost
        Column of the cost of each prospect, money >= 0.
    follow_up_days
        Days from the first contact for which a prospect must have been observed.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        Row per group: prospects, won, cost (of all of them), acquisition_cost = cost / won with low
        and high (ratio of two means, symmetric in its logarithm), and lost_cost_share, the share of
        the cost spent on prospects who did not convert.

    Raises
    ------
    DataError
        If a cost is missing or negative, or no prospect was observed for so long.
    """
    known = _as_prospects(prospects)
    if cost not in known.table.columns:
        raise DataError(
            f"prospects: the acquisition cost needs the column {cost!r}. "
            f"{unknown_name('column', cost, known.table.columns)}"
        )
    age = (pd.Timestamp(known.observed_until) - known.table[known.start]).dt.days
    bad = ~(known.table[cost] >= 0)
    if bad.any() or not (age >= follow_up_days).any():
        raise DataError(
            f"expected costs of 0 or more and prospects observed for {follow_up_days} days; found "
            f"{bad.sum():,} costs missing or negative and a longest follow-up of {age.max()} days."
        )
    observed = replace(known, table=known.table[age >= follow_up_days])
    return pd.DataFrame(
        [
            {"group": name, **_cost_row(group, cost, level)}
            for name, group in observed.groups(by).items()
        ]
    )


def _as_prospects(prospects: pd.DataFrame | Prospects) -> Prospects:
    return prospects if isinstance(prospects, Prospects) else Prospects.from_table(prospects)


def _time_to_conversion(group: Prospects) -> CumulativeIncidence:
    return cumulative_incidence(*group.durations(group.start, group.stages[-1]))


def _stage_rows(group: Prospects, level: float) -> Iterator[dict[str, object]]:
    for previous, stage in zip([group.start, *group.stages], group.stages, strict=False):
        days, outcome = group.durations(previous, stage)
        entered, reached = len(days), int((outcome == EVENT).sum())
        from_previous = cumulative_incidence(days, outcome)
        from_start = cumulative_incidence(*group.durations(group.start, stage))
        conversion, low, high = (
            from_previous.final(level=level) if entered else (np.nan, np.nan, np.nan)
        )
        cumulative = from_start.final(level=level)
        yield {
            "stage": stage,
            "entered": entered,
            "reached": reached,
            "pending": int((outcome == CENSORED).sum()),
            "conversion_to_date": reached / entered if entered else np.nan,
            "conversion": conversion,
            "conversion_low": low,
            "conversion_high": high,
            "drop_off": 1 - conversion,
            "drop_off_low": 1 - high,
            "drop_off_high": 1 - low,
            "median_days": from_previous.median,
            "cumulative_conversion": cumulative[0],
            "cumulative_conversion_low": cumulative[1],
            "cumulative_conversion_high": cumulative[2],
            "plateaued": from_previous.plateaued,
        }


def _cohort_row(cohort: Prospects, within_days: int, level: float) -> dict[str, object]:
    share, low, high = _time_to_conversion(cohort).at(within_days, level=level)
    follow_up = pd.Timestamp(cohort.observed_until) - cohort.table[cohort.start].max()
    return {
        "prospects": len(cohort.table),
        "won": int(cohort.table[cohort.stages[-1]].notna().sum()),
        "share": float(share),
        "low": float(low),
        "high": float(high),
        "complete": bool(follow_up.days >= within_days),
    }


def _cost_row(group: Prospects, cost: str, level: float) -> dict[str, float]:
    won = group.table[group.stages[-1]].notna().to_numpy(float)
    spent = group.table[cost].to_numpy(float)
    n, total = len(won), spent.sum()
    row = {"prospects": n, "won": int(won.sum()), "cost": total}
    row |= dict.fromkeys(["acquisition_cost", "low", "high"], np.nan)
    if won.any() and n > 1 and total > 0:
        ratio = total / won.sum()
        influence = spent / spent.mean() - won / won.mean()
        factor = np.exp(normal_quantile(level) * influence.std(ddof=1) / np.sqrt(n))
        row |= {"acquisition_cost": ratio, "low": ratio / factor, "high": ratio * factor}
    return row | {"lost_cost_share": spent[won == 0].sum() / total if total else np.nan}


def _usual_stages(table: Any) -> tuple[str, ...]:
    """Return the usual stages of a table, in order."""
    known = open_table(table, PROSPECTS.relaxed()).columns
    stages = tuple(name for name in STAGES if name in known)
    if not stages:
        raise DataError(
            f"prospects: expected stages such as {', '.join(STAGES)}; found the columns "
            f"{', '.join(map(str, known))}. Name the columns with the days of the stages, in order."
        )
    return stages


def _with_dates(table: Any, names: list[str]) -> pd.DataFrame:
    stages = [Column(name, "date", "a day") for name in names]
    dated = open_table(table, PROSPECTS.relaxed().with_columns(stages))
    for name in names:
        if name not in dated.columns:
            raise DataError(f"prospects: {unknown_name('column', name, dated.columns)}")
    missing = dated[names[0]].isna()
    if missing.any() or dated.empty:
        raise DataError(
            f"prospects: expected a day of first contact ({names[0]}) in every row; "
            f"{missing.sum():,} of {len(dated):,} have none. Fill it in, or remove these rows."
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
            f"{first_rows(wrong, first)}. Correct these days, or name the stages "
            "in the order in which they happen."
        )
