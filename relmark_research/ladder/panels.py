"""Looks at people at irregular times, paired and counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, LadderError, unknown_name
from relmark_research.ladder.looks import Looks
from relmark_research.units import DAYS_PER_YEAR

Array = np.ndarray


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
