"""Shared by the validation modules: purchases in the holdout, expected and observed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from relmark_research.clv.covariates.covariate_fit import CovariateFit
from relmark_research.clv.estimation import uncertainty
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.prediction._conditional import (
    ConditionalExpectations,
    expected_purchases_within,
)
from relmark_research.clv.prediction._inputs import (
    PurchaseInput,
    common_unit,
    purchase_model,
    require_fit,
)
from relmark_research.errors import DataError
from relmark_research.stats.delta_method import gradient, positive_interval

if TYPE_CHECKING:
    from relmark_research.customers.log.customer_summary import CustomerSummary, Split

Array = np.ndarray


def observed_purchases(split: Split) -> Array:
    """Return the purchases of each customer in the holdout.

    Raises
    ------
    DataError
        If there is no purchase in the holdout, or no repeat purchase at all.
    """
    observed = split.holdout["purchases"].to_numpy(float)
    if observed.sum() > 0:
        return observed
    holdout = f"the holdout of {split.length:g} {split.calibration.unit}s"
    if split.calibration.table["frequency"].max() == 0:
        raise DataError(
            f"none of {len(observed):,} customers bought a second time, neither in the calibration "
            f"nor in {holdout}, so a purchase model cannot be fitted. Check that a customer has "
            "the same id in all orders."
        )
    raise DataError(
        f"no customer bought in {holdout}, so a forecast cannot be validated. Split the log "
        "earlier."
    )


def expected_purchases(fit: PurchaseInput, split: Split) -> Array:
    """Return each calibration customer's expected purchases in the holdout."""
    common_unit(fit, split.calibration)
    model = purchase_model(fit, split.calibration)
    expectations = ConditionalExpectations.from_customers(split.calibration, model)
    return expectation_of(model, expectations, split.length)


def expectation_of(
    model: PurchaseModel, expectations: ConditionalExpectations, length: float
) -> Array:
    """Return each customer's expected purchases within ``length``."""
    expected = expectations.expected(model, expected_purchases_within(length))
    result: Array = expected[expectations.histories.inverse]
    return result


def expectation_interval(
    quantity: Callable[[PurchaseModel], Array],
    fit: PurchaseInput,
    level: float,
    customers: CustomerSummary | None = None,
) -> tuple[Array, Array]:
    """Return low and high of a quantity >= 0, by the delta method on its logarithm.

    A fit with covariates needs the ``customers`` that the quantity is about.

    Raises
    ------
    ParameterError
        If ``fit`` is a model with given parameters, or its covariance gives no intervals.
    """
    fitted = require_fit(fit)
    value = quantity(purchase_model(fitted, customers))

    def log_quantity(estimates: Array) -> Array:
        result: Array = np.log(
            np.maximum(quantity(_model_at(fitted, estimates, customers)), 1e-300)
        )
        return result

    center = fitted.estimates if isinstance(fitted, CovariateFit) else np.log(fitted.model.values)
    variance = uncertainty.variance(gradient(log_quantity, center), fitted)
    low, high = positive_interval(value, variance, level)
    return np.where(value > 0, low, 0.0), np.where(value > 0, high, 0.0)


def _model_at(
    fit: Fit[Any] | CovariateFit, estimates: Array, customers: CustomerSummary | None
) -> PurchaseModel:
    """Return the model at other estimates: log-parameters, and the effects of covariates."""
    if isinstance(fit, CovariateFit):
        assert customers is not None  # `purchase_model` has refused it
        return fit.models_for(customers, estimates[None, :])[0]
    model: PurchaseModel = fit.model.with_values(np.exp(estimates))
    return model
