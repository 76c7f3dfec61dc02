"""Columns of a frame that need no engine: those of the schema's type, and exact conversions.

A column is returned as it is where it has its type already, so that reading a converted frame again
costs little. Where the rules of `tables.values` are needed, None is returned.
"""

from __future__ import annotations

import re
from datetime import date, datetime

import numpy as np
import pandas as pd

from relmark_research.tables.options import ReadOptions
from relmark_research.tables.schemas import NUMERIC, Column

_WHOLE_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.0+")
_ISO_DAY = r"\d{4}-\d{2}-\d{2}"
_PLAIN_NUMBER = r"[+-]?\d{1,15}(\.\d{1,15})?"
_POINT_IS_DECIMAL = r".*\.(\d{1,2}|\d{4,})"  # a point that cannot group thousands


def converted(values: pd.Series, column: Column, options: ReadOptions) -> pd.Series | None:
    """Return the values in the column's type, or None where an engine must convert them."""
    if column.type == "period":
        return values
    if column.type == "date":
        return _dates(values, options)
    if column.type in NUMERIC:
        return _numbers(values, column, options)
    if _is_integer(values):
        return values.astype("str")
    return _texts(values, column)


def whole_objects(values: pd.Series, column: Column) -> pd.Series:
    """Return the objects of a column of text with whole floats as whole numbers: a group 1.0 is 1.

    Ids are left as they are: their own reading counts those that it changes.
    """
    if column.type not in ("text", "choice") or values.dtype != object:
        return values
    return values.map(_whole_number, na_action="ignore")


def _whole_number(value: object) -> object:
    is_whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return int(value) if is_whole else value  # type: ignore[call-overload]


def _texts(values: pd.Series, column: Column) -> pd.Series | None:
    """Return text as it is, where no value needs trimming or another form."""
    if isinstance(values.dtype, pd.CategoricalDtype) or not _is_text(values):
        return None
    for text in values.dropna().unique():
        if not text.isascii() or text != text.strip() or not text:
            return None
        if column.type == "id" and _WHOLE_FLOAT.fullmatch(text):
            return None
    nullable = isinstance(values.dtype, pd.StringDtype) and values.dtype.na_value is pd.NA
    return values.astype("str") if nullable else values


def _dates(values: pd.Series, options: ReadOptions) -> pd.Series | None:
    if isinstance(values.dtype, pd.DatetimeTZDtype) or options.time_zone is not None:
        return None
    if values.dtype.kind == "M" and not isinstance(values.dtype, pd.ArrowDtype):
        days = values.dt.normalize()
        return values if days.equals(values) else days
    if values.dtype == object and _all_are(values, date) and not _all_are(values, datetime):
        return _checked_days(values.map(lambda day: day.isoformat(), na_action="ignore"))
    if options.date_format is None and _is_text(values):
        return _checked_days(values)
    return None


def _checked_days(texts: pd.Series) -> pd.Series | None:
    """Return ISO days as dates, or None where a text is not one."""
    given = texts.notna()
    if not texts[given].astype("str").str.fullmatch(_ISO_DAY).all():
        return None
    days = pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce")
    return days if days.notna().equals(given) else None


def _numbers(values: pd.Series, column: Column, options: ReadOptions) -> pd.Series | None:
    if column.type == "flag" and values.dtype == bool:
        return values.astype("int64")
    if pd.api.types.is_extension_array_dtype(values.dtype) or values.dtype == object:
        return _plain_numbers(values, column, options) if _is_text(values) else None
    if values.dtype.kind not in "iuf":
        return None
    if values.dtype in ("int64", "float64"):
        return values
    short = values.dtype.kind == "f" or values.dtype == "uint64"  # which sums would not fit
    return values.astype("float64" if short else "int64")


def _plain_numbers(values: pd.Series, column: Column, options: ReadOptions) -> pd.Series | None:
    """Return numbers from digits and a decimal point, where the point cannot be another sign."""
    if options.decimal not in (None, ".") or options.thousands is not None:
        return None
    texts = values.dropna().astype("str")
    if not texts.str.fullmatch(_PLAIN_NUMBER).all():
        return None
    pointed = texts[texts.str.contains(".", regex=False)]
    settled = pointed.empty or options.decimal == "." or options.separator == ","
    if not settled and not pointed.str.fullmatch(_POINT_IS_DECIMAL).any():
        return None
    numbers = pd.to_numeric(values.astype("str")).astype("float64")
    whole = column.type in ("flag", "whole number") and numbers.notna().all()
    return numbers.astype("int64") if whole and (numbers % 1 == 0).all() else numbers


def _is_integer(values: pd.Series) -> bool:
    return values.dtype.kind in "iu" and not pd.api.types.is_extension_array_dtype(values.dtype)


def _is_text(values: pd.Series) -> bool:
    """Whether every value is text or missing."""
    if isinstance(values.dtype, pd.StringDtype):
        return True
    return values.dtype == object and _all_are(values, str)


def _all_are(values: pd.Series, kind: type) -> bool:
    return all(isinstance(value, kind) for value in values.dropna())
