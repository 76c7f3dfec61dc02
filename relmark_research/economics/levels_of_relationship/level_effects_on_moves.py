"""Effects of relationship levels on the moves of the ladder: estimated, or assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from relmark_research.economics.levels_of_relationship.relationship_level import (
    Effect,
    RelationshipLevel,
    level_names,
)
from relmark_research.errors import DataError, LadderError, unknown_name
from relmark_research.ladder.estimation.move_drivers import Drivers, move_drivers, moves_table
from relmark_research.ladder.history.ladder_history import LadderHistory
from relmark_research.tables.given_tables import frame_in_memory, frame_of_source
from relmark_research.tables.read_table import open_table, read_columns
from relmark_research.units import Period

Levels = tuple[RelationshipLevel, ...]


def level_effects_on_moves(
    moves: pd.DataFrame,
    *,
    column: str = "relationship_level",
    costs: Mapping[str, float] | None = None,
    controls: Sequence[str] = (),
    base: str = "basic",
) -> tuple[Levels, Drivers]:
    """Estimate cost and effects of each level on the moves, other things being equal.

    Parameters
    ----------
    moves
        Departures with the level in force, from `moves_table`.
    column
        Column with the level of relationship.
    costs
        Money per person and year of each level.
    controls
        Control variables, such as the segment. They must include whatever influences both the level
        and the moves (confounders).
    base
        The reference level.

    Returns
    -------
    tuple
        A RelationshipLevel per level, ``base`` first, with its effects on climbing and falling; and
        the fitted Drivers.

    Raises
    ------
    DataError
        If there is no such column or base level, or a cost is missing.
    """
    moves = frame_in_memory(moves, "moves")
    if column not in moves.columns:
        raise DataError(f"moves: {unknown_name('column', column, moves.columns)}")
    moves = read_columns(moves, {column: "text"}, name="moves")
    found = [str(name) for name in moves[column].dropna().unique()]
    if base not in found:
        raise DataError(unknown_name("level", base, found))
    costs = costs or {}
    missing = [name for name in found if name not in costs]
    if costs and missing:
        raise DataError(f"every level needs its cost; found none for {', '.join(missing)}.")
    order = {name: number for number, name in enumerate(level_names())}
    others = sorted((n for n in found if n != base), key=lambda n: (order.get(n, 99), n))
    rows = moves[moves[column].notna()]
    dummies = {f"level is {n}": (rows[column].astype(str) == n).astype(float) for n in others}
    fitted = move_drivers(rows.assign(**dummies), [*dummies, *controls])
    levels = [RelationshipLevel(base, cost=float(costs.get(base, 0)))]
    for name in others:
        climb, fall = (_effect(fitted, move, name) for move in ("climb", "fall"))
        cost = float(costs.get(name, 0))
        levels.append(RelationshipLevel(name, cost=cost, climb=climb, fall=fall))
    return tuple(levels), fitted


def level_costs(
    moves: pd.DataFrame,
    contacts: pd.DataFrame,
    *,
    period: str | Period,
    column: str = "relationship_level",
) -> dict[str, float]:
    """Return the cost of each level per person and year: its contacts over its person-years.

    Parameters
    ----------
    moves
        Departures with the level in force, from `moves_table`.
    contacts
        cost and relationship_level: one row per contact.
    period
        Calendar period of the moves: a departure is one period of a person, `Period.years` long.
    column
        Column with the level of relationship, in both tables.

    Raises
    ------
    DataError
        If a column is missing.
    """
    moves, contacts = frame_in_memory(moves, "moves"), frame_of_source(contacts, "contacts")
    for name in ("cost", column):
        if name not in contacts.columns:
            raise DataError(f"contacts: {unknown_name('column', name, contacts.columns)}")
    contacts = read_columns(contacts, {column: "text", "cost": "number"}, name="contacts")
    moves = read_columns(moves, {column: "text"}, name="moves")
    spent = contacts.groupby(column)["cost"].sum()
    person_years = moves[column].value_counts() * Period.of(period).years
    return {str(name): float(spent.get(name, 0.0) / n) for name, n in person_years.items()}


def assumed_levels(given: Mapping[str, Sequence[float]]) -> Levels:
    """Return levels from ``{name: [cost, climb, fall]}``: money per person and year, odds ratios.

    Examples
    --------
    >>> levels = assumed_levels({"basic": [0, 1, 1], "reactive": [0.5, 1.05, 0.95]})
    >>> [round(level.climb.odds_ratio, 2) for level in levels]
    [1.0, 1.05]
    """
    for name, numbers in given.items():
        if len(numbers) != 3:
            raise DataError(f"level {name!r} needs [cost, climb, fall]; found {list(numbers)}.")
    return tuple(
        RelationshipLevel(
            name,
            cost=float(cost),
            climb=Effect.from_odds_ratio(float(climb)),
            fall=Effect.from_odds_ratio(float(fall)),
        )
        for name, (cost, climb, fall) in given.items()
    )


def known_levels(
    history: LadderHistory,
    *,
    contacts: str | pd.DataFrame | None,
    controls: Sequence[str] = (),
    assumed: Mapping[str, Sequence[float]],
    base: str | None = None,
) -> tuple[Levels, Drivers | None]:
    """Return levels estimated from contacts, or the assumed ones without contacts.

    Parameters
    ----------
    history
        With a table of customers if ``controls`` are used.
    contacts
        customer_id, date, cost, relationship_level: a table, a path, ``"sample:contacts"``; or
        None.
    controls
        Columns of customers that are controlled for.
    assumed
        ``{name: [cost, climb, fall]}`` as for `assumed_levels`, used if contacts is None.
    base
        The level of the contacts that the others are compared with; None: basic, or the level of
        the lowest cost where there is no basic.

    Returns
    -------
    tuple
        The levels, and the fitted model (None if assumed).

    Raises
    ------
    LadderError
        If there are contacts and the history has no calendar periods.
    """
    if contacts is None:
        return assumed_levels(assumed), None
    if history.period is None:
        raise LadderError(
            "the cost of a level per year needs a history of calendar periods, such as that of "
            "LoyaltyLadder.assign."
        )
    table = open_table(contacts, "contacts", needs=("relationship_level",))
    moves = moves_table(history, table[["customer_id", "date", "relationship_level"]])
    costs = level_costs(moves, table, period=history.period)
    cheapest = "basic" if "basic" in costs or not costs else min(costs, key=lambda n: costs[n])
    return level_effects_on_moves(moves, costs=costs, controls=controls, base=base or cheapest)


def _effect(fitted: Drivers, move: str, name: str) -> Effect:
    table = fitted.table
    row = table[(table["move"] == move) & (table["driver"] == f"level is {name}")].iloc[0]
    return Effect(float(row["log_odds"]), float(row["standard_error"]))
