"""What each customer will buy: alive or gone, and how many purchases by when.

What a living customer brings depends on x and T only, so it is computed once per distinct pair;
P(alive) once per distinct history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv import sensitivity
from relmark_research.clv.base import PurchaseModel
from relmark_research.clv.fitting import Fit
from relmark_research.customers.histories import Distinct, distinct
from relmark_research.customers.summary import CustomerSummary
from relmark_research.errors import ParameterError
from relmark_research.units import Horizon, TimeUnit

if TYPE_CHECKING:
    from relmark_research.clv.base import Model

Array = np.ndarray
Future = Callable[[PurchaseModel], Array]

_COLUMNS = [
    f"{quantity}{end}"
    for quantity in ("p_alive", "expected_purchases")
    for end in ("", "_low", "_high")
]


@dataclass(frozen=True)
class Outlook:
    """Customers' future by a model: distinct histories, and the distinct pairs within them."""

    histories: Distinct
    pairs: Distinct

    @classmethod
    def of(cls, customers: CustomerSummary) -> Outlook:
        """Find the distinct histories of customers, and their distinct (x, T)."""
        histories = distinct(
            customers.frequency, customers.recency, customers.T, weights=customers.weights
        )
        x, _, T = histories.columns
        return cls(histories, distinct(x, T))

    def p_alive(self, model: PurchaseModel) -> Array:
        """Return P(alive) per distinct history."""
        return model.p_alive(*self.histories.columns)

    def living(self, model: PurchaseModel, future: Future) -> Array:
        """Return a living customer's future per distinct history."""
        return future(model.living(*self.pairs.columns))[self.pairs.inverse]


def purchases_by(length: float) -> Future:
    """Return the future "expected purchases within ``length``" of a living customer."""
    return lambda living: living.expected_purchases(np.asarray(length))


def discounted_purchases_by(length: float, delta: float) -> Future:
    """Return the future "discounted purchases within ``length``" of a living customer."""
    return lambda living: living.discounted_purchases(delta, length)


def forecast(
    fit: Fit | PurchaseModel,
    customers: CustomerSummary | pd.DataFrame,
    *,
    horizon: str | date | Horizon,
    level: float | None = None,
) -> pd.DataFrame:
    """Forecast each customer's purchases.

    Parameters
    ----------
    fit
        A fit (needed for intervals) or a model of purchases.
    customers
        Their histories, in the fit's unit of time.
    horizon
        How far after the end of observation: ``"52 weeks"``, ``"12 months"`` or a last day.
    level
        Probability of the intervals of the estimates, such as 0.95; None for none. They carry the
        uncertainty of the model's parameters, not the chance in a customer's own future.

    Returns
    -------
    DataFrame
        Row per customer, in the customers' order: p_alive and expected_purchases = P(alive) E[X(t)
        of the living] (and with a level p_alive_low, ..., expected_purchases_high).

    Raises
    ------
    ParameterError
        Where the horizon's or the customers' unit is not known or not the fit's.

    Examples
    --------
    >>> import relmark_research as rm
    >>> history = pd.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
    >>> customers = rm.CustomerSummary(history, unit="week")
    >>> model = rm.BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> rm.forecast(model, customers, horizon="39 weeks").round(3)
       p_alive  expected_purchases
    0    0.727               1.226
    """
    summary = CustomerSummary.of(customers)
    model, unit = _model(fit), common_unit(fit, summary)
    length = Horizon.parse(horizon).length(unit, summary.observed_until)
    if np.isinf(length):
        raise ParameterError(
            "expected purchases need a finite horizon such as '52 weeks'; found for ever. "
            "What a whole residual life is worth is told by lifetime_value(..., horizon=None)."
        )
    outlook, future = Outlook.of(summary), purchases_by(length)
    alive = outlook.p_alive(model)
    columns = {"p_alive": alive, "expected_purchases": alive * outlook.living(model, future)}
    if level is not None:
        columns |= _intervals(_fitted(fit), outlook, future, columns, level)
    inverse = outlook.histories.inverse
    ordered = {name: columns[name][inverse] for name in _COLUMNS if name in columns}
    return pd.DataFrame(ordered, index=summary.table.index)


def common_unit(fit: Fit | PurchaseModel, customers: CustomerSummary) -> TimeUnit:
    """Return the unit of the customers' times, refusing one that is not the fit's."""
    fitted = fit.unit if isinstance(fit, Fit) else None
    if customers.unit is None and fitted is None:
        raise ParameterError(
            "the unit of recency and T is not known, so a horizon cannot be converted to it. Say "
            "it once: CustomerSummary(table, unit='week')."
        )
    if None not in (customers.unit, fitted) and customers.unit != fitted:
        raise ParameterError(
            f"the model was fitted on times in {fitted}s, the customers' are in {customers.unit}s. "
            "Summarise the customers in the fit's unit."
        )
    unit = customers.unit or fitted
    return TimeUnit.of(unit)  # type: ignore[arg-type]


def log_slopes(outlook: Outlook, future: Future, model: Model) -> Array:
    """Return d ln(p_alive x living) / d log(parameter) per distinct history."""

    def log_future(at: Model) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(outlook.p_alive(at)) + np.log(outlook.living(at, future))  # type: ignore[arg-type]

    return np.nan_to_num(sensitivity.slopes(log_future, model))


def _intervals(
    fit: Fit, outlook: Outlook, future: Future, columns: dict[str, Array], level: float
) -> dict[str, Array]:
    def logit_alive(model: Model) -> Array:
        alive = np.clip(outlook.p_alive(model), 1e-300, 1 - 1e-16)  # type: ignore[arg-type]
        return np.log(alive) - np.log1p(-alive)

    alive = sensitivity.variance(sensitivity.slopes(logit_alive, fit.model), fit)
    bought = sensitivity.variance(log_slopes(outlook, future, fit.model), fit)
    low, high = sensitivity.share_interval(columns["p_alive"], alive, level)
    fewest, most = sensitivity.positive_interval(columns["expected_purchases"], bought, level)
    return {
        "p_alive_low": low,
        "p_alive_high": high,
        "expected_purchases_low": fewest,
        "expected_purchases_high": most,
    }


def _model(fit: Fit | PurchaseModel) -> PurchaseModel:
    model = fit.model if isinstance(fit, Fit) else fit
    if not isinstance(model, PurchaseModel):
        raise ParameterError(
            "purchases are forecast by a model of purchases such as BGNBD; found "
            f"{type(model).__name__}."
        )
    return model


def _fitted(fit: Fit | PurchaseModel) -> Fit:
    if not isinstance(fit, Fit):
        raise ParameterError(
            f"an interval needs a fit, since {type(fit).__name__} with given parameters is "
            "certain. Fit it, or ask for level=None."
        )
    return fit
