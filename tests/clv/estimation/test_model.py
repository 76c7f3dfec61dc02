"""Defaults of models of purchases against what the package's models do by themselves."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate

import relmark_research as rm
from relmark_research.clv.estimation.model import (
    CovariateLink,
    Model,
    PurchaseModel,
    _check_enough,
)
from relmark_research.errors import MissingMethodError
from tests.clv.models import MEMORYLESS

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


class Bare(PurchaseModel, registered=False):
    """A model that implements nothing."""


def test_a_method_that_a_model_lacks_is_named():
    zero = np.zeros(1)
    for call, method in (
        (lambda: Bare().log_likelihood(zero), r"log_likelihood\(\*data\)"),
        (lambda: Bare().p_alive(zero, zero, zero), r"p_alive\(x, t_x, T\)"),
        (lambda: Bare().living(zero, zero, zero), r"living\(x, t_x, T\)"),
        (lambda: Bare().expected_purchases(1.0), "expected_purchases"),
    ):
        with pytest.raises(MissingMethodError, match=rf"Bare does not implement it.*{method}"):
            call()


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_parameters_are_finite_and_above_0(value):
    with pytest.raises(rm.ParameterError, match=rf"BGNBD's alpha must be finite .* found {value}"):
        rm.BGNBD(0.5, value, 0.6, 2.0)


def test_results_given_a_history_are_those_of_the_living_times_p_alive():
    x, t_x, T = np.array([4.0, 0.0]), np.array([30.0, 0.0]), np.array([40.0, 40.0])
    alive, living = MODEL.p_alive(x, t_x, T), MODEL.living(x, t_x, T)
    given = PurchaseModel.conditional_expected_purchases(MODEL, 9.0, x, t_x, T)
    np.testing.assert_allclose(given, alive * living.expected_purchases(9.0))
    pmf = [PurchaseModel.conditional_purchase_pmf(MODEL, n, 9.0, x, t_x, T) for n in (0, 1)]
    np.testing.assert_allclose(pmf[0], alive * living.purchase_pmf(0, 9.0) + 1 - alive)
    np.testing.assert_allclose(pmf[1], alive * living.purchase_pmf(1, 9.0))
    discounted = PurchaseModel.discounted_expected_purchases(MODEL, 0.01, x, t_x, T, horizon=9.0)
    np.testing.assert_allclose(discounted, alive * living.discounted_purchases(0.01, 9.0))
    plain = PurchaseModel.discounted_expected_purchases(MODEL, 0.0, x, t_x, T, horizon=9.0)
    np.testing.assert_allclose(plain, given)
    for delta, horizon in ((0.0, np.inf), (-0.1, 9.0)):
        with pytest.raises(rm.ParameterError, match="an infinite horizon needs a discount rate"):
            MODEL.discounted_expected_purchases(delta, x, t_x, T, horizon=horizon)


def test_a_memoryless_model_discounts_by_the_expected_times():
    T = np.full(20_000, 52.0)
    n, discount = rm.ParetoNBD(0.55, 10.6, 0.6, 11.7).draw_discounted_purchases(T, 0.01, seed=1)
    assert (discount[n == 0] == 0).all()
    assert ((discount[n > 0] > np.exp(-0.52)) & (discount[n > 0] < 1)).all()
    total = (n * discount).mean()
    expected = rm.ParetoNBD(0.55, 10.6, 0.6, 11.7).discounted_purchases(0.01, 52.0)
    assert total == pytest.approx(expected, rel=0.03)


def test_the_expected_lifetime_is_the_area_under_survival():
    model = rm.ParetoNBD(0.55, 10.6, 0.6, 11.7)
    s = np.linspace(0, 26, 20_001)
    area = np.trapezoid(model.survival(s), s)
    assert PurchaseModel.expected_lifetime(model, 26.0) == pytest.approx(area, rel=1e-6)


@pytest.mark.parametrize("model", MEMORYLESS, ids=lambda model: type(model).__name__)
def test_the_mean_discount_of_a_memoryless_model_is_exact_given_number_and_last_purchase(model):
    """All but the last are uniform before it; a single purchase is the last."""
    T, delta = np.full(400, 60.0), 0.05
    n, last, _ = model.simulate(T, seed=4)
    drawn, discount = model.draw_discounted_purchases(T, delta, seed=4)
    assert drawn.tolist() == n.tolist()
    assert discount[n == 0].tolist() == [0.0] * int((n == 0).sum())
    one, three = n == 1, n == 3
    assert one.any()
    np.testing.assert_allclose(discount[one], np.exp(-delta * last[one]), rtol=1e-12)
    for end, found in zip(last[three], discount[three], strict=True):
        uniform = integrate.quad(lambda t: np.exp(-delta * t), 0, end)[0] / end
        assert found == pytest.approx((np.exp(-delta * end) + 2 * uniform) / 3, rel=1e-10)
    undiscounted = model.draw_discounted_purchases(T, 0.0, seed=4)[1]
    np.testing.assert_allclose(undiscounted, n > 0, rtol=1e-9)
