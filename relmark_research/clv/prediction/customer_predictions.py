"""Predictions for each customer, computed once per distinct history and joined to the customers.

The prediction range of purchases holds chance and the uncertainty of the parameters. The range of
value needs no simulation. Given n purchases, a customer's spend is a multiple of a scale which
depends on x and m, and the multiple's distribution depends on n and x only
(`SpendModel.total_spend_cdf`). The distribution of the multiple is therefore a mixture over n with
the probabilities of n, which depend on the history (x, t_x, T) but not on m. Its quantiles are
interpolated on a grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.estimation.spend_model import SpendModel
from relmark_research.clv.prediction._conditional import (
    ConditionalExpectations,
    expected_purchases_within,
)
from relmark_research.clv.prediction._inputs import (
    Margin,
    PurchaseInput,
    SpendInput,
    check_same_purchases,
    common_purchase_model,
    common_unit,
    customer_margins,
    spend_model,
)
from relmark_research.clv.prediction.lifetime_value import lifetime_value
from relmark_research.clv.prediction.predictive_intervals import sigma_point_models
from relmark_research.clv.prediction.spend_average import SpendAverage
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.distinct_histories import encode
from relmark_research.errors import ParameterError
from relmark_research.stats.intervals import tail_probabilities
from relmark_research.units import Horizon

Array = np.ndarray

_ROWS = 1 << 16  # distinct histories whose probabilities are held at once
_CELLS = 4_000_000  # probabilities held at once
_AT_ONCE = 100_000  # probabilities of states computed at once
_FIRST_COUNT = 8  # numbers of purchases looked at first
_MAX_PURCHASES = 100_000  # where the sum of probabilities ends
_GRID = 160  # points at which the distribution of a value is computed
_MISSED = 1e-5  # probability beyond the largest number of purchases considered


@dataclass(frozen=True)
class ValueTerms:
    """What turns purchases into value: the models of spend, the margin and the discount rate.

    Parameters
    ----------
    spend
        Fit or model of spend per purchase, or a `SpendAverage`.
    margin
        Share of value in (0, 1]; 1 counts revenue. As in `lifetime_value`.
    annual_discount_rate
        Effective rate per year, in [0, 1); 0 does not discount.
    """

    spend: SpendInput | SpendAverage
    margin: Margin = 1.0
    annual_discount_rate: float = 0.0

    @property
    def average(self) -> SpendAverage:
        """The average of spend; by the median where the mean does not exist."""
        given = self.spend
        return given if isinstance(given, SpendAverage) else SpendAverage.default_for(given)


def predict_customers(
    fit: PurchaseInput,
    customers: CustomerSummary | pd.DataFrame,
    *,
    horizon: str | Horizon,
    level: float = 0.95,
    value: ValueTerms | None = None,
) -> pd.DataFrame:
    """Predict the purchases and the value of each customer, with prediction ranges.

    Parameters
    ----------
    fit
        A fit or a model of purchases without parameters per customer. The ranges of a model, and
        of a fit whose covariance is not known, hold chance only.
    customers
        Histories in the fit's unit of time; with ``value`` also monetary_value.
    horizon
        Finite time after the end of observation, such as ``"52 weeks"``.
    level
        Probability of the ranges, in (0, 1).
    value
        The terms of value; None predicts purchases only.

    Returns
    -------
    DataFrame
        Row per customer, in the customers' order: p_alive, expected_purchases = P(alive) x
        E[X(t) | alive], purchases_low and purchases_high as in `forecast`; with ``value`` also
        expected_value = margin x expected spend x discounted purchases, value_low and value_high
        (quantiles of margin x spend x mean discount factor of the history).

    Raises
    ------
    ParameterError
        If the horizon is infinite, a unit differs from that of the fit, or the model has parameters
        per customer.

    References
    ----------
    Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value, note 025: the posterior
    distribution of a customer's rate parameter of spend.

    Examples
    --------
    >>> from relmark_research.clv import BGNBD, GammaGamma
    >>> history = pd.DataFrame({"frequency": [2, 0], "recency": [30.43, 0], "T": [38.86, 38.86],
    ...                         "monetary_value": [30.0, None]})
    >>> customers = CustomerSummary(history, unit="week")
    >>> found = predict_customers(
    ...     BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426), customers, horizon="39 weeks",
    ...     value=ValueTerms(GammaGamma(p=6.25, q=3.74, v=15.44)))
    >>> found[["expected_purchases", "purchases_high", "expected_value", "value_high"]].round(2)
       expected_purchases  purchases_high  expected_value  value_high
    0                1.23             5.0           37.93      183.77
    1                0.20             2.0            6.87       70.74
    """
    summary = CustomerSummary.of(customers)
    model = common_purchase_model(fit, reason="a table of customers needs one for all customers.")
    length = summary.length(Horizon.parse(horizon), common_unit(fit, summary))
    if not np.isfinite(length):
        raise ParameterError(
            "predictions for customers need a finite horizon such as '52 weeks'; found an infinite "
            "one."
        )
    tails = tail_probabilities(level)
    expectations = ConditionalExpectations.from_customers(summary, model)
    alive = expectations.p_alive(model)
    expected = alive * expectations.if_alive(model, expected_purchases_within(length))
    spend = None if value is None else spend_model(value.average.spend)
    ends = _ranges(_models(fit, model), expectations, expected, length, (tails, spend))
    columns = {"p_alive": alive, "expected_purchases": expected}
    columns |= {"purchases_low": ends[0], "purchases_high": ends[1]}
    inverse = expectations.histories.inverse
    table = pd.DataFrame({name: each[inverse] for name, each in columns.items()})
    table.index = summary.table.index
    if value is None:
        return table
    return _with_value(table, summary, model, value, horizon, ends[2:][:, inverse])


def has_parameter_uncertainty(fit: PurchaseInput) -> bool:
    """Return whether prediction ranges of a fit hold the uncertainty of its parameters."""
    return isinstance(fit, Fit) and not fit.no_interval


def _models(fit: PurchaseInput, model: PurchaseModel) -> list[PurchaseModel]:
    """Return the models over which probabilities are averaged."""
    return sigma_point_models(fit) if has_parameter_uncertainty(fit) else [model]


def _with_value(
    table: pd.DataFrame,
    customers: CustomerSummary,
    model: PurchaseModel,
    terms: ValueTerms,
    horizon: str | Horizon,
    multiples: Array,
) -> pd.DataFrame:
    """Add expected_value, value_low and value_high.

    Parameters
    ----------
    multiples
        Low and high of the multiple of the spend scale, shape (2, rows).
    """
    average = terms.average
    check_same_purchases(average.spend, customers)
    spend = spend_model(average.spend)
    values = lifetime_value(
        model,
        replace(average, spend=spend),  # a model: nothing is said of its uncertainty
        customers,
        margin=terms.margin,
        annual_discount_rate=terms.annual_discount_rate,
        horizon=horizon,
    )
    expected = table["expected_purchases"].to_numpy()
    discounted = values["discounted_purchases"].to_numpy()
    factor = np.divide(discounted, expected, out=np.ones_like(expected), where=expected > 0)
    per_scale = values["expected_spend"].to_numpy() / _scale_factor(average, spend, customers)
    low, high = multiples * (customer_margins(terms.margin, customers) * per_scale * factor)
    return table.assign(expected_value=values["clv"], value_low=low, value_high=high)


def _scale_factor(average: SpendAverage, spend: SpendModel, customers: CustomerSummary) -> Array:
    """Return the average spend per unit of the scale, which depends on x only, shape (rows,)."""
    codes, x = encode(customers.frequency)
    nothing = np.zeros_like(x)
    factor: Array = average.conditional_spend(x, nothing) / spend.spend_scale(x, nothing)
    result: Array = factor[codes]
    return result


def _ranges(
    models: list[PurchaseModel],
    expectations: ConditionalExpectations,
    expected: Array,
    length: float,
    wanted: tuple[tuple[float, float], SpendModel | None],
) -> Array:
    """Return low and high of purchases and of the multiple of spend, shape (4, histories)."""
    tails, spend = wanted
    x = expectations.histories.columns[0]
    ends = np.zeros((4, len(expected)))
    upto = 1 - min(_MISSED, tails[0] / 10)
    for block in _blocks(x, expected):
        for places, probability in _probabilities(models, expectations.take(block), length, upto):
            rows = block[places]
            cumulative = np.cumsum(probability, axis=1)
            for end, tail in enumerate(tails):
                ends[end, rows] = (cumulative < tail - 1e-12).sum(axis=1)
            if spend is not None:
                ends[2:, rows] = _multiples(probability, x[rows], spend, tails)
    return ends


def _blocks(x: Array, expected: Array) -> Iterator[Array]:
    """Yield positions of histories with like x, as many as fit into memory."""
    order = np.argsort(x, kind="stable")
    start = 0
    while start < len(order):
        rows = order[start : start + _ROWS]
        most = 20 + 4 * expected[rows].max()  # purchases considered, roughly
        rows = rows[: max(int(_CELLS / most), 1)]
        start += len(rows)
        yield rows


def _probabilities(
    models: list[PurchaseModel], expectations: ConditionalExpectations, length: float, upto: float
) -> Iterator[tuple[Array, Array]]:
    """Yield positions of histories and their P(n purchases), n = 0, 1, ..., shape (rows, n).

    The probabilities of a history end where their sum is ``upto`` or shortly after.
    """
    rows = np.arange(len(expectations.histories.weights))
    found, count = np.empty((len(rows), 0)), _FIRST_COUNT
    while len(rows):
        start = found.shape[1]
        numbers = np.arange(start, start + count)
        more = sum(_purchases(model, expectations, numbers, length) for model in models)
        found = np.concatenate([found, np.asarray(more) / len(models)], axis=1)
        ended = (found.sum(axis=1) >= upto) | (start + count > _MAX_PURCHASES)
        if ended.any():
            yield rows[ended], found[ended]
        rows, found = rows[~ended], found[~ended]
        expectations = expectations.take(np.flatnonzero(~ended))
        count = start + count


def _purchases(
    model: PurchaseModel, expectations: ConditionalExpectations, numbers: Array, length: float
) -> Array:
    """Return a model's P(n purchases) for some successive n, shape (rows, n)."""
    states = expectations.states(model)
    alive = expectations.p_alive(model)[:, None]
    living = model.living(*states.columns)
    step = max(_AT_ONCE // len(states.weights), 1)
    parts = [
        living.purchase_pmf(numbers[start : start + step, None], np.asarray(length))
        for start in range(0, len(numbers), step)
    ]
    by_state = np.broadcast_to(np.concatenate(parts), (len(numbers), len(states.weights)))
    found: Array = alive * by_state.T[states.inverse]
    found[:, :1] += (1 - alive) * (numbers[0] == 0)
    return found


def _multiples(
    probability: Array, x: Array, spend: SpendModel, tails: tuple[float, float]
) -> Array:
    """Return the quantiles of spend as multiples of the scale, shape (2, rows)."""
    found = np.zeros((2, len(x)))
    n = np.arange(1, probability.shape[1])
    if len(n) == 0:
        return found
    rare = min(1e-4, tails[0] / 10)
    for each in np.unique(x):
        rows = np.flatnonzero(x == each)
        ends = (
            spend.total_spend_quantile(p, k, each) for p, k in ((rare, n[:1]), (1 - rare, n[-1:]))
        )
        low, high = (float(end[0]) for end in ends)
        grid = np.geomspace(max(low, 1e-300), high, _GRID)
        given_n = spend.total_spend_cdf(grid[None, :], n[:, None], np.asarray(each))
        nothing = probability[rows, 0]
        below = nothing[:, None] + probability[rows, 1:] @ given_n
        for end, tail in enumerate(tails):
            found[end, rows] = _quantiles(grid, below, nothing, tail)
    return found


def _quantiles(grid: Array, below: Array, nothing: Array, tail: float) -> Array:
    """Return where each row's distribution function reaches a tail, 0 where nothing does."""
    after = (below < tail).sum(axis=1)
    right = np.clip(after, 1, len(grid) - 1)
    rows = np.arange(len(below))
    before, reached = below[rows, right - 1], below[rows, right]
    share = np.clip((tail - before) / np.maximum(reached - before, 1e-300), 0, 1)
    logs = np.log(grid)
    result = np.exp(logs[right - 1] + share * (logs[right] - logs[right - 1]))
    return np.where(nothing >= tail, 0.0, result)
