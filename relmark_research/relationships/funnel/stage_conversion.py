"""The funnel from counts by stage, where the days of the stages are not known.

Of n prospects in a stage, x reach the next one. The share x / n has Wilson's interval. Counts hold
prospects who may still pass the stage, so that the share is a conversion to date; it is the
eventual one only where all of the prospects are decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, check_level
from relmark_research.tables.read_table import open_table
from relmark_research.tables.schemas import STAGE_COUNTS

ALL = "all"


def stage_conversion(counts: Any, *, level: float = 0.95) -> pd.DataFrame:
    """Return conversion and drop-off rates from counts of prospects by stage.

    Parameters
    ----------
    counts
        Row per stage in order, or per stage and group: ``stage``, ``count`` (prospects who reached
        it, whole), and ``group`` if there are several. The first stage has all prospects. Any
        source of `read_table`.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        Row per group and stage but the first: entered (reached the stage before), reached, pending
        (entered less reached), conversion = reached / entered with conversion_low and
        conversion_high (Wilson), drop_off = 1 - conversion likewise, cumulative_conversion
        (reached / all prospects of the group) with its interval.

    Raises
    ------
    DataError
        If a group has fewer than two stages, a stage twice, no prospects, or more prospects in a
        stage than in the one before.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22.

    Examples
    --------
    >>> counts = pd.DataFrame({"stage": ["met", "offer", "won"], "count": [200, 80, 20]})
    >>> found = stage_conversion(counts)
    >>> found[["stage", "conversion", "cumulative_conversion"]].to_numpy().tolist()
    [['offer', 0.4, 0.4], ['won', 0.25, 0.1]]
    """
    check_level(level)
    table = open_table(counts, STAGE_COUNTS)
    table = table if "group" in table else table.assign(group=ALL)
    rows = [
        {"group": str(name), **row}
        for name, own in table.groupby("group", sort=False)
        for row in _stage_rows(str(name), own, level)
    ]
    return pd.DataFrame(rows)


def _stage_rows(name: str, own: pd.DataFrame, level: float) -> Iterator[dict[str, object]]:
    stages, reached = own["stage"].astype(str).tolist(), own["count"].to_numpy(float)
    _check(name, stages, reached)
    for place in range(1, len(stages)):
        entered = reached[place - 1]
        conversion = _share(reached[place], entered, level)
        cumulative = _share(reached[place], reached[0], level)
        drop = (1 - conversion[0], 1 - conversion[2], 1 - conversion[1])
        yield {
            "stage": stages[place],
            "entered": int(entered),
            "reached": int(reached[place]),
            "pending": int(entered - reached[place]),
            **dict(zip(_ends("conversion"), conversion, strict=True)),
            **dict(zip(_ends("drop_off"), drop, strict=True)),
            **dict(zip(_ends("cumulative_conversion"), cumulative, strict=True)),
        }


def _ends(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _share(reached: float, entered: float, level: float) -> tuple[float, float, float]:
    """Return a share with Wilson's interval; missing where nobody entered."""
    from statsmodels.stats.proportion import proportion_confint

    if entered == 0:
        return np.nan, np.nan, np.nan
    low, high = proportion_confint(reached, entered, alpha=1 - level, method="wilson")
    return reached / entered, float(low), float(high)


def _check(name: str, stages: list[str], reached: np.ndarray) -> None:
    group = "" if name == ALL else f" of group {name!r}"
    if len(stages) < 2 or len(set(stages)) < len(stages) or reached[0] == 0:
        found = [f"{stage} {n:.0f}" for stage, n in zip(stages, reached, strict=True)]
        raise DataError(
            f"stage_counts: expected two different stages or more{group}, the first with all "
            f"prospects; found {', '.join(found)}."
        )
    wrong = np.flatnonzero(np.diff(reached) > 0)
    if len(wrong):
        place = int(wrong[0]) + 1
        raise DataError(
            f"stage_counts: expected no more prospects in a stage than in the one before{group}; "
            f"found {reached[place]:.0f} in {stages[place]!r} after {reached[place - 1]:.0f} in "
            f"{stages[place - 1]!r}. Give the stages in order, and in each all who reached it."
        )
