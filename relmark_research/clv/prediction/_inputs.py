"""Checked inputs of forecasts, values and validation: models, fits, units of time and margins.

A function that needs a model takes a fit, a fit with covariates or a model with given parameters.
`purchase_model`, `common_purchase_model` and `spend_model` return the model, or raise
ParameterError with the reason why the argument cannot be used.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api import types

from relmark_research.clv.covariates.covariate_fit import CovariateFit
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import Model, PurchaseModel
from relmark_research.clv.estimation.spend_model import SpendModel
from relmark_research.customers.operational_time import Calendar
from relmark_research.errors import (
    ParameterError,
    cell_text,
    check_number,
    first_rows,
    unknown_name,
)
from relmark_research.tables.read_table import read_ids
from relmark_research.units import TimeUnit

if TYPE_CHECKING:
    from relmark_research.customers.log.customer_summary import CustomerSummary

Array = np.ndarray
Margin = float | str | pd.Series
PurchaseInput = Fit[Any] | CovariateFit | PurchaseModel
"""A fit of purchases, a fit with covariates, or a model of purchases with given parameters."""
SpendInput = Fit[Any] | SpendModel
"""A fit of spend, or a model of spend with given parameters."""

_MARGIN_RULE = "is a share of value in (0, 1], 0.3 for thirty percent"


def purchase_model(fit: PurchaseInput, customers: CustomerSummary | None = None) -> PurchaseModel:
    """Return the purchase model of a fit or a model.

    A fit with covariates has a model per customer, which needs ``customers`` with the columns of
    its formulas.

    Raises
    ------
    ParameterError
        If it is not a purchase model, or a fit with covariates comes without customers.
    """
    if isinstance(fit, CovariateFit):
        if customers is not None:
            return fit.model_for(customers)
        raise ParameterError(
            "a fit with covariates has a model per customer, not one for all customers; found a "
            "CovariateFit. Pass the models per customer instead: "
            "CovariateFit.model_for(customers)."
        )
    model = fit.model if isinstance(fit, Fit) else fit
    if not isinstance(model, PurchaseModel):
        hint = _order_hint(isinstance(model, SpendModel)) or _fit_hint(model)
        raise ParameterError(
            "expected a fit or a model of purchases such as BGNBD; found "
            f"{_type_name(model)}.{hint}"
        )
    return model


def common_purchase_model(fit: PurchaseInput, *, reason: str) -> PurchaseModel:
    """Return the purchase model for a result that has one model for all customers.

    Parameters
    ----------
    fit
        A fit or a model of purchases.
    reason
        Why parameters per customer cannot be used, and what to do: the end of the message.

    Raises
    ------
    ParameterError
        If it is a fit with covariates or a model with parameters per customer.
    """
    if isinstance(fit, CovariateFit):
        raise ParameterError(f"a fit with covariates has a model per customer; {reason}")
    model = purchase_model(fit)
    if model.row_counts - {1}:
        raise ParameterError(f"this {type(model).__name__} has parameters per customer; {reason}")
    return model


def spend_model(fit: SpendInput) -> SpendModel:
    """Return the spend model of a fit or a model, or raise ParameterError."""
    model = fit.model if isinstance(fit, Fit) else fit
    if not isinstance(model, SpendModel):
        hint = _order_hint(isinstance(model, PurchaseModel)) or _fit_hint(model)
        raise ParameterError(
            "expected a fit or a model of spend such as GammaGamma; found "
            f"{_type_name(model)}.{hint}"
        )
    return model


def require_fit(fit: PurchaseInput) -> Fit[Any] | CovariateFit:
    """Return the fit, or raise ParameterError for a model with given parameters."""
    if not isinstance(fit, Fit | CovariateFit):
        raise ParameterError(
            f"an interval needs a fit; found {type(fit).__name__} with given parameters, which "
            "have no uncertainty. Fit the model, or use level=None."
        )
    return fit


def common_unit(fit: PurchaseInput, customers: CustomerSummary) -> TimeUnit:
    """Return the time unit of the customers, or raise ParameterError if the fit has another.

    So it does if only one of both is on the clock of a calendar.
    """
    check_same_clock(fit, customers)
    fitted = fit.unit if isinstance(fit, Fit | CovariateFit) else None
    if customers.unit is None and fitted is None:
        raise ParameterError(
            "the unit of recency and T is not known, so a horizon cannot be converted to it. "
            "State it: CustomerSummary(table, unit='week')."
        )
    if None not in (customers.unit, fitted) and customers.unit != fitted:
        raise ParameterError(
            f"the model was fitted on times in {fitted}s, but the customers' times are in "
            f"{customers.unit}s. Summarise the customers in the unit of the fit."
        )
    unit = customers.unit or fitted
    return TimeUnit.of(unit)  # type: ignore[arg-type]


def calendar_of(fit: PurchaseInput) -> Calendar | None:
    """Return the calendar on whose clock a model was fitted; None for plain time."""
    return fit.calendar if isinstance(fit, Fit) else None


def check_same_clock(fit: PurchaseInput, customers: CustomerSummary) -> None:
    """Raise ParameterError if a fit and the customers are on different clocks."""
    if not isinstance(fit, Fit):
        return
    if (fit.calendar is None) != (customers.calendar is None):
        fitted, given = "on a calendar", "in plain time"
        if fit.calendar is None:
            fitted, given = given, fitted
        raise ParameterError(
            f"the model was fitted to times {fitted}, but the customers' times are {given}. "
            "Summarise the customers as for the fit: log.customer_summary(calendar=effects)."
        )
    if not _same_past(fit.calendar, customers.calendar, customers.observed_until):
        raise ParameterError(
            "the model was fitted to times on another calendar than the customers': their rates of "
            f"the year until {customers.observed_until} differ. Summarise the customers with the "
            "calendar of the fit: log.customer_summary(calendar=effects)."
        )


def _same_past(fitted: Calendar | None, given: Calendar | None, last: date | None) -> bool:
    """Return whether two calendars agree on the last year; what comes may be declared anew."""
    if fitted is None or given is None or fitted is given or last is None:
        return True
    first = last - timedelta(days=364)
    ours, theirs = (calendar.relative_rates(first, last) for calendar in (fitted, given))
    return bool(np.allclose(ours, theirs, rtol=1e-6, atol=0))


def model_unit(fit: PurchaseInput, unit: str | TimeUnit | None, *, function: str) -> TimeUnit:
    """Return the time unit of a model: ``unit`` if given, otherwise the unit of the fit."""
    known = unit or (fit.unit if isinstance(fit, Fit | CovariateFit) else None)
    if known is None:
        raise ParameterError(
            "the time unit of the model is not known, so days cannot be converted to it. State "
            f"it: {function}(..., unit='week')."
        )
    return TimeUnit.of(known)


def check_same_purchases(spend: object, customers: CustomerSummary) -> None:
    """Raise ParameterError if spend per purchase is fitted on other purchases than are counted.

    With months a purchase is a purchase-month, otherwise a purchase-day.
    """
    units = spend.unit if isinstance(spend, Fit) else None, customers.unit
    if None in units or len({str(unit) == "month" for unit in units}) == 1:
        return
    day, month = "value of a purchase-day", "value of a purchase-month"
    fitted, counted = (month, "days") if str(units[0]) == "month" else (day, "months")
    raise ParameterError(
        f"the model of spend was fitted to the {fitted} (times in {units[0]}s), but the customers' "
        f"purchases are counted in purchase-{counted} (times in {units[1]}s). Fit both models to "
        "the same customers."
    )


def customer_margins(margin: Margin, customers: CustomerSummary) -> Array:
    """Return each customer's margin from one number, a column's name or a Series by id.

    Returns
    -------
    ndarray
        Shares in (0, 1], shape (customers,).
    """
    if isinstance(margin, str):
        if margin not in customers.table:
            problem = unknown_name("column", margin, customers.table.columns)
            raise ParameterError(f"{problem} A margin for all customers is a number, unquoted.")
        given: Array = _numbers(customers.table[margin], f"the column {margin!r}")
    elif isinstance(margin, pd.Series):
        given = _numbers(_by_customer(margin, customers.table.index), "a Series of margins")
    elif np.ndim(margin):
        given = _in_order(margin, len(customers))
    else:
        given = np.array(check_number("a margin", margin, rule=_MARGIN_RULE))
    shares = np.broadcast_to(given, len(customers))
    wrong = ~((shares > 0) & (shares <= 1))
    if wrong.any():
        raise ParameterError(
            f"a margin {_MARGIN_RULE}; found "
            f"{shares[wrong][0]:g} ({wrong.sum():,} of {len(shares):,} values)."
        )
    return shares


def _by_customer(margin: pd.Series, labels: pd.Index) -> pd.Series:
    """Return margins in the order of the customers, joined by ids."""
    margin, ids = margin.set_axis(read_ids(margin.index)), read_ids(labels)
    if not margin.index.is_unique:
        again = margin.index.duplicated()
        raise ParameterError(
            "a Series of margins must have one row per customer; "
            f"{margin.index[again].nunique():,} ids occur more than once, first: "
            f"{first_rows(again, margin.index)}. Keep one row per id."
        )
    places = margin.index.get_indexer(ids)
    missing = places < 0
    if missing.any():
        raise ParameterError(
            f"a Series of margins must have every customer; {missing.sum():,} are missing, "
            f"first: {first_rows(missing, labels)} of the customers."
        )
    return margin.iloc[places]


def _in_order(margin: object, customers: int) -> Array:
    given = pd.Series(np.ravel(np.asarray(margin)))
    if len(given) != customers:
        raise ParameterError(
            f"a list of margins must have one per customer, {customers:,}; found {len(given):,}. "
            "Give one number, or a Series by customer_id."
        )
    return _numbers(given, "a list of margins")


def _numbers(values: pd.Series, name: str) -> Array:
    if types.is_numeric_dtype(values) and not types.is_bool_dtype(values):
        return values.to_numpy(float, na_value=np.nan)
    raise ParameterError(
        f"{name} must hold numbers, shares of value in (0, 1]; found {cell_text(values.iloc[0])} "
        f"({values.dtype}). Convert it: pd.to_numeric(...)."
    )


def _type_name(model: object) -> str:
    if isinstance(model, type):
        return f"the class {model.__name__}"
    return "None" if model is None else type(model).__name__


def _order_hint(swapped: bool) -> str:
    return " Give purchases first, then spend." if swapped else ""


def _fit_hint(model: object) -> str:
    if isinstance(model, type) and issubclass(model, Model):
        return f" Fit it: {model.__name__}.fit(customers)."
    return ""
