"""The five levels of relationship marketing as data: what is done, what it costs, what it does.

A level's effects are against the first level: on retention in log-odds (0.4 lifts 60% to 69%), on
margin as the logarithm of a ratio (0.1 lifts it by a tenth).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError, check_choice, unknown_name

FIVE_LEVELS = Path(__file__).with_name("five_levels.yml")

_KEYS = ("done", "cost", "retention", "margin")
_EFFECT = ("effect", "sd")


@dataclass(frozen=True)
class Effect:
    """An effect and how sure it is: normal with mean ``effect`` and standard deviation ``sd``."""

    effect: float
    sd: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.effect) and 0 <= self.sd < np.inf):
            raise ParameterError(
                "an effect is a finite number with an sd of 0 or more; found "
                f"effect={self.effect!r}, sd={self.sd!r}."
            )


@dataclass(frozen=True)
class MarketingLevel:
    """One level of relationship marketing.

    Parameters
    ----------
    name, done
        What it is called, and what is done at it.
    cost
        Money per customer and year, one number or one per segment; None where it is not known.
    retention, margin
        Effects against the first level, in log-odds and in the logarithm of a ratio; None where
        they are not known.
    """

    name: str
    done: str = ""
    cost: float | Mapping[str, float] | None = None
    retention: Effect | None = None
    margin: Effect | None = None

    def cost_in(self, segment: str) -> float:
        """Return the cost per customer and year in a segment, NaN where it is not known."""
        if isinstance(self.cost, Mapping):
            if segment not in self.cost:
                raise DataError(
                    f"level {self.name!r} has no cost for this segment: "
                    f"{unknown_name('segment', segment, self.cost)}"
                )
            return float(self.cost[segment])
        return np.nan if self.cost is None else float(self.cost)


def read_levels(path: Path | str = FIVE_LEVELS) -> tuple[MarketingLevel, ...]:
    """Read levels from a YAML file, from the lightest to the deepest.

    Parameters
    ----------
    path
        A file with ``levels:``, and below it by name: done, cost, retention and margin, all but
        the name optional. By default the five levels of the textbook, without costs and effects.

    Raises
    ------
    DataError
        Where a key is not known or a level cannot be as it is written: a cost below 0, or a level
        beyond the first that costs nothing.

    References
    ----------
    Kotler & Keller, Marketing Management (levels of customer relationship).

    Examples
    --------
    >>> [level.name for level in read_levels()]
    ['basic', 'reactive', 'accountable', 'proactive', 'partnership']
    """
    content = _content(path)
    found = content.get("levels")
    if not isinstance(found, Mapping) or len(found) < 2:
        raise DataError(
            f"{Path(path).name} must have levels: with at least two names below it; found "
            f"{found!r}."
        )
    return checked_levels([_level(str(name), of or {}) for name, of in found.items()])


def checked_levels(levels: Sequence[MarketingLevel]) -> tuple[MarketingLevel, ...]:
    """Return levels, refusing costs that cannot be."""
    names = [level.name for level in levels]
    if len(set(names)) < len(names):
        raise DataError(f"every level must have its own name; found {', '.join(names)}.")
    for place, level in enumerate(levels):
        costs = level.cost if isinstance(level.cost, Mapping) else {"": level.cost}
        for segment, cost in costs.items():
            where = f"level {level.name!r}" + (f" in segment {segment!r}" if segment else "")
            if cost is None:
                continue
            if not 0 <= cost < np.inf:
                raise DataError(f"{where} must cost 0 or more a year; found {cost!r}.")
            if cost == 0 and place > 0:
                raise DataError(
                    f"{where} costs nothing, yet it does more than {names[0]!r}: then it would be "
                    "best for everyone. Count the hours that it takes, and give their cost."
                )
    return tuple(levels)


def _level(name: str, of: Any) -> MarketingLevel:
    if not isinstance(of, Mapping):
        raise DataError(f"level {name!r} must have names with values below it; found {of!r}.")
    for key in of:
        if key not in _KEYS:
            raise DataError(f"level {name!r}: {unknown_name('key', key, _KEYS)}")
    return MarketingLevel(
        name=name,
        done=str(of.get("done", "")),
        cost=of.get("cost"),
        retention=_effect(name, of.get("retention")),
        margin=_effect(name, of.get("margin")),
    )


def _effect(name: str, of: Any) -> Effect | None:
    if of is None:
        return None
    if not isinstance(of, Mapping) or not set(of) <= set(_EFFECT) or "effect" not in of:
        raise DataError(
            f"level {name!r}: an effect is written {{effect: 0.3, sd: 0.1}}; found {of!r}."
        )
    return Effect(**of)


def _content(path: Path | str) -> Mapping[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise DataError(f"{path} cannot be read as levels: {error}.") from None
    if not isinstance(content, Mapping):
        raise DataError(f"{Path(path).name} must hold names with values, such as levels: ...")
    return content


@dataclass(frozen=True)
class GridCuts:
    """Where the textbook's words begin: many and few customers, high and low margins.

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

    def words(self, customers: float, margin: float) -> tuple[str, str]:
        """Return the textbook's words for a number of customers and a margin of each."""
        number = "many" if customers >= self.many else "few" if customers < self.few else "medium"
        size = "high" if margin >= self.high else "low" if margin < self.low else "medium"
        return number, size


def textbook_levels(
    segments: pd.DataFrame,
    *,
    cuts: GridCuts = GridCuts(),
    path: Path | str = FIVE_LEVELS,
) -> pd.DataFrame:
    """Say which level the textbook's grid gives each segment, to compare with the computed one.

    Parameters
    ----------
    segments
        segment, customers (number), margin (money per customer and year).
    cuts
        What counts as many and as high; the textbook does not say.
    path
        A file with ``textbook:``, levels by number of customers and by margin.

    Returns
    -------
    DataFrame
        segment, customers, margin, number (many, medium, few), size (high, medium, low) and
        textbook, the level or levels.

    Examples
    --------
    >>> segments = pd.DataFrame(
    ...     {"segment": ["homes", "mills"], "customers": [9000, 12], "margin": [30.0, 8000.0]})
    >>> textbook_levels(segments)["textbook"].to_list()
    ['basic or reactive', 'partnership']
    """
    grid = _content(path).get("textbook", {})
    rows = []
    for row in segments[["segment", "customers", "margin"]].to_dict("records"):
        number, size = cuts.words(row["customers"], row["margin"])
        rows.append(
            {**row, "number": number, "size": size, "textbook": " or ".join(grid[number][size])}
        )
    return pd.DataFrame(rows)


def check_level_names(found: pd.Series, levels: Sequence[str]) -> None:
    """Raise ParameterError for the first name in ``found`` that is none of ``levels``."""
    for name in found.unique():
        check_choice("level", name, levels)
