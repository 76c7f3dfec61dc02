"""Scales of a survey: which items belong together, which are worded the other way round.

A reversed item is turned by x -> low + high - x, and only where the scale names it. Whether one was
forgotten shows in its correlation with the sum of the others (`item_table`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships._validate import check_columns, check_scale

CERTAIN = 2.576  # standard errors below 0 from which an item is said to run against the others


@dataclass(frozen=True)
class Scale:
    """A construct, and the items that ask for it.

    Parameters
    ----------
    name
        What is measured, such as ``"trust"``.
    items
        Columns of the survey, two or more.
    reversed_items
        Those of them in which agreeing means less of the construct.
    low, high
        The lowest and the highest answer, whole numbers.

    Raises
    ------
    ParameterError
        If there are fewer than two items, one stands twice, a reversed item is none of them, or
        low is not below high.

    Examples
    --------
    >>> Scale("trust", ("honest", "cheats us"), reversed_items=("cheats us",)).middle
    4.0
    """

    name: str
    items: tuple[str, ...]
    reversed_items: tuple[str, ...] = ()
    low: int = 1
    high: int = 7

    def __post_init__(self) -> None:
        if len(self.items) < 2 or len(set(self.items)) < len(self.items):
            raise ParameterError(
                f"scale {self.name!r}: expected two or more different items; found "
                f"{', '.join(self.items) or 'none'}. How reliable one item is cannot be told from "
                "its answers; ask more, or leave the scale out."
            )
        strange = [item for item in self.reversed_items if item not in self.items]
        if strange:
            raise ParameterError(
                f"scale {self.name!r}: the reversed items {', '.join(strange)} are none of its "
                f"items {', '.join(self.items)}. Mend the names."
            )
        if not self.low < self.high:
            raise ParameterError(
                f"scale {self.name!r}: low must be below high; found {self.low} and {self.high}."
            )

    @property
    def middle(self) -> float:
        """The answer half-way between the ends."""
        return (self.low + self.high) / 2


def scales_of(
    items: Mapping[str, Sequence[str]],
    *,
    reversed_items: Sequence[str] = (),
    answers: tuple[int, int] = (1, 7),
) -> tuple[Scale, ...]:
    """Return the scales of a survey from plain names, as a notebook's parameters have them.

    Parameters
    ----------
    items
        Name of the scale to its items.
    reversed_items
        All items that are worded the other way round.
    answers
        The lowest and the highest answer.

    Raises
    ------
    ParameterError
        If a reversed item belongs to no scale, or a scale is none.

    Examples
    --------
    >>> scales_of({"trust": ["t1", "t2"]}, reversed_items=["t2"])[0].reversed_items
    ('t2',)
    """
    known = {item for names in items.values() for item in names}
    strange = [item for item in reversed_items if item not in known]
    if strange:
        raise ParameterError(
            f"reversed items must belong to a scale; {', '.join(strange)} belong to none. "
            "Mend the names."
        )
    low, high = answers
    return tuple(
        Scale(name, tuple(of), tuple(i for i in of if i in set(reversed_items)), low, high)
        for name, of in items.items()
    )


PARTNER_SCALES = scales_of(
    {
        "trust": [f"trust_{n}" for n in range(1, 5)],
        "commitment": [f"commitment_{n}" for n in range(1, 5)],
        "satisfaction": [f"satisfaction_{n}" for n in range(1, 4)],
        "communication": [f"communication_{n}" for n in range(1, 4)],
        "mutual_interest": [f"mutual_interest_{n}" for n in range(1, 4)],
    },
    reversed_items=["trust_4"],
)
"""The scales of the sample survey."""


def turned_answers(survey: pd.DataFrame, scales: Sequence[Scale]) -> pd.DataFrame:
    """Return the items as numbers, reversed ones turned; missing answers stay missing.

    Raises
    ------
    DataError
        If an item is no column, an answer is outside its scale, or all answers to an item are the
        same.

    Examples
    --------
    >>> survey = pd.DataFrame({"t1": [1, 7, 4], "t2": [6, 2, 4]})
    >>> turned_answers(survey, [Scale("trust", ("t1", "t2"), ("t2",))])["t2"].tolist()
    [2.0, 6.0, 4.0]
    """
    check_columns(survey, "the survey", [item for scale in scales for item in scale.items])
    turned = {}
    for scale in scales:
        for item in scale.items:
            values = check_scale(survey[item], (scale.low, scale.high))
            _check_varies(values)
            turned[item] = (
                scale.low + scale.high - values if item in scale.reversed_items else values
            )
    return pd.DataFrame(turned, index=survey.index)


def _check_varies(values: pd.Series) -> None:
    found = values.dropna().unique()
    if len(found) < 2:
        what = f"{found[0]:g} in all {values.notna().sum():,} answers" if len(found) else "none"
        raise DataError(
            f"{values.name}: expected answers that differ; found {what}. A constant item tells "
            "nothing about anyone: leave it out of its scale, or check the export."
        )


def item_table(survey: pd.DataFrame, scales: Sequence[Scale] = PARTNER_SCALES) -> pd.DataFrame:
    """Return how each item goes with the others of its scale.

    Parameters
    ----------
    survey
        One row per answer sheet, one column per item, as it was answered.
    scales
        The scales; items that they name as reversed are turned first.

    Returns
    -------
    DataFrame
        Index item: scale, reversed, answers, mean and sd (after turning), item_rest (correlation
        with the sum of the other items), alpha_without (alpha of the other items; missing where
        one is left), against (whether item_rest is below 0 by more than 2.6 standard errors of
        Fisher's z: an item that was probably forgotten to be reversed, or was reversed wrongly).

    Raises
    ------
    DataError
        As in `turned_answers`.

    Examples
    --------
    >>> import relmark_research as rm
    >>> forgotten = scales_of({"trust": ["trust_1", "trust_2", "trust_3", "trust_4"]})
    >>> items = item_table(rm.load_sample("partner_survey"), forgotten)
    >>> items.index[items["against"]].tolist(), items["item_rest"].round(2).tolist()[-1]
    (['trust_4'], -0.71)
    """
    answers, rows = turned_answers(survey, scales), []
    for scale in scales:
        whole = answers[list(scale.items)].dropna()
        for item in scale.items:
            rows.append(_item_row(whole, item, scale) | {"answers": int(answers[item].count())})
    return pd.DataFrame(rows).set_index("item")


def _item_row(whole: pd.DataFrame, item: str, scale: Scale) -> dict[str, object]:
    rest = whole.drop(columns=item)
    total = rest.sum(axis=1)
    together = float(whole[item].corr(total)) if total.std() > 0 and len(whole) > 2 else np.nan
    k, spread = rest.shape[1], total.var()
    without = k / (k - 1) * (1 - rest.var().sum() / spread) if k > 1 and spread > 0 else np.nan
    z = np.arctanh(np.clip(together, -0.999999, 0.999999)) * np.sqrt(max(len(whole) - 3, 0))
    return {
        "item": item,
        "scale": scale.name,
        "reversed": item in scale.reversed_items,
        "answers": 0,
        "mean": whole[item].mean(),
        "sd": whole[item].std(),
        "item_rest": together,
        "alpha_without": without,
        "against": bool(z < -CERTAIN),
    }


def check_directions(survey: pd.DataFrame, scales: Sequence[Scale]) -> None:
    """Raise DataError where an item runs against its scale, as a forgotten reversed one does."""
    items = item_table(survey, scales)
    for scale in scales:
        mine = items.loc[list(scale.items)]
        bad = mine[mine["against"]]
        if bad.empty:
            continue
        found = ", ".join(f"{name} ({row['item_rest']:.2f})" for name, row in bad.iterrows())
        named = [name for name in bad.index if name in scale.reversed_items]
        todo = (
            f"{', '.join(named)} is named as reversed: is it really worded the other way round?"
            if named
            else "Is it worded the other way round? Then name it in reversed_items."
        )
        raise DataError(
            f"scale {scale.name!r}: expected every item to go with the others; found a negative "
            f"item-rest correlation in {found}. {todo} Look at item_table(survey, scales)."
        )
