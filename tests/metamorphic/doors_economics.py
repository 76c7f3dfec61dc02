"""Doors to profits, budgets, advice and levels of relationship."""

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

import relmark_research as rm
from tests.economics.levels_of_relationship.made import BASIC, CARE, SEGMENTS
from tests.economics.response.test_acquisition_and_retention import TRAITS, prospects
from tests.metamorphic import made
from tests.metamorphic.door import door

e = rm.economics
TERMS = e.FutureTerms(draws=100, seed=5)
MARGINS = pd.Series(
    {"web": 110.0, "mail": 160.0, "referral": 280.0, "fair": 390.0, "field": 1110.0}
)
LEVELS = {"basic": [0, 1, 1], "reactive": [1.2, 1.05, 0.98], "proactive": [14.4, 1.25, 0.85]}


def _flow() -> pd.DataFrame:
    return pd.DataFrame({
        "quarter": ["2024Q1", "2024Q2", "2024Q3", "2024Q4"],
        "customers_won": [70.0, 90.0, 80.0, 60.0], "customers_lost": [40.0, 50.0, 45.0, 55.0],
        "closing_customers": [1030.0, 1070.0, 1105.0, 1110.0],
        "marketing_spend": [21_000.0, 27_000.0, 24_000.0, 18_000.5],
    })  # fmt: skip


def _costs() -> dict[str, Any]:
    return {"contacts": made.sample("contacts"), "customers": made.sample("customers")}


def _contacts() -> dict[str, Any]:
    return {"contacts": made.sample("contacts"), "segments": made.segment()}


door("profit_table", _costs, lambda **given: rm.profit_table(made.log(), **given), any_source=True)
door("economics.cost_audit", _costs, lambda **given: e.cost_audit(made.log(), **given),
     any_source=True)  # fmt: skip
door("economics.account_years", _costs, lambda **given: e.account_years(made.log(), **given))
door("recommend", _contacts,
     lambda **given: rm.recommend(
         made.log(), **given, purchases=made.purchases(), spend=made.spend(), terms=TERMS
     ).table, index=("segments",))  # fmt: skip
door("economics.advice_backtest", _contacts,
     lambda **given: e.advice_backtest(made.log(), **given, terms=TERMS),
     index=("segments",), slow=True)  # fmt: skip
door("economics.quadrants_from_log", _contacts,
     lambda **given: e.quadrants_from_log(made.log(), **given, purchases=rm.MBGNBD),
     index=("segments",))  # fmt: skip
door("economics.holdout_profit", lambda: {"contacts": made.sample("contacts")},
     lambda contacts: e.holdout_profit(made.log(), contacts=contacts))  # fmt: skip
door("economics.first_year_margin", lambda: {"segments": made.segment()},
     lambda segments: e.first_year_margin(made.log(), segments), index=("segments",))  # fmt: skip
door("economics.profit_items", lambda: {"table": made.profits()},
     lambda table: e.profit_items(table), index=("table",))  # fmt: skip
door("whale_curve", lambda: {"profit": made.profits()["profit"]},
     lambda profit: rm.whale_curve(profit, points=20), index=("profit",))  # fmt: skip
door("whale_curve table", lambda: {"profit": made.profits()},
     lambda profit: rm.whale_curve(profit, points=20), index=("profit",))  # fmt: skip
door("economics.profit_concentration", lambda: {"profit": made.profits()["profit"]},
     lambda profit: e.profit_concentration(profit, draws=50, seed=4), order=False,
     index=("profit",))  # fmt: skip
door("profit_classes", lambda: {"values": made.profits()["profit"]},
     lambda values: rm.profit_classes(values), index=("values",))  # fmt: skip
door("economics.tier_table", lambda: {"classes": rm.profit_classes(made.profits()["profit"])},
     lambda classes: e.tier_table(classes), index=("classes",))  # fmt: skip
door("economics.predicted_lifetime", lambda: {"customers": made.customers()},
     lambda customers: e.predicted_lifetime(made.purchases(), customers))  # fmt: skip
door("economics.customer_quadrants",
     lambda: {"lifetime": made.quadrants()["lifetime"], "profit": made.quadrants()["profit"]},
     lambda lifetime, profit: e.customer_quadrants(lifetime, profit),
     index=("lifetime", "profit"))  # fmt: skip
door("economics.quadrant_table", lambda: {"quadrants": made.quadrants()},
     lambda quadrants: e.quadrant_table(quadrants), index=("quadrants",))  # fmt: skip
door("economics.few_bring_most", lambda: {"history": made.holdout()},
     lambda history: e.few_bring_most(history).table, index=("history",))  # fmt: skip
door("economics.loyal_are_more_profitable", lambda: {"history": made.holdout()},
     lambda history: e.loyal_are_more_profitable(history).table, index=("history",))  # fmt: skip
door("economics.retaining_is_cheaper",
     lambda: {"costs": rm.unit_costs(made.sample("books"), by="channel", recent=4)},
     lambda costs: e.retaining_is_cheaper(costs, segment="web").table)  # fmt: skip
door("unit_costs", lambda: {"table": made.sample("books")},
     lambda table: rm.unit_costs(table, by="channel", recent=4),
     any_source=True, slow=True)  # fmt: skip
door("economics.SpendLedger.from_table", lambda: {"table": made.sample("books")},
     lambda table: e.SpendLedger.from_table(table, by="channel").table,
     any_source=True)  # fmt: skip
door("economics.books_value", lambda: {"table": _flow()},
     lambda table: e.books_value(
         table, annual_margin=240, annual_discount_rate=0.1
     ).table()[["value", "low", "high"]], any_source=True)  # fmt: skip
door("economics.acquisition_and_retention", lambda: {"prospects": prospects(1)[0]},
     lambda prospects: e.acquisition_and_retention(prospects, **TRAITS).table.round(4),
     order=False, slow=True)  # fmt: skip
door("economics.spending_position",
     lambda: {"table": made.sample("books"), "annual_margin": MARGINS},
     lambda table, annual_margin: e.spending_position(
         table, annual_margin=annual_margin, annual_discount_rate=0.1, by="channel", recent=4
     ).today, any_source=True, index=("annual_margin",))  # fmt: skip
door("ResponseCurve.fit", lambda: _responses([0.5, 1, 2, 4], [230, 400, 640, 870], 10_000),
     lambda **given: rm.ResponseCurve.fit(**given).summary(), order=False)  # fmt: skip
door("economics.LogitCurve.fit", lambda: _responses([0.0, 10, 20], [270, 500, 730], 1000),
     lambda **given: e.LogitCurve.fit(**given).summary(), order=False)  # fmt: skip
door("economics.write_list", lambda: {"listed": pd.DataFrame(
         {"customer_id": ["=2+5", "007", "9"], "gain": [1.5, 2.5, 3.0], "action": ["a", "b", "c"]}
     )}, lambda listed: _written(listed))  # fmt: skip
door("economics.segment_years", lambda: {"years": made.level_years()},
     lambda years: e.segment_years(years))  # fmt: skip
door("economics.level_effects", lambda: {"years": made.level_years()},
     lambda years: e.level_effects(years).table())  # fmt: skip
door("economics.level_balance", lambda: {"years": made.level_years()},
     lambda years: e.level_balance(years))  # fmt: skip
door("economics.assumed_effects", lambda: {"segments": SEGMENTS},
     lambda segments: e.assumed_effects(segments, [BASIC, CARE]).table())  # fmt: skip
door("economics.textbook_levels", lambda: {"segments": SEGMENTS},
     lambda segments: e.textbook_levels(segments))  # fmt: skip
door("economics.compare_with_textbook", lambda: {"textbook": e.textbook_levels(SEGMENTS)},
     lambda textbook: e.compare_with_textbook(made.choice(), textbook))  # fmt: skip
door("economics.best_levels", lambda: {"annual_margin_by_rung": made.rung_margins()},
     lambda annual_margin_by_rung: e.best_levels(
         made.estimate(), e.assumed_levels(LEVELS),
         annual_margin_by_rung=annual_margin_by_rung, annual_discount_rate=0.1
     ).table, index=("annual_margin_by_rung",))  # fmt: skip
door("economics.break_even_climb", lambda: {"annual_margin_by_rung": made.rung_margins()},
     lambda annual_margin_by_rung: e.break_even_climb(
         made.estimate(), e.assumed_levels(LEVELS), made.estimate().states[0],
         annual_margin_by_rung=annual_margin_by_rung, annual_discount_rate=0.1
     ), index=("annual_margin_by_rung",))  # fmt: skip
door("economics.known_levels", lambda: {"contacts": made.sample("contacts")},
     lambda contacts: e.known_levels(made.history(), contacts=contacts, assumed=LEVELS),
     any_source=True)  # fmt: skip
door("economics.level_costs",
     lambda: {"moves": made.moves(), "contacts": made.sample("contacts")},
     lambda moves, contacts: e.level_costs(moves, contacts, period="quarter"))  # fmt: skip
door("economics.level_effects_on_moves", lambda: {"moves": made.moves()},
     lambda moves: e.level_effects_on_moves(moves)[1].table)  # fmt: skip


def _responses(spend: list[float], successes: list[int], trials: int) -> dict[str, Any]:
    return {
        "spend": pd.Series(spend),
        "successes": pd.Series(successes),
        "trials": pd.Series([trials] * len(spend)),
    }


def _written(listed: Any) -> tuple[int, str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "listed.csv"
        count = e.write_list(listed, path)
        return count, pd.read_csv(path, dtype=str)
