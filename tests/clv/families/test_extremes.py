"""Extreme histories and parameters, against values made from the models' definitions.

`reference/make.py` made them with 60-digit arithmetic, from the integrals that define each model.
A log-likelihood must agree to 1e-9 of itself, or to 1e-9 where it is near 0; all else to 1e-9 of
itself (values below 1e-300 are as good as 0).
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from relmark_research.clv.families.beta_discrete_weibull import BetaDiscreteWeibull
from relmark_research.clv.families.bg_bb import BGBB
from relmark_research.clv.families.bg_nbd import BGNBD
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.clv.families.mbg_nbd import MBGNBD
from relmark_research.clv.families.pareto_nbd import ParetoNBD
from relmark_research.clv.families.shifted_beta_geometric import ShiftedBetaGeometric
from relmark_research.stats.special import log_beta_ratio

FOLDER = Path(__file__).parents[1] / "reference"
PURCHASES = (BGNBD, MBGNBD, ParetoNBD, BGBB)
CONTRACTS = (ShiftedBetaGeometric, BetaDiscreteWeibull)
QUANTITIES = ("log_likelihood", "p_alive", "expected", "conditional")


@cache
def reference(model):
    with np.load(FOLDER / f"{model.__name__}.npz") as file:
        return dict(file)


def models(model, chosen=slice(None)):
    cases = reference(model)
    return model(*(cases[name][chosen] for name in model.names()))


def computed(model, quantity):
    at, c = models(model), reference(model)
    history = c["x"], c["t_x"], c["T"]
    if quantity == "log_likelihood":
        return at.log_likelihood(*history)
    if quantity == "p_alive":
        return at.p_alive(*history)
    if quantity == "expected":
        return at.expected_purchases(c["t"])
    return at.conditional_expected_purchases(c["t"], *history)


def assert_close(found, model, quantity, chosen=slice(None)):
    cases = {name: column[chosen] for name, column in reference(model).items()}
    exact = cases[quantity]
    floor = 1e-9 if quantity in ("log_likelihood", "churned") else 1e-300
    error = np.abs(found - exact)
    relative = np.where(error <= floor, 0.0, error / np.maximum(np.abs(exact), 1e-300))
    worst = int(np.argmax(np.nan_to_num(relative, nan=np.inf)))
    case = {name: float(column[worst]) for name, column in cases.items()}
    assert np.isfinite(found).all()
    assert relative[worst] <= 1e-9, f"{found[worst]!r} in {case}"


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("model", PURCHASES)
def test_purchase_model_agrees_with_its_definition(model, quantity):
    assert_close(computed(model, quantity), model, quantity)


def test_spend_agrees_with_its_definition():
    cases = reference(GammaGamma)
    x, m = cases["x"], cases["m"]
    assert_close(models(GammaGamma).log_likelihood(x, m), GammaGamma, "log_likelihood")
    exists = cases["q"] > 1
    spend = models(GammaGamma, exists).conditional_expected_spend(x[exists], m[exists])
    assert_close(spend, GammaGamma, "conditional", exists)


def contract_quantity(model, quantity):
    at, c = models(model), reference(model)
    if quantity == "residual":
        return residual(model)
    of = {"log_survival": at.log_survival, "log_retention": at.log_retention}
    return of[quantity](c["t"]) if quantity in of else at.log_likelihood(c["t"], churned=True)


def residual(model):
    """Return payments to come: without end, or to the case's horizon where no sum is closed."""
    c, found = reference(model), np.empty(len(reference(model)["t"]))
    endless = model is ShiftedBetaGeometric
    for rate, horizon in set(zip(c["rate"], c["horizon"], strict=True)):
        rows = (c["rate"] == rate) & (c["horizon"] == horizon)
        found[rows] = models(model, rows).expected_residual_lifetime(
            c["t"][rows], annual_discount_rate=rate, horizon=np.inf if endless else horizon
        )
    return found


@pytest.mark.parametrize("quantity", ("log_survival", "log_retention", "churned", "residual"))
@pytest.mark.parametrize("model", CONTRACTS)
def test_contract_model_agrees_with_its_definition(model, quantity):
    assert_close(contract_quantity(model, quantity), model, quantity)


@pytest.mark.parametrize("model", CONTRACTS)
def test_reference_of_contracts_covers_the_extremes(model):
    cases = reference(model)
    assert len(cases["t"]) >= 2000
    assert {1.0, 1500.0} == {cases["t"].min(), cases["t"].max()}
    assert all(cases[name].min() < 0.011 for name in model.names())
    assert all(cases[name].max() > 900 for name in model.names())
    if model is BetaDiscreteWeibull:
        assert np.sum(np.abs(cases["c"] - 1) < 1e-7) > 100


@pytest.mark.parametrize("model", (*PURCHASES, GammaGamma))
def test_reference_covers_the_extremes(model):
    cases = reference(model)
    assert len(cases["x"]) >= 2000
    assert cases["x"].max() >= (5000 if model is not BGBB else 1500)
    assert all(cases[name].min() < 0.011 for name in model.names())
    assert all(cases[name].max() > 900 for name in model.names())
    if model in PURCHASES:
        assert {0.0, 1500.0} <= {cases["x"].min(), cases["T"].max()}
        assert np.sum((cases["x"] > 0) & (cases["t_x"] == cases["T"])) > 200
    if model in (BGNBD, MBGNBD):
        assert np.sum(np.abs(cases["a"] - 1) < 1e-7) > 100
        assert np.sum(cases["a"] + cases["b"] < 1) > 100
    if model is ParetoNBD:
        assert np.sum(np.abs(cases["s"] - 1) < 1e-7) > 100
        assert np.sum(np.abs(cases["alpha"] / cases["beta"] - 1) < 1e-5) > 100


@pytest.mark.parametrize("model", PURCHASES)
def test_score_is_finite(model):
    c = reference(model)
    assert np.isfinite(models(model).score(c["x"], c["t_x"], c["T"])).all()


@pytest.mark.parametrize("model", CONTRACTS)
def test_score_of_contracts_is_finite_and_that_of_differences(model):
    at, t = models(model), reference(model)["t"]
    logs = np.log([reference(model)[name] for name in model.names()])
    for churned in (True, False):
        by_log = np.exp(logs) * at.score(t, churned)
        assert np.isfinite(by_log).all()
        for k, step in enumerate(1e-5 * np.eye(len(logs))[:, :, None]):
            ends = [model(*np.exp(logs + way * step)).log_likelihood(t, churned) for way in (1, -1)]
            rough = 1e-9 * np.abs(ends[0]) / 1e-5 + 1e-7 * np.abs(by_log).max(axis=0) + 1e-9
            np.testing.assert_array_less(np.abs((ends[0] - ends[1]) / 2e-5 - by_log[k]), rough)


def test_contract_models_bear_extreme_parameters():
    grid = np.array([0.01, 0.1, 1.0, 30.0, 1000.0])
    alpha, beta, t = (a.ravel() for a in np.meshgrid(grid, grid, np.array([1, 2, 10, 1500.0])))
    plain = ShiftedBetaGeometric(alpha, beta)
    same = BetaDiscreteWeibull(alpha, beta, np.ones_like(alpha))
    np.testing.assert_allclose(same.log_survival(t), plain.log_survival(t), rtol=1e-9)
    np.testing.assert_allclose(same.log_retention(t), plain.log_retention(t), rtol=1e-9)
    for churned in (True, False):
        told = plain.log_likelihood(t, churned), same.log_likelihood(t, churned)
        assert np.isfinite(told).all()
        np.testing.assert_allclose(*told, rtol=1e-9)


def test_ratio_of_betas_keeps_its_digits():
    """Against mpmath at 60 digits, from a thousandth to ten million."""
    import mpmath as mp

    logs = np.random.default_rng(0).uniform(np.log(1e-3), np.log(1e7), (300, 3))
    with mp.workdps(60):
        for a, b, u in np.exp(logs):
            A, B, U = map(mp.mpf, (a, b, u))
            exact = (
                mp.loggamma(B + U) - mp.loggamma(B) - mp.loggamma(A + B + U) + mp.loggamma(A + B)
            )
            assert float(log_beta_ratio(a, b, u)) == pytest.approx(float(exact), rel=1e-10)


def test_contract_survival_agrees_with_its_integral():
    """S(t) = E (1 - theta)^(t^c), theta ~ Beta, by mpmath at 30 digits."""
    import mpmath as mp

    with mp.workdps(30):
        for alpha, beta, c, t in ((0.7, 1.2, 0.3, 20), (30, 2, 1.7, 5), (0.05, 900, 2, 40)):
            a, b, u = mp.mpf(alpha), mp.mpf(beta), mp.mpf(t) ** mp.mpf(c)
            exact = mp.quad(lambda w, a=a, k=b + u - 1: (1 - w ** (1 / a)) ** k, [0, 1])
            exact /= a * mp.beta(a, b)  # w = theta^alpha
            found = BetaDiscreteWeibull(alpha, beta, c).survival(t)
            assert float(found) == pytest.approx(float(exact), rel=1e-9)
