"""Whether two results are the same, but for types and, where it is no part, the order of rows."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd

RELATIVE = 1e-8
UNORDERED = 1e-5  # fits of the same rows in another order end within their tolerance
ABSOLUTE = 1e-9
ADDED = {"note", "nothing", "row", "a", "b"}  # columns and levels that a change may add
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_WHOLE = re.compile(r"(-?\d+)\.0+")


def differences(was: Any, now: Any, *, ordered: bool) -> list[str]:
    """Return where two results differ."""
    before, after = list(_flat(was, "", ordered)), list(_flat(now, "", ordered))
    after = [(name, one) for name, one in after if name.rpartition(".")[2] not in ADDED]
    if [name for name, _ in before] != [name for name, _ in after]:
        names = {name for name, _ in before} ^ {name for name, _ in after}
        return [f"other parts: {sorted(names)[:6]}"]
    found = []
    tolerance = RELATIVE if ordered else UNORDERED
    for (name, one), (_, other) in zip(before, after, strict=True):
        if isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                found.append(f"{name}: {len(one)} rows, now {len(other)}")
                continue
            wrong = [k for k in range(len(one)) if not _same(one[k], other[k], tolerance)]
            if wrong:
                k = wrong[0]
                found.append(f"{name}[{k}]: {one[k]!r}, now {other[k]!r} ({len(wrong)} differ)")
        elif not _same(one, other, tolerance):
            found.append(f"{name}: {one!r}, now {other!r}")
    return found


def _flat(part: Any, name: str, ordered: bool) -> Iterator[tuple[str, Any]]:
    if isinstance(part, pd.DataFrame):
        yield from _columns(part, name, ordered)
    elif isinstance(part, pd.Series):
        yield from _columns(part.to_frame("value"), name, ordered)
    elif isinstance(part, np.ndarray):
        yield name, part.ravel().tolist()
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        for field in dataclasses.fields(part):
            if not field.name.startswith("_") and field.name != "seconds":
                yield from _flat(getattr(part, field.name), f"{name}.{field.name}", ordered)
    elif isinstance(part, Mapping):
        for key in sorted(part, key=str):
            yield from _flat(part[key], f"{name}.{label(key)}", ordered)
    elif isinstance(part, (list, tuple)):
        for place, item in enumerate(part):
            yield from _flat(item, f"{name}[{place}]", ordered)
    else:
        yield name, part


def _columns(table: pd.DataFrame, name: str, ordered: bool) -> Iterator[tuple[str, Any]]:
    plain = table.index.names == [None] and _only_numbers_rows(table.index)
    table = table.reset_index(drop=plain)
    columns = {label(key): list(table.iloc[:, k]) for k, key in enumerate(table.columns)}
    names = sorted(set(columns) - ADDED)
    if not ordered:
        rows = sorted(range(len(table)), key=lambda k: [_order(columns[c][k]) for c in names])
        columns = {key: [values[k] for k in rows] for key, values in columns.items()}
    yield f"{name}.rows", len(table)
    for key in names:
        yield f"{name}.{key}", columns[key]


def _only_numbers_rows(index: pd.Index) -> bool:
    """Whether an index without a name has nothing but numbers of rows, or the changes' labels."""
    return not any(isinstance(one, str) and not re.fullmatch(r"r(ow )?\d+", one) for one in index)


def label(value: Any) -> str:
    """A value as text: 7, 7.0 and "7" are the same, a day is that of its moment."""
    if isinstance(value, tuple):
        return " ".join(map(label, value))
    text = str(value).strip()
    text = re.sub(r"[ T]00:00:00(\.0+)?(\+00:00)?$", "", text)
    text = re.sub(r"^0E-\d+$", "0", text)  # Decimal("0.0000000000")
    whole = _WHOLE.fullmatch(text)
    return whole.group(1) if whole else text


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (
        isinstance(value, (float, np.floating)) and math.isnan(value)
    )  # fmt: skip


def _order(value: Any) -> tuple[int, float, str]:
    if _missing(value):
        return (0, 0.0, "")
    if isinstance(value, Number) and not isinstance(value, bool):
        return (1, round(float(value), 6), "")
    text = label(value)
    return (1, float(text), "") if _NUMBER.fullmatch(text) else (2, 0.0, text)


def _same(one: Any, other: Any, tolerance: float) -> bool:
    if _missing(one) or _missing(other):
        return _missing(one) and _missing(other)
    if isinstance(one, (Number, np.bool_)) and isinstance(other, (Number, np.bool_)):
        a, b = float(one), float(other)
        return a == b or math.isclose(a, b, rel_tol=tolerance, abs_tol=ABSOLUTE)
    return label(one) == label(other)
