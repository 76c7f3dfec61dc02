import numpy as np
import pandas as pd
import pytest

from relmark_research.customers.datasets import load_sample
from relmark_research.economics.budget.unit_costs import payback, payback_table, unit_costs
from relmark_research.economics.claims import retaining_is_cheaper
from relmark_research.errors import ParameterError


@pytest.fixture
def table() -> pd.DataFrame:
    return load_sample("books")


@pytest.fixture
def one() -> pd.DataFrame:
    return load_sample("books").query("channel == 'web'").drop(columns="channel")


def test_average_costs_are_spend_over_successes(table) -> None:
    costs = unit_costs(table, by="channel", recent=4)
    last = table[table["quarter"].str.startswith("2024")]
    sums = last[["acquisition_spend", "customers_won", "retention_spend", "customers_kept"]].sum()
    won = sums["acquisition_spend"] / sums["customers_won"]
    kept = sums["retention_spend"] / sums["customers_kept"]
    assert costs.loc["all", "acquisition_cost"] == pytest.approx(won)
    assert costs.loc["all", "cost_ratio"] == pytest.approx(won / kept)
    for name in ("acquisition_cost", "retention_cost", "cost_ratio", "marginal_acquisition_cost",
                 "marginal_retention_cost", "marginal_cost_ratio"):  # fmt: skip
        assert (costs[f"{name}_low"] < costs[name]).all()
        assert (costs[name] < costs[f"{name}_high"]).all()


def test_intervals_of_marginal_costs_contain_the_truth(table) -> None:
    """Truth of the sample: ceiling x (1 - exp(-k spend)); 1 / slope at today's spend."""
    truth = {"web": (0.08, 0.62), "mail": (0.09, 0.325), "referral": (0.3, 0.24),
             "fair": (0.2, 0.069), "field": (0.4, 0.0089)}  # fmt: skip
    costs = unit_costs(table, by="channel")
    inside = 0
    for channel, (ceiling, k) in truth.items():
        rows = table[table["channel"] == channel]
        spend = rows["acquisition_spend"].sum() / rows["prospects_reached"].sum()
        cost = np.exp(k * spend) / (ceiling * k)
        row = costs.loc[channel]
        inside += (
            row["marginal_acquisition_cost_low"] <= cost <= row["marginal_acquisition_cost_high"]
        )
    assert inside >= 4


def test_constant_spend_gives_no_marginal_cost_and_a_note(one) -> None:
    flat = one.assign(acquisition_spend=one["prospects_reached"] * 1.5)
    costs = unit_costs(flat)
    assert np.isnan(costs.loc["all", "marginal_acquisition_cost"])
    assert np.isfinite(costs.loc["all", "marginal_retention_cost"])
    assert (
        "no acquisition curve: a response curve needs at least 2 different" in costs["note"]["all"]
    )
    claim = retaining_is_cheaper(costs)
    assert claim.verdict == "inconclusive"
    assert "is not identified" in claim.sentence


def test_recent_is_checked(table) -> None:
    with pytest.raises(ParameterError, match=r"from 1 to the 12 of the ledger; found 13"):
        unit_costs(table, by="channel", recent=13)


@pytest.mark.parametrize("retention", [None, 0.6])
@pytest.mark.parametrize("rate", [0.0, 0.15])
def test_payback_is_the_first_month_that_covers_the_cost(retention, rate) -> None:
    retained = 1 if retention is None else retention ** (1 / 12)
    paid, month = 0.0, 0
    while paid < 90:
        month += 1
        paid += 10 * retained ** (month - 1) / (1 + rate) ** (month / 12)
    found = payback(90, 120, retention_rate=retention, annual_discount_rate=rate)
    assert found.months == month


def test_payback_may_be_never() -> None:
    never = payback(300, 120, retention_rate=0.3)
    assert never.never and str(never) == "never"
    assert str(payback(0, 120)) == "0 months" and str(payback(10, 120)) == "1 month"
    table = payback_table(300, 120, retention_rate=0.3, annual_discount_rate=0.1)
    assert table["payback"].tolist() == ["30 months", "35 months", "never", "never"]
    assert payback(10, 120, retention_rate=0.0).months == 1
    late = payback(120_100, 1200)
    assert (late.months, str(late), late.never) == (1201, "more than 100 years", False)
    assert str(payback(120_000, 1200)) == "1200 months"


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((-1, 120), {}, "acquisition_cost must be finite money, 0 or more; found -1"),
        ((90, 0), {}, "annual_margin must be money"),
        (("90", 120), {}, "acquisition_cost must be .*found the text '90'"),
        ((np.inf, 120), {}, "acquisition_cost must be .*found inf"),
        ((90, "120"), {}, "annual_margin must be .*found the text '120'"),
        ((90, 120), {"retention_rate": "0.8"}, "a retention rate must be .*found the text '0.8'"),
        ((90, 120), {"retention_rate": 1}, r"\[0, 1\)"),
        ((90, 120), {"annual_discount_rate": 10}, r"Did you mean 0\.1"),
    ],
)
def test_invalid_paybacks_raise(arguments, options, words) -> None:
    with pytest.raises(ParameterError, match=words):
        payback(*arguments, **options)
