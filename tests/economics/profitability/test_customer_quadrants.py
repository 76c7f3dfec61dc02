import numpy as np
import pandas as pd
import pytest
from scipy import integrate

import relmark_research as rm
from relmark_research.clv.families.mbg_nbd import MBGNBD
from relmark_research.clv.families.pareto_nbd import ParetoNBD
from relmark_research.errors import DataError, ParameterError

MODELS = [
    ParetoNBD(r=0.55, alpha=10.6, s=0.61, beta=11.7),
    rm.BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426),
    MBGNBD(r=0.525, alpha=6.183, a=0.891, b=1.614),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_survival_by_simulation(model) -> None:
    """Compare with the mean survival over drawn dropout rates."""
    rng = np.random.default_rng(0)
    living = model.living(np.array([3.0]), np.array([20.0]), np.array([30.0]))
    rate = rng.gamma(living.r, 1.0, 200_000) / living.alpha
    if isinstance(living, ParetoNBD):
        leaving = rng.gamma(living.s, 1.0, 200_000) / living.beta
    else:
        leaving = rate * rng.beta(living.a, living.b, 200_000)
    times = np.array([1.0, 20.0, 200.0])
    expected = np.exp(-leaving[:, None] * times).mean(axis=0)
    np.testing.assert_allclose(living.survival(times), expected, atol=3e-3)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_lifetime_is_the_integral_of_survival(model) -> None:
    table = pd.DataFrame({"frequency": [3, 0], "recency": [20.0, 0.0], "T": [30.0, 30.0]})
    customers = rm.CustomerSummary(table, unit="week")
    found = rm.economics.predicted_lifetime(model, customers, horizon="260 weeks")
    for place, (x, t_x, T) in enumerate(table.to_numpy()):
        living = model.living(np.array(x), np.array(t_x), np.array(T))
        area = integrate.quad(living.survival, 0, 260)[0]
        assert found.iloc[place] == pytest.approx(area * float(model.p_alive(x, t_x, T)), rel=1e-6)


def test_an_infinite_horizon_raises() -> None:
    table = pd.DataFrame({"frequency": [1], "recency": [2.0], "T": [3.0]})
    with pytest.raises(ParameterError, match="horizon must be finite"):
        rm.economics.predicted_lifetime(
            MODELS[0], rm.CustomerSummary(table, unit="week"), horizon=None
        )


def test_quadrants_by_medians_and_by_given_thresholds() -> None:
    lifetime = pd.Series([5.0, 4.0, 1.0, 0.5], index=list("abcd"))
    profit = pd.Series([9.0, 0.0, 8.0], index=list("abc"))
    quadrants = rm.economics.customer_quadrants(lifetime, profit)["quadrant"].to_dict()
    assert quadrants == {
        "a": "true friends",
        "b": "barnacles",
        "c": "butterflies",
        "d": "strangers",
    }
    given = rm.economics.customer_quadrants(
        lifetime, profit, lifetime_threshold=4.5, profit_threshold=8.5
    )["quadrant"]
    assert given.to_dict() == {
        "a": "true friends",
        "b": "strangers",
        "c": "strangers",
        "d": "strangers",
    }
    table = rm.economics.quadrant_table(rm.economics.customer_quadrants(lifetime, profit))
    assert table["customers"].sum() == 4
    assert table["advice"].str.len().min() > 10


def test_the_profit_axis_is_out_of_sample() -> None:
    """Changing what happened before the day changes no profit; after it, no lifetime."""
    rows = rm.load_sample("transactions")
    rows = rows[rows["customer_id"] < "C00400"]
    at = "2023-12-31"
    log = rm.read_transactions(rows, cost="cost")
    later = rows.assign(cost=rows["cost"].where(rows["date"] <= at, rows["cost"] * 0.9))
    one = rm.economics.quadrants_from_log(log, at=at)
    two = rm.economics.quadrants_from_log(rm.read_transactions(later, cost="cost"), at=at)
    pd.testing.assert_series_equal(one["lifetime"], two["lifetime"])
    assert (two["profit"] >= one["profit"]).all()
    before = rows.assign(cost=rows["cost"].where(rows["date"] > at, rows["cost"] * 0.9))
    three = rm.economics.quadrants_from_log(rm.read_transactions(before, cost="cost"), at=at)
    pd.testing.assert_series_equal(one["profit"], three["profit"])


def test_invalid_lifetimes_and_profits_raise() -> None:
    with pytest.raises(DataError, match="no customer in common"):
        rm.economics.customer_quadrants(
            pd.Series([1.0], index=["a"]), pd.Series([1.0], index=["b"])
        )
    with pytest.raises(DataError, match="found 0 and 1"):
        rm.economics.customer_quadrants(
            pd.Series([1.0], index=["a"]), pd.Series([np.nan], index=["a"])
        )


def test_lifetimes_of_a_fit_with_covariates_and_of_opportunities() -> None:
    table = rm.load_cdnow().customer_summary().table
    table = table.assign(kind=np.where(np.arange(len(table)) % 2, "a", "b"))
    customers = rm.CustomerSummary(table, unit="week")
    fit = rm.clv.fit_covariates(rm.BGNBD, customers, rate="kind", dropout="kind")
    found = rm.economics.predicted_lifetime(fit, customers, horizon="52 weeks")
    own = fit.model_for(customers)
    pd.testing.assert_series_equal(
        found, rm.economics.predicted_lifetime(own, customers, horizon="52 weeks")
    )
    assert found.between(0, 52).all()
    donors = rm.BGBB(1.204, 0.750, 0.657, 2.783)
    history = pd.DataFrame({"frequency": [2], "recency": [4.0], "T": [6.0]})
    years = rm.CustomerSummary(history, unit="year")
    lifetime = rm.economics.predicted_lifetime(donors, years, horizon="3 years")
    living = donors.living(np.array([2]), np.array([4]), np.array([6]))
    alive = donors.p_alive(2, 4, 6) * sum(living.survival(t) for t in (1, 2, 3))
    assert lifetime.iloc[0] == pytest.approx(alive[0])


def test_a_quadrant_of_another_name_is_refused():
    table = pd.DataFrame({"quadrant": ["friends"], "lifetime": [1.0], "profit": [2.0]})
    with pytest.raises(rm.DataError, match="quadrants: no quadrant 'friends'"):
        rm.economics.quadrant_table(table)
