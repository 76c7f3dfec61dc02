import numpy as np
import pytest

from relmark_research.economics.value_of_retention import berger_nasr
from relmark_research.economics.value_of_retention.retention_value import margin_multiple
from relmark_research.errors import ParameterError


def test_berger_and_nasr_case_1_and_its_special_cases() -> None:
    assert round(berger_nasr.yearly_sales(260, 50, 0.75, 0.20, years=10), 2) == 568.78
    one = berger_nasr.yearly_sales(260, 50, 0.75, 0.20, years=8)
    rare = berger_nasr.rare_sales(260, 50, 0.75, 0.20, years=8, years_per_cycle=1)
    migrating = berger_nasr.migrating_customers(260, 50, [0.75], 0.20, years=8)
    assert one == pytest.approx(rare) == pytest.approx(migrating)


@pytest.mark.parametrize("cycles", [1, 4])
def test_frequent_sales_by_simulation(cycles) -> None:
    rng = np.random.default_rng(1)
    years, r, d, n = 3, 0.8, 0.1, 200_000
    renewals = rng.geometric(1 - r, n) - 1  # cycles survived after the first sale
    sale = np.arange(cycles * years + 1)
    sold = (renewals[:, None] >= sale) @ ((1 + d) ** (-sale / cycles))
    year = np.arange(1, years + 1)
    mailed = (renewals[:, None] >= cycles * (year - 1)) @ ((1 + d) ** (0.5 - year))
    values = 25 * sold - 15 * mailed
    found = berger_nasr.frequent_sales(25, 15, r, d, years=years, cycles=cycles)
    assert found == pytest.approx(values.mean(), abs=4 * values.std() / np.sqrt(n))


def test_changing_and_continuous_profit() -> None:
    steady = berger_nasr.changing_profit(lambda _: 100.0, 0.8, 0.1, years=300)
    assert steady == pytest.approx(
        100 * margin_multiple(0.8, 0.1, timing="first margin now", payment="year")
    )
    flow = berger_nasr.continuous_profit(lambda t: 100.0 + t, 0.8, 0.1, years=10)
    force = np.log(1.1 / 0.8)
    t = np.linspace(0, 10, 200_001)
    assert flow == pytest.approx(np.trapezoid((100 + t) * np.exp(-force * t), t), rel=1e-8)
    assert berger_nasr.continuous_profit(lambda _: 1.0, 0.0, 0.1, years=10) == 0


def test_migration_is_pfeifer_and_carraways_chain() -> None:
    probabilities, d, years = [0.3, 0.2, 0.15, 0.05], 0.2, 6
    chain = np.zeros((5, 5))
    for state, p in enumerate(probabilities):
        chain[state, 0], chain[state, state + 1] = p, 1 - p
    chain[4, 4] = 1
    at, value = np.eye(5)[0], 40.0
    for year in range(1, years + 1):
        value -= 4 * at[:4].sum() / (1 + d) ** (year - 0.5)
        at = at @ chain
        value += 40 * at[0] / (1 + d) ** year
    found = berger_nasr.migrating_customers(40, 4, probabilities, d, years=years)
    assert found == pytest.approx(value, rel=1e-12)


def test_invalid_input_raises() -> None:
    with pytest.raises(ParameterError, match="multiple of years_per_cycle"):
        berger_nasr.rare_sales(9, 1, 0.5, 0.1, years=5, years_per_cycle=2)
    with pytest.raises(ParameterError, match="purchase_probabilities"):
        berger_nasr.migrating_customers(9, 1, [], 0.1, years=5)
