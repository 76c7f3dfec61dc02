"""Residual customer value: future contribution less avoidable cost to serve.

For a customer with purchase rate lambda, dropout rate mu, spend per purchase z, margin kappa,
annual cost to serve c, continuous discount rate delta and horizon H, the expected discounted values
are

    L = (1 - exp(-(mu + delta) H)) / (mu + delta)        discounted lifetime, 0 after dropout
    A = kappa z lambda L                                  contribution
    C = c L if alive, c N after dropout                   avoidable cost to serve

and the residual value is A - C, without overheads and sunk costs. N is the discounted time until
dropout is detected. lambda, mu, z, kappa, c and whether the customer is alive are drawn from their
posterior distributions given the customer's history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, short_repr
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import Model, PurchaseModel
from relmark_research.clv.estimation.spend_model import SpendModel
from relmark_research.clv.prediction._inputs import (
    PurchaseInput,
    SpendInput,
    purchase_model,
    spend_model,
)
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.economics.next_action.segment_models import identified
from relmark_research.errors import ParameterError
from relmark_research.units import AnnualRate, Horizon, TimeUnit

Array = np.ndarray
_M = TypeVar("_M", bound=Model)

_DRAWS_PER_MODEL = 50  # draws of customers per draw of the model's parameters


@dataclass(frozen=True)
class FutureTerms:
    """Discount rate, horizon and simulation size of residual values.

    Parameters
    ----------
    annual_discount_rate
        Effective annual rate, in [0, 1).
    horizon
        Finite horizon, such as ``"5 years"`` or ``"60 months"``.
    detection_lag
        Time from dropout until it is detected and service ends, such as ``"6 months"``.
    draws, seed
        Number of draws per customer, >= 100, and their seed.
    """

    annual_discount_rate: float = 0.10
    horizon: str = "5 years"
    detection_lag: str = "6 months"
    draws: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        AnnualRate(self.annual_discount_rate)
        for name in ("horizon", "detection_lag"):
            if Horizon.parse(getattr(self, name)).endless:
                raise ParameterError(
                    f"{name} must be finite, such as '12 months'; found an infinite length."
                )
        if self.draws < 100:
            raise ParameterError(f"draws must be at least 100; found {self.draws}.")

    def _repr_html_(self) -> str:
        return html_table("Future terms", vars(self))


@short_repr
@dataclass(frozen=True, repr=False)
class ResidualDraws:
    """Draws of customers' future contribution and cost, shape (customers, draws), money.

    Attributes
    ----------
    contribution
        A, discounted margin after cost of goods and returns.
    revenue
        Discounted value of the same purchases.
    cost
        C, discounted cost to serve.
    years
        Discounted years of service: L if alive, N after dropout.
    p_alive
        Probability of being alive, shape (customers,).
    """

    contribution: Array
    revenue: Array
    cost: Array
    years: Array
    p_alive: Array

    @property
    def residual_value(self) -> Array:
        """Draws of the residual value A - C."""
        return self.contribution - self.cost

    def _summary(self) -> dict[str, object]:
        customers, draws = self.contribution.shape
        mean = self.residual_value.mean()
        return {"customers": customers, "draws": draws, "mean residual value": mean}


@short_repr
@dataclass(frozen=True, repr=False)
class CustomerBlock:
    """Some customers of one segment, with the estimates of each.

    Attributes
    ----------
    customers
        Customer histories.
    traits
        margin, margin_sd, and shape and rate of the annual cost, as estimated by empirical Bayes.
    """

    customers: CustomerSummary
    traits: pd.DataFrame

    def _summary(self) -> dict[str, object]:
        return {"customers": len(self.traits)}


def draw_residuals(
    fits: tuple[PurchaseInput, SpendInput],
    block: CustomerBlock,
    terms: FutureTerms,
    rng: np.random.Generator,
) -> ResidualDraws:
    """Draw the future contribution and cost of customers of one segment."""
    purchases, spend = _draw_models(fits, terms, rng)
    step = -(-terms.draws // len(purchases))
    sizes = [min(step, terms.draws - start) for start in range(0, terms.draws, step)]
    parts = [
        _draw(one, other, block, terms, size, rng)
        for one, other, size in zip(purchases, spend, sizes, strict=False)
    ]
    stacked = [np.concatenate(columns, axis=1) for columns in zip(*parts, strict=True)]
    contribution, revenue, cost, years = stacked
    alive = p_alive(fits[0], block.customers)
    return ResidualDraws(contribution, revenue, cost, years, alive)


def p_alive(fit: PurchaseInput, customers: CustomerSummary) -> Array:
    """Return P(alive) at the estimated parameters."""
    model = purchase_model(fit, customers)
    return model.p_alive(customers.frequency, customers.recency, customers.T)


def _draw_models(
    fits: tuple[PurchaseInput, SpendInput], terms: FutureTerms, rng: np.random.Generator
) -> tuple[list[PurchaseModel], list[SpendModel]]:
    """Return draws of the purchase model and of the spend model, equally many."""
    count = max(1, terms.draws // _DRAWS_PER_MODEL)
    purchases, spend = fits
    return (
        _drawn_models(purchases, purchase_model(purchases), count, rng),
        _drawn_models(spend, spend_model(spend), count, rng),
    )


def _drawn_models(fit: object, model: _M, count: int, rng: np.random.Generator) -> list[_M]:
    """Return draws of the parameters of a fit; the model itself if it has no identified fit."""
    if isinstance(fit, Fit) and identified(fit):
        return fit.draws(count, seed=int(rng.integers(1 << 31)))
    return [model] * count


def _draw(
    purchases: PurchaseModel,
    spend: SpendModel,
    block: CustomerBlock,
    terms: FutureTerms,
    size: int,
    rng: np.random.Generator,
) -> tuple[Array, ...]:
    """Return draws of contribution, revenue, cost and years, (customers, size) each."""
    x, t_x, T = block.customers.frequency, block.customers.recency, block.customers.T
    unit = TimeUnit.of(block.customers.unit or "week")
    delta = AnnualRate(terms.annual_discount_rate).continuous(unit)
    shape = (len(x), size)
    alive = rng.random(shape) < purchases.p_alive(x, t_x, T)[:, None]
    living = purchases.living(x[:, None], t_x[:, None], T[:, None])
    rate, dropout = living.draw_traits(shape, rng)
    horizon = Horizon.parse(terms.horizon).length(unit)
    hazard = np.maximum(dropout + delta, 1e-12)
    lifetime = alive * -np.expm1(-hazard * horizon) / hazard
    undetected = _annuity(delta, Horizon.parse(terms.detection_lag).length(unit))
    value = _draw_spend(spend, x, block.customers.monetary_value, shape, rng)
    revenue = value * rate * lifetime
    traits = {name: block.traits[name].to_numpy(float)[:, None] for name in block.traits}
    margin = traits["margin"] + traits["margin_sd"] * rng.standard_normal(shape)
    cost = rng.gamma(np.maximum(traits["shape"], 1e-12), 1.0, shape) / traits["rate"]
    years = np.where(alive, lifetime, undetected) / unit.per_year
    return margin * revenue, revenue, cost * years, years


def _annuity(delta: float, length: float) -> float:
    """Return the present value of a payment stream of 1 per unit of time."""
    return length if delta == 0 else float(-np.expm1(-delta * length) / delta)


def _draw_spend(
    spend: SpendModel, x: Array, m: Array, shape: tuple[int, int], rng: np.random.Generator
) -> Array:
    """Draw customers' mean spend per purchase; purchases with a spend of 0 do not count."""
    observed = (x > 0) & (m > 0)
    n, mean = (np.where(observed, column, 0.0)[:, None] for column in (x, m))
    return spend.draw_mean_spend(np.broadcast_to(n, shape), np.broadcast_to(mean, shape), rng)
