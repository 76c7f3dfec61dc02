"""Purchase and spend models fitted by segment, with a fallback to all customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.clv.covariates.covariate_fit import CovariateFit
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import Model, PurchaseModel
from relmark_research.clv.estimation.spend_model import SpendModel
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.clv.prediction._inputs import (
    PurchaseInput,
    SpendInput,
    check_same_purchases,
    common_purchase_model,
    common_unit,
    spend_model,
)
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.errors import ConvergenceError, DataError
from relmark_research.units import TimeUnit

_MIN_REPEAT_CUSTOMERS = 50  # in a segment with its own fits
_NO_COVARIATES = (
    "the customers are summarised from the log, which does not have the columns of formulas. Give "
    "a class of models, to be fitted by segment, a fit without covariates, or a model."
)
_MAX_LOG_ERROR = 2.0  # standard error of a log-parameter; above it the point estimate is used


@short_repr
@dataclass(frozen=True, repr=False)
class SegmentFits:
    """Purchase and spend fits by segment.

    Attributes
    ----------
    fits
        (purchases, spend) by segment: fits, or models with given parameters.
    notes
        A sentence per fallback.
    """

    fits: Mapping[str, tuple[PurchaseInput, SpendInput]]
    notes: tuple[str, ...] = ()

    def _summary(self) -> dict[str, object]:
        return {"segments": len(self.fits), "notes": len(self.notes)}


def fit_segments(
    customers: CustomerSummary,
    segments: pd.Series,
    *,
    purchases: type[PurchaseModel] | PurchaseInput,
    spend: type[SpendModel] | SpendInput = GammaGamma,
) -> SegmentFits:
    """Fit purchase and spend models per segment; small segments use the fits of all customers.

    Parameters
    ----------
    customers
        Customer histories with monetary_value.
    segments
        Segment by customer_id, for every customer.
    purchases, spend
        Class of the model of purchases, such as ParetoNBD, and of spend. A fit or a model with
        given parameters is used for every segment.

    Raises
    ------
    ParameterError
        If purchases or spend are of another kind, or ``purchases`` is a fit with covariates.
    """
    overall = _overall(purchases, spend, customers)
    groups = segments.reindex(customers.table.index)
    fits: dict[str, tuple[PurchaseInput, SpendInput]] = {}
    notes: list[str] = []
    for name in groups.unique():
        part = customers.with_rows(customers.table[groups == name])
        purchase_fit, spend_fit = overall
        if isinstance(purchases, type) and isinstance(purchase_fit, Fit):
            purchase_fit = _purchase_fit(name, part, purchase_fit, notes)
        if isinstance(spend, type) and isinstance(spend_fit, Fit):
            spend_fit = _spend_fit(name, part, customers, spend_fit, notes)
        fits[name] = (purchase_fit, spend_fit)
    return SegmentFits(fits, tuple(notes))


def unit_of(purchases: object) -> TimeUnit:
    """Return the unit of time of a fit; the week for a class or a model with given parameters."""
    unit = purchases.unit if isinstance(purchases, Fit | CovariateFit) else None
    return unit or TimeUnit("week")


def _overall(
    purchases: type[PurchaseModel] | PurchaseInput,
    spend: type[SpendModel] | SpendInput,
    customers: CustomerSummary,
) -> tuple[PurchaseInput, SpendInput]:
    """Return the fits to all customers, or what was given."""
    if isinstance(purchases, type):
        purchases = purchases.fit(customers)
    else:
        common_purchase_model(purchases, reason=_NO_COVARIATES)
        common_unit(purchases, customers)
    if isinstance(spend, type):
        spend = spend.fit(customers)
    spend_model(spend)
    check_same_purchases(spend, customers)
    return purchases, spend


def identified(fit: Fit[Any]) -> bool:
    """Return whether the parameters are identified well enough to be drawn."""
    known = not fit.no_interval and np.isfinite(fit.covariance).all()
    return bool(known and np.diag(fit.log_covariance).max() < _MAX_LOG_ERROR**2)


def _purchase_fit(
    name: str, part: CustomerSummary, overall: Fit[Any], notes: list[str]
) -> Fit[Any]:
    """Return the purchase fit of the segment, or that of all customers."""
    own = _own_fit(type(overall.model), part)
    if own is None or own.diagnosis.status == "not converged":
        notes.append(
            f"{name} has too few customers for its own purchase model, so the model of all "
            "customers is used"
        )
        return overall
    if not identified(own):
        notes.append(
            f"the dropout rate of {name} is poorly identified, so the point estimate is used "
            "without its uncertainty"
        )
    return own


def _spend_fit(
    name: str, part: CustomerSummary, customers: CustomerSummary, overall: Fit[Any],
    notes: list[str],
) -> Fit[Any]:  # fmt: skip
    """Return the spend fit of the segment, or that of all customers rescaled to its mean."""
    own = _own_fit(type(overall.model), part)
    if own is not None and own.diagnosis.status == "converged" and own.model.has_mean:
        return own
    scale = _mean_spend(part) / _mean_spend(customers)
    notes.append(
        f"{name} has too few customers for its own spend model, so the model of all customers is "
        f"used, multiplied by {scale:.2g}"
    )
    if not np.isfinite(scale) or scale <= 0:
        return overall
    model = overall.model
    factor = model.money_factors(scale)
    covariance = overall.covariance * np.outer(factor, factor)
    return replace(overall, model=model.with_values(model.values * factor), covariance=covariance)


def _own_fit(model: type[Model], part: CustomerSummary) -> Fit[Any] | None:
    if int((part.frequency > 0).sum()) < _MIN_REPEAT_CUSTOMERS:
        return None
    try:
        return model.fit(part)
    except (DataError, ConvergenceError):
        return None


def _mean_spend(customers: CustomerSummary) -> float:
    """Return mean spend per repeat purchase; NaN if there is none."""
    paid = (customers.frequency > 0) & (customers.monetary_value > 0)
    if not paid.any():
        return float("nan")
    return float(np.average(customers.monetary_value[paid], weights=customers.frequency[paid]))
