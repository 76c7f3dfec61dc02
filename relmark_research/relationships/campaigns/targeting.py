"""Which cells to treat: uplift by cell with partial pooling, and out-of-fold scores for its test.

In cell j the difference of the response rates d_j has variance v_j. The cells are partially pooled
in a normal hierarchical model: d_j ~ N(delta_j, v_j), delta_j ~ N(mu, tau^2), with flat priors on
mu and tau; given tau,

    E[delta_j | tau] = (d_j / v_j + mu / tau^2) / (1 / v_j + 1 / tau^2)

and the uncertainty of tau is integrated over a grid. Where a cell holds several campaigns, each is
compared with its own control group and has the weight n_t n_c / (n_t + n_c).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships._validate import check_columns
from relmark_research.relationships.campaigns.campaign_design import check_control
from relmark_research.stats.intervals import tail_probabilities
from relmark_research.tables.read_table import open_table
from relmark_research.tables.schemas import CAMPAIGNS, Column

Array = np.ndarray

_GRID_POINTS = 200
_BISECTIONS = 50


def uplift_cells(
    table: pd.DataFrame,
    *,
    cost_per_contact: float,
    contribution_per_response: float,
    cell: str = "cell",
    control: str = "control",
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the uplift of each cell, partially pooled, and whether treating the cell pays.

    Parameters
    ----------
    table
        Row per customer and campaign: campaign_id, arm, responded (1 or 0), and the cell; every
        arm but the control counts as treated.
    cost_per_contact, contribution_per_response
        Money per customer treated, and contribution of an incremental response, > 0.
    cell
        Column of the cells, defined before the campaign's outcome was known.
    control
        The arm that was not contacted.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        Row per cell, highest posterior mean first: treated, controls (customers), response,
        control_response, uplift (observed difference), posterior_mean with low and high,
        probability_profitable, profit (expected, money per contact), mail (whether profit is
        above 0).

    Raises
    ------
    DataError
        If a campaign has no control group, or fewer than two cells have treated and controls.

    References
    ----------
    Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian data analysis, chapter 5 (the
    normal hierarchical model).
    """
    groups = [Column(cell, "choice", "the cell")]
    table = open_table(table, CAMPAIGNS.relaxed().with_columns(groups))
    check_columns(table, "campaigns", ["campaign_id", "arm", "responded", cell])
    check_control(table, control)
    counts = _cell_counts(table, cell, control)
    found = counts[counts["variance"].notna()]
    if len(found) < 2:
        raise DataError(
            f"expected two cells or more with treated customers and controls; found {len(found)} "
            f"of {len(counts)}. Form fewer, larger cells."
        )
    posterior = _posterior(found["uplift"].to_numpy(), found["variance"].to_numpy())
    mean, break_even = posterior.mean, cost_per_contact / contribution_per_response
    low, high = (posterior.quantile(one) for one in tail_probabilities(level))
    found = found.assign(
        posterior_mean=mean,
        low=low,
        high=high,
        probability_profitable=1 - posterior.cdf(np.full(len(mean), break_even)),
        profit=mean * contribution_per_response - cost_per_contact,
    )
    found = found.assign(mail=found["profit"] > 0).drop(columns="variance")
    found = found.sort_values("posterior_mean", ascending=False, kind="stable")
    return found.reset_index(names="cell")


def out_of_fold_uplift(
    table: pd.DataFrame, *, cell: str = "cell", control: str = "control", folds: int = 5, seed: int
) -> pd.Series:
    """Return the uplift of each row's cell, estimated from the customers of the other folds.

    Parameters
    ----------
    table
        As for `uplift_cells`, with a customer_id.
    cell, control
        As for `uplift_cells`.
    folds
        Number of folds, >= 2; all rows of a customer are in one fold.
    seed
        Seed of the assignment of customers to folds.

    Returns
    -------
    Series
        Posterior mean of the uplift, by row; the mean of all cells where the other folds have no
        customer in the cell.

    Raises
    ------
    ParameterError
        If there are fewer than two folds.
    DataError
        As `uplift_cells`.
    """
    if folds < 2:
        raise ParameterError(f"folds must be 2 or more; found {folds!r}.")
    table = open_table(table, CAMPAIGNS.relaxed().requiring("customer_id"))
    code, customers = pd.factorize(table["customer_id"], sort=True)
    fold = np.random.default_rng(seed).permutation(np.arange(len(customers)) % folds)[code]
    score = pd.Series(np.nan, index=table.index)
    for number in range(folds):
        training, held_out = table[fold != number], fold == number
        uplift = uplift_cells(
            training, cost_per_contact=1.0, contribution_per_response=1.0, cell=cell,
            control=control,
        ).set_index("cell")["posterior_mean"]  # fmt: skip
        score[held_out] = table.loc[held_out, cell].map(uplift).fillna(uplift.mean())
    return score


def _cell_counts(table: pd.DataFrame, cell: str, control: str) -> pd.DataFrame:
    treated = table["arm"] != control
    strata = table.assign(
        n_t=treated, n_c=~treated, x_t=table["responded"] * treated,
        x_c=table["responded"] * ~treated,
    )  # fmt: skip
    strata = strata.groupby([cell, "campaign_id"])[["n_t", "n_c", "x_t", "x_c"]].sum().astype(float)
    strata["weight"] = strata["n_t"] * strata["n_c"] / (strata["n_t"] + strata["n_c"])
    strata = strata[strata["weight"] > 0]
    strata["difference"] = strata["x_t"] / strata["n_t"] - strata["x_c"] / strata["n_c"]
    sums = strata.groupby(level=0).sum()
    p_t, p_c = (sums["x_t"] + 1) / (sums["n_t"] + 2), (sums["x_c"] + 1) / (sums["n_c"] + 2)
    variance = strata["weight"] ** 2 * (
        (p_t * (1 - p_t)).reindex(strata.index, level=0) / strata["n_t"]
        + (p_c * (1 - p_c)).reindex(strata.index, level=0) / strata["n_c"]
    )
    weight = sums["weight"]
    return pd.DataFrame(
        {
            "treated": sums["n_t"].astype(int),
            "controls": sums["n_c"].astype(int),
            "response": sums["x_t"] / sums["n_t"],
            "control_response": sums["x_c"] / sums["n_c"],
            "uplift": (strata["weight"] * strata["difference"]).groupby(level=0).sum() / weight,
            "variance": variance.groupby(level=0).sum() / weight**2,
        }
    )


@dataclass(frozen=True)
class _NormalMixture:
    """Mixtures of normals, one per cell: weights (k,), means and variances (k, cells)."""

    weight: Array
    means: Array
    variance: Array

    @property
    def mean(self) -> Array:
        return np.asarray(self.weight @ self.means)

    def cdf(self, bound: Array) -> Array:
        return np.asarray(self.weight @ ndtr((bound - self.means) / np.sqrt(self.variance)))

    def quantile(self, probability: float) -> Array:
        reach = 12 * np.sqrt(self.variance).max(axis=0)
        low, high = self.means.min(axis=0) - reach, self.means.max(axis=0) + reach
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            too_low = self.cdf(middle) < probability
            low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
        return (low + high) / 2


def _posterior(difference: Array, variance: Array) -> _NormalMixture:
    """Return the posterior of each cell's uplift, integrated over tau."""
    largest = 2 * max(float(np.ptp(difference)), float(np.sqrt(variance.max())))
    tau2 = ((np.arange(_GRID_POINTS) + 0.5) / _GRID_POINTS * largest)[:, None] ** 2
    precision = 1 / (variance + tau2)
    total = precision.sum(axis=1)
    mu = (precision * difference).sum(axis=1) / total
    log = 0.5 * (
        np.log(precision).sum(axis=1)
        - np.log(total)
        - (precision * (difference - mu[:, None]) ** 2).sum(axis=1)
    )
    weight = np.exp(log - log.max())
    own_weight = tau2 / (tau2 + variance)
    means = own_weight * difference + (1 - own_weight) * mu[:, None]
    spread = own_weight * variance + ((1 - own_weight) ** 2) / total[:, None]
    return _NormalMixture(weight / weight.sum(), means, spread)
