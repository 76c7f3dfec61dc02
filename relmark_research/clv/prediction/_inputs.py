"""What a forecast or a value is asked of: fits, models and margins, checked before use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api import types

from relmark_research.clv.covariates.covariate_fit import CovariateFit
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import Model, PurchaseModel
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.errors import ParameterError, check_number, unknown_name

if TYPE_CHECKING:
    from relmark_research.customers.log.customer_summary import CustomerSummary

Array = np.ndarray
Margin = float | str | pd.Series


def purchase_model(
    fit: Fit | CovariateFit | PurchaseModel, customers: CustomerSummary | None = None
) -> PurchaseModel:
    """Return the model of purchases, or raise ParameterError saying what was given instead.

    A fit with covariates has one for given customers, whose table has the formulas' columns.
    """
    if isinstance(fit, CovariateFit):
        if customers is not None:
            return fit.model_for(customers)
        raise ParameterError(
            "a fit with covariates has a model for each customer, and none for all; found a "
            "CovariateFit. Give CovariateFit.model_for(customers), each customer's model, in its "
            "place."
        )
    model = fit.model if isinstance(fit, Fit) else fit
    if not isinstance(model, PurchaseModel):
        swapped = " Give purchases first, then spend." if isinstance(model, GammaGamma) else ""
        raise ParameterError(
            f"purchases are forecast by a fit or model of purchases such as BGNBD; found "
            f"{_named(model)}.{swapped or _to_fit(model)}"
        )
    return model


def spend_model(fit: Fit | GammaGamma) -> GammaGamma:
    """Return the model of spend, or raise ParameterError saying what was given instead."""
    model = fit.model if isinstance(fit, Fit) else fit
    if not isinstance(model, GammaGamma):
        swapped = " Give purchases first, then spend." if isinstance(model, PurchaseModel) else ""
        raise ParameterError(
            "spend per purchase is told by a fit or model of spend, GammaGamma; found "
            f"{_named(model)}.{swapped or _to_fit(model)}"
        )
    return model


def margins(margin: Margin, customers: CustomerSummary) -> Array:
    """Return each customer's margin from one number, a column's name or a Series by id."""
    if isinstance(margin, str):
        if margin not in customers.table:
            said = unknown_name("column", margin, customers.table.columns)
            raise ParameterError(f"{said} A margin that all share is a number without quotes.")
        given: Array = _shares(customers.table[margin], f"the column {margin!r}")
    elif isinstance(margin, pd.Series):
        given = _shares(_by_customer(margin, customers.table.index), "a Series of margins")
    elif np.ndim(margin):
        given = _in_order(margin, len(customers))
    else:
        given = np.array(check_number("a margin", margin, rule=_RULE))
    shares = np.broadcast_to(given, len(customers))
    wrong = ~((shares > 0) & (shares <= 1))
    if wrong.any():
        raise ParameterError(
            f"a margin {_RULE}; found "
            f"{shares[wrong][0]:g} ({wrong.sum():,} of {len(shares):,} values)."
        )
    return shares


_RULE = "is a share of value in (0, 1], 0.3 for thirty percent"


def _by_customer(margin: pd.Series, ids: pd.Index) -> pd.Series:
    if not margin.index.is_unique:
        twice = margin.index[margin.index.duplicated()].unique()
        raise ParameterError(
            f"a Series of margins must have one row per customer; {len(twice):,} ids come more "
            f"than once, first: {', '.join(map(repr, twice[:3]))}. Keep one of each."
        )
    missing = ids.difference(margin.index)
    if len(missing):
        raise ParameterError(
            f"a Series of margins must have every customer; {len(missing):,} are missing, "
            f"first: {', '.join(map(repr, missing[:3]))}."
        )
    return margin.reindex(ids)


def _in_order(margin: object, customers: int) -> Array:
    given = pd.Series(np.ravel(np.asarray(margin)))
    if len(given) != customers:
        raise ParameterError(
            f"a list of margins must have one per customer, {customers:,}; found {len(given):,}. "
            "Give one number, or a Series by customer_id."
        )
    return _shares(given, "a list of margins")


def _shares(values: pd.Series, name: str) -> Array:
    if types.is_numeric_dtype(values) and not types.is_bool_dtype(values):
        return values.to_numpy(float, na_value=np.nan)
    raise ParameterError(
        f"{name} must hold numbers, shares of value in (0, 1]; found {values.iloc[0]!r} "
        f"({values.dtype}). Convert it: pd.to_numeric(...)."
    )


def _named(model: object) -> str:
    if isinstance(model, type):
        return f"the class {model.__name__}"
    return "None" if model is None else type(model).__name__


def _to_fit(model: object) -> str:
    if isinstance(model, type) and issubclass(model, Model):
        return f" Fit it: {model.__name__}.fit(customers)."
    return ""
