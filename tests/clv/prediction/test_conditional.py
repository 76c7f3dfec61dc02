"""Expectations per distinct history: interpolation, gradients, and models of other customers."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.prediction._conditional import (
    ConditionalExpectations,
    _EveryState,
    _Grid,
    discounted_purchases_within,
    expected_purchases_within,
)
from relmark_research.errors import ParameterError
from relmark_research.stats.delta_method import gradient

MODEL = rm.BGNBD(0.243, 4.414, 0.793, 2.426)


def base(n=4000, longest=500, seed=1):
    """Return customers acquired over a long time, whose T differ much."""
    days = np.random.default_rng(seed).integers(1, longest, n)
    x, t_x, T = MODEL.simulate(days / 7, seed=seed)
    table = pd.DataFrame({"frequency": x, "recency": np.ceil(t_x * 7) / 7, "T": T})
    return rm.CustomerSummary(table, unit="week", observed_until="1997-09-30")


def log_gradient(quantity, model):
    return gradient(lambda logs: quantity(model.with_values(np.exp(logs))), np.log(model.values))


@pytest.mark.parametrize(
    "quantity",
    [
        expected_purchases_within(52.0),
        discounted_purchases_within(52.0, 0.002),
        discounted_purchases_within(np.inf, 0.002),
    ],
)
@pytest.mark.parametrize(
    "model",
    [MODEL, pytest.param(rm.ParetoNBD(0.553, 10.578, 0.606, 11.669), marks=pytest.mark.slow)],
)
def test_interpolation_is_as_accurate_as_computing_every_pair(model, quantity):
    expectations = ConditionalExpectations.from_customers(base())
    assert isinstance(expectations._evaluation(model, quantity, 1e-10), _Grid)
    every_pair = _EveryState(expectations.states(model))
    exact = every_pair.values(model, quantity)
    np.testing.assert_allclose(expectations.if_alive(model, quantity), exact, rtol=1e-9)
    expected = log_gradient(lambda at: np.log(every_pair.values(at, quantity)), model)
    found = expectations.log_if_alive_gradient(model, quantity)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_few_pairs_are_computed_without_interpolation():
    expectations = ConditionalExpectations.from_customers(base(n=30))
    quantity = expected_purchases_within(9.0)
    assert isinstance(expectations._evaluation(MODEL, quantity, 1e-10), _EveryState)


def test_gradient_is_that_of_the_expected_purchases(bought, cdnow):
    expectations = ConditionalExpectations.from_customers(cdnow)
    quantity = expected_purchases_within(39.0)
    expected = log_gradient(lambda at: np.log(expectations.expected(at, quantity)), bought.model)
    found = expectations.log_expected_gradient(bought.model, quantity)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_parameters_of_other_customers_are_refused(cdnow):
    some = rm.CustomerSummary(cdnow.table.iloc[:3], unit="week")
    other = rm.BGNBD(np.full(2, 0.243), 4.414, 0.793, 2.426)
    with pytest.raises(ParameterError, match="found 2 values for 3 rows"):
        rm.forecast(other, some, horizon="9 weeks")
