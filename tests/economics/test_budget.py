import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from relmark_research.customers.log.datasets import load_sample
from relmark_research.economics.budget import equity_plot_tables
from relmark_research.economics.budget.allocation import Lines
from relmark_research.economics.budget.spending_position import spending_position
from relmark_research.errors import DataError, ParameterError
from tests.economics.simulated import random_firm

MARGIN = {"web": 110, "mail": 160, "referral": 280, "fair": 390, "field": 1110}


@pytest.fixture(scope="module")
def position():
    return spending_position(
        load_sample("books"), margin=MARGIN, annual_discount_rate=0.1, by="channel", recent=4
    )


def random_lines(rng, lines=6, **bounds) -> Lines:
    return Lines(
        rng.uniform(0.05, 1, lines), 10 ** rng.uniform(-2, 1, lines),
        rng.integers(100, 5000, lines), 10 ** rng.uniform(0.5, 3, lines), **bounds,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_best_split_is_that_of_a_general_solver(seed) -> None:
    rng = np.random.default_rng(seed)
    lines = random_lines(rng, least=0.0, most=rng.uniform(0.5, 50, 6))
    free = lines.best()
    budget = float(free.spend @ lines.heads) * rng.uniform(0.1, 0.9)
    split = lines.best(budget)
    assert split.spend @ lines.heads == pytest.approx(budget, rel=1e-9)
    scale = lines.heads.max()
    found = optimize.minimize(
        lambda x: -lines.equity(x) / lines.worth.max() / scale,
        np.minimum(budget / lines.heads.sum(), lines.most),
        bounds=[(0, most) for most in lines.most],
        constraints={"type": "ineq", "fun": lambda x: (budget - x @ lines.heads) / budget},
        method="SLSQP", options={"ftol": 1e-14, "maxiter": 1000},
    )  # fmt: skip
    assert lines.equity(split.spend) >= lines.equity(found.x) - 1e-6 * abs(lines.equity(found.x))
    inside = (split.spend > 1e-9) & (split.spend < lines.most - 1e-9)
    returns = lines.returns(split.spend)
    assert returns[inside] == pytest.approx(1 + split.shadow_price, rel=1e-8)
    assert (returns[split.spend <= 1e-9] <= 1 + split.shadow_price + 1e-9).all()


def test_shadow_price_is_what_one_more_unit_adds() -> None:
    lines = random_lines(np.random.default_rng(3))
    budget = 0.4 * float(lines.best().spend @ lines.heads)
    ends = [lines.equity(lines.best(budget + side).spend) for side in (-1.0, 1.0)]
    assert lines.best(budget).shadow_price == pytest.approx((ends[1] - ends[0]) / 2, rel=1e-4)
    assert lines.best(1e12).shadow_price == 0
    assert lines.best(1e12).spend == pytest.approx(lines.best().spend)


def test_draws_are_split_as_each_alone() -> None:
    rng = np.random.default_rng(4)
    many = [random_lines(rng, 4) for _ in range(5)]
    stacked = Lines(
        *(np.array([getattr(one, name) for one in many]) for name in ("ceiling", "steepness")),
        many[0].heads,
        np.array([one.worth for one in many]),
    )
    together = stacked.best(20_000).spend
    for row, one in zip(together, many, strict=True):
        alone = Lines(one.ceiling, one.steepness, many[0].heads, one.worth).best(20_000).spend
        assert row == pytest.approx(alone, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ceiling": [1.2, 0.5]}, r"ceiling must be in \(0, 1\]; found 1.2 \(1 of 2\)"),
        ({"steepness": [0, 1]}, "steepness must be above 0"),
        ({"heads": [0, 1]}, "heads must be above 0"),
        ({"least": [5, 1], "most": [1, 2]}, "least must be between 0 and most"),
    ],
)
def test_impossible_lines_are_refused(change, words) -> None:
    given = {"ceiling": [0.5, 0.5], "steepness": [1, 1], "heads": [9, 9], "worth": [5, 5]}
    with pytest.raises(ParameterError, match=words):
        Lines(**{**given, **change})


def test_a_budget_below_the_least_is_refused() -> None:
    lines = Lines(np.array([0.5]), np.array([1.0]), np.array([10]), np.array([9.0]), least=2.0)
    with pytest.raises(ParameterError, match=r"pay for the least spends of all lines \(20\)"):
        lines.best(10)


def test_one_segment_agrees_with_customer_equity(position) -> None:
    """Without a limit, and worth what it is at the best, each line's best is the closed form's."""
    equity = position.equity("web")
    best = equity.optimum()
    pairs = np.array([equity.acquisition.parameters, equity.retention.parameters]).T
    lines = Lines(pairs[0], pairs[1], np.array([1000, 100]), np.full(2, best.customer_value))
    assert lines.best().spend == pytest.approx([best.acquisition_spend, best.retention_spend])


def test_within_a_segment_the_next_unit_compares_marginal_costs(position) -> None:
    returned = position.returns(draws=200)
    for segment in position.segments:
        won, kept = (returned.loc[(segment, side)] for side in ("acquisition", "retention"))
        ratio = kept["marginal_cost"] / won["marginal_cost"]
        assert won["next_unit"] / kept["next_unit"] == pytest.approx(ratio)
        assert won["worth"] == pytest.approx(position.equity(segment).at().customer_value)
    assert (returned["next_unit_low"] < returned["next_unit"]).all()


def test_recommendation_adds_up(position) -> None:
    best = position.recommend(draws=400, seed=1)
    table = best.table
    assert table["today"].sum() == pytest.approx(position.budget)
    assert table["best"].sum() == pytest.approx(position.budget)
    assert table["gain"].sum() == pytest.approx(best.gain)
    assert best.gain_low < best.gain < best.gain_high
    assert best.regret_today > best.regret > 0
    assert best.by_purpose()["change"].sum() == pytest.approx(0, abs=1e-6)
    assert best.probability > 0.99
    tried = np.array([position.tried[line] for line in position.index])
    assert (table["spend_per_head"] >= tried[:, 0] - 1e-9).all()
    assert (table["spend_per_head"] <= tried[:, 1] + 1e-9).all()
    free = position.recommend(np.inf, tried_only=False, draws=50)
    assert free.shadow_price == 0 and free.gain > best.gain


def test_shift_is_the_difference_of_equity(position) -> None:
    shift = position.shift(0.01, draws=400)
    lines, spend = position.lines(), position.spend
    money = spend * lines.heads
    half = len(money) // 2
    amount = 0.01 * money.sum()
    moved = money.copy()
    moved[:half] *= 1 - amount / money[:half].sum()
    moved[half:] *= 1 + amount / money[half:].sum()
    assert shift.gain == pytest.approx(lines.equity(moved / lines.heads) - lines.equity(spend))
    assert shift.gain_low < shift.gain < shift.gain_high
    assert 0 <= shift.probability <= 1
    with pytest.raises(ParameterError, match="share of the budget to move"):
        position.shift(0.9)
    with pytest.raises(ParameterError, match="share of the budget to move"):
        position.shift(0)


def test_values_and_next_unit(position) -> None:
    values = position.values(draws=100)
    web = position.equity("web").at()
    assert values.loc["web", "value_to_marginal_cost"] == pytest.approx(
        web.customer_value / web.acquisition_marginal_cost
    )
    purposes = position.next_unit(draws=100)
    assert purposes["spend"].sum() == pytest.approx(position.budget)


def test_margins_with_errors_widen_the_intervals() -> None:
    sure = pd.DataFrame({"margin": pd.Series(MARGIN), "standard_error": 0.0})
    unsure = sure.assign(standard_error=0.2 * sure["margin"])
    widths = []
    for margin in (sure, unsure):
        found = spending_position(
            "sample:books", margin=margin, annual_discount_rate=0.1, by="channel", recent=4
        ).returns(draws=400)
        widths.append((found["next_unit_high"] - found["next_unit_low"]).sum())
    assert widths[1] > 2 * widths[0]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"margin": {"web": 9}}, ParameterError, "'fair', 'field', 'mail', 'referral' missing"),
        ({"margin": -3}, ParameterError, "above 0; found -3"),
        ({"annual_discount_rate": 10}, ParameterError, r"Did you mean 0\.1"),
        ({"by": "kanal"}, DataError, "no column 'kanal'"),
    ],
)
def test_impossible_positions_are_refused(options, error, words) -> None:
    given = {"margin": MARGIN, "annual_discount_rate": 0.1, "by": "channel", "recent": 4}
    with pytest.raises(error, match=words):
        spending_position("sample:books", **{**given, **options})


def test_a_segment_without_curves_is_named() -> None:
    books = load_sample("books")
    flat = books["channel"] == "fair"
    books.loc[flat, "retention_spend"] = books.loc[flat, "customers_at_risk"] * 30.0
    with pytest.raises(DataError, match=r"1 of 5 segments lack one, first 'fair': no curve of ret"):
        spending_position(books, margin=100, annual_discount_rate=0.1, by="channel")


def test_one_segment_needs_no_name() -> None:
    books = load_sample("books").query("channel == 'web'")
    table = pd.DataFrame({"margin": [110.0], "standard_error": [5.0]}, index=["all"])
    position = spending_position(books, margin=table, annual_discount_rate=0.1)
    assert position.segments == ["all"]
    assert position.recommend(draws=50).table.shape[0] == 2
    with pytest.raises(ParameterError, match="no segment 'web'"):
        position.equity("web")


def test_tables_behind_the_pictures(position) -> None:
    curves, data = equity_plot_tables.curve_tables(position)
    assert curves["today"].sum() == 10 and len(data) == 120
    assert ((curves["rate_low"] <= curves["rate"]) & (curves["rate"] <= curves["rate_high"])).all()
    surface = equity_plot_tables.equity_surface(position.equity("web"))
    best = position.equity("web").optimum().customer_equity
    assert 0.99 * best < surface.to_numpy().max() <= best
    cloud = equity_plot_tables.best_points(position, "web", draws=60)
    free = position.equity("web").optimum()
    assert cloud["acquisition_spend"].median() == pytest.approx(free.acquisition_spend, rel=0.1)
    table = equity_plot_tables.sensitivity_table(position)
    assert table.loc["margin", "elasticity"] == pytest.approx(
        (table.loc["margin", "equity_at_high"] / table["equity_today"].iloc[0] - 1) / 0.1, rel=1e-6
    )
    assert float(position.lines().equity(position.spend)) == pytest.approx(
        table["equity_today"].iloc[0]
    )
    fitted = equity_plot_tables.fit_table(position)
    assert (fitted["told"] == "identified").all()
    assert (fitted["logit_aic"] > 10).all()
    kept = equity_plot_tables.retention_table(position)
    curve = position.fits["web", "retention"].curve
    asked = kept.loc["web", "curve_spend"] + curve.spend
    assert float(curve.rate_at(asked)) == pytest.approx(curve.rate + 0.05)


def test_simulated_firms_are_advised_towards_their_truth() -> None:
    better = 0
    for seed in range(8):
        firm = random_firm(np.random.default_rng([seed, 7]), segments=2)
        position = spending_position(
            firm.books(seed), margin=dict(zip(firm.names, firm.margin, strict=True)),
            annual_discount_rate=firm.rate, by="channel",
        )  # fmt: skip
        best = position.recommend(draws=100, seed=seed)
        truth = firm.lines(position.spend)
        better += truth.equity(best.table["spend_per_head"].to_numpy()) > truth.equity(
            position.spend
        )
    assert better >= 7


@pytest.mark.parametrize("level", [0, 1, 95, np.nan])
@pytest.mark.parametrize("answer", ["returns", "next_unit", "values", "recommend", "shift"])
def test_levels_are_probabilities(position, answer, level) -> None:
    with pytest.raises(ParameterError, match=r"a level is a probability such as 0.95; found"):
        getattr(position, answer)(level=level)


def test_margins_may_be_a_series_and_no_error_is_negative(position) -> None:
    ask = {"annual_discount_rate": 0.1, "by": "channel", "recent": 4}
    found = spending_position(load_sample("books"), margin=pd.Series(MARGIN), **ask)
    pd.testing.assert_frame_equal(found.margins, position.margins)
    table = pd.DataFrame({"margin": MARGIN, "standard_error": -1.0})
    with pytest.raises(ParameterError, match="standard error is 0 or more; found -1"):
        spending_position(load_sample("books"), margin=table, **ask)
    with pytest.raises(ParameterError, match="no column 'margin'; there are: m"):
        spending_position(load_sample("books"), margin=pd.DataFrame({"m": MARGIN}), **ask)
    with pytest.raises(ParameterError, match="at least 2 draws; found 0"):
        position.recommend(draws=0)
