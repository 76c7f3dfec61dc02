"""Examples: costs, budgets, claims, profit, advice, levels of relationship."""

from typing import Any

import numpy as np
import pandas as pd

import relmark_research as rm
from relmark_research.economics.budget.equity_plot_tables import curve_tables, fit_table
from tests.laws import made
from tests.laws.registry import case

DRAWS = {"draws": 200, "seed": 3}


@case("unit_costs", kinds={"marginal*": "draws", "*": "delta"}, bad_levels=3)
def unit_costs(level: float) -> Any:
    return rm.unit_costs(made.books(), by="channel", recent=4, level=level).drop(columns="note")


@case("first_year_margin", bad_levels=3)
def first_year_margin(level: float) -> Any:
    channel = made.sample("customers").set_index("customer_id")["channel"]
    return rm.economics.first_year_margin(made.small_firm().log, channel, level=level)


@case("SpendingPosition.marginal_returns", kinds="draws")
def marginal_returns(level: float) -> Any:
    return made.position().marginal_returns(level=level, **DRAWS)


@case("SpendingPosition.marginal_returns_by_purpose", kinds="draws")
def marginal_returns_by_purpose(level: float) -> Any:
    return made.position().marginal_returns_by_purpose(level=level, **DRAWS)


@case("SpendingPosition.values", kinds="draws")
def values(level: float) -> Any:
    return made.position().values(level=level, **DRAWS)


@case("SpendingPosition.recommend", kinds={"table.best": "steps", "*": "draws"}, bad_levels=3)
def recommend_budget(level: float) -> Any:
    return made.position().recommend(level=level, **DRAWS)


@case("SpendingPosition.shift", kinds="draws")
def shift(level: float) -> Any:
    return made.position().shift(0.02, level=level, **DRAWS)


@case("book_retention")
def book_retention(level: float) -> Any:
    found = rm.economics.book_retention(made.flow(), level=level)
    return found.annual, found.low, found.high


@case("ResponseWithMemory.elasticity_interval", kinds="draws")
def elasticity_interval(level: float) -> Any:
    return made.memory().elasticity, *made.memory().elasticity_interval(level)


@case("ResponseWithMemory.carry_over_interval", kinds="steps")
def carry_over_interval(level: float) -> Any:
    return made.memory().carry_over, *made.memory().carry_over_interval(level)


@case("ResponseWithMemory.marginal_cost", kinds="draws")
def memory_marginal_cost(level: float) -> Any:
    return made.memory().marginal_cost(level)


@case("ResponseWithMemory.summary", kinds="steps")
def memory_summary(level: float) -> Any:
    return made.memory().summary(level).loc[["carry-over"]]


@case("ResponseWithMemory.summary effects")
def memory_effects(level: float) -> Any:
    return made.memory().summary(level).drop(index=["elasticity", "carry-over", "marginal cost"])


@case("BooksResponse.marginal_cost", kinds="draws")
def books_marginal_cost(level: float) -> Any:
    return made.books_memory().marginal_cost(level)


@case("shift_by_response", kinds="draws")
def shift_by_response(level: float) -> Any:
    value = rm.economics.books_value(
        made.memory_books(), annual_margin=400, annual_discount_rate=0.1
    )
    sides = made.books_memory(), made.books_memory("retention")
    return rm.economics.shift_by_response(value, *sides, level=level)


@case("JointResponse.correlation_interval")
def joint_correlation(level: float) -> Any:
    return made.joint().correlation, *made.joint().correlation_interval(level)


@case("JointResponse.summary")
def joint_summary(level: float) -> Any:
    return made.joint().summary(level).reset_index(drop=True)


@case("JointResponse.effect_of_effort", kinds="draws")
def joint_effect(level: float) -> Any:
    found = made.joint().effect_of_effort(level=level)
    return found[["relative_change", "low", "high"]].rename(
        columns={"relative_change": "change", "low": "change_low", "high": "change_high"}
    )


@case("ResponseFit.interval")
def response_interval(level: float) -> Any:
    return made.response().interval(lambda ceiling, _: ceiling, level=level)


@case("ResponseFit.marginal_cost")
def response_marginal_cost(level: float) -> Any:
    return made.response().marginal_cost(1.0, level=level)


@case("ResponseFit.band")
def response_band(level: float) -> Any:
    return made.response().band(np.array([0.5, 1.0, 3.0]), level=level)


@case("ResponseFit.summary")
def response_summary(level: float) -> Any:
    return made.response().summary(level)


@case("curve_tables")
def response_curve_tables(level: float) -> Any:
    return curve_tables(made.position(), level=level)[0]


@case("fit_table", bad_levels=3)
def response_fit_table(level: float) -> Any:
    return fit_table(made.position(), level=level)


@case("loyal_are_more_profitable")
def loyal_are_more_profitable(level: float) -> Any:
    found = rm.economics.loyal_are_more_profitable(made.profit_history(), level=level)
    return {"claim": _ends(found), "table": found.table}


@case("few_bring_most")
def few_bring_most(level: float) -> Any:
    found = rm.economics.few_bring_most(made.profit_history(), level=level)
    return {"claim": _ends(found), "table": found.table.rename(columns={"share": "estimate"})}


def _ends(claim: Any) -> pd.DataFrame:
    return pd.DataFrame([{name: getattr(claim, name) for name in ("estimate", "low", "high")}])


@case("profit_concentration", points=("value",), kinds="draws")
def profit_concentration(level: float) -> Any:
    found = rm.economics.profit_concentration(made.profits(), level=level, draws=200, seed=4)
    return found.drop(index="losing")


@case("profit_concentration losing", points=("value",))
def profit_concentration_losing(level: float) -> Any:
    found = rm.economics.profit_concentration(made.profits(), level=level, draws=20, seed=4)
    return found.loc[["losing"]]


@case("tier_table")
def tier_table(level: float) -> Any:
    return rm.economics.tier_table(rm.profit_classes(made.profits()), level=level)


@case("quadrant_table", bad_levels=3)
def quadrant_table(level: float) -> Any:
    lifetime = pd.Series(np.linspace(0.1, 5, len(made.profits())), made.profits().index)
    quadrants = rm.economics.customer_quadrants(lifetime, made.profits())
    return rm.economics.quadrant_table(quadrants, level=level)


@case(
    "recommend",
    aliases={"gain": "expected_gain", "residual": "residual_value"},
    kinds={"*residual": "draws", "*": "steps"},
    bad_levels=3,
    slow=True,
)
def recommend(level: float) -> Any:
    few = made.small_firm()
    return rm.recommend(
        few.log, contacts=few.contacts, spend=_spend(), level=level, **made.advice_terms()
    )


@case("advice_backtest", bad_levels=1, slow=True)
def advice_backtest(level: float) -> Any:
    few = made.small_firm()
    return rm.economics.advice_backtest(
        few.log, contacts=few.contacts, level=level, **made.advice_terms()
    )


def _spend() -> Any:
    return rm.GammaGamma(p=6.25, q=3.74, v=15.44)


@case("LevelEffects.table")
def level_effects_table(level: float) -> Any:
    return made.assumed().table(level)


@case("relationship_levels", kinds={"*gain": "steps", "*": "draws"})
def relationship_levels(level: float) -> Any:
    terms = {"annual_discount_rate": 0.1, "draws": 300, "seed": 3}
    return rm.relationship_levels(made.assumed(), level=level, **terms)


@case("best_levels", points=("value",), kinds={"*gain": "steps", "*": "draws"})
def best_levels(level: float) -> Any:
    ratio = rm.economics.Effect.from_odds_ratio
    levels = [
        rm.economics.RelationshipLevel("basic", cost=0.0),
        rm.economics.RelationshipLevel(
            "proactive", cost=4.0, climb=ratio(1.3, 0.1), fall=ratio(0.8, 0.1)
        ),
    ]
    return rm.economics.best_levels(
        made.counted(),
        levels,
        annual_margin_by_rung=made.RUNG_MARGINS,
        annual_discount_rate=0.1,
        level=level,
    ).table
