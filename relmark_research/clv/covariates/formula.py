"""Formulas on columns of customers, as numbers: what a covariate's effect is multiplied with.

The intercept belongs to the model's own parameters, so a design has none; columns whose effect the
data cannot tell from others' are left out of it, and named.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError, unknown_name

Array = np.ndarray

_SAME = 1e-9  # share of a column's length that may be left beside the columns before it


@dataclass(frozen=True)
class Design:
    """A formula and the columns that it makes.

    Attributes
    ----------
    formula
        As it was given.
    terms
        Columns whose effects can be told apart, in order.
    left_out
        Column to why its effect cannot be told, in words.
    spec
        formulaic's specification, to make the same columns of other customers.
    """

    formula: str
    terms: tuple[str, ...]
    left_out: dict[str, str]
    spec: Any

    @classmethod
    def of(cls, formula: str, table: pd.DataFrame) -> tuple[Design, Array]:
        """Read a formula on a table; return it and its columns, shape (rows, terms)."""
        matrix = _evaluated(formula, _parsed(formula), table)
        _refuse_no_intercept(formula, matrix.columns)
        columns = matrix.drop(columns="Intercept")
        left_out = _not_told(columns)
        kept = [name for name in columns.columns if name not in left_out]
        design = cls(formula, tuple(kept), left_out, matrix.attrs["spec"])
        return design, columns[kept].to_numpy(float)

    def columns(self, table: pd.DataFrame) -> Array:
        """Return the same columns for other customers, shape (rows, terms)."""
        matrix = _evaluated(self.formula, self.spec, table)
        return matrix[list(self.terms)].to_numpy(float)


def _parsed(formula: str) -> Any:
    """Return formulaic's specification of a formula, or raise ParameterError."""
    from formulaic import ModelSpec
    from formulaic.errors import FormulaicError

    if not isinstance(formula, str) or not formula.strip():
        raise ParameterError(
            "covariates are given as a formula on columns, such as 'channel + np.log(first_value)';"
            f" found {formula!r}."
        )
    if "~" in formula:
        raise ParameterError(
            f"a formula of covariates has a right side only; found {formula!r}. Leave out what "
            "stands before ~: the purchases are known."
        )
    try:
        return ModelSpec.from_spec(formula)
    except FormulaicError as error:
        words = str(error).partition("\n")[0]  # what follows is coloured for a terminal
        raise ParameterError(f"the formula {formula!r} cannot be read: {words}") from error


def _evaluated(formula: str, spec: Any, table: pd.DataFrame) -> pd.DataFrame:
    """Return the formula's columns, refusing what is missing, unknown or infinite."""
    from formulaic.errors import FormulaicError

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            made = spec.get_model_matrix(table, context={"np": np}, na_action="ignore")
        except (FormulaicError, ValueError, TypeError) as error:
            raise ParameterError(_cannot_read(formula, table, error)) from error
    unseen = [str(one.message) for one in told if "outside of the nominated" in str(one.message)]
    if unseen:
        raise DataError(
            f"the formula {formula!r} meets categories that were not there when it was fitted: "
            f"{unseen[0].partition('): ')[2].partition('}')[0].lstrip('{')}. Merge them with known "
            "ones, or fit anew."
        )
    _refuse_gaps(formula, made.model_spec, table)
    matrix = pd.DataFrame(np.asarray(made, float), index=table.index, columns=made.columns)
    wrong = ~np.isfinite(matrix.to_numpy()).all(axis=1)
    if wrong.any():
        shown = ", ".join(map(repr, table.index[wrong][:3]))
        raise DataError(
            f"the formula {formula!r} needs a finite value for every customer; "
            f"{wrong.sum():,} of {len(table):,} have none, first: {shown}. Fill them in, or leave "
            "those customers out yourself."
        )
    matrix.attrs["spec"] = made.model_spec
    return matrix


def _refuse_gaps(formula: str, spec: Any, table: pd.DataFrame) -> None:
    """Refuse missing categories, which would else be taken for the base."""
    for name in sorted(map(str, spec.required_variables)):
        if name not in table or pd.api.types.is_numeric_dtype(table[name]):
            continue
        gaps = table[name].isna().to_numpy()
        if gaps.any():
            shown = ", ".join(map(repr, table.index[gaps][:3]))
            raise DataError(
                f"the formula {formula!r} needs {name} of every customer; {gaps.sum():,} of "
                f"{len(table):,} have none, first: {shown}. Name the unknown, say 'unknown', or "
                "leave those customers out yourself."
            )


def _cannot_read(formula: str, table: pd.DataFrame, error: Exception) -> str:
    words = " ".join(str(error).split())
    named = words.partition("`")[2].partition("`")[0]
    if "not present" in words:
        return f"the formula {formula!r} names {unknown_name('column', named, table.columns)}"
    return f"the formula {formula!r} cannot be read: {words}"


def _refuse_no_intercept(formula: str, columns: pd.Index) -> None:
    if "Intercept" not in columns:
        raise ParameterError(
            f"the formula {formula!r} takes away the intercept, which is the model's own parameter "
            "and always there. Leave out '0 +' or '- 1'."
        )


def _not_told(columns: pd.DataFrame) -> dict[str, str]:
    """Return the columns that are constant or a combination of the others, and why."""
    told: list[Array] = [np.full(len(columns), 1 / np.sqrt(len(columns)))]
    reasons: dict[str, str] = {}
    kept: list[str] = []
    for name in columns.columns:
        column = columns[name].to_numpy(float)
        length = np.linalg.norm(column)
        rest = column.copy()
        for _ in range(2):  # twice, lest rounding leave a trace
            for axis in told:
                rest = rest - (axis @ rest) * axis
        if np.ptp(column) == 0:
            reasons[name] = f"it is {column[0]:g} for every customer"
        elif np.linalg.norm(rest) <= _SAME * length:
            reasons[name] = f"it follows from {', '.join(kept) or 'the intercept'}"
        else:
            told.append(rest / np.linalg.norm(rest))
            kept.append(name)
    return reasons


def joined(table: pd.DataFrame, covariates: pd.DataFrame | None) -> pd.DataFrame:
    """Return the table with further columns by customer_id, which every customer must have."""
    if covariates is None:
        return table
    missing = table.index.difference(covariates.index)
    if len(missing):
        raise DataError(
            f"covariates must have a row for every customer; {len(missing):,} of {len(table):,} "
            f"have none, first: {', '.join(map(repr, missing[:3]))}."
        )
    if not covariates.index.is_unique:
        raise DataError("covariates must have one row per customer; ids come more than once.")
    return table.join(covariates.drop(columns=[c for c in covariates if c in table]))
