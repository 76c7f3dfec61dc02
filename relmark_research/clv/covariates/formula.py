"""Design matrices of covariates, from formulas on the columns of the customers' table.

A design has no intercept, which belongs to the model's own parameters. Constant and collinear
columns are left out and named.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError, first_rows, unknown_name
from relmark_research.tables.given_tables import frame_in_memory
from relmark_research.tables.read_table import read_ids, read_values
from relmark_research.tables.schemas import Column

Array = np.ndarray

_NUMBERS = ("integer", "floating", "decimal", "mixed-integer-float")  # as pandas infers them
_COLLINEAR = 1e-9  # share of a column's norm below which its residual counts as 0


@dataclass(frozen=True)
class Design:
    """A formula and the columns of its design matrix.

    Attributes
    ----------
    formula
        The text of the formula.
    terms
        Linearly independent columns, in order.
    left_out
        Constant and collinear columns, with the reason.
    spec
        formulaic's specification, for the same columns of other customers.
    """

    formula: str
    terms: tuple[str, ...]
    left_out: dict[str, str]
    spec: Any

    @classmethod
    def of(cls, formula: str, table: pd.DataFrame) -> tuple[Design, Array]:
        """Return the design of a formula and its columns of a table, shape (rows, terms)."""
        matrix = _evaluated(formula, _parsed(formula), table)
        _refuse_no_intercept(formula, matrix.columns)
        columns = matrix.drop(columns="Intercept")
        left_out = _collinear(columns)
        terms = [name for name in columns.columns if name not in left_out]
        design = cls(formula, tuple(terms), left_out, matrix.attrs["spec"])
        return design, columns[terms].to_numpy(float)

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
            "expected covariates as a formula on columns, such as 'channel + np.log(first_value)';"
            f" found {formula!r}."
        )
    formula = formula.strip().removeprefix("~")
    if "~" in formula:
        raise ParameterError(
            f"a formula of covariates has a right side only; found {formula!r}. Remove ~ and what "
            "is before it: the dependent variable is the purchases."
        )
    try:
        return ModelSpec.from_spec(formula)
    except FormulaicError as error:
        words = str(error).partition("\n")[0]  # what follows is coloured for a terminal
        raise ParameterError(f"the formula {formula!r} cannot be read: {words}") from error


def _evaluated(formula: str, spec: Any, table: pd.DataFrame) -> pd.DataFrame:
    """Return the formula's columns, or raise an error for missing, unknown or infinite values."""
    from formulaic.errors import FormulaicError

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            made = spec.get_model_matrix(table, context={"np": np}, na_action="ignore")
        except (FormulaicError, ValueError, TypeError) as error:
            raise ParameterError(_cannot_read(formula, table, error)) from error
    unseen = [str(one.message) for one in caught if "outside of the nominated" in str(one.message)]
    if unseen:
        raise DataError(
            f"the formula {formula!r} found categories that did not occur in the fit: "
            f"{unseen[0].partition('): ')[2].partition('}')[0].lstrip('{')}. Merge them with known "
            "categories, or fit the model again."
        )
    _refuse_gaps(formula, made.model_spec, table)
    matrix = pd.DataFrame(np.asarray(made, float), index=table.index, columns=made.columns)
    wrong = ~np.isfinite(matrix.to_numpy()).all(axis=1)
    if wrong.any():
        shown = first_rows(wrong, table.index)
        raise DataError(
            f"the formula {formula!r} needs a finite value for every customer; "
            f"{wrong.sum():,} of {len(table):,} have none, first: {shown}. Fill in the values, or "
            "remove these customers."
        )
    matrix.attrs["spec"] = made.model_spec
    return matrix


def _refuse_gaps(formula: str, spec: Any, table: pd.DataFrame) -> None:
    """Raise DataError for missing categories, which would be read as the reference category."""
    for name in sorted(map(str, spec.required_variables)):
        if name not in table or pd.api.types.is_numeric_dtype(table[name]):
            continue
        gaps = table[name].isna().to_numpy()
        if gaps.any():
            shown = first_rows(gaps, table.index)
            raise DataError(
                f"the formula {formula!r} needs {name} of every customer; {gaps.sum():,} of "
                f"{len(table):,} have none, first: {shown}. Give them a category such as "
                "'unknown', or remove these customers."
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
            f"the formula {formula!r} removes the intercept, which is a parameter of the model and "
            "always included. Remove '0 +' or '- 1'."
        )


def _collinear(columns: pd.DataFrame) -> dict[str, str]:
    """Return the columns that are constant or collinear with earlier ones, with the reason."""
    basis: list[Array] = [np.full(len(columns), 1 / np.sqrt(len(columns)))]
    reasons: dict[str, str] = {}
    independent: list[str] = []
    for name in columns.columns:
        column = columns[name].to_numpy(float)
        norm = np.linalg.norm(column)
        residual = column.copy()
        for _ in range(2):  # twice, to remove the rounding error of the first pass
            for axis in basis:
                residual = residual - (axis @ residual) * axis
        if np.ptp(column) == 0:
            reasons[name] = f"it is {column[0]:g} for every customer"
        elif np.linalg.norm(residual) <= _COLLINEAR * norm:
            reasons[name] = f"it is collinear with {', '.join(independent) or 'the intercept'}"
        else:
            basis.append(residual / np.linalg.norm(residual))
            independent.append(name)
    return reasons


def join_covariates(table: pd.DataFrame, covariates: pd.DataFrame | None) -> pd.DataFrame:
    """Return the table with further columns by customer_id, a row for every customer.

    The ids of both are read as in a log, from the index, or from the column customer_id.
    """
    if covariates is None:
        return plain_columns(table)
    covariates = frame_in_memory(covariates, "covariates")
    if "customer_id" in covariates.columns:
        covariates = covariates.set_index("customer_id")
    ids, covariates = read_ids(table.index), covariates.set_axis(read_ids(covariates.index))
    missing = ~ids.isin(covariates.index)
    if missing.any():
        raise DataError(
            f"covariates must have a row for every customer; {missing.sum():,} of {len(table):,} "
            f"have none, first: {first_rows(missing, table.index)} of the customers."
        )
    if not covariates.index.is_unique:
        raise DataError("covariates must have one row per customer; some ids occur more than once.")
    own = covariates.drop(columns=[c for c in covariates if c in table])
    return plain_columns(table.join(own.reindex(ids).set_axis(table.index)))


def plain_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its columns in the types that formulas read: numbers, text, objects."""
    changed = {}
    for name in table.columns:
        values = table[name]
        if not pd.api.types.is_extension_array_dtype(values.dtype) and values.dtype != object:
            continue
        kind = pd.api.types.infer_dtype(values, skipna=True)
        if kind in _NUMBERS or (values.dtype.kind in "iuf"):
            changed[name] = read_values(values, Column(str(name), "number", str(name)))
        elif kind == "string":
            texts = read_values(values, Column(str(name), "text", str(name)))
            changed[name] = texts.astype("str")
    return table.assign(**changed) if changed else table
