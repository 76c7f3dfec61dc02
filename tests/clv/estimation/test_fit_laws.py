"""Laws that hold for every fit: one test per law, over all models."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from tests.clv.models import (
    CONTRACTS,
    EVERY_CONTINUOUS,
    EVERY_PURCHASES,
    EVERY_SPEND,
    SPEND,
    customers,
    fitted,
    named,
)

# 3. The units of time and of money are a matter of taste


@named(EVERY_CONTINUOUS)
def test_estimates_do_not_depend_on_the_unit_of_time(model):
    weeks = customers(model)
    days = weeks.assign(recency=weeks["recency"] * 7, T=weeks["T"] * 7)
    by_week = fitted(model, weeks)
    by_day = fitted(model, days, unit="day")
    longer = by_week.model.rescaled(7).values / by_week.model.values
    np.testing.assert_allclose(by_day.model.values, by_week.model.values * longer, rtol=1e-6)
    errors = by_week.standard_errors * longer
    np.testing.assert_allclose(by_day.standard_errors, errors, rtol=1e-5)
    rarer = weeks["frequency"].sum() * np.log(7)  # a rate per day is a seventh of that per week
    assert by_day.log_likelihood == pytest.approx(by_week.log_likelihood - rarer, rel=1e-10)


@named(EVERY_CONTINUOUS)
def test_value_does_not_depend_on_the_unit_of_time(model):
    check_value_by_unit(model, "52 weeks")
    if model.memoryless:
        check_value_by_unit(model, None)


@pytest.mark.slow
@named([model for model in EVERY_CONTINUOUS if not model.memoryless])
def test_endless_value_does_not_depend_on_the_unit_of_time(model):
    check_value_by_unit(model, None)


def check_value_by_unit(model, horizon):
    weeks = customers(model, n=8).assign(monetary_value=30.0)
    days = weeks.assign(recency=weeks["recency"] * 7, T=weeks["T"] * 7)
    by_week, by_day = (
        rm.lifetime_value(
            purchases, SPEND, rm.CustomerSummary(table, unit=unit),
            margin=0.3, annual_discount_rate=0.1, horizon=horizon,
        )
        for purchases, table, unit in ((model, weeks, "week"), (model.rescaled(7), days, "day"))
    )  # fmt: skip
    np.testing.assert_allclose(by_day["clv"], by_week["clv"], rtol=1e-8)


def spends(model, x, seed):
    """Return customers with x purchases and a simulated mean spend."""
    columns = {"frequency": x, "recency": 1.0, "T": 2.0}
    return pd.DataFrame({**columns, "monetary_value": model.simulate(x, seed=seed)})


@named(EVERY_SPEND)
def test_estimates_of_spend_do_not_depend_on_the_currency(model):
    x = np.arange(1, 2001) % 5 + 1.0
    euro = spends(model, x, seed=2)
    cent = euro.assign(monetary_value=euro["monetary_value"] * 100)
    in_euro, in_cent = fitted(model, euro), fitted(model, cent)
    larger = model.money_factors(100)
    np.testing.assert_allclose(in_cent.model.values, in_euro.model.values * larger, rtol=1e-6)
    errors = in_euro.standard_errors * larger
    np.testing.assert_allclose(in_cent.standard_errors, errors, rtol=1e-5)
    thinner = len(x) * np.log(100)
    assert in_cent.log_likelihood == pytest.approx(in_euro.log_likelihood - thinner, rel=1e-10)


# 4. A row that stands for many customers is as good as many rows


@named(EVERY_PURCHASES)
def test_weighted_rows_are_expanded_rows(model):
    rows = customers(model, n=400)
    weights = np.arange(len(rows)) % 4 + 1
    weighted = fitted(model, rows.assign(n_customers=weights))
    expanded = fitted(model, rows.loc[rows.index.repeat(weights)].reset_index(drop=True))
    assert weighted.n_customers == expanded.n_customers
    assert weighted.log_likelihood == pytest.approx(expanded.log_likelihood, rel=1e-12)
    np.testing.assert_allclose(weighted.model.values, expanded.model.values, rtol=1e-6)
    np.testing.assert_allclose(weighted.standard_errors, expanded.standard_errors, rtol=1e-5)


@named(CONTRACTS)
def test_weighted_contracts_are_expanded_contracts(model):
    tenure, churned = model.simulate(np.full(800, 8.0), seed=4)
    rows = pd.DataFrame({"tenure": tenure, "churned": churned})
    counted = rows.value_counts().rename("n_customers").reset_index()
    one, many = type(model).fit(counted), type(model).fit(rows)
    assert one.n_customers == many.n_customers == 800
    np.testing.assert_allclose(one.model.values, many.model.values, rtol=1e-6)
    np.testing.assert_allclose(one.standard_errors, many.standard_errors, rtol=1e-5)


# 7. The order of the rows changes nothing


@pytest.mark.filterwarnings("ignore:.*intervals are approximate:UserWarning")
@named(EVERY_PURCHASES)
@pytest.mark.every(3)
def test_order_of_rows_changes_no_figure(model):
    rows = customers(model, n=300)
    mixed = rows.sample(frac=1, random_state=3)
    one, other = fitted(model, rows), fitted(model, mixed)
    np.testing.assert_allclose(other.model.values, one.model.values, rtol=1e-7)
    ahead = [
        rm.forecast(one, rm.CustomerSummary(table, unit="week"), horizon="4 weeks", level=0.9)
        for table in (rows, mixed)
    ]
    pd.testing.assert_frame_equal(ahead[1].loc[rows.index], ahead[0], rtol=1e-10)


# 9. What is simulated is recovered


@named(EVERY_PURCHASES)
def test_simulated_parameters_are_recovered(model):
    found = fitted(model, customers(model, n=8000, seed=21))
    off = np.log(found.model.values / model.values)
    assert (np.abs(off) < 4 * found.standard_errors / found.model.values).all()
    assert found.diagnosis.status == "converged"
    direction = off @ np.linalg.solve(found.log_covariance, off)
    assert direction < 30  # chi-squared on 4 degrees of freedom: one in 200,000


@named(CONTRACTS)
def test_simulated_contracts_are_recovered(model):
    tenure, churned = model.simulate(np.full(8000, 10.0), seed=6)
    found = type(model).fit(pd.DataFrame({"tenure": tenure, "churned": churned}))
    off = np.log(found.model.values / model.values)
    assert off @ np.linalg.solve(found.log_covariance, off) < 28


@named(EVERY_SPEND)
def test_simulated_spend_is_recovered(model):
    found = fitted(model, spends(model, np.arange(8000) % 6 + 1.0, seed=9))
    off = np.log(found.model.values / model.values)
    assert off @ np.linalg.solve(found.log_covariance, off) < 28
