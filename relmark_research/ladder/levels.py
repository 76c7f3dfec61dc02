"""What each level of relationship does to the moves, from data in which it varied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from relmark_research.errors import DataError, unknown_name
from relmark_research.ladder.drivers import Drivers, move_drivers
from relmark_research.ladder.policy import RelationshipLevel


def level_effects(
    moves: pd.DataFrame,
    *,
    column: str = "level",
    costs: Mapping[str, float] | None = None,
    controls: Sequence[str] = (),
    base: str = "basic",
) -> tuple[tuple[RelationshipLevel, ...], Drivers]:
    """Estimate what each level costs and does, other things being equal.

    Parameters
    ----------
    moves
        Departures with the level in force, from `drivers.moves_table`.
    column
        The column that holds the level.
    costs
        Money per person and period of each level.
    controls
        Columns held fixed, such as the segment. What decides the level and also the moves must be
        among them, else the effect is not the level's.
    base
        The level that the others are compared with.

    Returns
    -------
    tuple
        A RelationshipLevel per level, ``base`` first, with the odds ratios of climbing and falling
        and their standard errors; and the fitted Drivers.

    Raises
    ------
    DataError
        Where there is no such column or base level, or a cost is missing.
    """
    if column not in moves.columns:
        raise DataError(f"levels: {unknown_name('column', column, moves.columns)}")
    found = [str(name) for name in moves[column].dropna().unique()]
    if base not in found:
        raise DataError(unknown_name("level", base, found))
    costs = costs or {}
    missing = [name for name in found if name not in costs]
    if costs and missing:
        raise DataError(f"every level needs its cost; found none for {', '.join(missing)}.")
    others = [name for name in found if name != base]
    rows = moves[moves[column].notna()]
    dummies = {f"level is {n}": (rows[column].astype(str) == n).astype(float) for n in others}
    fitted = move_drivers(rows.assign(**dummies), [*dummies, *controls])
    made = [RelationshipLevel(base, cost=float(costs.get(base, 0)))]
    for name in others:
        (climb, climb_sd), (fall, fall_sd) = (_effect(fitted, m, name) for m in ("climb", "fall"))
        cost = float(costs.get(name, 0))
        made.append(RelationshipLevel(name, cost, climb, fall, climb_sd, fall_sd))
    return tuple(made), fitted


def _effect(fitted: Drivers, move: str, name: str) -> tuple[float, float]:
    table = fitted.table
    row = table[(table["move"] == move) & (table["driver"] == f"level is {name}")]
    return float(row["odds_ratio"].iloc[0]), float(row["standard_error"].iloc[0])
