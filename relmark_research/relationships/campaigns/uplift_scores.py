"""Whom to address, by any columns from before the campaign: a score of the uplift, out of fold.

Let t be 1 for a customer of the arm and 0 for the control, e the share of the arm in the campaign,
and y the outcome less its prediction from the covariates, without the arm. Then

    z = y (t - e) / (e (1 - e))   has   E[z | x] = effect of the arm on a customer x

The covariates are groups (`covariate_groups`), one indicator each. Their coefficients in a
regression of z have a common normal prior, whose variance is estimated (empirical Bayes), so that
groups that do not differ give equal scores. Each customer is scored by those of the other folds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError, check_level, unknown_name
from relmark_research.relationships.campaigns.campaign_table import CampaignTable
from relmark_research.relationships.campaigns.subgroups import covariate_groups
from relmark_research.stats.intervals import normal_quantile

Array = np.ndarray

_CLASS_COLUMNS = [
    "class", "share", "customers", "control_customers", "score", "responses", "uplift",
    "uplift_low", "uplift_high", "profit", "profit_low", "profit_high",
]  # fmt: skip
_RATIOS = np.concatenate([[0.0], np.geomspace(1e-6, 1.0, 60)])  # prior to residual variance


def arm_rows(campaigns: CampaignTable, arm: str) -> pd.DataFrame:
    """Return the rows of an arm and of the control groups of its campaigns.

    Raises
    ------
    ParameterError
        If there is no such arm besides the control.
    """
    frame = campaigns.frame
    arms = [name for name in dict.fromkeys(frame["arm"]) if name != campaigns.control]
    if arm not in arms:
        raise ParameterError(unknown_name("arm", arm, arms))
    own = frame.loc[frame["arm"] == arm, "campaign_id"]
    return frame[frame["arm"].isin([arm, campaigns.control]) & frame["campaign_id"].isin(own)]


def uplift_scores(
    campaigns: CampaignTable, *, arm: str, bins: int = 4, folds: int = 5, seed: int
) -> pd.Series:
    """Return the expected uplift of the response of each customer, out of fold.

    Parameters
    ----------
    campaigns
        The result of `read_campaigns`, with covariates from before the campaign.
    arm
        The arm that is scored against the control.
    bins
        Classes of a covariate with many numbers, 2 to 9.
    folds
        Number of folds, >= 2; all rows of a customer are in one fold.
    seed
        Seed of the assignment of customers to folds.

    Returns
    -------
    Series
        Expected difference of the response rates, by row of `arm_rows`. Its mean is that of all
        customers in every fold, so that folds do not differ by the chance of their own mean.

    Raises
    ------
    DataError
        If the table has no covariates.
    ParameterError
        If the arm is unknown, or there are fewer than two folds.
    """
    if folds < 2:
        raise ParameterError(f"folds must be 2 or more; found {folds!r}.")
    rows = arm_rows(campaigns, arm)
    design = _indicators(rows, campaigns.covariates, bins)
    code, customers = pd.factorize(rows["customer_id"], sort=True)
    fold = np.random.default_rng(seed).permutation(np.arange(len(customers)) % folds)[code]
    treated = (rows["arm"] == arm).to_numpy(float)
    share = pd.Series(treated, rows.index).groupby(rows["campaign_id"]).transform("mean").to_numpy()
    outcome = rows["responded"].to_numpy(float)
    inverse = (treated - share) / (share * (1 - share))
    score = np.full(len(rows), float((inverse * outcome).mean()))
    centred = design - design.mean(axis=0)
    for number in range(folds):
        own, others = fold == number, fold != number
        base, slopes = _pooled_regression(design[others], outcome[others])
        rest = outcome[others] - base - design[others] @ slopes
        _, effects = _pooled_regression(design[others], rest * inverse[others])
        score[own] += centred[own] @ effects
    return pd.Series(score, rows.index, name="score")


def uplift_by_score(
    campaigns: CampaignTable,
    score: pd.Series,
    *,
    arm: str,
    margin: float | pd.Series,
    classes: int = 5,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the uplift and the profit of an arm in classes of customers with a similar score.

    Parameters
    ----------
    campaigns, arm
        As for `uplift_scores`.
    score
        The result of `uplift_scores`: no customer's own outcome is in it.
    margin
        Contribution margin, a share of value: a number in (0, 1], or one by customer_id.
    classes
        Number of classes of about equal size, >= 2; customers with equal scores stay together.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        Row per class, highest score first: class (1 is the highest), share of the customers,
        customers, control_customers, score (mean), uplift (difference of the response rates) with
        uplift_low and uplift_high, profit (margin less cost per customer) with its interval,
        probability_profitable, responses (of both arms).
    """
    check_level(level)
    rows = arm_rows(campaigns, arm)
    place = _classes(score.reindex(rows.index).to_numpy(), classes)
    by_row = margin if isinstance(margin, (int, float)) else rows["customer_id"].map(margin)
    profit = (by_row * rows["value_in_window"] - rows["cost"]).to_numpy(float)
    treated, response = (rows["arm"] == arm).to_numpy(), rows["responded"].to_numpy(float)
    z = normal_quantile(level)
    found: list[dict[str, float]] = []
    for number in np.unique(place):
        own = place == number
        if min(treated[own].sum(), (~treated[own]).sum()) < 2:
            continue
        row = {"class": len(found) + 1, "share": own.mean(), "customers": treated[own].sum(),
               "control_customers": (~treated[own]).sum(), "score": score[own].mean(),
               "responses": response[own].sum()}  # fmt: skip
        row |= _interval("uplift", response[own], treated[own], z)
        row |= _interval("profit", profit[own], treated[own], z)
        found.append(row)
    table = pd.DataFrame(found, columns=_CLASS_COLUMNS)
    table = table.astype(float).astype({"class": int, "customers": int, "control_customers": int})
    error = (table["profit_high"] - table["profit_low"]) / (2 * z)
    return table.assign(probability_profitable=_probability_above(table["profit"], error))


def _indicators(rows: pd.DataFrame, names: tuple[str, ...], bins: int) -> Array:
    if not names:
        raise DataError(
            "expected columns from before the campaign that tell customers apart; found none. "
            "Name them: covariates."
        )
    groups = [covariate_groups(rows[name], bins=bins) for name in names]
    parts = [pd.get_dummies(labels, dtype=float).to_numpy() for labels in groups]
    return np.hstack(parts)


def _pooled_regression(design: Array, value: Array) -> tuple[float, Array]:
    """Return intercept and coefficients, the prior variance that is most likely given the values.

    With the eigenvalues s^2 of X'X (X and z centred) and c the projections of z, the prior variance
    r times that of the residuals gives the likelihood of the n - 1 contrasts.
    """
    centre, mean, n = design.mean(axis=0), float(value.mean()), len(value)
    x, y = design - centre, value - mean
    square, basis = np.linalg.eigh(x.T @ x)
    keep = square > 1e-8 * max(square.max(), 1e-300)
    square, basis = square[keep], basis[:, keep]
    projected = basis.T @ (x.T @ y)  # s * c
    total = float(y @ y)
    if not len(square) or total == 0:
        return mean, np.zeros(design.shape[1])
    inflation = 1 + _RATIOS[:, None] * square
    fitted = (_RATIOS[:, None] * projected**2 / inflation).sum(axis=1)
    likelihood = -0.5 * (np.log(inflation).sum(axis=1) + (n - 1) * np.log(total - fitted))
    ratio = _RATIOS[int(likelihood.argmax())]
    slopes = basis @ (ratio * projected / (1 + ratio * square))
    return mean - float(centre @ slopes), slopes


def _classes(score: Array, classes: int) -> Array:
    """Return the class of each row, 0 the highest; equal scores are in one class."""
    rank = pd.Series(-score).rank(method="average").to_numpy() / len(score)
    return np.minimum((rank * classes).astype(int), classes - 1)


def _interval(name: str, value: Array, treated: Array, z: float) -> dict[str, float]:
    parts = [value[treated], value[~treated]]
    effect = parts[0].mean() - parts[1].mean()
    error = float(np.sqrt(sum(part.var(ddof=1) / len(part) for part in parts)))
    return {name: effect, f"{name}_low": effect - z * error, f"{name}_high": effect + z * error}


def _probability_above(gain: pd.Series, error: pd.Series) -> Array:
    from scipy.special import ndtr

    known = error.where(error > 0)
    return np.where(error > 0, ndtr(gain / known), np.where(gain > 0, 1.0, 0.0))
