"""What the overall answer hangs on: an ordered logit on the answers to single questions."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.errors import ConvergenceError, DataError
from relmark_research.relationships._validate import check_columns, check_scale
from relmark_research.stats.intervals import normal_quantile

CLASSES = ("detractor", "passive", "promoter")


def satisfaction_drivers(
    answers: pd.DataFrame,
    *,
    items: tuple[str, ...] = ("quality", "service", "delivery", "price"),
    item_scale: tuple[int, int] = (1, 5),
    score: str = "nps",
    level: float = 0.95,
) -> pd.DataFrame:
    """Return how much each single answer moves a customer from detractor to promoter.

    Parameters
    ----------
    answers
        Row per answer: the overall score from 0 to 10, and the single ones; rows where one is
        missing do not count.
    items, item_scale
        Columns of the single answers, and their lowest and highest answer.
    score
        Column of the overall score.
    level
        Probability of the intervals.

    Returns
    -------
    DataFrame
        Row per item, strongest first: item, mean, slope (on the logit of being in a higher class
        of detractor, passive, promoter, per point; the others as they are) with low and high, odds
        (times, per point), promoters and detractors (change of their shares in points of a share,
        if everyone answered one point higher).

    Raises
    ------
    DataError
        If an answer is outside its scale, or a class is empty.
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
    check_columns(answers, "answers", [score, *items])
    marks = check_scale(answers[score], (0, 10))
    single = pd.DataFrame({item: check_scale(answers[item], item_scale) for item in items})
    use = marks.notna() & single.notna().all(axis=1)
    single, marks = single[use], marks[use]
    side = pd.cut(marks, [-1, 6, 8, 10], labels=list(CLASSES), ordered=True)
    empty = [name for name in CLASSES if not (side == name).any()]
    if empty or (single.std() == 0).any():
        raise DataError(
            f"what the answer hangs on takes customers of every class, and single answers that "
            f"differ; found no {', '.join(empty) or 'difference'} among {len(side):,} answers."
        )
    found = _ordered(side, single - single.mean())
    z = normal_quantile(level)
    slope, error = found.params[list(items)], found.bse[list(items)]
    shares = np.array([_shares(found, single, item) for item in items])
    table = pd.DataFrame(
        {
            "item": list(items),
            "mean": single.mean().to_numpy(),
            "slope": slope.to_numpy(),
            "low": (slope - z * error).to_numpy(),
            "high": (slope + z * error).to_numpy(),
            "odds": np.exp(slope).to_numpy(),
            "promoters": shares[:, 2],
            "detractors": shares[:, 0],
        }
    )
    return table.sort_values("slope", ascending=False, ignore_index=True)


def _ordered(side: pd.Series, single: pd.DataFrame) -> Any:
    from statsmodels.miscmodels.ordinal_model import OrderedModel
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            return OrderedModel(side, single, distr="logit").fit(
                method="bfgs", disp=False, maxiter=200
            )
    except (ConvergenceWarning, np.linalg.LinAlgError) as error:
        raise ConvergenceError(
            f"no best link between single answers and the score: {error}. Leave out items that say "
            "the same."
        ) from None


def _shares(found: Any, single: pd.DataFrame, item: str) -> np.ndarray:
    """Return how the shares of the classes change if all answer ``item`` one point higher."""
    centred = single - single.mean()
    moved = centred.assign(**{item: centred[item] + 1})
    before, after = (np.asarray(found.model.predict(found.params, one)) for one in (centred, moved))
    return np.asarray((after - before).mean(axis=0))
