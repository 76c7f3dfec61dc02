"""Drivers of overall satisfaction: an ordered logit on the answers to single items."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.errors import ConvergenceError, DataError
from relmark_research.relationships._validate import check_columns, check_scale
from relmark_research.stats.intervals import normal_quantile
from relmark_research.tables.read_table import open_table
from relmark_research.tables.schemas import Column, Schema

CLASSES = ("detractor", "passive", "promoter")


def satisfaction_drivers(
    answers: pd.DataFrame,
    *,
    items: tuple[str, ...] = ("quality", "service", "delivery", "price"),
    item_scale: tuple[int, int] = (1, 5),
    score: str = "nps",
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the effect of each item on being a detractor, a passive or a promoter.

    Parameters
    ----------
    answers
        Row per answer: the overall score from 0 to 10, and the items; rows with a missing value
        are left out.
    items, item_scale
        Columns of the items, and their lowest and highest possible answer.
    score
        Column of the overall score.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        Row per item, strongest first: item, mean, slope (per point, on the logit of being in a
        higher class of detractor, passive, promoter, other items constant) with low and high,
        odds_ratio (per point), promoter_change and detractor_change (change of their shares if
        everyone answered one point higher).

    Raises
    ------
    DataError
        If an answer is outside its scale, a class is empty, or an item is constant.
    ConvergenceError
        If the likelihood has no maximum.

    References
    ----------
    McCullagh (1980), Journal of the Royal Statistical Society B 42.

    Examples
    --------
    >>> import relmark_research as rm
    >>> found = satisfaction_drivers(rm.load_sample("satisfaction"))
    >>> found["item"].tolist()
    ['service', 'quality', 'delivery', 'price']
    """
    columns = tuple(Column(name, "number", "an answer") for name in (score, *items))
    answers = open_table(answers, Schema("answers", "an answer", columns))
    check_columns(answers, "answers", [score, *items])
    if not items:
        raise DataError("satisfaction drivers need answers to single questions; found no column.")
    scores = check_scale(answers[score], (0, 10))
    table = pd.DataFrame({item: check_scale(answers[item], item_scale) for item in items})
    use = scores.notna() & table.notna().all(axis=1)
    table, scores = table[use], scores[use]
    category = pd.cut(scores, [-1, 6, 8, 10], labels=list(CLASSES), ordered=True)
    empty = [name for name in CLASSES if not (category == name).any()]
    if empty or (table.std() == 0).any():
        raise DataError(
            "satisfaction drivers need detractors, passives and promoters, and items whose answers "
            f"differ; found no {', '.join(empty) or 'variation'} among {len(category):,} answers."
        )
    centred = table - table.mean()
    fit = _ordered_logit(category, centred)
    slope, reach = fit.params[list(items)], normal_quantile(level) * fit.bse[list(items)]
    changes = np.array([_share_changes(fit, centred, item) for item in items])
    found = pd.DataFrame(
        {
            "item": list(items),
            "mean": table.mean().to_numpy(),
            "slope": slope.to_numpy(),
            "low": (slope - reach).to_numpy(),
            "high": (slope + reach).to_numpy(),
            "odds_ratio": np.exp(slope).to_numpy(),
            "promoter_change": changes[:, 2],
            "detractor_change": changes[:, 0],
        }
    )
    return found.sort_values("slope", ascending=False, ignore_index=True)


def _ordered_logit(category: pd.Series, items: pd.DataFrame) -> Any:
    from statsmodels.miscmodels.ordinal_model import OrderedModel
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            return OrderedModel(category, items, distr="logit").fit(
                method="bfgs", disp=False, maxiter=200
            )
    except (ConvergenceWarning, np.linalg.LinAlgError) as error:
        raise ConvergenceError(
            f"the ordered logit of the score on the items did not converge: {error}. Leave out "
            "items that measure the same thing."
        ) from None


def _share_changes(fit: Any, centred: pd.DataFrame, item: str) -> np.ndarray:
    """Return the change of the classes' shares if all answer ``item`` one point higher."""
    moved = centred.assign(**{item: centred[item] + 1})
    before, after = (np.asarray(fit.model.predict(fit.params, one)) for one in (centred, moved))
    return np.asarray((after - before).mean(axis=0))
