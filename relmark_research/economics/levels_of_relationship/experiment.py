"""How large an experiment must be to find out what a level does to retention."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from relmark_research.economics.levels_of_relationship.level_choice import LevelChoice
from relmark_research.errors import ParameterError


def experiment_size(
    retention: float, points: float, *, power: float = 0.8, significance: float = 0.05
) -> int:
    """Return how many customers each arm needs to see a rise of retention.

    Two arms of equal size, drawn at random; the two-sided test of two proportions.

    Parameters
    ----------
    retention
        Rate in the arm that is served as before, in (0, 1).
    points
        The rise that must be seen, a share: 0.03 for three points; may be negative.
    power
        Probability of seeing it where it is there, in (0, 1).
    significance
        Probability of seeing one where there is none, in (0, 1).

    Returns
    -------
    int
        Customers per arm, for Cohen's effect size h = 2 asin sqrt(r + points) - 2 asin sqrt(r):
        the smallest n whose test has the power.

    References
    ----------
    Cohen (1988), Statistical power analysis for the behavioral sciences, chapter 6.

    Examples
    --------
    >>> experiment_size(0.6, 0.05)
    1471
    """
    from statsmodels.stats.power import NormalIndPower
    from statsmodels.stats.proportion import proportion_effectsize

    for name, value in (("retention", retention), ("retention + points", retention + points)):
        if not 0 < value < 1:
            raise ParameterError(f"{name} must be a rate in (0, 1); found {value:g}.")
    for name, value in (("power", power), ("significance", significance)):
        if not 0 < value < 1:
            raise ParameterError(f"{name} is a probability in (0, 1); found {value!r}.")
    if points == 0:
        raise ParameterError("no experiment, however large, can see a rise of 0 points.")
    size = proportion_effectsize(retention + points, retention)
    needed = NormalIndPower().solve_power(abs(size), alpha=significance, power=power, ratio=1.0)
    return math.ceil(float(needed))


def experiments(
    choice: LevelChoice, *, power: float = 0.8, significance: float = 0.05
) -> pd.DataFrame:
    """Plan for each segment and level the experiment that would see its break-even effect.

    A level must add its break-even points of retention, or it does not pay by keeping customers; an
    experiment that cannot see so small a rise cannot clear the level either.

    Returns
    -------
    DataFrame
        segment, level (beyond the first), cost (over the first level's, per customer and year),
        retention (at the first level), break_even (points), per_arm (customers; missing where no
        retention could pay for the level), available (customers of the segment, half of them per
        arm) and enough, whether these would do in one year.
    """
    table, rows = choice.table, []
    sizes = choice.best.set_index("segment")["customers"]
    for segment, part in table.groupby("segment", sort=False):
        base = part.iloc[0]
        for row in part.iloc[1:].to_dict("records"):
            points, retention = row["break_even"], float(base["retention"])
            if points > 0 and retention + points < 1:
                per_arm = float(
                    experiment_size(retention, points, power=power, significance=significance)
                )
            else:
                per_arm = np.nan
            rows.append(
                {
                    "segment": segment,
                    "level": row["level"],
                    "cost": row["cost"] - base["cost"],
                    "retention": retention,
                    "break_even": points,
                    "per_arm": per_arm,
                    "available": sizes[segment],
                    "enough": bool(2 * per_arm <= sizes[segment]),
                }
            )
    return pd.DataFrame(rows)
