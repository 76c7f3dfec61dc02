import numpy as np
import pytest

from relmark_research.economics.value_of_retention import berger_nasr
from relmark_research.economics.value_of_retention.elasticities import value_elasticities
from relmark_research.economics.value_of_retention.heterogeneity import constant_retention_bias
from relmark_research.economics.value_of_retention.retention_value import (
    break_even_retention,
    customer_value,
    margin_multiple,
    retention_value,
)
from relmark_research.errors import ParameterError

TIMINGS = ("first margin now", "just after a payment", "end of period")


@pytest.mark.parametrize(
    ("rate", "multiples"), [(0.10, [1.20, 1.75, 2.67, 4.50]), (0.16, [1.07, 1.52, 2.22, 3.46])]
)
def test_gupta_and_lehmann_table(rate, multiples) -> None:
    found = [margin_multiple(r, rate, timing="just after a payment") for r in (0.6, 0.7, 0.8, 0.9)]
    assert [round(one, 2) for one in found] == multiples


def test_not_the_annuity_of_the_expected_lifetime() -> None:
    """Gupta, Lehmann and Stuart 2004: 250, where five years of 100 at 12% would give 360."""
    assert round(100 * margin_multiple(0.8, 0.12, timing="just after a payment")) == 250
    assert round(sum(100 / 1.12**year for year in range(1, 6))) == 360


@pytest.mark.parametrize(("rate", "percent"), [(0.0, 111), (0.10, 41), (0.15, 32), (0.20, 27)])
def test_five_points_of_retention(rate, percent) -> None:
    gain = retention_value(100, 0.90, rate, timing="just after a payment")
    assert round(100 * gain.relative_gain) == percent
    assert gain.lifetime_after == pytest.approx(2 * gain.lifetime)
    assert gain.gain == pytest.approx(gain.value * gain.relative_gain)


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize("periods", [1, 7, None])
@pytest.mark.parametrize("growth", [0.0, 0.03, -0.1])
def test_multiple_is_the_sum_of_its_payments(timing, periods, growth) -> None:
    r, d = 0.8, 0.1
    count = np.arange(periods or 3000)
    margins = (1 + growth) ** count
    paid = {
        "first margin now": (r / (1 + d)) ** count,
        "just after a payment": (r / (1 + d)) ** (count + 1),
        "end of period": r**count / (1 + d) ** (count + 1),
    }[timing]
    found = margin_multiple(r, d, timing=timing, periods=periods, growth=growth)
    assert found == pytest.approx(float(margins @ paid), rel=1e-12)


def test_a_finite_horizon_where_nothing_is_lost() -> None:
    assert margin_multiple(0.5, 0.0, timing="first margin now", periods=4, growth=1.0) == 4


def test_break_even_leaves_the_value_unchanged() -> None:
    found = break_even_retention(50, 0.60, 0.10, retention_spend=8, points=0.05)
    after = customer_value(50, found.retention_rate, 0.10, found.retention_spend)
    assert after == pytest.approx(94.0, rel=1e-12)
    back = break_even_retention(50, 0.60, 0.10, retention_spend=8, extra_spend=found.extra_spend)
    assert back.points == pytest.approx(0.05)


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize("cost_share", [0.0, 0.4])
def test_elasticities_are_derivatives(timing, cost_share) -> None:
    r, d, step = 0.8, 0.12, 1e-6
    value = margin_multiple(r, d, timing=timing)
    cost = cost_share * value

    def net(retention=r, rate=d, margin=1.0, paid=cost):
        return margin * margin_multiple(retention, rate, timing=timing) - paid

    slopes = {
        "retention_rate": net(retention=r * (1 + step)) - net(retention=r * (1 - step)),
        "margin": net(margin=1 + step) - net(margin=1 - step),
        "annual_discount_rate": net(rate=d * (1 + step)) - net(rate=d * (1 - step)),
        "acquisition_cost": net(paid=cost * (1 + step)) - net(paid=cost * (1 - step)),
    }
    table = value_elasticities(r, d, timing=timing, cost_share=cost_share)
    for name, difference in slopes.items():
        assert table[name] == pytest.approx(difference / (2 * step) / net(), rel=1e-6, abs=1e-8)


def test_published_elasticities() -> None:
    """Gupta, Lehmann and Stuart: (1 + i) / (1 + i - r), 1, -i / (1 + i - r)."""
    table = value_elasticities(0.8, 0.12, timing="just after a payment")
    assert table["retention_rate"] == pytest.approx(1.12 / 0.32)
    assert table["annual_discount_rate"] == pytest.approx(-0.12 / 0.32)


def test_berger_and_nasr_case_1_and_its_kin() -> None:
    assert round(berger_nasr.yearly_sales(260, 50, 0.75, 0.20, years=10), 2) == 568.78
    one = berger_nasr.yearly_sales(260, 50, 0.75, 0.20, years=8)
    rare = berger_nasr.rare_sales(260, 50, 0.75, 0.20, years=8, years_per_cycle=1)
    moving = berger_nasr.migrating_customers(260, 50, [0.75], 0.20, years=8)
    assert one == pytest.approx(rare) == pytest.approx(moving)


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
    assert steady == pytest.approx(100 * margin_multiple(0.8, 0.1, timing="first margin now"))
    flow = berger_nasr.continuous_profit(lambda t: 100.0 + t, 0.8, 0.1, years=10)
    force = np.log(1.1 / 0.8)
    t = np.linspace(0, 10, 200_001)
    assert flow == pytest.approx(np.trapezoid((100 + t) * np.exp(-force * t), t), rel=1e-8)
    assert berger_nasr.continuous_profit(lambda _: 1.0, 0.0, 0.1, years=10) == 0


def test_migration_is_pfeifer_and_carraways_chain() -> None:
    chances, d, years = [0.3, 0.2, 0.15, 0.05], 0.2, 6
    chain = np.zeros((5, 5))
    for state, chance in enumerate(chances):
        chain[state, 0], chain[state, state + 1] = chance, 1 - chance
    chain[4, 4] = 1
    at, value = np.eye(5)[0], 40.0
    for year in range(1, years + 1):
        value -= 4 * at[:4].sum() / (1 + d) ** (year - 0.5)
        at = at @ chain
        value += 40 * at[0] / (1 + d) ** year
    found = berger_nasr.migrating_customers(40, 4, chances, d, years=years)
    assert found == pytest.approx(value, rel=1e-12)


class Alike:
    def survival(self, t):
        return 0.8 ** np.asarray(t, float)


def test_nothing_is_lost_where_customers_are_alike() -> None:
    found = constant_retention_bias(Alike(), [100, 80, 64], 0.1)
    assert found.understated == pytest.approx(0, abs=1e-10)
    assert found.retention_rate == pytest.approx(0.8)


def test_shifted_beta_geometric_is_undervalued_by_twelve_percent() -> None:
    from relmark_research.clv.families.shifted_beta_geometric import ShiftedBetaGeometric

    model = ShiftedBetaGeometric(3.80, 15.20)
    cohorts = 10_000 * model.survival(np.arange(5))
    found = constant_retention_bias(model, cohorts, 0.10)
    assert found.table["value"].round(2).tolist() == [3.31, 3.45, 3.59, 3.72, 3.84]
    assert round(found.understated, 2) == 0.12


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: margin_multiple(1, 0.1, timing="end of period"),
            r"\[0, 1\).*found 1.*nobody ever",
        ),
        (lambda: margin_multiple(80, 0.1, timing="end of period"), r"Did you mean 0\.8\?"),
        (lambda: margin_multiple(0.8, 10, timing="end of period"), r"found 10\. Did you mean 0\.1"),
        (lambda: margin_multiple(0.8, 0.1, timing="now"), "no timing 'now'; there are: first"),
        (
            lambda: margin_multiple(0.9, 0.05, timing="end of period", growth=0.2),
            "the value has no bound",
        ),
        (lambda: margin_multiple(0.8, 0.1, timing="end of period", periods=0), "at least 1"),
        (lambda: margin_multiple(0.8, 0.1, timing="end of period", growth=-1), "above -1"),
        (lambda: retention_value(0, 0.8, 0.1, timing="end of period"), "margin is money"),
        (lambda: retention_value(9, 0.98, 0.1, timing="end of period"), r"stay in \[0, 1\)"),
        (lambda: break_even_retention(50, 0.6, 0.1), "one of them"),
        (lambda: break_even_retention(50, 0.6, 0.1, extra_spend=99), "No retention pays"),
        (lambda: break_even_retention(5, 0.6, 0.1, retention_spend=9, points=0.1), "worth -"),
        (lambda: value_elasticities(0.8, 0.1, timing="end of period", cost_share=1), "share"),
        (lambda: customer_value(50, 0.8, 0.1, -1), "0 or more; found -1"),
        (lambda: constant_retention_bias(Alike(), [1], 0), "above 0; found 0"),
        (lambda: constant_retention_bias(Alike(), [-1], 0.1), "0 or more each"),
        (
            lambda: berger_nasr.rare_sales(9, 1, 0.5, 0.1, years=5, years_per_cycle=2),
            "multiple of years_per_cycle",
        ),
        (lambda: berger_nasr.migrating_customers(9, 1, [], 0.1, years=5), "purchase chances"),
    ],
)
def test_bad_input_is_refused(call, words) -> None:
    with pytest.raises(ParameterError, match=words):
        call()


def test_timing_must_be_named() -> None:
    with pytest.raises(TypeError, match="timing"):
        margin_multiple(0.8, 0.1)


def test_a_customer_who_brought_nothing_gains_without_bound() -> None:
    gain = retention_value(100, 0.0, 0.1, timing="just after a payment")
    assert gain.value == 0
    assert gain.gain > 0
    assert gain.relative_gain == np.inf


@pytest.mark.parametrize("periods", [np.inf, np.nan, 1.5, 0])
def test_periods_are_whole(periods) -> None:
    with pytest.raises(ParameterError, match="periods is a whole number of payments"):
        margin_multiple(0.8, 0.1, timing="first margin now", periods=periods)


def test_spend_does_not_fall_below_nothing() -> None:
    fallen = break_even_retention(50, 0.6, 0.1, retention_spend=8, points=-0.05)
    assert fallen.retention_spend == pytest.approx(8 - 0.05 * 94)
    with pytest.raises(ParameterError, match=r"cannot fall by 9\.4: 8 is spent today"):
        break_even_retention(50, 0.6, 0.1, retention_spend=8, points=-0.1)
