import numpy as np
import pytest
from scipy import optimize

from relmark_research.economics.budget.allocation import BudgetLines
from relmark_research.errors import ParameterError


def random_lines(rng, lines=6, **bounds) -> BudgetLines:
    return BudgetLines(
        rng.uniform(0.05, 1, lines), 10 ** rng.uniform(-2, 1, lines),
        rng.integers(100, 5000, lines), 10 ** rng.uniform(0.5, 3, lines), **bounds,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_optimum_is_that_of_a_general_solver(seed) -> None:
    rng = np.random.default_rng(seed)
    lines = random_lines(rng, min_spend=0.0, max_spend=rng.uniform(0.5, 50, 6))
    free = lines.optimum()
    budget = float(free.spend @ lines.people) * rng.uniform(0.1, 0.9)
    allocation = lines.optimum(budget)
    assert allocation.spend @ lines.people == pytest.approx(budget, rel=1e-9)
    scale = lines.people.max()
    found = optimize.minimize(
        lambda x: -lines.equity(x) / lines.customer_value.max() / scale,
        np.minimum(budget / lines.people.sum(), lines.max_spend),
        bounds=[(0, upper) for upper in lines.max_spend],
        constraints={"type": "ineq", "fun": lambda x: (budget - x @ lines.people) / budget},
        method="SLSQP", options={"ftol": 1e-14, "maxiter": 1000},
    )  # fmt: skip
    assert lines.equity(allocation.spend) >= lines.equity(found.x) - 1e-6 * abs(
        lines.equity(found.x)
    )
    inside = (allocation.spend > 1e-9) & (allocation.spend < lines.max_spend - 1e-9)
    returns = lines.marginal_returns(allocation.spend)
    assert returns[inside] == pytest.approx(1 + allocation.shadow_price, rel=1e-8)
    assert (returns[allocation.spend <= 1e-9] <= 1 + allocation.shadow_price + 1e-9).all()


def test_shadow_price_is_the_gain_of_one_more_unit() -> None:
    lines = random_lines(np.random.default_rng(3))
    budget = 0.4 * float(lines.optimum().spend @ lines.people)
    equity = [lines.equity(lines.optimum(budget + side).spend) for side in (-1.0, 1.0)]
    assert lines.optimum(budget).shadow_price == pytest.approx(
        (equity[1] - equity[0]) / 2, rel=1e-4
    )
    assert lines.optimum(1e12).shadow_price == 0
    assert lines.optimum(1e12).spend == pytest.approx(lines.optimum().spend)


def test_draws_are_optimised_independently() -> None:
    rng = np.random.default_rng(4)
    many = [random_lines(rng, 4) for _ in range(5)]
    stacked = BudgetLines(
        *(np.array([getattr(one, name) for one in many]) for name in ("ceiling", "steepness")),
        many[0].people,
        np.array([one.customer_value for one in many]),
    )
    jointly = stacked.optimum(20_000).spend
    for row, one in zip(jointly, many, strict=True):
        alone = (
            BudgetLines(one.ceiling, one.steepness, many[0].people, one.customer_value)
            .optimum(20_000)
            .spend
        )
        assert row == pytest.approx(alone, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"ceiling": [1.2, 0.5]},
            r"ceiling of each .* in \(0, 1\]; found 1.2 \(1 of 2\)",
        ),
        ({"steepness": [0, 1]}, "steepness of each budget line must be above 0"),
        ({"people": [0, 1]}, "people of each budget line must be above 0"),
        ({"min_spend": [5, 1], "max_spend": [1, 2]}, "between 0 and max_spend; found 5"),
    ],
)
def test_invalid_lines_raise(change, words) -> None:
    given = {"ceiling": [0.5, 0.5], "steepness": [1, 1], "people": [9, 9]}
    given["customer_value"] = [5, 5]
    with pytest.raises(ParameterError, match=words):
        BudgetLines(**{**given, **change})


def test_a_budget_below_the_minimum_spends_raises() -> None:
    lines = BudgetLines(
        np.array([0.5]), np.array([1.0]), np.array([10]), np.array([9.0]), min_spend=2.0
    )
    with pytest.raises(ParameterError, match=r"at least the sum of the minimum spends \(20\)"):
        lines.optimum(10)
