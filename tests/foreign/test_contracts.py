"""What a user's model must implement: defaults, errors that name the method, and saved fits."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.estimation.model import Model, PurchaseModel
from relmark_research.clv.estimation.registry import MODELS
from relmark_research.clv.estimation.spend_model import SpendModel
from relmark_research.errors import MissingMethodError

TERMS = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon": "26 weeks"}


@dataclass(frozen=True)
class FirstModel(PurchaseModel, registered=False):
    """NBD with the methods that a forecast needs, and no others."""

    r: float
    alpha: float

    time_power = {"alpha": 1}  # noqa: RUF012 (a constant of the class)

    def log_likelihood(self, x, t_x, T):
        return rm.clv.NBD(self.r, self.alpha).log_likelihood(x, t_x, T)

    def p_alive(self, x, t_x, T):
        return np.ones(np.broadcast_shapes(np.shape(x), np.shape(t_x), np.shape(T)))

    def living(self, x, t_x, T):
        return FirstModel(self.r + x, self.alpha + T)

    def expected_purchases(self, t):
        return self.r * t / self.alpha


@dataclass(frozen=True)
class FirstSpend(SpendModel, registered=False):
    """Exponential spend with the same mean for all."""

    mean: float

    money_power = {"mean": 1}  # noqa: RUF012 (a constant of the class)

    def log_likelihood(self, x, m):
        return x * (-np.log(self.mean) - m / self.mean)

    def conditional_expected_spend(self, x, m):
        return np.full(np.shape(x), self.mean)


def test_a_first_model_forecasts_and_is_valued_with_intervals(some, split):
    own, known = FirstModel.fit(split.calibration), rm.clv.NBD.fit(split.calibration)
    np.testing.assert_allclose(own.model.values, known.model.values, rtol=1e-6)
    np.testing.assert_allclose(own.standard_errors, known.standard_errors, rtol=1e-5)
    found, expected = (
        rm.forecast(fit, some, horizon="26 weeks", level=0.9) for fit in (own, known)
    )
    pd.testing.assert_frame_equal(found, expected, rtol=1e-5)
    spend = FirstSpend.fit(split.calibration)
    repeat = split.calibration.table.query("monetary_value > 0")
    mean = np.average(repeat["monetary_value"], weights=repeat["frequency"])
    assert spend.model.mean == pytest.approx(mean)
    found, expected = (
        rm.lifetime_value(fit, spend, some, level=0.9, **TERMS) for fit in (own, known)
    )
    pd.testing.assert_frame_equal(found, expected, rtol=1e-5)


def test_default_starting_values_follow_the_units():
    x, t_x, T = np.array([2.0, 0.0]), np.array([5.0, 0.0]), np.array([10.0, 10.0])
    assert FirstModel.start(x, t_x, T, weights=np.array([1.0, 3.0])) == FirstModel(1.0, 20.0)
    m = np.array([30.0, 10.0])
    assert FirstSpend.start(x, m, weights=np.array([1.0, 1.0])) == FirstSpend(20.0)


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("purchase_pmf(n, t)", lambda f, s: rm.clv.holdout_score(f, s)),
        ("survival(t)", lambda f, s: rm.economics.predicted_lifetime(f, s.calibration)),
        (
            "draw_purchase_times(T, rng)",
            lambda f, s: rm.lifetime_value(
                f, rm.GammaGamma(6, 4, 15), s.calibration, level=0.9, kind="prediction", **TERMS
            ),
        ),
    ],
)
def test_a_result_names_the_method_that_it_needs(split, method, call):
    model = FirstModel(0.5, 10.0)
    with pytest.raises(MissingMethodError) as caught:
        call(model, split)
    text = str(caught.value)
    assert "FirstModel does not implement it" in text
    assert method in text.partition("Define the method ")[2]


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("draw_total_spend", lambda p, s, c: rm.lifetime_value(
            p, s, c, level=0.9, kind="prediction", **TERMS)),
        ("conditional_median_spend", lambda p, s, c: rm.lifetime_value(
            p, rm.clv.SpendAverage(s, "median"), c, **TERMS)),
    ],
)  # fmt: skip
def test_a_value_names_the_method_of_spend_that_it_needs(some, method, call):
    with pytest.raises(MissingMethodError, match=rf"Define the method {method}\("):
        call(rm.clv.NBD(0.5, 10.0), FirstSpend(20.0), some)


def test_advice_names_the_methods_that_it_needs():
    log = rm.read_transactions("dataset:sample", cost="cost").until("2022-06-30")
    terms = rm.economics.FutureTerms(draws=100)
    for method, models in {
        "draw_traits": {"purchases": FirstModel(0.5, 10.0)},
        "draw_mean_spend": {"spend": FirstSpend},
    }.items():
        with pytest.raises(MissingMethodError, match=rf"Define the method {method}\("):
            rm.recommend(log, terms=terms, **models)


def test_a_model_without_a_likelihood_or_a_living_customer_says_so(split):
    class Nothing(PurchaseModel, registered=False):
        """A class without a method."""

    for call, method in (
        (lambda: Nothing().log_likelihood(), "log_likelihood"),
        (lambda: Nothing().p_alive(1, 1, 2), "p_alive"),
        (lambda: Nothing().living(1, 1, 2), "living"),
        (lambda: Nothing().expected_purchases(1), "expected_purchases"),
        (lambda: Nothing().simulate(np.ones(2), seed=1), "draw_purchase_times"),
        (lambda: Nothing().survival(1), "survival"),
    ):
        with pytest.raises(MissingMethodError, match=rf"Nothing does not .* {method}\("):
            call()
    assert issubclass(MissingMethodError, rm.ParameterError)
    assert issubclass(MissingMethodError, NotImplementedError)


MODULE = '''
from dataclasses import dataclass
from relmark_research.clv import NBD
@dataclass(frozen=True)
class ShopModel(NBD):
    """A model in a module of its own."""
'''
READ = """
import sys, relmark_research as rm
{line}
try:
    print(type(rm.Fit.from_json(open("fit.json").read()).model).__name__)
except rm.ParameterError as error:
    print(error)
"""


def run(folder: Path, program: str) -> str:
    command = [sys.executable, "-c", program]
    path = {"PYTHONPATH": f"{folder}:{Path(rm.__file__).parents[1]}"}
    return subprocess.run(command, cwd=folder, text=True, capture_output=True, env=path).stdout


def test_a_fit_of_a_class_that_is_not_defined_names_the_module(tmp_path, split):
    (tmp_path / "shop.py").write_text(MODULE)
    text = rm.clv.NBD.fit(split.calibration).to_json()
    text = text.replace('"NBD"', '"ShopModel"').replace("relmark_research.clv.families.nbd", "shop")
    (tmp_path / "fit.json").write_text(text)
    said = run(tmp_path, READ.format(line=""))
    assert "model ShopModel of the module shop; the class is not defined in this process" in said
    assert "Import its module (import shop) first" in said
    assert run(tmp_path, READ.format(line="import shop")).strip() == "ShopModel"
    in_notebook = text.replace('"shop"', '"__main__"')
    with pytest.raises(rm.ParameterError, match="Define it first, then read the fit"):
        rm.Fit.from_json(in_notebook)


def test_a_fit_read_with_a_class_of_another_module_warns(monkeypatch, split):
    monkeypatch.setattr(MODELS, "_classes", {name: MODELS[name] for name in MODELS})
    shop = type("ShopModel", (rm.clv.NBD,), {"__module__": "shop"})
    text = shop.fit(split.calibration).to_json()
    assert rm.Fit.from_json(text).model == shop.fit(split.calibration).model
    type("ShopModel", (rm.clv.NBD,), {"__module__": "other"})
    with pytest.warns(UserWarning, match="written with the model ShopModel of shop .* of other"):
        rm.Fit.from_json(text)


def test_the_base_class_of_models_is_open():
    assert issubclass(PurchaseModel, Model)
    assert issubclass(SpendModel, Model)
