"""Read the intervals of a result, whatever its form: a table, a tuple, a dataclass, a dict."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd

Array = np.ndarray


@dataclass(frozen=True)
class Interval:
    """The intervals of one quantity: a column of a table, or a single number.

    Attributes
    ----------
    name
        Table and column, such as ``"table.gain"``; a pair named low and high has the name of the
        estimate.
    low, high
        Ends, shape (n,).
    estimate
        The estimates, shape (n,); None where the result has none.
    """

    name: str
    low: Array
    high: Array
    estimate: Array | None

    @property
    def width(self) -> Array:
        """High less low; infinite where an end is."""
        with np.errstate(invalid="ignore"):
            return self.high - self.low


def intervals_of(
    result: Any, points: tuple[str, ...] = (), aliases: Mapping[str, str] | None = None
) -> list[Interval]:
    """Return every interval of a result.

    Parameters
    ----------
    result
        What a public function or method returned.
    points
        Columns with the estimate of a pair named low and high; the first that a table has.
    aliases
        Names of estimates that do not have the name of their interval.
    """
    found = []
    for name, table in tables_of(result):
        found += list(_of_table(name, table, points, aliases or {}))
    return found


def tables_of(result: Any, name: str = "") -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the tables of a result; its numbers form a table of one row."""
    if isinstance(result, pd.DataFrame):
        yield name, result
    elif isinstance(result, pd.Series):
        yield name, result.to_frame().T.infer_objects()
    elif isinstance(result, tuple) and len(result) in (2, 3) and not hasattr(result, "_fields"):
        names = ("estimate", "low", "high")[-len(result) :]
        yield (
            name,
            pd.DataFrame([[np.asarray(one, float).ravel() for one in result]], columns=names),
        )
    elif isinstance(result, Mapping) or is_dataclass(result):
        yield from _of_parts(_parts(result), name)


def _parts(result: Any) -> dict[str, Any]:
    if isinstance(result, Mapping):
        return dict(result)
    return {field.name: getattr(result, field.name) for field in fields(result)}


def _of_parts(parts: dict[str, Any], name: str) -> Iterator[tuple[str, pd.DataFrame]]:
    numbers = {key: one for key, one in parts.items() if isinstance(one, float | int | np.number)}
    yield name, pd.DataFrame([numbers])
    for key, one in parts.items():
        pair = isinstance(one, tuple) and len(one) == 3 and all(map(np.isscalar, one))
        if isinstance(one, pd.DataFrame | pd.Series) or (pair and not isinstance(one[0], str)):
            yield from tables_of(one, f"{name}.{key}".strip("."))


def _of_table(
    name: str, table: pd.DataFrame, points: tuple[str, ...], aliases: Mapping[str, str]
) -> Iterator[Interval]:
    columns = [str(column) for column in table.columns]
    for column in columns:
        stem = "" if column == "low" else column.removesuffix("_low")
        if stem == column:
            assert column.removesuffix("_high") == column or _other(column, "low") in columns, (
                f"{name}: {column} has no low end"
            )
            continue
        high = _other(column, "high")
        assert high in columns, f"{name}: {column} has no high end"
        plain = stem.removesuffix("_simultaneous")
        point = aliases.get(stem, plain) if stem else next((p for p in points if p in columns), "")
        yield Interval(
            name=f"{name}.{stem or point}".strip("."),
            low=_numbers(table[column]),
            high=_numbers(table[high]),
            estimate=_numbers(table[point]) if point in columns else None,
        )


def _other(column: str, end: str) -> str:
    return column.removesuffix("low").removesuffix("high") + end


def _numbers(column: pd.Series) -> Array:
    return np.concatenate([np.atleast_1d(np.asarray(one, float)) for one in column])
