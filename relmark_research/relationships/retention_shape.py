"""Whether two straight slopes describe how retention rises with satisfaction."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.relationships.logit import fitted_logit
from relmark_research.relationships.satisfaction import RetentionLink

Array = np.ndarray

_LEAST = 5  # who stayed, and who left, in each class of answers


def retention_by_score(link: RetentionLink, *, level: float = 0.95, seed: int = 0) -> pd.DataFrame:
    """Return retention by answer: counted, by the link, and by the isotonic check.

    Parameters
    ----------
    link
        From `retention_link`.
    level
        Probability of the intervals.
    seed
        Seed of the draws that carry the link's doubt.

    Returns
    -------
    DataFrame
        Row per answer on the scale: score, answers, retained (share counted) with low and high
        (Wilson), modelled (mean over all customers used, had they answered so) with modelled_low
        and modelled_high, isotonic (the counted shares made to rise).

    Examples
    --------
    >>> import relmark_research as rm
    >>> from relmark_research.relationships.satisfaction import retention_link
    >>> link = retention_link(rm.load_sample("satisfaction"))
    >>> retention_by_score(link).set_index("score").loc[[4, 9], "modelled"].round(2).tolist()
    [0.33, 0.77]
    """
    rows, draws = [], link.draws(400, seed=seed)
    for score in range(link.scale[0], link.scale[1] + 1):
        drawn = link.chances(np.array(score), draws).mean(axis=1)
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
        rows.append(
            {
                "score": score,
                **_counted(link.retained[link.scores == score], level),
                "modelled": float(link.chances(np.array(score)).mean()),
                "modelled_low": float(low),
                "modelled_high": float(high),
            }
        )
    table = pd.DataFrame(rows)
    return table.assign(isotonic=isotonic_rates(table["retained"], table["answers"]))


def _counted(retained: pd.Series, level: float) -> dict[str, float]:
    from statsmodels.stats.proportion import proportion_confint

    n, kept = len(retained), int(retained.sum())
    if n == 0:
        return {"answers": 0, "retained": np.nan, "low": np.nan, "high": np.nan}
    low, high = proportion_confint(kept, n, alpha=1 - level, method="wilson")
    return {"answers": n, "retained": kept / n, "low": low, "high": high}


def isotonic_rates(rates: pd.Series, weights: pd.Series) -> pd.Series:
    """Return the rates made to rise with their index, each weighing as given; missing stay missing.

    Examples
    --------
    >>> isotonic_rates(pd.Series([0.2, 0.5, 0.3]), pd.Series([10, 10, 30])).round(2).tolist()
    [0.2, 0.35, 0.35]
    """
    from scipy.optimize import isotonic_regression

    known = rates.notna() & (weights > 0)
    found = pd.Series(np.nan, index=rates.index)
    if known.any():
        found[known] = isotonic_regression(rates[known], weights=weights[known]).x
    return found


def shape_test(link: RetentionLink) -> dict[str, float]:
    """Test the two slopes against a step of its own for each class of answers.

    Neighbouring answers are one class until five customers stayed and five left in it.

    Returns
    -------
    dict
        statistic = 2 (ln L of slopes and steps - ln L of slopes), degrees_of_freedom, p_value; a
        small one says that two straight slopes do not describe how retention rises.
    """
    from scipy.stats import chi2

    classes = _classes(link)
    steps = np.column_stack(
        [classes == one for one in np.unique(classes)[1:]] or [classes[:, None]]
    )
    plain = link.matrix(link.scores.to_numpy())
    wide = _independent(plain, steps.astype(float))
    freedom = wide.shape[1] - plain.shape[1]
    if freedom == 0:
        return {"statistic": 0.0, "degrees_of_freedom": 0, "p_value": np.nan}
    more, less = (fitted_logit(link.retained, rows).llf for rows in (wide, plain))
    statistic = max(0.0, float(2 * (more - less)))
    return {
        "statistic": statistic,
        "degrees_of_freedom": freedom,
        "p_value": float(chi2.sf(statistic, freedom)),
    }


def _classes(link: RetentionLink) -> Array:
    """Return the class of each answer, numbered from the lowest."""
    counts = pd.crosstab(link.scores, link.retained).reindex(columns=[0.0, 1.0], fill_value=0)
    number, filled, of = 0, np.zeros(2), {}
    for score, row in counts.iterrows():
        of[score], filled = number, filled + row.to_numpy()
        if filled.min() >= _LEAST:
            number, filled = number + 1, np.zeros(2)
    last = max(0, number - 1)  # what is left over at the top joins the class below
    return np.minimum(link.scores.map(of).to_numpy(), last)


def _independent(base: Array, more: Array) -> Array:
    """Return ``base`` with those columns of ``more`` that it does not hold already."""
    for column in more.T:
        wider = np.column_stack([base, column])
        if np.linalg.matrix_rank(wider) > base.shape[1]:
            base = wider
    return base
