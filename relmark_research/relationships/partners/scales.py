"""Scales of a survey: the items that measure a construct, and which of them are reverse-worded.

A reversed item is scored as low + high - x, and only where the scale names it. A negative
correlation with the sum of the other items (`item_table`) reveals an item keyed the wrong way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships._validate import check_columns, check_scale
from relmark_research.tables.read_table import open_table
from relmark_research.tables.schemas import Column, Schema

_MISKEYED_Z = 2.576  # standard errors below 0 at which an item counts as miskeyed


@dataclass(frozen=True, repr=False)
class Scale:
    """A construct, and the items that measure it.

    Parameters
    ----------
    name
        What is measured, such as ``"trust"``.
    items
        Columns of the survey, two or more.
    reversed_items
        Those of them for which agreement means less of the construct.
    low, high
        The lowest and the highest possible answer, whole numbers.

    Raises
    ------
    ParameterError
        If there are fewer than two different items, a reversed item is not one of them, or low is
        not below high.

    Examples
    --------
    >>> Scale("trust", ("honest", "cheats us"), reversed_items=("cheats us",)).midpoint
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
                f"{', '.join(self.items) or 'none'}. The reliability of a single item cannot be "
                "estimated; add an item, or leave the scale out."
            )
        unknown = [item for item in self.reversed_items if item not in self.items]
        if unknown:
            raise ParameterError(
                f"scale {self.name!r}: the reversed items {', '.join(unknown)} are not among its "
                f"items {', '.join(self.items)}. Correct the names."
            )
        if not self.low < self.high:
            raise ParameterError(
                f"scale {self.name!r}: low must be below high; found {self.low} and {self.high}."
            )

    @property
    def midpoint(self) -> float:
        """The answer half-way between low and high."""
        return (self.low + self.high) / 2

    def _rows(self) -> dict[str, object]:
        return {
            "items": ", ".join(self.items),
            "reversed": ", ".join(self.reversed_items) or None,
            "answers": f"{self.low} to {self.high}",
        }

    def __repr__(self) -> str:
        return one_line(f"Scale {self.name}", self._rows())

    def _repr_html_(self) -> str:
        return html_table(f"Scale: {self.name}", self._rows())


def scales_from_items(
    items: Mapping[str, Sequence[str]],
    *,
    reversed_items: Sequence[str] = (),
    answers: tuple[int, int] = (1, 7),
) -> tuple[Scale, ...]:
    """Return scales from names of items, as the parameters of a notebook hold them.

    Parameters
    ----------
    items
        Name of the scale to its items.
    reversed_items
        All items that are reverse-worded.
    answers
        The lowest and the highest possible answer.

    Raises
    ------
    ParameterError
        If a reversed item belongs to no scale, or a scale is invalid (`Scale`).

    Examples
    --------
    >>> scales_from_items({"trust": ["t1", "t2"]}, reversed_items=["t2"])[0].reversed_items
    ('t2',)
    """
    known = {item for names in items.values() for item in names}
    unknown = [item for item in reversed_items if item not in known]
    if unknown:
        raise ParameterError(
            f"reversed items must belong to a scale; {', '.join(unknown)} belong to none. "
            "Correct the names."
        )
    low, high = answers
    return tuple(
        Scale(name, tuple(own), tuple(i for i in own if i in set(reversed_items)), low, high)
        for name, own in items.items()
    )


PARTNER_SCALES = scales_from_items(
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


def reverse_scored(survey: Any, scales: Sequence[Scale]) -> pd.DataFrame:
    """Return the items as numbers, reversed items reverse-scored; missing answers stay missing.

    Raises
    ------
    DataError
        If an item has no column, an answer is outside its scale, or an item is constant.

    Examples
    --------
    >>> survey = pd.DataFrame({"t1": [1, 7, 4], "t2": [6, 2, 4]})
    >>> reverse_scored(survey, [Scale("trust", ("t1", "t2"), ("t2",))])["t2"].tolist()
    [2.0, 6.0, 4.0]
    """
    items = [item for scale in scales for item in scale.items]
    columns = tuple(Column(item, "number", "an answer") for item in items)
    survey = open_table(survey, Schema("survey", "a questionnaire", columns))
    check_columns(survey, "the survey", items)
    scored = {}
    for scale in scales:
        for item in scale.items:
            values = check_scale(survey[item], (scale.low, scale.high))
            _check_varies(values)
            scored[item] = (
                scale.low + scale.high - values if item in scale.reversed_items else values
            )
    return pd.DataFrame(scored, index=survey.index)


def _check_varies(values: pd.Series) -> None:
    found = values.dropna().unique()
    if len(found) < 2:
        what = f"{found[0]:g} in all {values.notna().sum():,} answers" if len(found) else "none"
        raise DataError(
            f"{values.name}: expected answers that differ; found {what}. A constant item carries "
            "no information: leave it out of its scale, or check the export."
        )


def item_table(survey: Any, scales: Sequence[Scale] = PARTNER_SCALES) -> pd.DataFrame:
    """Return an item analysis: how each item correlates with the rest of its scale.

    Parameters
    ----------
    survey
        One row per completed questionnaire, one column per item, as answered: any source of
        `read_table`.
    scales
        The scales; their reversed items are reverse-scored first.

    Returns
    -------
    DataFrame
        Index item: scale, reversed, answers, mean and sd (after reverse-scoring), item_rest
        (correlation with the sum of the other items), alpha_if_deleted (alpha of the other items;
        missing where one is left), miskeyed (whether item_rest is below 0 by more than 2.6 standard
        errors of Fisher's z: reversal was probably forgotten, or wrongly applied).

    Raises
    ------
    DataError
        As `reverse_scored`.

    Examples
    --------
    >>> import relmark_research as rm
    >>> forgotten = scales_from_items({"trust": ["trust_1", "trust_2", "trust_3", "trust_4"]})
    >>> items = item_table(rm.load_sample("partner_survey"), forgotten)
    >>> items.index[items["miskeyed"]].tolist(), items["item_rest"].round(2).tolist()[-1]
    (['trust_4'], -0.71)
    """
    answers, rows = reverse_scored(survey, scales), []
    for scale in scales:
        complete = answers[list(scale.items)].dropna()
        for item in scale.items:
            rows.append(_item_row(complete, item, scale) | {"answers": int(answers[item].count())})
    return pd.DataFrame(rows).set_index("item")


def _item_row(complete: pd.DataFrame, item: str, scale: Scale) -> dict[str, object]:
    rest = complete.drop(columns=item)
    total = rest.sum(axis=1)
    n, k, variance = len(complete), rest.shape[1], total.var()
    correlation = float(complete[item].corr(total)) if variance > 0 and n > 2 else np.nan
    deleted = k / (k - 1) * (1 - rest.var().sum() / variance) if k > 1 and variance > 0 else np.nan
    z = np.arctanh(np.clip(correlation, -0.999999, 0.999999)) * np.sqrt(max(n - 3, 0))
    return {
        "item": item,
        "scale": scale.name,
        "reversed": item in scale.reversed_items,
        "answers": 0,
        "mean": complete[item].mean(),
        "sd": complete[item].std(),
        "item_rest": correlation,
        "alpha_if_deleted": deleted,
        "miskeyed": bool(z < -_MISKEYED_Z),
    }


def check_keying(survey: pd.DataFrame, scales: Sequence[Scale]) -> None:
    """Raise DataError for an item that is probably keyed the wrong way."""
    items = item_table(survey, scales)
    for scale in scales:
        own = items.loc[list(scale.items)]
        bad = own[own["miskeyed"]]
        if bad.empty:
            continue
        found = ", ".join(f"{name} ({row['item_rest']:.2f})" for name, row in bad.iterrows())
        named = [name for name in bad.index if name in scale.reversed_items]
        advice = (
            f"{', '.join(named)} is named as reversed: check that it is reverse-worded."
            if named
            else "If it is reverse-worded, name it in reversed_items."
        )
        raise DataError(
            f"scale {scale.name!r}: expected every item to correlate with the others; found a "
            f"negative item-rest correlation in {found}. {advice} See item_table(survey, scales)."
        )
