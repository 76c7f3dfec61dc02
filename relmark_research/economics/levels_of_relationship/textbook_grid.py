"""The textbook's grid: which level suits a segment by its number of customers and their margin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from relmark_research.economics.levels_of_relationship.account_years import SEGMENTS
from relmark_research.economics.levels_of_relationship.level_choice import LevelChoice
from relmark_research.economics.levels_of_relationship.relationship_level import (
    FIVE_LEVELS,
    levels_file,
)
from relmark_research.errors import ParameterError
from relmark_research.tables.read_table import read_columns


@dataclass(frozen=True)
class GridCuts:
    """Thresholds for the textbook's words: many and few customers, high and low margins.

    Parameters
    ----------
    many, few
        A segment of at least ``many`` customers has many, one of less than ``few`` has few.
    high, low
        Margin per customer and year (money) from which it is high, and below which it is low.
    """

    many: int = 1000
    few: int = 100
    high: float = 1000.0
    low: float = 100.0

    def __post_init__(self) -> None:
        if not (0 < self.few <= self.many and self.low <= self.high):
            raise ParameterError(
                "cuts must rise: 0 < few <= many and low <= high; found "
                f"few={self.few}, many={self.many}, low={self.low:g}, high={self.high:g}."
            )

    def classify(self, customers: float, annual_margin: float) -> tuple[str, str]:
        """Return the textbook's words for a number of customers and the margin of each."""
        number = "many" if customers >= self.many else "few" if customers < self.few else "medium"
        high, low = annual_margin >= self.high, annual_margin < self.low
        return number, "high" if high else "low" if low else "medium"


def textbook_levels(
    segments: pd.DataFrame,
    *,
    cuts: GridCuts = GridCuts(),
    path: Path | str = FIVE_LEVELS,
) -> pd.DataFrame:
    """Return the level that the textbook's grid gives each segment.

    Parameters
    ----------
    segments
        segment, customers (number), annual_margin (money per customer and year).
    cuts
        Thresholds of many and of high; the textbook gives none.
    path
        A file with ``textbook:``, levels by number of customers and by margin.

    Returns
    -------
    DataFrame
        segment, customers, annual_margin, number (many, medium, few), size (high, medium, low) and
        textbook, the level or levels.

    Examples
    --------
    >>> segments = pd.DataFrame({"segment": ["homes", "mills"], "customers": [9000, 12],
    ...                          "annual_margin": [30.0, 8000.0]})
    >>> textbook_levels(segments)["textbook"].to_list()
    ['basic or reactive', 'partnership']
    """
    grid = levels_file(path).get("textbook", {})
    needed = ("segment", "customers", "annual_margin")
    segments = read_columns(segments, {name: SEGMENTS[name] for name in needed}, name="segments")
    rows = []
    for row in segments[["segment", "customers", "annual_margin"]].to_dict("records"):
        number, size = cuts.classify(row["customers"], row["annual_margin"])
        textbook = " or ".join(grid[number][size])
        rows.append({**row, "number": number, "size": size, "textbook": textbook})
    return pd.DataFrame(rows)


def compare_with_textbook(choice: LevelChoice, textbook: pd.DataFrame) -> pd.DataFrame:
    """Compare the computed levels with those of the textbook.

    Parameters
    ----------
    choice
        From `relationship_levels`.
    textbook
        From `textbook_levels`.

    Returns
    -------
    DataFrame
        segment, customers, annual_margin, number and size in the textbook's words, textbook,
        computed (the level), probability_best, and agrees: whether the computed level is (one of)
        the textbook's.
    """
    best = choice.best.rename(columns={"relationship_level": "computed"})
    textbook = read_columns(textbook, {"segment": "text", "textbook": "text"}, name="textbook")
    both = textbook.merge(best[["segment", "computed", "probability_best"]], on="segment")
    agrees = [
        computed in named.split(" or ")
        for computed, named in zip(both["computed"], both["textbook"], strict=True)
    ]
    return both.assign(agrees=agrees)
