"""Sample size of a randomised experiment on the effect of a level on retention."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from relmark_research.economics.levels_of_relationship.level_choice import LevelChoice
from relmark_research.errors import ParameterError


def experiment_size(
    retention: float, difference: float, *, power: float = 0.8, significance: float = 0.05
) -> int:
    """Return the number of customers per group needed to detect a difference in retention.

    Two groups of equal size, assigned at random; two-sided test of two proportions.

    Parameters
    ----------
    retention
        Rate in the control group, in (0, 1).
    difference
        Minimum detectable difference as a share: 0.03 for three points; may be negative.
    power
        Probability of detecting the difference if it exists, in (0, 1).
    significance
        Probability of finding a difference if there is none, in (0, 1).

    Returns
    -------
    int
        Customers per group, for Cohen's effect size h = 2 asin sqrt(r + difference) -
        2 asin sqrt(r): the smallest n whose test has the power.

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

    raised = retention + difference
    for name, value in (("retention", retention), ("retention + difference", raised)):
        if not 0 < value < 1:
            raise ParameterError(f"{name} must be a rate in (0, 1); found {value:g}.")
    for name, value in (("power", power), ("significance", significance)):
        if not 0 < value < 1:
            raise ParameterError(f"{name} is a probability in (0, 1); found {value!r}.")
    if difference == 0:
        raise ParameterError("no experiment can detect a difference of 0; give another number.")
    size = proportion_effectsize(raised, retention)
    needed = NormalIndPower().solve_power(abs(size), alpha=significance, power=power, ratio=1.0)
    return math.ceil(float(needed))


def experiments(
    choice: LevelChoice, *, power: float = 0.8, significance: float = 0.05
) -> pd.DataFrame:
    """Return the experiment for each segment and level that can detect its break-even effect.

    A level that adds fewer than its break-even points of retention does not pay by retention alone;
    an experiment that cannot detect so small a difference cannot decide on the level.

    Returns
    -------
    DataFrame
        segment, relationship_level (beyond the first), cost (over the first level's, per customer
        and year), retention (at the first level), break_even (points), per_group (customers;
        missing if no retention could pay for the level), available (customers of the segment, half
        of them per group) and enough, whether these suffice in one year.
    """
    table, rows = choice.table, []
    sizes = choice.best.set_index("segment")["customers"]
    for segment, part in table.groupby("segment", sort=False):
        base = part.iloc[0]
        for row in part.iloc[1:].to_dict("records"):
            points, retention = row["break_even"], float(base["retention"])
            per_group = np.nan
            if points > 0 and retention + points < 1:
                per_group = float(
                    experiment_size(retention, points, power=power, significance=significance)
                )
            rows.append(
                {
                    "segment": segment,
                    "relationship_level": row["relationship_level"],
                    "cost": row["cost"] - base["cost"],
                    "retention": retention,
                    "break_even": points,
                    "per_group": per_group,
                    "available": sizes[segment],
                    "enough": bool(2 * per_group <= sizes[segment]),
                }
            )
    return pd.DataFrame(rows)
