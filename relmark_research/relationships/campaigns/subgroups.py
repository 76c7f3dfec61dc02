"""For whom a campaign works: its effect by group of each covariate, corrected for many looks.

In a group g of a covariate the effect is d_g = m_a - m_0 with variance v_g = s_a^2 / n_a +
s_0^2 / n_0, and d_r is that of all other customers. The two are independent, so that

    d_g - d_r  has variance  v_g + v_r

Each covariate of k groups gives k such differences (one if k = 2). Over all arms and covariates
there are m: their p-values are adjusted by Holm's method, and their simultaneous intervals have the
level 1 - (1 - level) / m (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr

from relmark_research.errors import ParameterError, check_choice, check_level
from relmark_research.relationships.campaigns.campaign_table import CampaignTable
from relmark_research.stats.intervals import normal_quantile
from relmark_research.tables.schemas import NOT_KNOWN

Outcome = Literal["responded", "value_in_window"]

SUBGROUP_FORMATS = dict.fromkeys(
    [
        "effect", "low", "high", "rest_effect", "rest_effect_low", "rest_effect_high",
        "difference", "difference_low", "difference_high",
        "difference_simultaneous_low", "difference_simultaneous_high",
    ],
    "share",
)  # fmt: skip
"""Display format of the columns of `campaign_subgroups` where the outcome is the response."""

OTHER = "other"
_FEWEST = 20  # customers of the arm and of the control, in a group and outside it
_COLUMNS = [
    "campaign_id", "arm", "covariate", "group", "customers", "control_customers", "effect", "low",
    "high", "rest_effect", "rest_effect_low", "rest_effect_high", "difference", "difference_low",
    "difference_high", "difference_simultaneous_low", "difference_simultaneous_high", "p_value",
    "p_value_adjusted",
]  # fmt: skip


def campaign_subgroups(
    campaigns: CampaignTable,
    *,
    outcome: Outcome = "responded",
    bins: int = 4,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the effect of each arm in each group of each covariate, against all other customers.

    Parameters
    ----------
    campaigns
        The result of `read_campaigns`, with covariates from before the campaign.
    outcome
        ``"responded"`` (rates) or ``"value_in_window"`` (revenue per customer).
    bins
        Classes of a covariate with many numbers, of about equal size, 2 to 9.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        Row per campaign, arm, covariate and group with 20 customers or more in the arm and in the
        control, in the group and outside it: customers, control_customers, effect with low and
        high, rest_effect (of the other customers) with its interval, difference = effect -
        rest_effect with its interval and its simultaneous interval, p_value, p_value_adjusted
        (Holm, over all arms and covariates). The largest difference in absolute z comes first.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6.

    Examples
    --------
    >>> import relmark_research as rm
    >>> table = rm.relationships.read_campaigns(rm.load_sample("campaigns"))
    >>> found = rm.relationships.campaign_subgroups(table)
    >>> found["covariate"].unique().tolist(), bool((found["p_value_adjusted"] <= 1).all())
    (['pre_value'], True)
    """
    check_choice("outcome", outcome, ("responded", "value_in_window"))
    check_level(level)
    frame = campaigns.frame
    groups = {name: covariate_groups(frame[name], bins=bins) for name in campaigns.covariates}
    rows = [
        {"campaign_id": campaign, "arm": arm, "covariate": name, **row}
        for campaign, arm, own in _arms(frame, campaigns.control)
        for name, labels in groups.items()
        for row in _group_rows(own, labels.loc[own.index], outcome, campaigns.control)
    ]
    found = pd.DataFrame(rows, columns=[*_COLUMNS[:12], "difference", "error", "twin"])
    return _with_intervals(found, normal_quantile(level), level)


def covariate_groups(values: pd.Series, *, bins: int = 4, most: int = 8) -> pd.Series:
    """Return a covariate as the names of groups.

    Parameters
    ----------
    values
        Numbers, which are cut into classes of about equal size unless there are no more than
        ``bins`` of them; or groups, of which the rare ones become ``"other"``.
    bins
        Classes of numbers, 2 to 9.
    most
        Largest number of groups that keep their name.

    Examples
    --------
    >>> covariate_groups(pd.Series([1, 0, 1.0])).tolist()
    ['1', '0', '1']
    >>> covariate_groups(pd.Series(range(8)), bins=2).tolist()[2:6]
    ['up to 3.5', 'up to 3.5', 'above 3.5', 'above 3.5']
    """
    if bins not in range(2, 10):
        raise ParameterError(f"bins must be a whole number from 2 to 9; found {bins!r}.")
    if not pd.api.types.is_numeric_dtype(values):
        counts = values.value_counts()
        return values.where(values.isin(counts.index[:most]), OTHER).astype(str)
    numbers = values.astype(float)
    if numbers.nunique() <= bins:
        return numbers.map(lambda x: NOT_KNOWN if np.isnan(x) else f"{x:g}", na_action=None)
    cuts = np.unique(np.nanquantile(numbers, np.linspace(0, 1, bins + 1)[1:-1]))
    cuts = cuts[cuts < numbers.max()]
    names = _class_names(cuts)
    place = np.searchsorted(cuts, numbers.to_numpy(), side="left")
    named = np.where(numbers.isna(), NOT_KNOWN, np.array(names, dtype=object)[place])
    return pd.Series(named, values.index, name=values.name)


def _class_names(cuts: np.ndarray) -> list[str]:
    ends = [f"{cut:.3g}" if abs(cut) < 1000 else f"{cut:,.0f}" for cut in cuts]
    if len(set(ends)) < len(ends):
        ends = [f"{cut:g}" for cut in cuts]
    between = [f"{low} to {high}" for low, high in pairwise(ends)]
    return [f"up to {ends[0]}", *between, f"above {ends[-1]}"]


def _arms(frame: pd.DataFrame, control: str) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield the rows of each arm with those of its control group."""
    for campaign, rows in frame.groupby("campaign_id", sort=False):
        for arm in dict.fromkeys(rows["arm"]):
            if arm != control:
                yield str(campaign), str(arm), rows[rows["arm"].isin([arm, control])]


def _group_rows(
    rows: pd.DataFrame, labels: pd.Series, outcome: str, control: str
) -> Iterator[dict[str, object]]:
    """Yield the effect in each group of one covariate, and in all other customers."""
    treated = (rows["arm"] != control).to_numpy()
    value = rows[outcome].to_numpy(float)
    names = sorted(labels.unique())
    for name in names:
        inside = (labels == name).to_numpy()
        sizes = [int(part.sum()) for part in (treated & inside, ~treated & inside,
                                              treated & ~inside, ~treated & ~inside)]  # fmt: skip
        if min(sizes) < _FEWEST:
            continue
        effect, variance = _effect(value[inside], treated[inside])
        rest, rest_variance = _effect(value[~inside], treated[~inside])
        yield {
            "group": name,
            "customers": sizes[0],
            "control_customers": sizes[1],
            "effect": effect,
            "low": variance,  # an interval later, when all are known
            "high": variance,
            "rest_effect": rest,
            "rest_effect_low": rest_variance,
            "rest_effect_high": rest_variance,
            "difference": effect - rest,
            "error": float(np.sqrt(variance + rest_variance)),
            "twin": len(names) == 2 and name == names[1],
        }


def _effect(value: np.ndarray, treated: np.ndarray) -> tuple[float, float]:
    """Return the difference of the means and its variance; a rate of 0 or 1 has one too."""
    parts = [value[treated], value[~treated]]
    is_rate = bool(np.isin(value, (0.0, 1.0)).all())
    variance = 0.0
    for part in parts:
        n, rate = len(part), (part.sum() + 1) / (len(part) + 2)
        variance += (rate * (1 - rate) if is_rate else part.var(ddof=1)) / n
    return float(parts[0].mean() - parts[1].mean()), float(variance)


def _with_intervals(found: pd.DataFrame, z: float, level: float) -> pd.DataFrame:
    """Return the rows with intervals and adjusted p-values, the clearest difference first."""
    rest = z * np.sqrt(found["rest_effect_low"].astype(float))
    half, error = z * np.sqrt(found["low"].astype(float)), found["error"].astype(float)
    tests = max(int((~found["twin"].astype(bool)).sum()), 1)
    joint = normal_quantile(1 - (1 - level) / tests)
    score = (found["difference"] / error.where(error > 0)).abs().fillna(0.0)
    p_value = pd.Series(2 * ndtr(-score.to_numpy(float)), found.index)
    adjusted = _holm(p_value, found["twin"].astype(bool))
    found = found.assign(
        low=found["effect"] - half,
        high=found["effect"] + half,
        rest_effect_low=found["rest_effect"] - rest,
        rest_effect_high=found["rest_effect"] + rest,
        difference_low=found["difference"] - z * error,
        difference_high=found["difference"] + z * error,
        difference_simultaneous_low=found["difference"] - joint * error,
        difference_simultaneous_high=found["difference"] + joint * error,
        p_value=p_value,
        p_value_adjusted=adjusted,
    )
    ranked = found.assign(score=score.round(9)).sort_values(
        ["score", "difference"], ascending=False, kind="stable"
    )
    return ranked[_COLUMNS].reset_index(drop=True)


def _holm(p_value: pd.Series, twin: pd.Series) -> pd.Series:
    """Return adjusted p-values; the second of two groups is the same test as the first."""
    from statsmodels.stats.multitest import multipletests

    if p_value.empty:
        return p_value
    adjusted = multipletests(p_value[~twin].to_numpy(), method="holm")[1]
    return pd.Series(adjusted, p_value.index[~twin]).reindex(p_value.index).ffill()
