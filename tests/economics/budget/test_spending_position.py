import numpy as np
import pandas as pd
import pytest

from relmark_research.customers.datasets import load_sample
from relmark_research.economics.budget.allocation import BudgetLines
from relmark_research.economics.budget.spending_position import spending_position
from relmark_research.errors import DataError, ParameterError
from tests.economics.simulated import random_firm

MARGIN = {"web": 110, "mail": 160, "referral": 280, "fair": 390, "field": 1110}


@pytest.fixture(scope="module")
def position():
    return spending_position(
        load_sample("books"), annual_margin=MARGIN, annual_discount_rate=0.1, by="channel", recent=4
    )


def test_one_segment_agrees_with_customer_equity(position) -> None:
    """Without a limit, and worth what it is at the best, each line's best is the closed form's."""
    equity = position.equity("web")
    best = equity.optimum()
    pairs = np.array([equity.acquisition.parameters, equity.retention.parameters]).T
    lines = BudgetLines(pairs[0], pairs[1], np.array([1000, 100]), np.full(2, best.customer_value))
    assert lines.optimum().spend == pytest.approx([best.acquisition_spend, best.retention_spend])


def test_within_a_segment_marginal_returns_compare_marginal_costs(position) -> None:
    returned = position.marginal_returns(draws=200)
    for segment in position.segments:
        won, kept = (returned.loc[(segment, side)] for side in ("acquisition", "retention"))
        ratio = kept["marginal_cost"] / won["marginal_cost"]
        assert won["marginal_return"] / kept["marginal_return"] == pytest.approx(ratio)
        assert won["customer_value"] == pytest.approx(position.equity(segment).at().customer_value)
    assert (returned["marginal_return_low"] < returned["marginal_return"]).all()


def test_values_and_marginal_returns_by_purpose(position) -> None:
    values = position.values(draws=100)
    web = position.equity("web").at()
    assert values.loc["web", "value_to_marginal_cost"] == pytest.approx(
        web.customer_value / web.marginal_acquisition_cost
    )
    purposes = position.marginal_returns_by_purpose(draws=100)
    assert purposes["spend"].sum() == pytest.approx(position.budget)


def test_margins_with_errors_widen_the_intervals() -> None:
    sure = pd.DataFrame({"annual_margin": pd.Series(MARGIN), "standard_error": 0.0})
    unsure = sure.assign(standard_error=0.2 * sure["annual_margin"])
    widths = []
    for margin in (sure, unsure):
        found = spending_position(
            "sample:books", annual_margin=margin, annual_discount_rate=0.1, by="channel", recent=4
        ).marginal_returns(draws=400)
        widths.append((found["marginal_return_high"] - found["marginal_return_low"]).sum())
    assert widths[1] > 2 * widths[0]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"annual_margin": {"web": 9}}, ParameterError, "missing: 'fair', 'field', 'mail'"),
        ({"annual_margin": -3}, ParameterError, "above 0; found -3"),
        ({"annual_discount_rate": 10}, ParameterError, r"Did you mean 0\.1"),
        ({"by": "kanal"}, DataError, "no column 'kanal'"),
    ],
)
def test_invalid_positions_raise(options, error, words) -> None:
    given = {"annual_margin": MARGIN, "annual_discount_rate": 0.1, "by": "channel", "recent": 4}
    with pytest.raises(error, match=words):
        spending_position("sample:books", **{**given, **options})


def test_a_segment_without_curves_raises() -> None:
    ledger = load_sample("books")
    flat = ledger["channel"] == "fair"
    ledger.loc[flat, "retention_spend"] = ledger.loc[flat, "customers_at_risk"] * 30.0
    with pytest.raises(DataError, match=r"1 of 5 lack one, first 'fair': no retention curve"):
        spending_position(ledger, annual_margin=100, annual_discount_rate=0.1, by="channel")


def test_a_ledger_without_segments() -> None:
    ledger = load_sample("books").query("channel == 'web'")
    table = pd.DataFrame({"annual_margin": [110.0], "standard_error": [5.0]}, index=["all"])
    position = spending_position(ledger, annual_margin=table, annual_discount_rate=0.1)
    assert position.segments == ["all"]
    assert position.recommend(draws=50).table.shape[0] == 2
    with pytest.raises(ParameterError, match="no segment 'web'"):
        position.equity("web")


def test_recommendations_improve_simulated_firms() -> None:
    better = 0
    for seed in range(8):
        firm = random_firm(np.random.default_rng([seed, 7]), segments=2)
        position = spending_position(
            firm.ledger(seed), annual_margin=dict(zip(firm.names, firm.annual_margin, strict=True)),
            annual_discount_rate=firm.rate, by="channel",
        )  # fmt: skip
        best = position.recommend(draws=100, seed=seed)
        truth = firm.lines(position.spend)
        better += truth.equity(best.table["spend_per_head"].to_numpy()) > truth.equity(
            position.spend
        )
    assert better >= 7


@pytest.mark.parametrize("level", [0, 1, 95, np.nan])
@pytest.mark.parametrize("answer", ["marginal_returns", "values", "recommend", "shift"])
def test_levels_are_probabilities(position, answer, level) -> None:
    with pytest.raises(ParameterError, match=r"a level is a probability such as 0.95; found"):
        getattr(position, answer)(level=level)


def test_margins_may_be_a_series_and_errors_are_not_negative(position) -> None:
    ask = {"annual_discount_rate": 0.1, "by": "channel", "recent": 4}
    found = spending_position(load_sample("books"), annual_margin=pd.Series(MARGIN), **ask)
    pd.testing.assert_frame_equal(found.annual_margins, position.annual_margins)
    table = pd.DataFrame({"annual_margin": MARGIN, "standard_error": -1.0})
    with pytest.raises(ParameterError, match="standard_error must be 0 or more; found -1"):
        spending_position(load_sample("books"), annual_margin=table, **ask)
    with pytest.raises(ParameterError, match="no column 'annual_margin'; there are: m"):
        spending_position(load_sample("books"), annual_margin=pd.DataFrame({"m": MARGIN}), **ask)
    with pytest.raises(ParameterError, match="draws must be at least 2 for an interval; found 0"):
        position.recommend(draws=0)


def test_representations_are_short(position) -> None:
    best = position.recommend(draws=20)
    web = position.equity("web")
    for shown in (position, best, position.lines(), position.lines().optimum(), web, web.at()):
        assert len(repr(shown)) < 400
        assert "array" not in repr(shown) and shown._repr_html_().startswith("<table>")
