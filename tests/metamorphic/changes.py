"""Changes of a table's form that leave its values: types, blanks, index, order, container."""

from __future__ import annotations

import atexit
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

pl = pytest.importorskip("polars")

Values = pd.Series
Column = Callable[[Values], Values | None]
PADDING = "\u00a0"


def kind_of(name: object, values: Values) -> str:
    """The kind of a column: id, date, flag, whole, number or text."""
    if str(name).endswith("_id") or name == "respondent":
        return "id"
    if values.dtype.kind == "M":
        return "date"
    if values.dtype == bool:
        return "flag"
    if values.dtype.kind in "iu":
        return "whole"
    return "number" if values.dtype.kind == "f" else "text"


# ---------------------------------------------------------------------------- types of a column


def _mapped(values: Values, each: Callable[[Any], Any], dtype: Any = object) -> Values:
    found = [None if pd.isna(value) else each(value) for value in values]
    return pd.Series(found, values.index, dtype=dtype, name=values.name)


def _whole_only(each: Column) -> Column:
    """For ids that are whole numbers, and numbers without fractions."""

    def change(values: Values) -> Values | None:
        known = values.dropna().astype("str")
        whole = known.str.fullmatch(r"-?\d{1,15}(\.0)?") & ~known.str.fullmatch(r"-?0\d.*")
        return each(values) if len(known) and whole.all() else None

    return change


def _full_only(each: Column) -> Column:
    return lambda values: None if values.isna().any() else each(values)


def _arrow(values: Values, kind: pa.DataType) -> Values:
    array = pa.array([None if pd.isna(v) else v for v in values], kind, from_pandas=True)
    return pd.Series(pd.arrays.ArrowExtensionArray(array), values.index, name=values.name)


def _categories(values: Values, unused: Any) -> Values:
    found = values.astype("category")
    if values.dtype.kind in "iufM":
        return found
    return found.cat.add_categories([unused]).cat.reorder_categories(
        [unused, *found.cat.categories]
    )


def _int(values: Values, dtype: str) -> Values:
    return _mapped(values, lambda one: int(float(one)), dtype)


def _small(values: Values) -> Values | None:
    whole = values.astype("float64")
    if not whole.between(0, 127).all():
        return None
    return whole.astype("uint8")


def _mixed(values: Values) -> Values:
    forms = [int, str, float, np.int64, lambda one: f" {one}", lambda one: f"{one}.0"]
    found = [forms[k % 6](int(float(one))) for k, one in enumerate(values)]
    return pd.Series(found, values.index, dtype=object, name=values.name)


WHOLE: dict[str, Column] = {
    "int64": _whole_only(_full_only(lambda v: _int(v, "int64"))),
    "int32": _whole_only(_full_only(lambda v: _int(v, "int32"))),
    "uint8": _whole_only(_full_only(_small)),
    "float64": _whole_only(lambda v: _mapped(v, float, "float64")),
    "nullable Int64": _whole_only(lambda v: _int(v, "Int64")),
    "nullable Float64": _whole_only(lambda v: _mapped(v, float, "Float64")),
    "object ints": _whole_only(lambda v: _mapped(v, lambda one: int(float(one)))),
    "object floats": _whole_only(lambda v: _mapped(v, float)),
    "decimals": _whole_only(lambda v: _mapped(v, lambda one: Decimal(int(float(one))))),
    "mixed objects": _whole_only(_full_only(_mixed)),
    "text of floats": _whole_only(lambda v: _mapped(v, lambda one: f"{int(float(one))}.0")),
    "Arrow int64": _whole_only(lambda v: _arrow(_int(v, "object"), pa.int64())),
    "Arrow float": _whole_only(lambda v: _arrow(_mapped(v, float), pa.float64())),
    "categories of ints": _whole_only(_full_only(lambda v: _int(v, "int64").astype("category"))),
}
TEXT: dict[str, Column] = {
    "object text": lambda v: _mapped(v, str),
    "string": lambda v: _mapped(v, str, "string"),
    "categories": lambda v: _categories(_mapped(v, str, "str"), "unused level"),
    "Arrow text": lambda v: _arrow(_mapped(v, str), pa.large_string()),
    "Arrow dictionary": lambda v: _dictionary(v),
    "padded": lambda v: _mapped(v, lambda one: f" {one}{PADDING}", "str"),
    "blanks for missing": lambda v: v.astype(object).where(v.notna(), " ")
    if v.isna().any() else None,
    "empty for missing": lambda v: v.astype(object).where(v.notna(), "")
    if v.isna().any() else None,
    "NA for missing": lambda v: v.astype(object).where(v.notna(), pd.NA)
    if v.isna().any() else None,
}  # fmt: skip
NUMBER: dict[str, Column] = {
    "text": lambda v: _mapped(v, lambda one: repr(float(one)), "str"),
    "padded text": lambda v: _mapped(v, lambda one: f" {float(one)!r}{PADDING}", "str"),
    "object": lambda v: _mapped(v, float),
    "nullable Float64": lambda v: _mapped(v, float, "Float64"),
    "decimals": lambda v: _mapped(v, lambda one: Decimal(repr(float(one)))),
    "float32": lambda v: v.astype("float32")
    if v.astype("float32").astype("float64").equals(v.astype("float64")) else None,
    "Arrow float": lambda v: _arrow(_mapped(v, float), pa.float64()),
    "Arrow decimals": lambda v: _arrow(
        _mapped(v, lambda one: Decimal(repr(round(float(one), 12)))), pa.decimal128(38, 16)
    ) if (v.dropna() == v.dropna().round(12)).all() and (v.abs().max() < 1e15) else None,
    "categories": lambda v: v.astype("category"),
    "sparse": lambda v: pd.Series(
        pd.arrays.SparseArray(v.astype("float64")), v.index, name=v.name),
    "NA objects": lambda v: v.astype(object).where(v.notna(), pd.NA) if v.isna().any() else None,
}  # fmt: skip
DATE: dict[str, Column] = {
    "text": lambda v: _mapped(v, lambda day: day.date().isoformat(), "str"),
    "object text": lambda v: _mapped(v, lambda day: day.date().isoformat()),
    "padded text": lambda v: _mapped(v, lambda day: f" {day.date()}{PADDING}", "str"),
    "dates": lambda v: _mapped(v, lambda day: date(day.year, day.month, day.day)),
    "timestamps": lambda v: _mapped(v, pd.Timestamp),
    "numpy days": lambda v: _mapped(v, lambda day: np.datetime64(day.date(), "D")),
    "seconds": lambda v: v.astype("datetime64[s]"),
    "nanoseconds": lambda v: v.astype("datetime64[ns]"),
    "UTC": lambda v: v.dt.tz_localize("UTC"),
    "midnights": lambda v: _mapped(v, lambda day: f"{day.date()} 00:00:00", "str"),
    "categories": lambda v: _mapped(v, lambda day: day.date().isoformat(), "category"),
    "categories of days": lambda v: v.astype("category"),
    "Arrow days": lambda v: _arrow(_mapped(v, lambda day: day.date()), pa.date32()),
    "Arrow moments": lambda v: _arrow(_mapped(v, lambda d: d.to_pydatetime()), pa.timestamp("us")),
    "periods": lambda v: v.dt.to_period("D"),
    "empty for missing": lambda v: _mapped(v, lambda day: day.date().isoformat(), "str").fillna("")
    if v.isna().any() else None,
}  # fmt: skip
FLAG: dict[str, Column] = {
    "int64": lambda v: v.astype("int64"),
    "float": lambda v: v.astype("float64"),
    "nullable boolean": lambda v: v.astype("boolean"),
    "object": lambda v: v.astype(object),
    "text": lambda v: _mapped(v, lambda one: str(int(one)), "str"),
    "words": lambda v: _mapped(v, str, "str"),
    "categories": lambda v: v.astype("category"),
    "Arrow": lambda v: _arrow(v.astype(object), pa.bool_()),
}
COLUMNS: dict[str, dict[str, Column]] = {
    "id": WHOLE | TEXT,
    "text": TEXT,
    "date": DATE,
    "whole": WHOLE | NUMBER,
    "number": {name: c for name, c in WHOLE.items() if name != "mixed objects"} | NUMBER,
    "flag": FLAG,
}


def _dictionary(values: Values) -> Values:
    array = _arrow(_mapped(values, str), pa.string()).array
    encoded = pa.chunked_array(array._pa_array).dictionary_encode()
    return pd.Series(pd.arrays.ArrowExtensionArray(encoded), values.index, name=values.name)


# ------------------------------------------------------------------------- the table as a whole

Table = pd.DataFrame | pd.Series
Whole = Callable[[Table, random.Random], Any]


def _shuffled(table: Table, draw: random.Random) -> Table:
    return table.sample(frac=1, random_state=draw.randrange(2**31))


def _with_index(make: Callable[[int], Any]) -> Whole:
    return lambda table, draw: table.set_axis(make(len(table)))


INDEXES: dict[str, Whole] = {
    "index of another order": lambda table, draw: table.set_axis(
        draw.sample(range(len(table)), len(table))
    ),
    "repeated index": _with_index(lambda n: np.arange(n) // 3),
    "index of one value": _with_index(lambda n: [5] * n),
    "text index": _with_index(lambda n: [f"row {k}" for k in range(n)]),
    "named index": _with_index(lambda n: pd.Index(range(3, n + 3), name="row")),
    "dated index": _with_index(lambda n: pd.date_range("2020-01-01", periods=n, freq="h")),
    "index of two levels": _with_index(
        lambda n: pd.MultiIndex.from_arrays([np.arange(n) % 2, np.arange(n)], names=["a", "b"])
    ),
    "index with missing labels": _with_index(lambda n: [np.nan, *range(1, n)]),
    "index of categories": _with_index(lambda n: pd.CategoricalIndex([f"r{k}" for k in range(n)])),
}
FRAMES: dict[str, Whole] = {
    "columns of another order": lambda table, draw: table[
        draw.sample(list(table.columns), len(table.columns))
    ],
    "more columns": lambda table, draw: table.assign(
        note=pd.Series([[1, "x", None, b"z"][k % 4] for k in range(len(table))], table.index,
                       dtype=object),
        nothing=np.nan,
    ),
    "a name of the columns": lambda table, draw: table.rename_axis(columns="column"),
    "columns as an index of objects": lambda table, draw: table.set_axis(
        pd.Index(list(table.columns), dtype=object), axis="columns"
    ),
    "pandas nullable": lambda table, draw: table.convert_dtypes(),
    "pandas Arrow": lambda table, draw: table.convert_dtypes(dtype_backend="pyarrow"),
    "objects": lambda table, draw: table.astype(object),
    "fragments": lambda table, draw: pd.concat([table.iloc[:7], table.iloc[7:]]),
    "read only": lambda table, draw: _read_only(table),
}  # fmt: skip
CONTAINERS: dict[str, Whole] = {
    "polars": lambda table, draw: pl.from_pandas(table),
    "lazy polars": lambda table, draw: pl.from_pandas(table).lazy(),
    "Arrow": lambda table, draw: pa.Table.from_pandas(table, preserve_index=False),
    "Arrow chunks": lambda table, draw: pa.concat_tables(
        [
            pa.Table.from_pandas(part, schema=_schema(table), preserve_index=False)
            for part in (table.iloc[:3], table.iloc[3:4], table.iloc[4:])
        ]
    ),
    "Parquet file": lambda table, draw: _written(table, "parquet"),
    "CSV file": lambda table, draw: _written(table, "csv"),
}


@cache
def _folder() -> str:
    """A folder of this process, removed at its end."""
    folder = tempfile.mkdtemp(prefix="relmark_tests_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _schema(table: pd.DataFrame) -> pa.Schema:
    return pa.Schema.from_pandas(table, preserve_index=False)


def _read_only(table: pd.DataFrame) -> pd.DataFrame:
    found = table.copy()
    for name in found.columns:
        values = found[name].array
        if isinstance(getattr(values, "_ndarray", None), np.ndarray):
            values._ndarray.flags.writeable = False
    return found


def _written(table: pd.DataFrame, form: str) -> str:
    handle, name = tempfile.mkstemp(dir=_folder(), suffix=f".{form}")
    os.close(handle)
    path = Path(name)
    if form == "csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path, index=False)
    return str(path)
