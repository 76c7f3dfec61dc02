"""Any result as a flat dict of numbers: tables by column, arrays as lists, long ones in brief."""

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping
from numbers import Number as AnyNumber
from typing import Any

import numpy as np
import pandas as pd

MOST = 200  # values of a column that are kept one by one
Flat = dict[str, Any]

_BRIEF = (0.05, 0.25, 0.5, 0.75, 0.95)


def flat(**parts: Any) -> Flat:
    """Return the numbers of the parts by name; what is text or no number at all is left out."""
    numbers: Flat = {}
    for name, part in parts.items():
        _put(numbers, name, part)
    return numbers


def table(frame: pd.DataFrame) -> Flat:
    """Return the numbers of a table alone, by column."""
    return {name.removeprefix("table."): value for name, value in flat(table=frame).items()}


def _put(numbers: Flat, name: str, part: Any) -> None:
    if isinstance(part, (bool, np.bool_)):
        numbers[name] = int(part)
    elif isinstance(part, (AnyNumber, np.number)):
        numbers[name] = _number(part)
    elif isinstance(part, dt.date):
        numbers[name] = part.toordinal()
    elif isinstance(part, pd.DataFrame):
        _put_frame(numbers, name, part)
    elif isinstance(part, (pd.Series, pd.Index, np.ndarray)):
        _put_column(numbers, name, part)
    else:
        for key, item in _items(part):
            _put(numbers, f"{name}.{key}", item)


def _items(part: Any) -> list[tuple[str, Any]]:
    """The named parts of a record, a mapping or a sequence; of anything else none."""
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        names = [field.name for field in dataclasses.fields(part)]
        return [(name, getattr(part, name)) for name in names if not name.startswith("_")]
    if isinstance(part, Mapping):
        return [(str(key), item) for key, item in part.items()]
    if isinstance(part, (list, tuple)):
        return [(str(place), item) for place, item in enumerate(part)]
    return []


def _put_frame(numbers: Flat, name: str, frame: pd.DataFrame) -> None:
    numbers[f"{name}.n_rows"] = len(frame)
    if not isinstance(frame.index, (pd.RangeIndex, pd.MultiIndex)):
        _put_column(numbers, f"{name}.index", frame.index)
    for place, label in enumerate(frame.columns):
        key = " ".join(map(str, label)) if isinstance(label, tuple) else str(label)
        _put_column(numbers, f"{name}.{key}", frame.iloc[:, place])


def _put_column(numbers: Flat, name: str, column: Any) -> None:
    values = _values(column)
    if values is None:
        return
    if values.size <= MOST:
        numbers[name] = [_number(value) for value in values.tolist()]
        return
    known = values[np.isfinite(values)]
    brief = {"size": values.size, "known": known.size, "sum": math.fsum(known)}
    brief |= {"first": values[0], "last": values[-1], "in_order": _in_order(values)}
    if known.size:
        brief |= {f"q{share:g}": np.quantile(known, share) for share in _BRIEF}
    for key, value in brief.items():
        numbers[f"{name}|{key}"] = _number(value)


def _in_order(values: np.ndarray) -> float:
    """A mean that changes where two values change places."""
    weights = np.linspace(0, 1, values.size)
    known = np.isfinite(values)
    return math.fsum(values[known] * weights[known]) / values.size


def _values(column: Any) -> np.ndarray | None:
    """The column as floats, days as days since 1970; None where it holds no number."""
    series = pd.Series(np.ravel(column) if isinstance(column, np.ndarray) else column)
    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return None
    if pd.api.types.is_datetime64_any_dtype(kind):
        since = series.dt.tz_localize(None) - pd.Timestamp(1970, 1, 1)
        return (since / pd.Timedelta(days=1)).to_numpy(dtype=float, na_value=np.nan)
    if pd.api.types.is_numeric_dtype(kind):
        return series.to_numpy(dtype=float, na_value=np.nan)
    numbers = [value if isinstance(value, AnyNumber) else np.nan for value in series]
    return np.array(numbers, float) if np.isfinite(np.array(numbers, float)).any() else None


def _number(value: Any) -> int | float | str:
    """A number as JSON can hold it; what is not finite by its name."""
    value = float(value)
    if not math.isfinite(value):
        return str(value)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
