"""What a customer's own future may be: the chance in it, not only the doubt about the model.

A forecast's estimate says what customers of one history bring on average. One such customer buys
or does not. `purchase_range` sums the model's chances of each number of purchases; `value_range`
draws futures, since when and how much is spent matters too. Both average over the uncertainty of
the parameters by sigma points (Julier & Uhlmann 1997): models one on each side of the estimate
along every axis of its covariance.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from relmark_research.clv.covariates.covariate_fit import CovariateFit
from relmark_research.clv.estimation import uncertainty
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.prediction._conditional import Outlook
from relmark_research.errors import ParameterError, check_level
from relmark_research.stats.intervals import percentile_interval, tail_probabilities

if TYPE_CHECKING:
    from relmark_research.clv.estimation.model import Model
    from relmark_research.clv.families.gamma_gamma import GammaGamma
    from relmark_research.customers.log.customer_summary import CustomerSummary

Array = np.ndarray
_Kind = TypeVar("_Kind", bound="Model")

_BLOCK = 1 << 20  # futures drawn at once
_LAST = 1e-4  # discount factor after which nothing more is drawn
_MOST = 100_000  # purchases that are counted one by one


@dataclass(frozen=True)
class Prediction:
    """Ask for the range of a customer's own future, and say how its draws are made.

    Parameters
    ----------
    draws
        Futures drawn per customer, where they are drawn.
    seed
        Of the draws.
    """

    draws: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.draws < 2:
            raise ParameterError(f"a range needs at least 2 draws; found {self.draws}.")


Kind = Literal["estimate", "prediction"] | Prediction


def prediction_of(kind: Kind) -> Prediction | None:
    """Return how to predict, or None where the interval of the estimate is asked for."""
    if isinstance(kind, Prediction):
        return kind
    if kind not in ("estimate", "prediction"):
        raise ParameterError(
            "kind is 'estimate' (how sure the mean is), 'prediction' (what one customer may do) or "
            f"a Prediction with draws and seed; found {kind!r}."
        )
    return Prediction() if kind == "prediction" else None


def sigma_models(
    fit: Fit | CovariateFit | Model, customers: CustomerSummary | None = None
) -> list[Model]:
    """Return 2 k models around a fit, whose spread is its covariance; a model alone is itself.

    A fit with covariates has such models of each of the ``customers``.
    """
    if isinstance(fit, CovariateFit) and customers is not None:
        return list(fit.models_for(customers, _around(fit.estimates, fit.doubt())))
    if not isinstance(fit, Fit):
        return [fit]  # type: ignore[list-item]
    around = _around(np.log(fit.model.values), uncertainty.doubt(fit))
    return [fit.model.from_values(np.exp(logs)) for logs in around]


def _around(center: Array, covariance: Array) -> Array:
    """Return points one on each side of a centre along every axis of a covariance."""
    sizes, axes = np.linalg.eigh(covariance)
    arms = (axes * np.sqrt(np.maximum(sizes, 0) * len(sizes))).T
    return np.array([center + way * arm for arm in arms for way in (-1, 1)])


def purchase_range(
    models: list[Model], outlook: Outlook, length: float, level: float
) -> tuple[Array, Array]:
    """Return the fewest and most purchases within a central interval, per distinct history.

    Parameters
    ----------
    models
        Those of `sigma_models`, whose chances are averaged.

    Returns
    -------
    ndarray, ndarray
        Smallest n with P(X <= n) >= (1 - level) / 2, and with P(X <= n) >= (1 + level) / 2.
    """
    check_level(level)
    alive = [outlook.p_alive(model) for model in models]  # type: ignore[arg-type]
    x, T = outlook.pairs.columns
    pair, below = outlook.pairs.inverse, np.zeros(len(alive[0]))
    ends = np.full((2, len(below)), -1.0)
    open_ = np.arange(len(below))
    for n in range(_MOST):
        here, back = np.unique(pair[open_], return_inverse=True)
        for model, share in zip(models, alive, strict=True):
            living = at_rows(model, here).living(x[here], T[here])  # type: ignore[attr-defined]
            chance = living.purchase_pmf(n, length)[back]
            gone = (1 - share[open_]) * (n == 0)
            below[open_] += (share[open_] * chance + gone) / len(models)
        for end, part in zip(ends, tail_probabilities(level), strict=True):
            reached = open_[(below[open_] >= part - 1e-12) & (end[open_] < 0)]
            end[reached] = n
        open_ = open_[ends[1, open_] < 0]
        if len(open_) == 0:
            break
    return ends[0], ends[1]


@dataclass(frozen=True)
class Futures:
    """What is needed to draw customers' discounted spend.

    Attributes
    ----------
    purchases, spend
        Pairs of models to draw from in turn.
    history
        x, t_x, T and m of each customer.
    length, delta
        Horizon and continuous discount rate, in units of time.
    """

    purchases: list[PurchaseModel]
    spend: list[GammaGamma]
    history: tuple[Array, Array, Array, Array]
    length: float
    delta: float

    @classmethod
    def of(
        cls,
        bought: list[Model],
        paid: list[Model],
        history: tuple[Array, Array, Array, Array],
        length: float,
        delta: float,
    ) -> Futures:
        """Pair every sigma point of purchases with one of spend."""
        pairs = [(one, other) for one in bought for other in paid]
        end = min(length, -np.log(_LAST) / delta) if delta > 0 else length
        first, second = zip(*pairs, strict=True)
        return cls(list(first), list(second), history, end, delta)

    def at(self, rows: Array) -> Futures:
        """Return those of some rows, in their order, which may come more than once."""
        history = tuple(column[rows] for column in self.history)
        models = [at_rows(model, rows) for model in self.purchases]
        return replace(self, purchases=models, history=history)

    def draw(self, rows: slice, draws: int, rng: np.random.Generator) -> Array:
        """Return discounted spend of some customers, shape (customers, draws)."""
        x, t_x, T, m = (column[rows] for column in self.history)
        value = np.zeros((len(x), draws))
        turn = np.arange(draws) * len(self.purchases) // draws
        for k in np.unique(turn):
            columns, model = np.flatnonzero(turn == k), at_rows(self.purchases[k], rows)
            alive = model.p_alive(x, t_x, T)
            row, column = np.nonzero(rng.random((len(x), len(columns))) < alive[:, None])
            bought, shrunk = self._bought(at_rows(model, row), x[row], T[row], rng)
            paid = self._spent(self.spend[k], x[row], m[row], bought, rng)
            value[row, columns[column]] = paid * shrunk
        return value

    def _bought(
        self, model: PurchaseModel, x: Array, T: Array, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Draw living customers' purchases, and the mean discount factor of each one's.

        Given how many there are and when the last is, the others fall anywhere before it alike.
        """
        living = model.living(x, T)
        seed = int(rng.integers(1 << 62))
        n, last, _ = _per_row(living, len(x)).simulate(np.full(len(x), self.length), seed=seed)  # type: ignore[attr-defined]
        late = np.exp(-self.delta * last)
        span = np.maximum(self.delta * last, 1e-12)
        earlier = -np.expm1(-span) / span
        return n, np.where(n > 0, (late + (n - 1) * earlier) / np.maximum(n, 1), 0.0)

    @staticmethod
    def _spent(
        model: GammaGamma, x: Array, m: Array, bought: Array, rng: np.random.Generator
    ) -> Array:
        """Draw what n purchases of a customer bring: Gamma(p n, nu), nu from what was spent."""
        rate = rng.gamma(model.p * x + model.q) / (model.v + np.where(x > 0, x * m, 0.0))
        return np.where(bought > 0, rng.gamma(np.maximum(model.p * bought, 1e-300)) / rate, 0.0)


def value_range(
    futures: Futures, worth: Array, level: float, kind: Prediction
) -> tuple[Array, Array]:
    """Return low and high of worth x discounted spend, per customer."""
    check_level(level)
    rng = np.random.default_rng(kind.seed)
    ends = np.empty((2, len(worth)))
    step = max(1, _BLOCK // kind.draws)
    for start in range(0, len(worth), step):
        rows = slice(start, start + step)
        ends[:, rows] = percentile_interval(futures.draw(rows, kind.draws, rng), level, axis=1)
    return ends[0] * worth, ends[1] * worth


def total_range(
    futures: Futures, worth: Array, level: float, kind: Prediction
) -> tuple[float, float]:
    """Return low and high of the sum over customers; each draw is one future of all of them.

    ``worth`` is per customer; customers of one row are drawn one by one by `repeated` rows.
    """
    check_level(level)
    rng, total = np.random.default_rng(kind.seed), np.zeros(kind.draws)
    step = max(1, _BLOCK // kind.draws)
    for start in range(0, len(worth), step):
        rows = slice(start, start + step)
        total += worth[rows] @ futures.draw(rows, kind.draws, rng)
    low, high = percentile_interval(total, level)
    return float(low), float(high)


def at_rows(model: _Kind, rows: Array | slice) -> _Kind:
    """Return the model of some customers, where parameters are given per customer."""
    return type(model)(*(value[rows] if np.ndim(value) else value for value in astuple(model)))


def _per_row(model: PurchaseModel, rows: int) -> PurchaseModel:
    """Return the model with every parameter given per customer."""
    return type(model)(*(np.broadcast_to(value, (rows,)) for value in astuple(model)))
