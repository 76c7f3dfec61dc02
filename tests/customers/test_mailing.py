import numpy as np
import pandas as pd
import pytest
from scipy.special import betaln, gammaln

import relmark_research as rm
from relmark_research.customers.describe.mailing_cells import fit_response_rates
from relmark_research.errors import DataError, ParameterError


def test_hughes_mailing_breaks_even():
    """A piece of 55 cents, 40 dollars a response: 1.375% (Hughes 1994)."""
    level = rm.customers.break_even_response(cost_per_contact=0.55, contribution_per_response=40)
    assert level == pytest.approx(0.01375, abs=1e-12)


@pytest.mark.parametrize("amount", [0, -1, float("nan"), float("inf")])
def test_amounts_are_money(amount):
    with pytest.raises(ParameterError, match=r"cost_per_contact must be .* > 0"):
        rm.customers.break_even_response(cost_per_contact=amount, contribution_per_response=40)


def by_formula(alpha, beta, x, n):
    choose = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    return (choose + betaln(alpha + x, beta + n - x) - betaln(alpha, beta)).sum()


def test_rates_of_cells_are_found_again():
    random = np.random.default_rng(7)
    n = random.integers(50, 400, 1500)
    x = random.binomial(n, random.beta(2.0, 60.0, len(n)))
    fit = fit_response_rates(x, n)
    assert fit.alpha == pytest.approx(2.0, rel=0.12)
    assert fit.beta == pytest.approx(60.0, rel=0.12)
    assert fit.log_likelihood == pytest.approx(by_formula(fit.alpha, fit.beta, x, n), abs=1e-6)
    near = [
        by_formula(fit.alpha * a, fit.beta * b, x, n) for a in (0.98, 1.02) for b in (0.98, 1.02)
    ]
    assert fit.log_likelihood > max(near)


def test_small_cells_are_drawn_to_the_mean_and_large_ones_stay():
    fit = fit_response_rates(np.array([0, 1, 40, 300, 5]), np.array([2, 3, 900, 3000, 90]))
    mean = fit.alpha / (fit.alpha + fit.beta)
    small, large = fit.shrunk(np.array([0, 300]), np.array([2, 3000]))
    assert 0.5 * mean < small < mean
    assert large == pytest.approx(0.1, rel=0.02)


def test_cells_are_judged_by_what_breaks_even():
    cells = pd.DataFrame(
        {"cell": np.repeat(["a", "b", "c"], 1000), "responded": np.arange(3000) % 1000 < 0}
    )
    cells.loc[:79, "responded"] = True
    cells.loc[1000:1019, "responded"] = True
    cells.loc[2000:2002, "responded"] = True
    table = rm.customers.mailing_cells(cells, cost_per_contact=1, contribution_per_response=40)
    assert table["cell"].to_list() == ["a", "b", "c"]
    assert table["responses"].to_list() == [80, 20, 3]
    assert table["pays"].to_list() == [True, False, False]
    first = table.iloc[0]
    assert first["index"] == pytest.approx((first["expected_rate"] / 0.025 - 1) * 100)
    assert first["profit"] == pytest.approx(1000 * (40 * first["expected_rate"] - 1))


@pytest.mark.parametrize(
    ("x", "n"), [([1], [2]), ([3, 1], [2, 5]), ([0, 0], [5, 5]), ([5, 5], [5, 5])]
)
def test_cells_without_news_are_refused(x, n):
    with pytest.raises(DataError, match="two cells or more"):
        fit_response_rates(np.array(x), np.array(n))


def test_columns_are_named():
    with pytest.raises(DataError, match="no column 'responded'"):
        rm.customers.mailing_cells(
            pd.DataFrame({"cell": []}), cost_per_contact=1, contribution_per_response=2
        )
