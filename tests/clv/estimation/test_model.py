"""Defaults of models of purchases against what the package's models do by themselves."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.estimation.model import (
    CovariateLink,
    Model,
    PurchaseModel,
    _check_enough,
)

MODEL = rm.MBGNBD(0.525, 6.183, 0.891, 1.614)  # its living customers are those of BG/NBD


def test_a_new_customer_is_one_who_is_alive_after_the_first_purchase():
    for name, arguments in {
        "expected_purchases": (26.0,),
        "purchase_pmf": (np.arange(5), 26.0),
        "survival": (26.0,),
    }.items():
        own = getattr(MODEL, name)(*arguments)
        default = getattr(PurchaseModel, name)(MODEL, *arguments)
        np.testing.assert_allclose(default, own, rtol=1e-12)


def test_default_traits_include_dropout_at_the_first_purchase():
    rate, dropout = PurchaseModel.draw_traits(MODEL, (200_000,), np.random.default_rng(1))
    assert np.isinf(dropout).mean() == pytest.approx(0.891 / (0.891 + 1.614), abs=5e-3)
    assert np.exp(-dropout * 26.0).mean() == pytest.approx(MODEL.survival(26.0), abs=5e-3)
    assert rate.mean() == pytest.approx(0.525 / 6.183, rel=2e-2)


class Daily(PurchaseModel, registered=False):
    """Purchases on days 1, 2, ... of customers who are observed for T days."""

    def draw_purchase_times(self, T, rng):
        return [np.where(day <= T, float(day), np.inf) for day in range(1, int(T.max()) + 1)]


def test_histories_and_discounts_follow_from_the_times_of_purchases():
    T = np.array([0.0, 1.0, 3.0])
    x, t_x, observed = Daily().simulate(T, seed=1)
    assert (x.tolist(), t_x.tolist(), observed.tolist()) == ([0, 1, 3], [0, 1, 3], [0, 1, 3])
    n, discount = Daily().draw_discounted_purchases(T, 0.1, seed=1)
    three = np.exp(-0.1 * np.array([1.0, 2.0, 3.0])).mean()
    np.testing.assert_allclose(discount, [0, np.exp(-0.1), three])
    assert n.tolist() == [0, 1, 3]
    assert Daily().draw_discounted_purchases(T[:1], 0.0, seed=1)[1].tolist() == [0]


def test_links_of_covariates_have_the_sign_of_their_quantity():
    shapes, odds = (rm.BGNBD.covariate_links[name] for name in ("dropout", "dropout odds"))
    assert [shapes.sign(weights) for weights in shapes.weights] == [1, -1]
    assert [odds.sign(weights) for weights in odds.weights] == [1]
    assert rm.ParetoNBD.covariate_links["dropout"].sign({"beta": -1.0}) == 1
    assert CovariateLink("rate", {"r": 1}, ({"r": 0.5},)).sign({"r": 0.5, "s": 9.0}) == 0.5


def test_a_discount_rate_that_no_integral_meets_is_an_error():
    class Rough(PurchaseModel, registered=False):
        """Purchases that come in leaps."""

        def expected_purchases(self, t):
            return np.floor(np.asarray(t) * 97) % 7 + 1.0

    with pytest.raises(rm.ConvergenceError, match=r"Rough.* Define discounted_purchases\(delta"):
        Rough().discounted_purchases(0.1, 9.0)


def test_the_default_score_takes_parameters_per_customer():
    T = np.full(6, 39.0)
    history = MODEL.simulate(T, seed=8)
    many = rm.MBGNBD(*(MODEL.values[:, None] * np.linspace(0.8, 1.25, 6)))
    np.testing.assert_allclose(Model.score(many, *history), many.score(*history), rtol=1e-5)


def test_two_customers_are_enough_and_one_is_not():
    table = pd.DataFrame({"frequency": [2.0, 0.0], "recency": [5.0, 0.0], "T": [9.0, 9.0]})
    summary = rm.CustomerSummary(table, unit="week")
    _check_enough(rm.BGNBD, summary, np.array([1, 1]))
    with pytest.raises(rm.DataError, match="at least 2; found 1"):
        _check_enough(rm.BGNBD, summary, np.array([1, 0]))
    with pytest.raises(rm.DataError, match="none of 1 customers has one"):
        _check_enough(rm.BGNBD, rm.CustomerSummary(table.tail(1), unit="week"), np.array([2]))
