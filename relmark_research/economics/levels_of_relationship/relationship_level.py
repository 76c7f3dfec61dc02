"""Levels of relationship marketing as data: what is done at each, its cost, and its effects.

Effects are against the first level, in logarithms:

retention       log-odds of another year as a customer (0.4 raises 60% to 69%)
annual_margin   logarithm of the ratio of the margins of a year (0.1 raises it by a tenth)
climb, fall     log-odds of moving up and of moving down the loyalty ladder, against staying
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from relmark_research.errors import DataError, LadderError, ParameterError, unknown_name

FIVE_LEVELS = Path(__file__).with_name("five_levels.yml")

_EFFECTS = ("retention", "annual_margin", "climb", "fall")
_KEYS = ("description", "cost", *_EFFECTS)


@dataclass(frozen=True)
class Effect:
    """An effect in logarithms: normal with mean ``effect`` and standard deviation ``sd``.

    Examples
    --------
    >>> Effect.from_odds_ratio(1.5).odds_ratio
    1.5
    """

    effect: float
    sd: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.effect) and 0 <= self.sd < np.inf):
            raise ParameterError(
                "an effect is a finite number with an sd of 0 or more; found "
                f"effect={self.effect!r}, sd={self.sd!r}."
            )

    @classmethod
    def from_odds_ratio(cls, ratio: float, sd: float = 0.0) -> Effect:
        """Return the effect of an odds ratio (> 0), with the sd of its logarithm."""
        if not (np.isfinite(ratio) and ratio > 0):
            raise ParameterError(
                f"an odds ratio is a number above 0 (1 is no effect); found {ratio!r}."
            )
        return cls(float(np.log(ratio)), sd)

    @property
    def odds_ratio(self) -> float:
        """Factor on the odds, exp(effect)."""
        return float(np.exp(self.effect))


@dataclass(frozen=True)
class RelationshipLevel:
    """One level of relationship marketing.

    Parameters
    ----------
    name, description
        Its name, and what is done at it.
    cost
        Money per customer and year, one number or one per segment (for `best_levels` per rung);
        None if unknown.
    retention, annual_margin
        Effects on a year's retention and margin; None if unknown.
    climb, fall
        Effects on the moves of the ladder; `best_levels` takes None as no effect.

    Examples
    --------
    >>> RelationshipLevel("proactive", cost=4.0, climb=Effect(0.2, 0.1))
    RelationshipLevel('proactive', cost=4.0, climb=Effect(effect=0.2, sd=0.1))
    """

    name: str
    description: str = ""
    cost: float | Mapping[str, float] | None = None
    retention: Effect | None = None
    annual_margin: Effect | None = None
    climb: Effect | None = None
    fall: Effect | None = None

    def __repr__(self) -> str:
        given = {name: getattr(self, name) for name in ("cost", *_EFFECTS)}
        known = [f"{name}={value!r}" for name, value in given.items() if value is not None]
        return f"RelationshipLevel({', '.join([repr(self.name), *known])})"

    def cost_in(self, segment: str) -> float:
        """Return the cost in a segment, NaN if unknown."""
        if isinstance(self.cost, Mapping):
            if segment not in self.cost:
                raise DataError(
                    f"level {self.name!r} has no cost for this segment: "
                    f"{unknown_name('segment', segment, self.cost)}"
                )
            return float(self.cost[segment])
        return np.nan if self.cost is None else float(self.cost)

    def costs_by_rung(self, rungs: Sequence[str]) -> np.ndarray:
        """Return the annual cost on each rung; unknown costs, and rungs without one, count as 0."""
        if not isinstance(self.cost, Mapping):
            return np.full(len(rungs), float(self.cost or 0.0))
        for rung in self.cost:
            if rung not in rungs:
                raise LadderError(f"level {self.name!r}: {unknown_name('rung', rung, rungs)}")
        return np.array([float(self.cost.get(rung, 0.0)) for rung in rungs])


def read_levels(path: Path | str = FIVE_LEVELS) -> tuple[RelationshipLevel, ...]:
    """Read levels from a YAML file, from the lightest to the deepest.

    Parameters
    ----------
    path
        A file with ``levels:``, and below it by name: description, cost, retention, annual_margin,
        climb and fall, all optional. By default the five levels of the textbook, without costs and
        effects.

    Raises
    ------
    DataError
        If a key is unknown or a level is invalid: a cost below 0, or a cost of 0 beyond the first
        level.

    References
    ----------
    Kotler & Keller, Marketing Management (levels of customer relationship).

    Examples
    --------
    >>> [level.name for level in read_levels()]
    ['basic', 'reactive', 'accountable', 'proactive', 'partnership']
    """
    content = levels_file(path)
    found = content.get("levels")
    if not isinstance(found, Mapping) or len(found) < 2:
        raise DataError(
            f"{Path(path).name} must have levels: with at least two names below it; found "
            f"{found!r}."
        )
    return checked_levels([_level(str(name), given or {}) for name, given in found.items()])


@cache
def level_names() -> tuple[str, ...]:
    """Return the names of the five levels, from the lightest to the deepest."""
    return tuple(level.name for level in read_levels())


def checked_levels(levels: Sequence[RelationshipLevel]) -> tuple[RelationshipLevel, ...]:
    """Return levels, refusing repeated names and impossible costs."""
    names = [level.name for level in levels]
    if len(set(names)) < len(names):
        raise DataError(f"every level must have its own name; found {', '.join(names)}.")
    for number, level in enumerate(levels):
        costs = level.cost if isinstance(level.cost, Mapping) else {"": level.cost}
        for segment, cost in costs.items():
            where = f"level {level.name!r}" + (f" in segment {segment!r}" if segment else "")
            if cost is None:
                continue
            if not 0 <= cost < np.inf:
                raise DataError(f"{where} must cost 0 or more a year; found {cost!r}.")
            if cost == 0 and number > 0:
                raise DataError(
                    f"{where} costs nothing, yet it does more than {names[0]!r}, so it would be "
                    "best for every customer. Count the working hours at their cost."
                )
    return tuple(levels)


def levels_file(path: Path | str) -> Mapping[str, Any]:
    """Return the content of a YAML file of levels."""
    from relmark_research.tables.yaml_files import read_yaml

    content = read_yaml(Path(path))
    if not isinstance(content, Mapping):
        raise DataError(f"{Path(path).name} must hold names with values, such as levels: ...")
    return content


def _level(name: str, given: Any) -> RelationshipLevel:
    if not isinstance(given, Mapping):
        raise DataError(f"level {name!r} must have names with values below it; found {given!r}.")
    for key in given:
        if key not in _KEYS:
            raise DataError(f"level {name!r}: {unknown_name('key', key, _KEYS)}")
    effects = {key: _effect(name, given.get(key)) for key in _EFFECTS}
    description = str(given.get("description", ""))
    return RelationshipLevel(name, description, given.get("cost"), **effects)


def _effect(name: str, given: Any) -> Effect | None:
    if given is None:
        return None
    if not isinstance(given, Mapping) or not {"effect"} <= set(given) <= {"effect", "sd"}:
        raise DataError(
            f"level {name!r}: an effect is written {{effect: 0.3, sd: 0.1}}; found {given!r}."
        )
    return Effect(**given)
