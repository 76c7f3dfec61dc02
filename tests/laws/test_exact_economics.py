"""One value of each interval of costs, budgets, profit and advice, computed in another way."""

from collections.abc import Callable
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

import relmark_research as rm
from relmark_research.economics.budget.equity_plot_tables import curve_tables, fit_table
from relmark_research.stats.concentration import gains_share, gini, top_share
from tests.laws import made
from tests.laws.own import LEVEL, Z, exact_value_of, percentiles, wilson

SIGNS = np.array([-1, 1])
DRAWS = {"draws": 300, "seed": 3}
CHI2 = stats.chi2.ppf(LEVEL, 1)


def mean_interval(values: Any) -> np.ndarray:
    values = np.asarray(values, float)
    return values.mean() + SIGNS * Z * values.std(ddof=1) / np.sqrt(len(values))


def ends(table: pd.DataFrame | pd.Series, name: str = "") -> list[float]:
    stem = f"{name}_" if name else ""
    return np.ravel(table[[f"{stem}low", f"{stem}high"]].to_numpy(float)).tolist()


@exact_value_of("unit_costs")
def test_unit_costs_by_wilson_and_by_other_draws():
    row = rm.unit_costs(made.books(), by="channel", recent=4, level=LEVEL).loc["field"]
    today = made.books().tail(4).sum(numeric_only=True)
    n, x = today["prospects_reached"], today["customers_won"]
    low, high = wilson(x, n)
    expected = [today["acquisition_spend"] / n / end for end in (high, low)]
    assert ends(row, "acquisition_cost") == pytest.approx(expected)
    kept, at_risk = today["customers_kept"], today["customers_at_risk"]
    error = np.sqrt((1 - x / n) / x + (1 - kept / at_risk) / kept)
    ratio = row["cost_ratio"] * np.exp(SIGNS * Z * error)
    assert ends(row, "cost_ratio") == pytest.approx(ratio)
    costs = []
    for seed, purpose in enumerate(("acquisition", "retention")):
        fit = made.position().fits["field", purpose]
        c, k = fit.draws(8_000, seed=90 + seed).to_numpy().T
        costs.append(np.exp(k * fit.curve.spend) / (c * k))
    drawn = {
        "marginal_acquisition_cost": costs[0],
        "marginal_retention_cost": costs[1],
        "marginal_cost_ratio": costs[0] / costs[1],
    }
    for name, values in drawn.items():
        expected = percentiles(values)
        width = expected[1] - expected[0]
        assert np.allclose(ends(row, name), expected, rtol=0, atol=0.07 * width), name


@exact_value_of("first_year_margin")
def test_the_first_year_of_each_customer_by_hand():
    log, channel = made.small_firm().log, made.sample("customers").set_index("customer_id")
    rows = log.to_pandas().assign(date=lambda t: pd.to_datetime(t["date"]))
    rows["first"] = rows.groupby("customer_id")["date"].transform("min")
    rows = rows[rows["first"] + pd.Timedelta(days=365) <= pd.Timestamp(log.observed_until)]
    rows = rows[rows["date"] < rows["first"] + pd.Timedelta(days=365)]
    margin = (rows["value"] - rows["cost"]).groupby(rows["customer_id"]).sum()
    own = channel["channel"].reindex(margin.index)
    found = rm.economics.first_year_margin(log, channel["channel"], level=LEVEL)
    assert ends(found.loc["all"], "annual_margin") == pytest.approx(mean_interval(margin))
    web = mean_interval(margin[own == "web"])
    assert ends(found.loc["web"], "annual_margin") == pytest.approx(web)


def drawn_equity(spend: Any) -> np.ndarray:
    """Return the equity of each draw at spends per head, by its formula."""
    lines = made.position().draws(DRAWS["draws"], seed=DRAWS["seed"])
    won = lines.ceiling * (1 - np.exp(-lines.steepness * spend))
    return (lines.people * (lines.customer_value * won - spend)).sum(axis=1)


@exact_value_of(
    "SpendingPosition.marginal_returns",
    "SpendingPosition.marginal_returns_by_purpose",
    "SpendingPosition.values",
)
def test_returns_from_the_draws_of_the_position():
    position = made.position()
    lines = position.draws(DRAWS["draws"], seed=DRAWS["seed"])
    slope = lines.ceiling * lines.steepness * np.exp(-lines.steepness * position.spend)
    expected = np.transpose(percentiles(slope * lines.customer_value))
    found = position.marginal_returns(level=LEVEL, **DRAWS)
    assert ends(found, "marginal_return") == pytest.approx(expected.ravel())
    found = position.marginal_returns_by_purpose(level=LEVEL, **DRAWS)
    assert ends(found, "marginal_return") == pytest.approx(expected.ravel())
    found = position.values(level=LEVEL, **DRAWS).loc["field"]
    expected = percentiles(lines.customer_value[:, 0])
    assert ends(found, "customer_value") == pytest.approx(expected)


@exact_value_of("SpendingPosition.recommend")
def test_the_gain_of_a_budget_from_the_draws_of_the_position():
    position = made.position()
    found = position.recommend(level=LEVEL, **DRAWS)
    best = found.table["spend_per_head"].to_numpy()
    gain = percentiles(drawn_equity(best) - drawn_equity(position.spend))
    assert (found.gain_low, found.gain_high) == pytest.approx(gain)
    drawn = position.draws(DRAWS["draws"], seed=DRAWS["seed"], observed_range_only=True)
    spends = drawn.optimum(position.budget).spend * drawn.people
    assert ends(found.table, "best") == pytest.approx(np.transpose(percentiles(spends)).ravel())


@exact_value_of("SpendingPosition.shift")
def test_the_gain_of_a_shift_from_the_draws_of_the_position():
    position = made.position()
    money = position.spend * position.lines().people
    amount = 0.02 * money.sum() * np.array([-1, 1])
    moved = position.spend * (1 + amount / money)
    found = position.shift(0.02, level=LEVEL, **DRAWS)
    gain = percentiles(drawn_equity(moved) - drawn_equity(position.spend))
    assert (found.gain_low, found.gain_high) == pytest.approx(gain)


def fall_of_deviance(fit: Any, curve: Callable[[float], tuple[float, float]]) -> float:
    """Return the least increase of the deviance over curves (ceiling, steepness) of one number."""
    data = fit.data

    def log_likelihood(c: float, k: float) -> float:
        rate = np.clip(c * (1 - np.exp(-k * data.spend)), 1e-12, 1 - 1e-12)
        lost = data.trials - data.successes
        return float((data.successes * np.log(rate) + lost * np.log(1 - rate)).sum())

    def loss(free: float) -> float:
        c, k = curve(np.exp(free))
        return np.inf if c > 1 else -log_likelihood(c, k)

    grid = np.linspace(-7, 4, 400)
    start = grid[np.argmin([loss(one) for one in grid])]
    best = optimize.minimize_scalar(loss, (start - 0.03, start, start + 0.03)).fun
    return 2 * (log_likelihood(*fit.curve.parameters) + best) / fit.dispersion


QUANTITIES: dict[str, Callable[[float, float, float], tuple[float, float]]] = {
    "ceiling": lambda end, k, s: (end, k),
    "steepness": lambda end, c, s: (c, end),
    "rate today": lambda end, k, s: (end / (1 - np.exp(-k * s)), k),
    "marginal cost today": lambda end, k, s: (np.exp(k * s) / (end * k), k),
}
"""The curves with a given value of a quantity, at a spend of s per head."""


@exact_value_of(
    "ResponseFit.interval", "ResponseFit.marginal_cost", "ResponseFit.summary", "ResponseFit.band"
)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_the_deviance_rises_by_a_chi_square_at_the_ends(quantity: str):
    curve = made.response()
    s = curve.curve.spend
    found = ends(curve.summary(LEVEL).loc[quantity])
    for end in found:
        rise = fall_of_deviance(curve, lambda free, end=end: QUANTITIES[quantity](end, free, s))
        assert rise == pytest.approx(CHI2, rel=5e-3)
    if quantity == "ceiling":
        assert curve.interval(lambda ceiling, _: ceiling, level=LEVEL) == pytest.approx(found)
    if quantity == "marginal cost today":
        assert curve.marginal_cost(s, level=LEVEL)[1:] == pytest.approx(found)
    if quantity == "rate today":
        assert ends(curve.band(np.array([s]), level=LEVEL), "rate") == pytest.approx(found)


@exact_value_of("curve_tables", "fit_table")
def test_the_tables_of_plots_have_the_intervals_of_the_fits():
    fit = made.position().fits["field", "retention"]
    low, high = ends(fit_table(made.position(), level=LEVEL).loc["field", "retention"], "ceiling")
    for end in (low, high):
        rise = fall_of_deviance(fit, lambda free, end=end: (end, free))
        assert rise == pytest.approx(CHI2, rel=5e-3)
    curves = curve_tables(made.position(), level=LEVEL)[0]
    today = curves[curves["today"] & (curves["purpose"] == "retention")]
    s = fit.curve.spend
    for end in ends(today, "rate"):
        rise = fall_of_deviance(fit, lambda k, end=end: (end / (1 - np.exp(-k * s)), k))
        assert rise == pytest.approx(CHI2, rel=5e-3)


@exact_value_of("loyal_are_more_profitable")
def test_loyalty_by_the_comparison_of_means_of_statsmodels():
    history = made.profit_history()
    loyal = history["tenure"] > history.groupby("cohort")["tenure"].transform("median")
    found = rm.economics.loyal_are_more_profitable(history, level=LEVEL)
    samples = {
        "after": (history["holdout_profit"], loyal),
        "before, circular": (history["calibration_profit"], loyal),
    }
    for name, (profit, chosen) in samples.items():
        pair = CompareMeans(DescrStatsW(profit[chosen]), DescrStatsW(profit[~chosen]))
        expected = pair.zconfint_diff(alpha=1 - LEVEL, usevar="unequal")
        assert ends(found.table.loc[name]) == pytest.approx(expected)
        rank = stats.spearmanr(history["tenure"], profit).statistic
        reach = Z * np.sqrt((1 + rank**2 / 2) / (len(history) - 3))
        expected = np.tanh(np.arctanh(rank) + SIGNS * reach)
        assert ends(found.table.loc[name], "rank_correlation") == pytest.approx(expected)
    assert [found.low, found.high] == ends(found.table.loc["after"])


@exact_value_of("few_bring_most")
def test_the_share_of_the_best_by_resampling_customers():
    rng = np.random.default_rng(6)
    history = pd.DataFrame({"calibration_profit": rng.gamma(2.0, 30.0, 600)})
    history["holdout_profit"] = 0.5 * history["calibration_profit"] + rng.gamma(2.0, 10.0, 600)
    before, after = history.to_numpy().T
    shares = {"after, the best of before": [], "after, circular": []}
    for _ in range(800):
        chosen = rng.integers(0, 600, 600)
        for name, rank in zip(shares, (before[chosen], after[chosen]), strict=True):
            top = np.argsort(-rank)[:120]
            shares[name].append(after[chosen][top].sum() / after[chosen].sum())
    found = rm.economics.few_bring_most(history, level=LEVEL)
    for name, drawn in shares.items():
        row = found.table.loc[name]
        expected = row["share"] + SIGNS * Z * np.std(drawn)
        assert ends(row) == pytest.approx(expected, abs=0.15 * Z * np.std(drawn)), name
    assert [found.low, found.high] == ends(found.table.loc["after, the best of before"])


@exact_value_of("profit_concentration")
def test_concentration_by_the_bootstrap_with_the_same_seed():
    profits, n = made.profits(), len(made.profits())
    found = rm.economics.profit_concentration(profits, level=LEVEL, draws=200, seed=4)
    losses = int((profits < 0).sum())
    assert ends(found.loc["losing"]) == pytest.approx(np.ravel(wilson(losses, n)))
    counts = np.random.default_rng(4).multinomial(n, np.full(n, 1 / n), size=200)
    ordered = np.sort(profits.to_numpy())[::-1]
    logit = special.logit, lambda share: 1 / (share * (1 - share)), special.expit
    log = np.log, lambda value: 1 / value, np.exp
    measures = {
        "gini": (gini, logit, 0),
        "peak": (gains_share, log, 1),  # what lies above 1
        "top_fifth": (lambda *given: top_share(given[0], 0.2, *given[1:]), log, 0),
    }
    for name, (measure, (scale, slope, back), above) in measures.items():
        value, error = measure(ordered)
        drawn, errors = measure(ordered, counts)
        value, drawn = value - above, drawn - above
        t = (scale(drawn) - scale(value)) / (errors * slope(drawn))
        expected = [above + back(scale(value) - end * error * slope(value))
                    for end in percentiles(t)[::-1]]  # fmt: skip
        assert ends(found.loc[name]) == pytest.approx(expected, rel=1e-9), name
    assert ends(found.loc["destroyed"]) == pytest.approx(np.subtract(ends(found.loc["peak"]), 1))


@exact_value_of("tier_table")
def test_the_mean_of_a_tier_by_hand():
    classes = rm.profit_classes(made.profits())
    found = rm.economics.tier_table(classes, level=LEVEL).set_index("tier")
    gold = classes.loc[classes["tier"] == "gold", "value"]
    assert ends(found.loc["gold"], "mean") == pytest.approx(mean_interval(gold))


@exact_value_of("quadrant_table")
def test_the_mean_profit_of_a_quadrant_by_hand():
    lifetime = pd.Series(np.linspace(0.1, 5, len(made.profits())), made.profits().index)
    quadrants = rm.economics.customer_quadrants(lifetime, made.profits())
    found = rm.economics.quadrant_table(quadrants, level=LEVEL).set_index("quadrant")
    for name, rows in quadrants.groupby("quadrant", observed=True):
        assert ends(found.loc[name], "mean") == pytest.approx(mean_interval(rows["profit"]))


def recommend(few: Any, level: float) -> Any:
    return rm.recommend(
        few.log,
        contacts=few.contacts,
        spend=rm.GammaGamma(p=6.25, q=3.74, v=15.44),
        level=level,
        **made.advice_terms(),
    )


def crossing_levels(share: float, draws: int) -> tuple[float, float]:
    """Return the levels at which a percentile of draws is just below and just above 0.

    With k of n draws below 0, the k-th smallest is the last below 0: the percentiles of
    probability (k - 1) / (n - 1) and k / (n - 1) are the draws on both sides of 0.
    """
    k = round(share * draws)
    return 1 - 2 * (k - 1 - 1e-6) / (draws - 1), 1 - 2 * (k + 1e-6) / (draws - 1)


@exact_value_of("recommend")
def test_the_percentiles_of_advice_cross_0_where_its_probability_says():
    few, draws = made.small_firm(), made.advice_terms()["terms"].draws
    table = recommend(few, LEVEL).table
    low, high = (table["p_negative"].between(*one) for one in ((0.05, 0.45), (0.55, 0.95)))
    for customer in (table.index[low][0], table.index[high][0]):
        share = float(table["p_negative"][customer])
        below, above = crossing_levels(min(share, 1 - share), draws)
        end = "residual_low" if share < 0.5 else "residual_high"
        wide, narrow = (recommend(few, level).table[end][customer] for level in (below, above))
        assert (wide < 0 <= narrow) if share < 0.5 else (narrow < 0 <= wide)
    acting = table[(table["action"] != "keep") & table["certainty"].between(0.55, 0.95)]
    customer = acting.index[0]
    below, above = crossing_levels(1 - float(acting["certainty"].iloc[0]), draws)
    ends_of = [recommend(few, level).table["gain_low"][customer] for level in (below, above)]
    assert ends_of[0] <= 0 < ends_of[1]


def test_the_totals_of_advice_for_one_customer_are_its_own():
    few = made.small_firm()
    table = recommend(few, LEVEL).table
    one = table.index[table["action"] != "keep"][0]
    rows = few.log.to_pandas()
    log = rm.read_transactions(rows[rows["customer_id"] == one], cost="cost")
    contacts = few.contacts[few.contacts["customer_id"] == one]
    found = recommend(SimpleNamespace(log=log, contacts=contacts), LEVEL)
    own = found.table.iloc[0]
    summed = found.summary.set_index("action").loc[own["action"]]
    names = ["expected_gain", "gain_low", "gain_high"]
    assert own["gain_low"] < own["expected_gain"] < own["gain_high"]
    assert summed[names].to_list() == pytest.approx(own[names].to_list())
    assert found.total[names].to_list() == pytest.approx(own[names].to_list())


@exact_value_of("advice_backtest")
def test_the_actual_value_of_advice_by_hand():
    few, terms = made.small_firm(), made.advice_terms()
    day = pd.Timestamp("2024-03-31")
    found = rm.economics.advice_backtest(
        few.log, contacts=few.contacts, at="2024-03-31", level=LEVEL, **terms
    ).set_index("action")
    advised = rm.recommend(few.log.until("2024-03-31"), contacts=few.contacts, **terms).table
    rows, contacts = few.log.to_pandas(), few.contacts
    rows = rows[pd.to_datetime(rows["date"]) > day]
    contacts = contacts[pd.to_datetime(contacts["date"]) > day]
    contacts = contacts[pd.to_datetime(contacts["date"]) <= pd.Timestamp(few.log.observed_until)]
    value = (rows["value"] - rows["cost"]).groupby(rows["customer_id"]).sum()
    value = value.sub(contacts.groupby("customer_id")["cost"].sum(), fill_value=0.0)
    value = value.reindex(advised.index).fillna(0.0)
    for action, row in found.iterrows():
        own = value[advised["action"] == action]
        if len(own) > 1:
            assert ends(row, "actual") == pytest.approx(mean_interval(own)), action


@exact_value_of("LevelEffects.table")
def test_an_assumed_effect_is_normal_in_its_logarithm():
    row = made.assumed().table(LEVEL).loc["partnership"]
    assert ends(row, "retention") == pytest.approx(0.9 + SIGNS * Z * 0.2)
    assert ends(row, "annual_margin") == pytest.approx(np.expm1(0.18 + SIGNS * Z * 0.05))


@exact_value_of("relationship_levels")
def test_a_value_that_rises_with_one_normal_effect_has_its_quantiles():
    """One uncertain effect, so that every quantity is a monotone function of a normal."""
    segments = pd.DataFrame(
        {"segment": ["mills"], "customers": [12], "retention": [0.7], "annual_margin": [2000.0]}
    )
    level, effect = rm.economics.RelationshipLevel, rm.economics.Effect
    levels = [
        level("basic", cost=5.0),
        level("deep", cost=300.0, retention=effect(0.9, 0.2), annual_margin=effect(0.0)),
    ]
    effects = rm.economics.assumed_effects(segments, levels)
    found = rm.relationship_levels(
        effects, annual_discount_rate=0.1, level=LEVEL, draws=200_000, seed=1
    )
    kept = special.expit(special.logit(0.7) + 0.9 + SIGNS * Z * 0.2)
    value = (2000 - 300) * 1.1 / (1.1 - kept)
    row, best = found.table.iloc[1], found.best.iloc[0]
    assert ends(row, "retention") == pytest.approx(kept, rel=1e-3)
    assert ends(row, "value") == pytest.approx(value, rel=2e-3)
    gain = 12 * (value - (2000 - 5) * 1.1 / (1.1 - 0.7))
    assert ends(best, "gain") == pytest.approx(gain, rel=1e-2)


def test_the_margin_of_a_level_has_the_quantiles_of_its_effect():
    segments = pd.DataFrame(
        {"segment": ["mills"], "customers": [12], "retention": [0.7], "annual_margin": [2000.0]}
    )
    level, effect = rm.economics.RelationshipLevel, rm.economics.Effect
    deep = level("deep", cost=300.0, retention=effect(0.9), annual_margin=effect(0.18, 0.05))
    effects = rm.economics.assumed_effects(segments, [level("basic", cost=5.0), deep])
    found = rm.relationship_levels(
        effects, annual_discount_rate=0.1, level=LEVEL, draws=200_000, seed=1
    )
    expected = 2000 * np.exp(0.18 + SIGNS * Z * 0.05)
    assert ends(found.table.iloc[1], "annual_margin") == pytest.approx(expected, rel=1e-3)


@exact_value_of("best_levels")
def test_the_best_policy_by_trying_all_of_them_in_every_draw():
    estimate, d = made.counted(), 1.1**-0.25
    ratio = rm.economics.Effect.from_odds_ratio
    deep = rm.economics.RelationshipLevel("deep", cost=8.0, climb=ratio(1.4), fall=ratio(0.8))
    found = rm.economics.best_levels(
        estimate,
        [rm.economics.RelationshipLevel("basic", cost=0.0), deep],
        annual_margin_by_rung=made.RUNG_MARGINS,
        annual_discount_rate=0.1,
        level=LEVEL,
    ).table
    margin = np.array(list(made.RUNG_MARGINS.values())) / 4
    odds = np.array([[1, 1.4, 0.8], [0.8, 1, 0.8], [1.4, 1.4, 1]])
    plain = estimate.probability_draws
    deeper = plain * odds
    deeper = deeper / deeper.sum(axis=2, keepdims=True)
    values = []
    for policy in product([False, True], repeat=3):
        chosen = np.array(policy)
        P = np.where(chosen[:, None], deeper, plain)
        money = margin - 2.0 * chosen
        values.append(np.linalg.solve(np.eye(3) - d * P, money[:, None])[..., 0])
    best = np.max(values, axis=0)
    assert ends(found) == pytest.approx(np.transpose(percentiles(best)).ravel())
    gain = np.transpose(percentiles(best - values[0]))
    assert np.allclose(found[["gain_low", "gain_high"]], gain, atol=1e-9)


def mixture_quantiles(fit, level: float) -> np.ndarray:
    """Quantiles of the mixture of Student's t over the grid, by bisection of its distribution."""
    cells = fit.cells[fit.cells["weight"] > 0]
    found = []
    for share in ((1 - level) / 2, (1 + level) / 2):
        low, high = -50.0, 50.0
        for _ in range(80):
            middle = (low + high) / 2
            z = (middle - cells["elasticity"]) / cells["scale"]
            below = float(stats.t.cdf(z, cells["degrees_of_freedom"]) @ cells["weight"])
            low, high = (middle, high) if below < share else (low, middle)
        found.append(low)
    return np.array(found)


@exact_value_of("book_retention")
def test_retention_by_the_changes_of_a_year():
    ledger = made.flow()
    found = rm.economics.book_retention(ledger, level=LEVEL)
    opening, won, lost = (ledger.table[name].to_numpy() for name in
                          ("opening_customers", "customers_won", "customers_lost"))  # fmt: skip

    def gap(h: float, i: int) -> float:
        gone = 1 - np.exp(-h)
        return opening[i] * gone + won[i] * (1 - gone / h) - lost[i]

    hazard = [optimize.brentq(gap, 1e-6, 5, args=(i,)) for i in range(8)]
    rate = np.exp(-np.array(hazard))
    counts = np.sqrt(((1 - rate[4:]) / (rate[4:] * opening[4:])).sum())
    changes = np.log(rate[4:] / rate[:4])
    spread = np.sqrt((changes**2).mean() / 2) * 2
    reach = np.exp(stats.norm.ppf((1 + LEVEL) / 2) * max(counts, spread))
    annual = rate[4:].prod()
    assert [found.annual, found.low, found.high] == pytest.approx(
        [annual, annual / reach, annual * reach], rel=1e-6
    )


@exact_value_of("ResponseWithMemory.elasticity_interval")
def test_the_elasticity_by_the_distribution_of_the_mixture():
    found = made.memory().elasticity_interval(LEVEL)
    exact = mixture_quantiles(made.memory(), LEVEL)
    assert found == pytest.approx(exact, abs=0.06 * np.ptp(exact))


@exact_value_of("ResponseWithMemory.carry_over_interval")
def test_the_carry_over_by_its_weights():
    cells = made.memory().cells
    low, high = made.memory().carry_over_interval(LEVEL)
    below = cells.loc[cells["carry_over"] < low, "weight"].sum()
    above = cells.loc[cells["carry_over"] > high, "weight"].sum()
    assert max(below, above) <= (1 - LEVEL) / 2
    inner = cells.loc[(cells["carry_over"] > low) & (cells["carry_over"] < high), "weight"].sum()
    assert inner < LEVEL + 1e-9


@exact_value_of("ResponseWithMemory.marginal_cost")
def test_a_marginal_cost_is_the_average_over_the_elasticity():
    fit = made.memory()
    cost, *ends = fit.marginal_cost(LEVEL)
    low, high = mixture_quantiles(fit, LEVEL)
    assert cost == pytest.approx(fit.average_cost / fit.elasticity)
    assert ends == pytest.approx([fit.average_cost / high, fit.average_cost / low], rel=0.05)


@exact_value_of("ResponseWithMemory.summary")
def test_the_summary_has_the_intervals_of_the_others():
    fit, z = made.memory(), stats.norm.ppf((1 + LEVEL) / 2)
    table = fit.summary(LEVEL)
    assert tuple(table.loc["elasticity", ["low", "high"]]) == fit.elasticity_interval(LEVEL)
    season = fit.effects.loc["season 1"]
    half = z * season["standard_error"]
    assert table.loc["season 1"].to_list() == pytest.approx(
        [season["estimate"], season["estimate"] - half, season["estimate"] + half]
    )


@exact_value_of("BooksResponse.marginal_cost")
def test_the_cost_of_a_customer_kept_by_the_derivative_of_the_rate():
    """Spend that keeps one customer more: d kept / d spend = rate x hazard x elasticity n / S."""
    response, ledger = made.books_memory("retention"), made.memory_books()
    last = ledger.table.iloc[-4:]
    rate = last["customers_kept"] / last["customers_at_risk"]
    gained = (last["customers_kept"] * -np.log(rate)).sum() / last["retention_spend"].sum()
    low, high = mixture_quantiles(response.fit, LEVEL)
    cost, *ends = response.marginal_cost(LEVEL)
    assert cost == pytest.approx(1 / (gained * response.fit.elasticity))
    assert ends == pytest.approx([1 / (gained * high), 1 / (gained * low)], rel=0.05)


@exact_value_of("shift_by_response")
def test_a_shift_by_other_draws():
    ledger = made.memory_books()
    value = rm.economics.books_value(ledger, annual_margin=400, annual_discount_rate=0.1)
    won, kept = made.books_memory(), made.books_memory("retention")
    found = rm.economics.shift_by_response(value, won, kept, level=LEVEL)
    rng = np.random.default_rng(99)
    rate = value.retention.annual * np.exp(
        value.retention.standard_error * rng.standard_normal(20_000)
    )
    spend = value.retention_spend
    worth = rm.economics.PaymentTerms().value(400, rate, 0.1, retention_spend=spend)
    gain = kept.fit.draws(20_000, seed=91) / kept.slope
    gain -= won.fit.draws(20_000, seed=92) / won.slope
    low, high = np.quantile(found.amount * worth * gain, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    assert [found.gain_low, found.gain_high] == pytest.approx([low, high], rel=0.06)


@exact_value_of("JointResponse.correlation_interval")
def test_the_correlation_on_fishers_scale():
    row = made.joint().table.iloc[-1]
    z = stats.norm.ppf((1 + LEVEL) / 2) * row["standard_error"]
    exact = np.tanh([row["estimate"] - z, row["estimate"] + z])
    assert made.joint().correlation_interval(LEVEL) == pytest.approx(exact)


@exact_value_of("JointResponse.summary")
def test_coefficients_by_their_standard_errors():
    table, z = made.joint().table, stats.norm.ppf((1 + LEVEL) / 2)
    found = made.joint().summary(LEVEL)
    for column, error, prefix in (("estimate", "standard_error", ""),
                                  ("separate", "separate_error", "separate_")):  # fmt: skip
        assert found[f"{prefix}low"].to_numpy() == pytest.approx(table[column] - z * table[error])
        assert found[f"{prefix}high"].to_numpy() == pytest.approx(table[column] + z * table[error])


@exact_value_of("JointResponse.effect_of_effort")
def test_effects_by_other_draws():
    found = made.joint().effect_of_effort(level=LEVEL)
    other = made.joint().effect_of_effort(level=LEVEL, draws=2000, seed=77)
    width = other["high"] - other["low"]
    for end in ("low", "high"):
        assert (np.abs(found[end] - other[end]) < 0.2 * width).all()
