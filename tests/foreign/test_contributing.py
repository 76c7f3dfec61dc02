"""The models of CONTRIBUTING.md, as they stand there."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.estimation.registry import MODELS

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"
TERMS = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon": "26 weeks"}


@pytest.fixture(scope="module")
def models():
    """Run the code of the page; forget its models afterwards."""
    before = dict(MODELS._classes)
    found = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        exec(compile(code, str(PAGE), "exec"), found)
    yield found["ConstantRates"], found["OneMean"]
    MODELS._classes.clear()
    MODELS._classes.update(before)


def test_the_page_has_a_complete_model_of_each_kind(models, split, log):
    purchases, spend = (model.fit(split.calibration) for model in models)
    assert purchases.diagnosis.status == spend.diagnosis.status == "converged"
    customers = rm.CustomerSummary(
        split.calibration.table.head(200), unit="week", observed_until="1997-09-30"
    )
    ahead = rm.forecast(purchases, customers, horizon="26 weeks", level=0.9)
    assert (ahead["expected_purchases_low"] < ahead["expected_purchases"]).all()
    value = rm.lifetime_value(purchases, spend, customers, level=0.9, **TERMS)
    assert (value["clv_low"] < value["clv"]).all()
    total = rm.total_value(purchases, spend, customers, **TERMS)
    assert total.low < total.expected < total.high
    assert len(rm.tracking(purchases, log, at="1997-09-30", level=0.9)) == 78
    assert rm.Fit.from_json(purchases.to_json()).model == purchases.model
    with pytest.raises(rm.MissingMethodError, match=r"Define the method purchase_pmf\(n, t\)"):
        rm.clv.holdout_score(purchases, split)


def test_the_models_are_right(models):
    purchases, spend = models[0](0.3, 0.05), models[1](20.0)
    rng = np.random.default_rng(1)
    lifetime = rng.exponential(1 / 0.05, 100_000)
    bought = rng.poisson(0.3 * np.minimum(lifetime, 30.0))
    assert purchases.expected_purchases(30.0) == pytest.approx(bought.mean(), rel=0.01)
    x = rng.integers(1, 4, 3000).astype(float)
    table = pd.DataFrame({"frequency": x, "recency": 1.0, "T": 2.0})
    table["monetary_value"] = spend.simulate(x, seed=2)
    found = models[1].fit(rm.CustomerSummary(table, unit="week"))
    assert found.model.mean == pytest.approx(20.0, abs=4 * found.standard_errors[0])
    assert found.standard_errors[0] == pytest.approx(20 / np.sqrt(x.sum()), rel=0.02)


def test_the_table_names_the_methods_that_are_missing(models, split):
    """Each result of the table raises an error that names its method."""
    model, customers = models[0](0.3, 0.05), split.calibration
    firm = rm.read_transactions("dataset:sample", cost="cost").until("2022-12-31")
    value = {"level": 0.9, "kind": "prediction", **TERMS}
    for method, call in {
        "purchase_pmf": lambda: rm.forecast(
            model, customers, horizon="9 weeks", level=0.9, kind="prediction"
        ),
        "draw_purchase_times": lambda: rm.lifetime_value(model, models[1](9.0), customers, **value),
        "survival": lambda: rm.economics.predicted_lifetime(model, customers),
        "draw_traits": lambda: rm.recommend(firm, purchases=model),
        "covariate_links": lambda: rm.clv.fit_covariates(models[0], customers, rate="frequency"),
    }.items():
        with pytest.raises(rm.ParameterError, match=method):
            call()
