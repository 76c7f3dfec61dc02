"""Customer equity: printed figures, the closed form against search, and what holds at the best."""

import numpy as np
import pytest
from scipy import optimize

from relmark_research.economics.budget.customer_equity import CustomerEquity
from relmark_research.economics.response.response_curves import LogitCurve, ResponseCurve
from relmark_research.errors import ParameterError

PRINTED = CustomerEquity(
    ResponseCurve(0.10, 0.04, 1), ResponseCurve(0.80, 0.60, 8), 50, 0.10, "year"
)


def random_case(rng: np.random.Generator) -> CustomerEquity:
    """A case drawn wide enough that either best spend is 0 in many."""
    won = ResponseCurve.from_steepness(rng.uniform(0.02, 0.9), 10 ** rng.uniform(-3, 1), spend=1e-3)
    kept = ResponseCurve.from_steepness(
        rng.uniform(0.05, 1), 10 ** rng.uniform(-3.5, 1), spend=1e-3
    )
    return CustomerEquity(won, kept, 10 ** rng.uniform(0, 3), rng.uniform(0.01, 0.4), "year")


def highest(quantity, most: float) -> float:
    """The highest value on [0, most], by looking ever closer; it knows no derivative."""
    low, high = 0.0, most
    best = -np.inf
    for _ in range(40):
        grid = np.linspace(low, high, 101)
        values = quantity(grid)
        place = int(np.argmax(values))
        best = max(best, float(values[place]))
        low, high = grid[max(place - 1, 0)], grid[min(place + 1, 100)]
    return best


def test_blattberg_and_deighton() -> None:
    now, best = PRINTED.at(), PRINTED.optimum()
    assert round(now.customer_equity, 2) == 2.76
    assert round(now.customer_value, 1) == 94.0
    assert round(best.acquisition_spend, 4) == 3.4046
    assert round(best.retention_spend, 4) == 15.7976
    assert round(best.acquisition_rate, 5) == 0.08243
    assert round(best.retention_rate, 5) == 0.74822
    assert round(best.customer_value, 4) == 111.4386
    assert round(best.customer_equity, 4) == 5.7816
    assert round(best.marginal_acquisition_cost, 4) == 111.4386
    assert round(best.marginal_retention_cost, 4) == 111.4386


def test_the_printed_form_of_the_equation_is_the_same() -> None:
    """a m - A + a (m - R / r) r' / (1 - r'), r' = r / (1 + d), as printed in 1996."""
    for spent, kept in ((1, 8), (3, 12), (0.2, 30)):
        at = PRINTED.at(spent, kept)
        discounted = at.retention_rate / 1.10
        later = (50 - kept / at.retention_rate) * discounted / (1 - discounted)
        printed = at.acquisition_rate * 50 - spent + at.acquisition_rate * later
        assert at.customer_equity == pytest.approx(printed, rel=1e-12)


def test_value_is_the_sum_of_the_years() -> None:
    at = PRINTED.at()
    year = np.arange(1, 2000)
    alive = 0.60**year
    paid = 50 + ((50 * alive - 8 * alive / 0.60) / 1.10**year).sum()
    assert at.customer_value == pytest.approx(paid, rel=1e-12)


def test_closed_form_agrees_with_a_search_in_400_cases() -> None:
    rng = np.random.default_rng(20240101)
    corners = {"retention": 0, "acquisition": 0, "inside": 0}
    for _ in range(400):
        case = random_case(rng)
        found, grown = case.optimum(), 1 + case.annual_discount_rate
        value = highest(
            lambda kept, case=case, grown=grown: (
                (case.annual_margin * grown - kept) / (grown - case.retention.rate_at(kept))
            ),
            case.annual_margin * grown,
        )
        equity = highest(
            lambda spent, case=case, value=value: case.acquisition.rate_at(spent) * value - spent,
            value,
        )
        assert found.customer_value == pytest.approx(value, rel=1e-8)
        assert found.customer_equity == pytest.approx(equity, rel=1e-8, abs=1e-8)
        if found.retention_spend:
            assert found.marginal_retention_cost == pytest.approx(value, rel=1e-8)
        if found.acquisition_spend:
            assert found.marginal_acquisition_cost == pytest.approx(value, rel=1e-8)
        corners["retention"] += found.retention_spend == 0
        corners["acquisition"] += found.acquisition_spend == 0
        corners["inside"] += found.retention_spend > 0 and found.acquisition_spend > 0
    assert min(corners.values()) > 50, corners


def test_best_spends_are_those_of_scipy() -> None:
    found = optimize.minimize(
        lambda at: -PRINTED.at(*np.maximum(at, 0)).customer_equity, [1, 8],
        method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-15},
    )  # fmt: skip
    best = PRINTED.optimum()
    assert [best.acquisition_spend, best.retention_spend] == pytest.approx(found.x, abs=1e-6)


def test_a_steep_curve_and_a_large_margin_do_not_overflow() -> None:
    case = CustomerEquity(
        ResponseCurve.from_steepness(0.5, 2.0, spend=1),
        ResponseCurve.from_steepness(0.8, 3.0, spend=1),
        1e4,
        0.1,
        "year",
    )
    best = case.optimum()
    assert best.marginal_retention_cost == pytest.approx(best.customer_value, rel=1e-8)


def test_without_discount_and_with_a_ceiling_of_one() -> None:
    case = CustomerEquity(ResponseCurve(0.5, 0.2, 5), ResponseCurve(1, 0.5, 5), 40, 0.0, "year")
    best = case.optimum()
    assert best.marginal_retention_cost == pytest.approx(best.customer_value, rel=1e-8)


@pytest.mark.parametrize("cases", [20, pytest.param(60, marks=pytest.mark.slow)])
def test_budget_binds_in_random_cases_as_search_finds(cases) -> None:
    rng = np.random.default_rng(5)
    bound = 0
    for _ in range(cases):
        case = random_case(rng)
        free = case.optimum()
        cost = free.acquisition_spend + free.acquisition_rate * free.retention_spend
        if cost == 0:
            continue
        budget = cost * rng.uniform(0.1, 0.9)
        held = case.optimum(budget)
        used = held.acquisition_spend + held.acquisition_rate * held.retention_spend
        assert used <= budget * (1 + 1e-9)

        def along(spent, case=case, budget=budget, free=free):
            rate = case.acquisition.rate_at(spent)
            with np.errstate(divide="ignore", invalid="ignore"):
                kept = np.where(rate > 0, (budget - spent) / rate, np.inf)
            kept = np.minimum(free.retention_spend, kept)
            grown = 1 + case.annual_discount_rate
            value = (case.annual_margin * grown - kept) / (grown - case.retention.rate_at(kept))
            return rate * value - spent

        best = max(highest(along, budget), float(along(np.linspace(0, budget, 20_001)).max()))
        assert held.customer_equity == pytest.approx(best, rel=1e-8, abs=1e-10)
        step = budget * 1e-4
        ends = [case.optimum(budget + side).customer_equity for side in (-step, step)]
        slope = (ends[1] - ends[0]) / (2 * step)
        assert held.shadow_price == pytest.approx(slope, rel=1e-3, abs=1e-6)
        bound += 1
    assert bound > cases / 3
    assert PRINTED.optimum(budget=1000).shadow_price == 0
    assert PRINTED.optimum(budget=1000) == PRINTED.optimum()


def test_an_s_shaped_curve_is_optimised_numerically() -> None:
    case = CustomerEquity(ResponseCurve(0.10, 0.04, 1), LogitCurve(-2, 0.3, 8), 50, 0.10, "year")
    best = case.optimum()
    grid = np.linspace(0, 55, 200_001)
    values = (55 - grid) / (1.1 - case.retention.rate_at(grid))
    assert best.customer_value == pytest.approx(values.max(), rel=1e-9)
    assert best.marginal_retention_cost == pytest.approx(best.customer_value, rel=1e-4)


def test_elasticities_predict_a_small_change() -> None:
    table = PRINTED.elasticities()
    richer = CustomerEquity(PRINTED.acquisition, PRINTED.retention, 50.05, 0.10, "year").at()
    relative = richer.customer_equity / PRINTED.at().customer_equity - 1
    assert table.loc["annual_margin", "customer_equity"] == pytest.approx(
        relative / 0.001, rel=1e-3
    )
    assert table.loc["acquisition_spend", "customer_value"] == 0
    equity, now = PRINTED.at().customer_equity, PRINTED.at()
    assert table.loc["acquisition_rate", "customer_equity"] == pytest.approx(
        now.acquisition_rate * now.customer_value / equity
    )


def test_tornado_is_widest_first_and_moves_one_driver() -> None:
    table = PRINTED.tornado(0.1)
    assert list(table["swing"]) == sorted(table["swing"], reverse=True)
    dearer = 0.04 * ((55 - 8.8) / 0.5) - 1
    assert table.loc["retention_spend", "equity_at_high"] == pytest.approx(dearer)


@pytest.mark.parametrize(
    ("margin", "rate", "words"),
    [
        (50, 10, r"found 10\. Did you mean 0\.1\?"),
        (-5, 0.1, r"annual_margin must be money per customer and year, above 0; found -5"),
        (50, -0.1, r"found -0\.1"),
    ],
)
def test_invalid_models_raise(margin, rate, words) -> None:
    with pytest.raises(ParameterError, match=words):
        CustomerEquity(PRINTED.acquisition, PRINTED.retention, margin, rate)


def test_invalid_spends_and_changes_raise() -> None:
    with pytest.raises(ParameterError, match=r"acquisition_spend must be 0 or more.*found -1"):
        PRINTED.at(-1, 8)
    with pytest.raises(ParameterError, match="budget must be above 0"):
        PRINTED.optimum(budget=0)
    with pytest.raises(ParameterError, match=r"change must be a share"):
        PRINTED.tornado(10)
    with pytest.raises(ParameterError, match=r"retention_rate is 0\.75.*above 1"):
        CustomerEquity(PRINTED.acquisition, ResponseCurve(0.9, 0.75, 8), 50, 0.1, "year").tornado(
            0.5
        )
    poor = CustomerEquity(ResponseCurve(0.10, 0.04, 10), PRINTED.retention, 50, 0.10, "year")
    with pytest.raises(ParameterError, match="elasticities need customer equity above 0"):
        poor.elasticities()


def test_a_fit_is_not_a_curve() -> None:
    fit = ResponseCurve.fit([1, 2, 3], [20, 35, 45], [100, 100, 100])
    keeping = ResponseCurve(0.8, 0.6, 8)
    with pytest.raises(ParameterError, match=r"found ResponseFit.*use the \.curve of a fit"):
        CustomerEquity(fit, keeping, annual_margin=50, annual_discount_rate=0.1)
    assert CustomerEquity(fit.curve, keeping, 50, 0.1).at().customer_value > 0
