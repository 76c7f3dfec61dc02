"""What each level of relationship does to the moves, from data in which it varied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from relmark_research.economics.levels_of_relationship.ladder_policy import (
    LEVELS,
    RelationshipLevel,
)
from relmark_research.errors import DataError, unknown_name
from relmark_research.ladder.estimation.move_drivers import Drivers, move_drivers, moves_table
from relmark_research.ladder.history.events import read_table
from relmark_research.ladder.history.ladder_history import LadderHistory


def level_effects_on_moves(
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
    order = {name: at for at, name in enumerate(LEVELS)}
    others = sorted((n for n in found if n != base), key=lambda n: (order.get(n, 99), n))
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


def level_costs(moves: pd.DataFrame, contacts: pd.DataFrame) -> dict[str, float]:
    """Return what each level costs per person and period: its contacts over its departures.

    Parameters
    ----------
    moves
        Departures with the level in force, from `drivers.moves_table`.
    contacts
        customer_id, date, cost, level: one row per contact.

    Raises
    ------
    DataError
        Where a column is missing.
    """
    for column in ("cost", "level"):
        if column not in contacts.columns:
            raise DataError(f"contacts: {unknown_name('column', column, contacts.columns)}")
    spent = contacts.groupby("level")["cost"].sum()
    periods = moves["level"].value_counts()
    return {str(name): float(spent.get(name, 0.0) / n) for name, n in periods.items()}


def assumed_levels(given: Mapping[str, Sequence[float]]) -> tuple[RelationshipLevel, ...]:
    """Return levels from ``{name: [cost, climb, fall]}``: what somebody takes them to do.

    Examples
    --------
    >>> [one.climb for one in assumed_levels({"basic": [0, 1, 1], "reactive": [0.5, 1.05, 0.95]})]
    [1.0, 1.05]
    """
    for name, numbers in given.items():
        if len(numbers) != 3:
            raise DataError(f"level {name!r} needs [cost, climb, fall]; found {list(numbers)}.")
    return tuple(RelationshipLevel(name, *map(float, three)) for name, three in given.items())


def known_levels(
    history: LadderHistory,
    *,
    contacts: str | pd.DataFrame | None,
    controls: Sequence[str] = (),
    assumed: Mapping[str, Sequence[float]],
) -> tuple[tuple[RelationshipLevel, ...], Drivers | None]:
    """Return levels as the contacts show them, or as they are assumed where there are no contacts.

    Parameters
    ----------
    history
        With its table of customers where ``controls`` are used.
    contacts
        customer_id, date, cost, level: a table, a path, ``"sample:contacts"``, or None.
    controls
        Columns of customers that are held fixed.
    assumed
        ``{name: [cost, climb, fall]}``, for None.

    Returns
    -------
    tuple
        The levels, and what they were estimated from (None where assumed).
    """
    if contacts is None:
        return assumed_levels(assumed), None
    table = read_table(contacts).assign(customer_id=lambda t: t["customer_id"].astype(str))
    moves = moves_table(history, table[["customer_id", "date", "level"]])
    costs = level_costs(moves, table)
    return level_effects_on_moves(moves, costs=costs, controls=controls)
