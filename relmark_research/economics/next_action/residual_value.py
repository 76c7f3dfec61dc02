"""What customers are still worth, less what can still be saved on them.

For one customer with purchase rate lambda, rate of leaving mu, spend per purchase z, margin share
kappa, cost of being served c a year, discount force delta and horizon H, expected and discounted,

    L = (1 - exp(-(mu + delta) H)) / (mu + delta)        time that is still served, 0 if gone
    A = kappa z lambda L                                  what the customer brings
    C = c L if alive, c N if gone                         what can be avoided

and the residual value is A - C: no overheads, nothing already spent. N is how long a customer who
has left is served until it is noticed. Nobody knows lambda, mu, z, kappa, c or whether the customer
is alive; they are drawn from what the history leaves open, many times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import Model, PurchaseModel
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.economics.next_action.segment_models import determined
from relmark_research.errors import ParameterError
from relmark_research.units import AnnualRate, Horizon, TimeUnit

Array = np.ndarray

_DRAWS_PER_MODEL = 50  # a fit's parameters are drawn anew after so many draws of customers


@dataclass(frozen=True)
class FutureTerms:
    """How the future is counted.

    Parameters
    ----------
    annual_discount_rate
        Effective rate per year, in [0, 1).
    horizon
        How far to look: ``"5 years"``, ``"60 months"``.
    notice
        How long a customer who has left goes on being served before that is noticed.
    draws, seed
        Of what is not known of each customer.
    """

    annual_discount_rate: float = 0.10
    horizon: str = "5 years"
    notice: str = "6 months"
    draws: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        AnnualRate(self.annual_discount_rate)
        for name in ("horizon", "notice"):
            if Horizon.parse(getattr(self, name)).endless:
                raise ParameterError(
                    f"{name} must be a length such as '12 months'; found for ever."
                )
        if self.draws < 100:
            raise ParameterError(f"draws must be at least 100; found {self.draws}.")


@dataclass(frozen=True)
class Prospect:
    """Draws of what customers will bring and cost, shape (customers, draws), money.

    Attributes
    ----------
    brings
        A, contribution after goods and returns, discounted.
    revenue
        The value of those purchases, discounted.
    costs
        C, what serving them costs, discounted.
    years
        Discounted years of service: L if alive, N if gone.
    alive
        Probability, shape (customers,).
    """

    brings: Array
    revenue: Array
    costs: Array
    years: Array
    alive: Array

    @property
    def residual(self) -> Array:
        """Draws of the residual value A - C."""
        return self.brings - self.costs


@dataclass(frozen=True)
class Customer:
    """Everything known of some customers of one segment, one row each.

    Attributes
    ----------
    customers
        Their histories.
    traits
        margin, margin_sd, shape and rate of the yearly cost, as `individual` estimates them.
    """

    customers: CustomerSummary
    traits: pd.DataFrame


def prospect(
    fits: tuple[Fit, Fit], who: Customer, terms: FutureTerms, rng: np.random.Generator
) -> Prospect:
    """Draw what customers of one segment will bring and cost."""
    purchases, spend = _models(fits, terms, rng)
    block = -(-terms.draws // len(purchases))
    sizes = [min(block, terms.draws - start) for start in range(0, terms.draws, block)]
    parts = [
        _drawn((bought, paid), who, terms, size, rng)  # type: ignore[arg-type]
        for bought, paid, size in zip(purchases, spend, sizes, strict=False)
    ]
    stacked = [np.concatenate(columns, axis=1) for columns in zip(*parts, strict=True)]
    alive = purchases_alive(fits[0], who.customers)
    brings, revenue, costs, years = stacked
    return Prospect(brings, revenue, costs, years, alive)


def purchases_alive(fit: Fit, customers: CustomerSummary) -> Array:
    """Return P(alive) at the fit's own parameters."""
    model: PurchaseModel = fit.model  # type: ignore[assignment]
    return model.p_alive(customers.frequency, customers.recency, customers.T)


def _models(
    fits: tuple[Fit, Fit], terms: FutureTerms, rng: np.random.Generator
) -> list[list[Model]]:
    """Return models of purchases and of spend around their fits, as many of each."""
    count = max(1, terms.draws // _DRAWS_PER_MODEL)
    return [
        fit.draws(count, seed=int(rng.integers(1 << 31)))
        if determined(fit)
        else [fit.model] * count
        for fit in fits
    ]


def _drawn(
    models: tuple[PurchaseModel, GammaGamma],
    who: Customer,
    terms: FutureTerms,
    size: int,
    rng: np.random.Generator,
) -> tuple[Array, ...]:
    """Return brings, revenue, costs and years of one pair of models, (customers, size) each."""
    purchases, spend = models
    x, t_x, T = who.customers.frequency, who.customers.recency, who.customers.T
    unit = TimeUnit.of(who.customers.unit or "week")
    delta = AnnualRate(terms.annual_discount_rate).continuous(unit)
    shape = (len(x), size)
    alive = rng.random(shape) < purchases.p_alive(x, t_x, T)[:, None]
    rate, leaving = traits_of_living(purchases.living(x, T), shape, rng)
    ahead = Horizon.parse(terms.horizon).length(unit)
    leaving = np.maximum(leaving + delta, 1e-12)
    span = alive * -np.expm1(-leaving * ahead) / leaving
    unnoticed = _annuity(delta, Horizon.parse(terms.notice).length(unit))
    value = spend_of(spend, x, who.customers.monetary_value, shape, rng)
    revenue = value * rate * span
    traits = {name: who.traits[name].to_numpy(float)[:, None] for name in who.traits}
    margin = traits["margin"] + traits["margin_sd"] * rng.standard_normal(shape)
    cost = rng.gamma(np.maximum(traits["shape"], 1e-12), 1.0, shape) / traits["rate"]
    years = np.where(alive, span, unnoticed) / unit.per_year
    return margin * revenue, revenue, cost * years, years


def _annuity(delta: float, length: float) -> float:
    return length if delta == 0 else float(-np.expm1(-delta * length) / delta)


def traits_of_living(
    living: PurchaseModel, shape: tuple[int, int], rng: np.random.Generator
) -> tuple[Array, Array]:
    """Draw living customers' rates of purchase and of leaving, per unit of time.

    BG/NBD and MBG/NBD: leaving at a chance p after each purchase is leaving at the rate lambda p.
    """
    parameters = {name: np.asarray(getattr(living, name))[..., None] for name in living.names()}
    if not {"r", "alpha"} <= set(parameters):
        raise ParameterError(
            "residual values need a model of purchases in continuous time, such as ParetoNBD or "
            f"BGNBD; found {type(living).__name__}."
        )
    rate = rng.gamma(parameters["r"], 1.0, shape) / parameters["alpha"]
    if "beta" in parameters:
        return rate, rng.gamma(parameters["s"], 1.0, shape) / parameters["beta"]
    if "b" in parameters:
        return rate, rate * rng.beta(parameters["a"], parameters["b"], shape)
    return rate, np.zeros(shape)


def spend_of(
    spend: GammaGamma, x: Array, m: Array, shape: tuple[int, int], rng: np.random.Generator
) -> Array:
    """Draw customers' mean spend per purchase, p / nu with nu ~ Gamma(q + p x, v + x m)."""
    paid = (x > 0) & (m > 0)
    seen = np.where(paid, x, 0.0)
    total = seen * np.where(paid, m, 0.0)
    nu = rng.gamma((spend.q + spend.p * seen)[:, None], 1.0, shape) / (spend.v + total)[:, None]
    return spend.p / nu
