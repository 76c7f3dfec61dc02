"""Calls drawn from a seed: a door, and its tables in another form."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from relmark_research.errors import RelmarkError
from tests.metamorphic import changes
from tests.metamorphic.comparing import differences
from tests.metamorphic.doors import DOORS, Door

MOST_CHANGES = 3
FAST = (  # examples that need no log, and take a few hundredths of a second
    "read_table customers",
    "read_table contacts",
    "read_table prospects",
    "read_table books",
    "read_table campaigns",
    "read_table answers",
    "CustomerSummary.of made",
    "ShiftedBetaGeometric.fit",
    "clv.contract_tenures",
    "customers.pseudonyms made",
    "economics.segment_years",
    "economics.assumed_effects",
    "economics.SpendLedger.from_table",
    "estimate_transitions",
    "ladder.purchase_panel",
    "ladder.purchase_panel dates",
    "ladder.fit_generator",
    "relationships.CampaignColumns.read",
    "relationships.net_promoter_score",
    "relationships.nps_table",
    "relationships.conversion_funnel",
)


@dataclass
class Drawn:
    """What was changed, and whether the rows keep their order."""

    words: list[str]
    ordered: bool = True


def check(seed: int, *, fast: bool = False) -> tuple[str, str]:
    """Return "equal", "refused" or "defect", and the call in words."""
    draw = random.Random(seed)
    door = draw.choice([DOORS[name] for name in FAST] if fast else list(DOORS.values()))
    tables, drawn = changed(door, draw)
    words = f"seed {seed}: {door.name}: {'; '.join(drawn.words)}"
    expected = door.expected
    try:
        found = door.call(**tables)
    except RelmarkError as error:
        return ("refused", f"{words}: {error}")
    except Exception as error:  # noqa: BLE001
        return ("defect", f"{words}: {type(error).__name__}: {str(error)[:300]}")
    wrong = differences(expected, found, ordered=drawn.ordered)
    return ("defect", f"{words}: {wrong[:3]}") if wrong else ("equal", words)


def changed(door: Door, draw: random.Random) -> tuple[dict[str, Any], Drawn]:
    """Return a door's tables, one of them or more changed."""
    tables, drawn = door.copies(), Drawn([])
    for name in draw.sample(sorted(tables), draw.randrange(1, len(tables) + 1)):
        before = tables[name]
        tables[name] = _table_changed(door, name, before, draw, drawn)
        if _lost_order(before, tables[name]):
            drawn.ordered = False
    if not drawn.words:
        drawn.words.append("no change")
    return tables, drawn


def _lost_order(before: Any, after: Any) -> bool:
    """Whether a column of categories, which have an order, is one of text now."""
    if not isinstance(before, pd.DataFrame):
        return False
    ordered = before.columns[[isinstance(kind, pd.CategoricalDtype) for kind in before.dtypes]]
    if not isinstance(after, pd.DataFrame):
        return len(ordered) > 0
    return any(not isinstance(after[name].dtype, pd.CategoricalDtype) for name in ordered)


def _table_changed(door: Door, name: str, table: Any, draw: random.Random, drawn: Drawn) -> Any:
    indexed = name in door.index
    if isinstance(table, pd.DataFrame):
        for _ in range(draw.randrange(MOST_CHANGES)):
            column = draw.choice(list(table.columns))
            if column in door.typed:
                continue
            values = _column_changed(column, table[column], draw, drawn, name)
            table = table.assign(**{column: values}) if isinstance(column, str) else table
    else:
        table = _column_changed(table.name, table, draw, drawn, name)
    if indexed and draw.random() < 0.4:
        table = _labels_changed(table, draw, drawn, name)
    last = draw.choice(["columns", "index", "order", "container", "none"])
    if last == "order" and door.order:
        drawn.words.append(f"{name} shuffled")
        drawn.ordered = False
        table = changes._shuffled(table, draw)
        last = draw.choice(["columns", "index", "none"])
    if last == "index" and not indexed:
        kind = draw.choice(sorted(changes.INDEXES))
        drawn.words.append(f"{name} with {kind}")
        return changes.INDEXES[kind](table, draw)
    if last == "columns" and isinstance(table, pd.DataFrame):
        return _whole(changes.FRAMES, table, draw, drawn, name)
    if last == "container" and door.any_source and isinstance(table, pd.DataFrame):
        return _whole(changes.CONTAINERS, table, draw, drawn, name)
    return table


def _whole(kinds: Any, table: Any, draw: random.Random, drawn: Drawn, name: str) -> Any:
    kind = draw.choice(sorted(kinds))
    try:
        found = kinds[kind](table, draw)
    except Exception:  # noqa: BLE001  (the container cannot hold these values)
        return table
    drawn.words.append(f"{name}: {kind}")
    return found


def _column_changed(
    column: Any, values: pd.Series, draw: random.Random, drawn: Drawn, name: str
) -> pd.Series:
    kind = changes.kind_of(column, values)
    form = draw.choice(sorted(changes.COLUMNS[kind]))
    try:
        found = changes.COLUMNS[kind][form](values)
    except (TypeError, ValueError, AttributeError):  # changed before, of another type now
        return values
    if found is None:
        return values
    drawn.words.append(f"{name}.{column} as {form}")
    return found


def _labels_changed(table: Any, draw: random.Random, drawn: Drawn, name: str) -> Any:
    """Change the type of an index that holds values."""
    if table.index.nlevels > 1:
        return table
    labels = table.index.to_series()
    kind = "id" if labels.dtype.kind not in "iufMb" else changes.kind_of("", labels)
    form = draw.choice(sorted(changes.COLUMNS[kind]))
    found = changes.COLUMNS[kind][form](labels)
    if found is None:
        return table
    drawn.words.append(f"index of {name} as {form}")
    return table.set_axis(pd.Index(found.array, name=table.index.name))


def calls(first: int, number: int, *, fast: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the outcome of so many calls."""
    for seed in range(first, first + number):
        yield check(seed, fast=fast)
