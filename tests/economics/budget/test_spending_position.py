import numpy as np
import pandas as pd
import pytest

from relmark_research.customers.datasets import load_sample
from relmark_research.economics.budget.allocation import BudgetLines
from relmark_research.economics.budget.spending_position import spending_position
from relmark_research.economics.value_of_retention.payment_terms import PaymentTerms
from relmark_research.economics.value_of_retention.retention_value import customer_value
from relmark_research.errors import DataError, ParameterError
from tests.economics.budget.conftest import MARGIN
from tests.economics.simulated import random_firm

YEARLY = PaymentTerms("year", renewal="year")


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


def test_columns_of_marginal_returns_follow_from_each_other(position) -> None:
    table = position.marginal_returns(draws=50)
    per_head = table["spend"] / table["people"]
    np.testing.assert_allclose(per_head, table["spend_per_head"], rtol=1e-12)
    assert table["spend"].sum() == pytest.approx(position.budget)
    returned = table["customer_value"] / table["marginal_cost"]
    np.testing.assert_allclose(table["marginal_return"], returned, rtol=1e-9)
    assert table["rate"].between(0, 1).all()


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


@pytest.mark.parametrize("firms", [3, pytest.param(8, marks=pytest.mark.slow)])
def test_recommendations_improve_simulated_firms(firms) -> None:
    better = 0
    for seed in range(firms):
        firm = random_firm(np.random.default_rng([seed, 7]), segments=2)
        position = spending_position(
            firm.ledger(seed), annual_margin=dict(zip(firm.names, firm.annual_margin, strict=True)),
            annual_discount_rate=firm.rate, by="channel", payment=YEARLY,
        )  # fmt: skip
        best = position.recommend(draws=100, seed=seed)
        truth = firm.lines(position.spend)
        better += truth.equity(best.table["spend_per_head"].to_numpy()) > truth.equity(
            position.spend
        )
    assert better >= firms - 1


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


def test_books_that_do_not_show_when_customers_leave_are_questioned() -> None:
    firm = random_firm(np.random.default_rng(1), segments=1)
    ask = {"annual_margin": 90, "annual_discount_rate": 0.1, "by": "channel"}
    with pytest.raises(DataError, match=r"do not show how often a customer may leave.*renewal="):
        spending_position(firm.ledger(1), **ask)
    with pytest.raises(DataError, match=r"leave every quarter, but.*one per year"):
        spending_position("sample:books", **ask, payment=PaymentTerms("month", renewal="quarter"))


def books_by_month(rate: float = 0.93, months: int = 36) -> pd.DataFrame:
    """A firm whose customers may all leave in every month: spend 2.5 a month at today's rate."""
    rng = np.random.default_rng(3)
    base, rows = 20_000.0, []
    for month in range(months):
        step = 1.0 if month >= months - 12 else float(rng.choice([0.6, 0.8, 1.2, 1.5]))
        kept = base * 0.97 * -np.expm1(np.log1p(-rate / 0.97) * step)
        won = 1500 * -np.expm1(-1.0 * step) / -np.expm1(-1.0)
        rows.append({
            "quarter": str(pd.Period("2022-01", "M") + month), "acquisition_spend": 60_000 * step,
            "prospects_reached": 30_000.0, "customers_won": won,
            "retention_spend": 2.5 * step * base,
            "customers_at_risk": base, "customers_kept": kept,
        })  # fmt: skip
        base = kept + won
    return pd.DataFrame(rows)


def test_a_monthly_rate_is_compounded_to_a_year() -> None:
    """Section C of the failing inputs: the value was ten times too high, 754.8."""
    ask = {"annual_margin": 100, "annual_discount_rate": 0.10, "recent": 12}
    position = spending_position(books_by_month(), **ask)
    row = position.values(draws=10).loc["all"]
    assert (position.period.name, position.payment.renewal) == ("month", None)
    assert row["retention_rate"] == pytest.approx(0.93**12, rel=1e-6)
    assert row["customer_value"] == pytest.approx(75.7, abs=0.05)
    at_958 = spending_position(books_by_month(0.958), **ask).values(draws=10).loc["all"]
    assert at_958["retention_rate"] == pytest.approx(0.958**12, rel=1e-5)
    assert at_958["customer_value"] == pytest.approx(customer_value(100, 0.958**12, 0.1, 30))
    yearly = spending_position(books_by_month(), **ask, payment="year").values(draws=10)
    assert yearly["customer_value"]["all"] == pytest.approx(
        customer_value(100, 0.93**12, 0.1, 30, payment="year")
    )


def test_annual_contracts_keep_a_customer_for_their_year(position) -> None:
    assert str(position.payment) == "a payment every month, a renewal every year"
    web = position.equity("web").at()
    assert web.customer_value == pytest.approx(
        customer_value(
            110, web.retention_rate, 0.1, web.retention_spend,
            payment=PaymentTerms("month", renewal="year"),
        )
    )  # fmt: skip


def test_implausible_margins_are_questioned() -> None:
    ask = {"annual_discount_rate": 0.1, "by": "channel", "recent": 4}
    with pytest.raises(ParameterError, match=r"not a share of revenue; found 0\.3 beside"):
        spending_position("sample:books", annual_margin=0.3, **ask)
    poor = spending_position("sample:books", annual_margin=20, **ask)
    assert any("not less than the annual margin of 20" in said for said in poor.questions())


def test_a_ledger_without_prospects_has_no_position() -> None:
    ledger = load_sample("books").drop(columns="prospects_reached")
    with pytest.raises(DataError, match=r"needs prospects_reached; the books have .*books_value"):
        spending_position(ledger, annual_margin=100, annual_discount_rate=0.1, by="channel")


def test_one_margin_for_all_is_that_of_every_segment():
    terms = {"by": "channel", "recent": 4, "annual_discount_rate": 0.1}
    alike = spending_position("sample:books", annual_margin={"all": 200}, **terms)
    each = spending_position("sample:books", annual_margin=200, **terms)
    returned = [one.marginal_returns_by_purpose()["marginal_return"] for one in (alike, each)]
    pd.testing.assert_series_equal(*returned)
