"""Whom a campaign moves: uplift by cell, and whether choosing by it works on other customers.

In cell j the uplift d_j, the difference of the responses, has variance v_j. Cells lean on each
other: d_j ~ N(delta_j, v_j), delta_j ~ N(mu, tau^2), flat priors on mu and tau; with tau known,

    delta_j | tau ~ N((d_j / v_j + mu / tau^2) / (1 / v_j + 1 / tau^2), ...)

and what is not known of tau is carried by a grid. Where a cell holds several campaigns, each is
compared with its own control group and weighs n_t n_c / (n_t + n_c).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr

from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships._validate import check_columns
from relmark_research.relationships.campaigns.campaign_design import check_control
from relmark_research.stats.intervals import tail_probabilities

Array = np.ndarray


def uplift_cells(
    table: pd.DataFrame,
    *,
    cost_per_contact: float,
    contribution_per_response: float,
    cell: str = "cell",
    control: str = "control",
    level: float = 0.95,
) -> pd.DataFrame:
    """Choose the cells to address by what the campaign caused in them.

    Parameters
    ----------
    table
        Row per customer: campaign_id, arm, responded (1 or 0), and the cell; every arm but the
        control counts as addressed.
    cost_per_contact, contribution_per_response
        Money per customer addressed, and margin that a caused response brings.
    cell
        Column of the cells, fixed before the campaign was seen.
    control
        The arm that got nothing.
    level
        Probability of the intervals.

    Returns
    -------
    DataFrame
        Row per cell, best first: addressed, controls, response, control_response, uplift (as
        counted), shrunk with low and high, probability_pays, profit (per contact, money; expected),
        mail (whether it is above 0).

    Raises
    ------
    DataError
        If a campaign has no control group, or fewer than two cells have both.

    References
    ----------
    Gelman and others, Bayesian data analysis, chapter 5 (the normal hierarchical model).
    """
    check_columns(table, "campaigns", ["campaign_id", "arm", "responded", cell])
    check_control(table, control)
    counts = _cell_counts(table, cell, control)
    found = counts[counts["variance"].notna()]
    if len(found) < 2:
        raise DataError(
            f"expected two cells or more with customers addressed and controls; found {len(found)} "
            f"of {len(counts)}. Form fewer, larger cells."
        )
    shrunk = _shrunk(found["uplift"].to_numpy(), found["variance"].to_numpy())
    threshold = cost_per_contact / contribution_per_response
    mean = shrunk.mean
    low, high = (_Normals.quantile(shrunk, tail) for tail in tail_probabilities(level))
    found = found.assign(
        shrunk=mean,
        low=low,
        high=high,
        probability_pays=1 - shrunk.below(np.full(len(mean), threshold)),
        profit=mean * contribution_per_response - cost_per_contact,
    )
    found = found.assign(mail=found["profit"] > 0).drop(columns="variance")
    return found.sort_values("shrunk", ascending=False, kind="stable").reset_index(names="cell")


def _cell_counts(table: pd.DataFrame, cell: str, control: str) -> pd.DataFrame:
    treated = table["arm"] != control
    strata = table.assign(
        n_t=treated, n_c=~treated, x_t=table["responded"] * treated,
        x_c=table["responded"] * ~treated,
    )  # fmt: skip
    strata = strata.groupby([cell, "campaign_id"])[["n_t", "n_c", "x_t", "x_c"]].sum().astype(float)
    strata["weight"] = strata["n_t"] * strata["n_c"] / (strata["n_t"] + strata["n_c"])
    strata = strata[strata["weight"] > 0]
    strata["gap"] = strata["x_t"] / strata["n_t"] - strata["x_c"] / strata["n_c"]
    sums = strata.groupby(level=0).sum()
    p_t, p_c = (sums["x_t"] + 1) / (sums["n_t"] + 2), (sums["x_c"] + 1) / (sums["n_c"] + 2)
    spread = strata["weight"] ** 2 * (
        (p_t * (1 - p_t)).reindex(strata.index, level=0) / strata["n_t"]
        + (p_c * (1 - p_c)).reindex(strata.index, level=0) / strata["n_c"]
    )
    whole = sums["weight"]
    return pd.DataFrame(
        {
            "addressed": sums["n_t"].astype(int),
            "controls": sums["n_c"].astype(int),
            "response": sums["x_t"] / sums["n_t"],
            "control_response": sums["x_c"] / sums["n_c"],
            "uplift": (strata["weight"] * strata["gap"]).groupby(level=0).sum() / whole,
            "variance": spread.groupby(level=0).sum() / whole**2,
        }
    )


class _Normals:
    """Mixtures of normals, one per cell: weights (k,), means and variances (k, cells)."""

    def __init__(self, weight: Array, centre: Array, variance: Array) -> None:
        self.weight, self.centre, self.error = weight, centre, np.sqrt(variance)

    @property
    def mean(self) -> Array:
        return np.asarray(self.weight @ self.centre)

    def below(self, bound: Array) -> Array:
        return np.asarray(self.weight @ ndtr((bound - self.centre) / self.error))

    def quantile(self, share: float) -> Array:
        reach = 12 * self.error.max(axis=0)
        low, high = self.centre.min(axis=0) - reach, self.centre.max(axis=0) + reach
        for _ in range(50):
            middle = (low + high) / 2
            too_low = self.below(middle) < share
            low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
        return (low + high) / 2


def _shrunk(gap: Array, variance: Array) -> _Normals:
    """Return what is known of each cell's uplift, the doubt about tau included."""
    largest = 2 * max(float(np.ptp(gap)), float(np.sqrt(variance.max())))
    tau2 = ((np.arange(200) + 0.5) / 200 * largest)[:, None] ** 2
    precision = 1 / (variance + tau2)
    total = precision.sum(axis=1)
    mu = (precision * gap).sum(axis=1) / total
    log = 0.5 * (
        np.log(precision).sum(axis=1)
        - np.log(total)
        - (precision * (gap - mu[:, None]) ** 2).sum(axis=1)
    )
    weight = np.exp(log - log.max())
    pull = tau2 / (tau2 + variance)  # share of the cell's own figure
    centre = pull * gap + (1 - pull) * mu[:, None]
    spread = pull * variance + ((1 - pull) ** 2) / total[:, None]
    return _Normals(weight / weight.sum(), centre, spread)


def split_customers(
    table: pd.DataFrame, *, share: float = 0.5, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of some customers drawn at random, and of all others.

    Parameters
    ----------
    table
        Rows with a customer_id; all rows of a customer stay together.
    share
        Share of the customers in the first part, in (0, 1).
    seed
        Seed of the draw.
    """
    if not 0 < share < 1:
        raise ParameterError(f"share lies in (0, 1); found {share!r}.")
    people = np.sort(table["customer_id"].astype(str).unique())
    drawn = people[np.random.default_rng(seed).random(len(people)) < share]
    first = table["customer_id"].astype(str).isin(drawn)
    return table[first], table[~first]


def holdout_scores(
    table: pd.DataFrame, *, cell: str = "cell", control: str = "control", folds: int = 5, seed: int
) -> pd.Series:
    """Return for each row the uplift of its cell, learned from other customers only.

    Parameters
    ----------
    table
        As for `uplift_cells`, with a customer_id.
    cell, control
        As for `uplift_cells`.
    folds
        Number of parts of the customers, each scored by what the others show, >= 2.
    seed
        Seed of the parting.

    Returns
    -------
    Series
        Shrunk uplift, by row; the mean of all cells where the others do not know the cell.
    """
    if folds < 2:
        raise ParameterError(f"folds must be 2 or more; found {folds!r}.")
    who, people = pd.factorize(table["customer_id"].astype(str), sort=True)
    fold = np.random.default_rng(seed).permutation(np.arange(len(people)) % folds)[who]
    score = pd.Series(np.nan, index=table.index)
    for place in range(folds):
        learned = uplift_cells(
            table[fold != place], cost_per_contact=1.0, contribution_per_response=1.0,
            cell=cell, control=control,
        ).set_index("cell")["shrunk"]  # fmt: skip
        mine = table.loc[fold == place, cell]
        score[fold == place] = mine.map(learned).fillna(learned.mean())
    return score
