"""Frames in memory (pandas, polars, Arrow) as an engine accepts them, one type per column.

Equal values become equal whatever holds them: ``17850``, ``"17850"`` and ``17850.0`` in a column of
objects become text that `values.identifiers` reads as one id. Missing values stay missing; bytes
stay bytes, which are refused where a column is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, column_names_text

_PLAIN_TYPES = {  # as pandas infers them
    "string", "boolean", "floating", "date", "datetime", "datetime64",
}  # fmt: skip
_NO_TEXT = (bytes, bytearray, list, tuple, set, dict, np.ndarray)
MOST_DIGITS = 38  # of a decimal number in an engine
_EXACT_DIGITS = 15  # of a decimal number as a float


def normalised(frame: Any) -> Any:
    """Return a pandas, polars or Arrow table as an engine accepts it; anything else unchanged."""
    if isinstance(frame, pd.DataFrame):
        return normalised_frame(frame)
    return normalised_arrow(frame)


def as_arrow(frame: Any) -> Any:
    """Return a pandas, polars or Arrow table as an Arrow table, for Spark."""
    import pyarrow as pa

    frame = normalised(frame)
    if isinstance(frame, pd.DataFrame):
        return pa.Table.from_pandas(frame, preserve_index=False)
    return frame


def normalised_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a pandas table as an engine accepts it, with one type of value per column.

    Parameters
    ----------
    frame
        The user's table; it is not changed.

    Returns
    -------
    DataFrame
        Column names are text, and a named index becomes columns. Periods become their first day;
        columns of mixed values, of categories, of whole numbers above 64 bits or of objects such as
        UUIDs become text; columns of missing values only become missing text.

    Raises
    ------
    DataError
        Where there is no column, names repeat or have levels, values are complex, or text cannot
        be written in UTF-8.

    Examples
    --------
    >>> import pandas as pd
    >>> normalised_frame(pd.DataFrame({"customer_id": [7, "B7"]}))["customer_id"].to_list()
    ['7', 'B7']
    """
    refuse_levels(frame.columns)
    frame = _index_as_columns(frame.rename(columns=str))
    _check_names(frame.columns)
    changed = {
        str(name): _converted(frame[name]) for name in frame if _needs_conversion(frame[name])
    }
    return frame.assign(**changed)


def normalised_arrow(table: Any) -> Any:
    """Return an Arrow table, or a polars one, as an Arrow table that an engine accepts.

    Dictionaries and run-end encodings become their values; decimal numbers of more than 38 digits,
    128-bit integers, objects and columns of missing values only become text.
    """
    import pyarrow as pa

    if hasattr(table, "to_arrow"):
        table = _polars_as_arrow(table)
    if isinstance(table, pa.RecordBatch):
        table = pa.Table.from_batches([table])
    if not isinstance(table, pa.Table):
        return table
    _check_names(table.column_names)
    columns = [
        _arrow_column(table.column(place), name) for place, name in enumerate(table.column_names)
    ]
    return pa.table(columns, names=[str(name) for name in table.column_names])


def _check_names(names: Iterable[object]) -> None:
    """Raise DataError where there is no column, or engines cannot tell the names apart."""
    known: dict[str, str] = {}
    repeated, header = [], list(map(str, names))
    for name in header:
        if name.lower() in known:
            repeated += [known[name.lower()], name]
        known.setdefault(name.lower(), name)
    shown = column_names_text(map(repr, dict.fromkeys(repeated)), header=header)
    if repeated or not known:
        found = (
            f"{shown} more than once (upper and lower case are not told apart)"
            if repeated
            else "no column at all"
        )
        raise DataError(f"expected columns of different names; found {found}.")


def _index_as_columns(frame: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in frame.index.names if name is not None]
    new = [name for name in names if str(name) not in frame.columns]
    return frame.reset_index(level=new).rename(columns=str) if new else frame


def refuse_levels(names: pd.Index) -> None:
    """Raise DataError where column names have several levels."""
    if names.nlevels > 1:
        raise DataError(
            f"column names must have one level; found {names.nlevels}, first {names[0]!r}. "
            "Flatten them first."
        )


def _needs_conversion(column: pd.Series) -> bool:
    kind = column.dtype
    if isinstance(kind, pd.ArrowDtype) and _is_for_arrow(kind.pyarrow_dtype):
        return True
    return (
        pd.api.types.is_object_dtype(kind)
        or getattr(kind, "kind", "") == "c"
        or kind == np.float16
        or isinstance(
            kind, pd.PeriodDtype | pd.CategoricalDtype | pd.IntervalDtype | pd.SparseDtype
        )
        or _has_decimal_gaps(column)
        or bool(column.isna().all())
    )


def _is_for_arrow(kind: Any) -> bool:
    """Whether a column of an Arrow type is converted as in an Arrow table."""
    import pyarrow as pa

    wide = pa.types.is_decimal(kind) and kind.precision > MOST_DIGITS
    return bool(wide or pa.types.is_float16(kind) or pa.types.is_interval(kind))


def _has_decimal_gaps(column: pd.Series) -> bool:
    """Whether a column of Arrow's decimal numbers has missing values."""
    kind = column.dtype
    return (
        isinstance(kind, pd.ArrowDtype)
        and str(kind).startswith("decimal")
        and bool(column.isna().any())
    )


def _converted(column: pd.Series) -> pd.Series:
    kind = column.dtype
    if isinstance(kind, pd.ArrowDtype) and _is_for_arrow(kind.pyarrow_dtype):
        return _by_arrow(column)
    if isinstance(kind, pd.PeriodDtype):
        timestamps: pd.Series = column.dt.to_timestamp()
        return timestamps
    if getattr(kind, "kind", "") == "c":
        raise DataError(f"column {column.name!r} holds complex numbers; expected real numbers.")
    if column.isna().all():
        return pd.Series(None, column.index, name=column.name, dtype="str")
    if isinstance(kind, pd.SparseDtype):
        return _converted_if_needed(pd.Series(column.array.to_dense(), column.index))
    if isinstance(kind, pd.CategoricalDtype):
        whole = getattr(kind.categories.dtype, "kind", "") in ("i", "u", "b")
        gaps = whole and column.isna().any()  # which numpy's whole numbers cannot hold
        return _converted_if_needed(column.astype(object if gaps else kind.categories.dtype))
    if kind == np.float16:
        return column.astype("float32")
    return _objects(column.astype(object))


def _by_arrow(column: pd.Series) -> pd.Series:
    import pyarrow as pa

    values = column.array.__arrow_array__()
    chunks = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
    converted = pd.arrays.ArrowExtensionArray(_arrow_column(chunks, column.name))
    return pd.Series(converted, column.index, name=column.name)


def _converted_if_needed(column: pd.Series) -> pd.Series:
    return _converted(column) if _needs_conversion(column) else column


def _objects(column: pd.Series) -> pd.Series:
    """Return a column of objects in one type: their own, or text."""
    found = pd.api.types.infer_dtype(column, skipna=True)
    if found == "string":
        return _text(column)
    if found == "datetime64":  # numpy's, which Arrow reads in some units only
        return column.map(pd.Timestamp, na_action="ignore")
    if found in _PLAIN_TYPES:
        return column
    if found == "decimal" and column.isna().any():  # which Ibis cannot hand to an engine
        exact = _digits(column.dropna()) <= _EXACT_DIGITS
        known = column.where(column.notna(), None)
        return known.astype("float64") if exact else _text(_as_texts(column))
    if found == "bytes" or any(isinstance(value, _NO_TEXT) for value in column):
        return column.map(lambda value: value if isinstance(value, bytes) else str(value).encode(),
                          na_action="ignore")  # fmt: skip
    if found == "decimal" and _digits(column.dropna()) <= MOST_DIGITS:
        return column
    if found == "integer":
        numbers = column.dropna()
        if numbers.min() >= -(2**63) and numbers.max() < 2**63:
            return column
    return _text(_as_texts(column))


def _as_texts(column: pd.Series) -> pd.Series:
    return column.map(_object_text, na_action="ignore")


def _digits(numbers: pd.Series) -> float:
    """Return the digits of a decimal type that holds all numbers, infinite if there is none."""
    before, after = 0, 0
    for number in numbers:
        _, digits, exponent = number.as_tuple()
        if not isinstance(exponent, int):
            return np.inf
        before, after = max(before, len(digits) + exponent), max(after, -exponent)
    return before + after


def _object_text(value: object) -> str:
    """Return a value as text; floats of 2^53 and more in the scientific notation they need."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float | np.floating):
        number = float(value)
        plain = abs(number) < 2**53 or not np.isfinite(number) or "e" in repr(number)
        return repr(number) if plain else f"{number:.16e}"
    return str(value)


def _text(column: pd.Series) -> pd.Series:
    try:
        text: pd.Series = column.astype("string")
    except UnicodeEncodeError:
        raise DataError(
            f"column {column.name!r} holds text that cannot be written in UTF-8. Decode it from "
            "the encoding it was written in."
        ) from None
    return text


def _polars_as_arrow(table: Any) -> Any:
    import polars as pl

    if not isinstance(table, pl.DataFrame):
        return table.to_arrow()
    objects = {
        name: _text(_objects(pd.Series(table[name].to_list(), dtype=object, name=name)))
        for name, kind in table.schema.items()
        if kind == pl.Object
    }
    wide = [name for name, kind in table.schema.items() if str(kind) in ("Int128", "UInt128")]
    table = table.with_columns(pl.col(wide).cast(pl.String))
    arrow = table.drop(list(objects)).to_arrow()
    for name, values in objects.items():
        arrow = arrow.append_column(name, [values.to_list()])
    return arrow.select(table.columns)


def _arrow_column(values: Any, name: object) -> Any:
    """Return a column of an Arrow table as an engine accepts it; DataError where none does."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_dictionary(kind):
        return _arrow_column(values.cast(kind.value_type), name)
    if pa.types.is_run_end_encoded(kind):
        decoded = [pc.run_end_decode(chunk) for chunk in values.chunks]
        return _arrow_column(pa.chunked_array(decoded, kind.value_type), name)
    if pa.types.is_null(kind):
        return values.cast(pa.string())
    if str(kind) == "binary_view":
        return values.cast(pa.binary())
    if pa.types.is_float16(kind):
        return values.cast(pa.float32())
    if pa.types.is_decimal(kind) and kind.precision > MOST_DIGITS:
        texts = [None if value is None else f"{value:f}" for value in values.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    if pa.types.is_interval(kind):
        raise DataError(
            f"column {name!r} holds intervals of calendar time ({kind}), which cannot be read. "
            "Convert it to numbers or text, or leave it out."
        )
    if str(kind) == "extension<arrow.uuid>":
        texts = [None if value is None else str(value) for value in values.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    return values
