"""Doors to the ladder, campaigns, funnels, satisfaction and partners."""

from typing import Any

import numpy as np
import pandas as pd

import relmark_research as rm
from tests.metamorphic import made
from tests.metamorphic.door import door

r = rm.relationships
PRICES = {"cost_per_contact": 0.9, "contribution_per_response": 25.0}


def _ladder() -> dict[str, Any]:
    return {
        "events": made.sample("events"),
        "prospects": made.sample("prospects").head(150),
        "answers": made.sample("satisfaction"),
    }


door("LoyaltyLadder.assign", _ladder,
     lambda **given: rm.LOYALTY_LADDER.assign(made.log(), **given).to_pandas(),
     any_source=True, slow=True)  # fmt: skip
door("ladder.LadderHistory.from_table", lambda: {"table": made.ladder_table()},
     lambda table: rm.ladder.LadderHistory.from_table(table, rungs=_states()).occupancy(),
     any_source=True)  # fmt: skip
door("ladder.LadderHistory.with_customers", lambda: {"customers": made.sample("customers")},
     lambda customers: {
         name: part.occupancy()
         for name, part in made.history().with_customers(customers).split("segment").items()
     }, any_source=True)  # fmt: skip
door("estimate_transitions", lambda: {"history": made.counts()},
     lambda history: rm.estimate_transitions(history).matrix, order=False,
     index=("history",))  # fmt: skip
door("estimate_transitions history", lambda: {"history": made.ladder_table()},
     lambda history: rm.estimate_transitions(history, rungs=_states()).matrix)  # fmt: skip
door("estimate_transitions prior", lambda: {"prior": made.counts() / 100 + 0.5},
     lambda prior: rm.estimate_transitions(made.counts(), prior=prior).matrix,
     index=("prior",))  # fmt: skip
door("ladder.TransitionEstimate.project", lambda: {"start": _start()},
     lambda start: made.estimate().project(start, periods=2).table, index=("start",))  # fmt: skip
door("ladder.TransitionEstimate.test_against", lambda: {"matrix": _shares()},
     lambda matrix: rm.estimate_transitions(made.counts()).test_against(matrix),
     index=("matrix",))  # fmt: skip
door("ladder.TransitionEstimate.value",
     lambda: {"annual_margin_by_rung": made.rung_margins()},
     lambda annual_margin_by_rung: made.estimate().value(annual_margin_by_rung, 0.1).table,
     index=("annual_margin_by_rung",))  # fmt: skip
door("ladder.sort_by_rung", lambda: {"table": _rungs()},
     lambda table: rm.ladder.sort_by_rung(table, made.estimate()), index=("table",))  # fmt: skip
door("ladder.describe_backtest", lambda: {"table": rm.ladder.backtest(made.estimate())},
     lambda table: rm.ladder.describe_backtest(table, "quarter"), index=("table",))  # fmt: skip
door("ladder.fit_generator", lambda: {"panel": made.looks()},
     lambda panel: rm.ladder.fit_generator(
         panel, rungs=["first", "repeat", "client"],
         impossible=[("first", "client"), ("client", "first")],
     ).generator)  # fmt: skip
door("ladder.fit_hidden_ladder", lambda: {"bought": made.bought()},
     lambda bought: rm.ladder.fit_hidden_ladder(bought, rungs=2, starts=1).log_likelihood,
     index=("bought",))  # fmt: skip
door("ladder.choose_rungs", lambda: {"bought": made.bought()},
     lambda bought: rm.ladder.choose_rungs(bought, rungs=(2, 3), starts=1),
     index=("bought",))  # fmt: skip
door("ladder.HiddenLadder.filtered", lambda: {"bought": made.bought()},
     lambda bought: _hidden().filtered(bought), index=("bought",))  # fmt: skip
door("ladder.move_drivers", lambda: {"moves": made.moves()},
     lambda moves: rm.ladder.move_drivers(moves, ["tenure"], rung="repeat").table,
     typed=("tenure",))  # fmt: skip
door("ladder.moves_table", lambda: {"time_varying": _levels()},
     lambda time_varying: rm.ladder.moves_table(made.history(), time_varying))  # fmt: skip
door("ladder.purchase_panel", lambda: {"purchases": _purchases()},
     lambda purchases: rm.ladder.purchase_panel(purchases, first=2, last=5))  # fmt: skip
door("ladder.purchase_panel dates", lambda: {"purchases": _dated()},
     lambda purchases: rm.ladder.purchase_panel(
         purchases, first="2024-01-01", last="2024-03-31", period="month"))  # fmt: skip

door("relationships.CampaignColumns.read", lambda: {"table": made.campaigns()},
     lambda table: r.CampaignColumns().read(table), any_source=True)  # fmt: skip
door("relationships.campaign_uplift", lambda: {"campaigns": made.campaigns()},
     lambda campaigns: r.campaign_uplift(campaigns, margin=0.4))  # fmt: skip
door("relationships.read_campaigns", lambda: {"table": made.campaigns()},
     lambda table: r.read_campaigns(table).frame, any_source=True)  # fmt: skip
door("relationships.campaign_advice",
     lambda: {"uplift": r.campaign_uplift(made.campaigns(), margin=0.4)},
     lambda uplift: r.campaign_advice(uplift))  # fmt: skip
door("relationships.uplift_by_score", lambda: {"score": _uplift_score()},
     lambda score: r.uplift_by_score(
         r.read_campaigns(made.campaigns()), score, arm="mail", margin=0.4
     ), index=("score",))  # fmt: skip
door("relationships.stage_conversion", lambda: {"counts": pd.DataFrame(
         {"stage": ["met", "won"], "count": [200, 20], "group": "fair"}
     )}, lambda counts: r.stage_conversion(counts), order=False, any_source=True)  # fmt: skip
door("relationships.campaign_balance", lambda: {"campaigns": made.campaigns()},
     lambda campaigns: r.campaign_balance(campaigns))  # fmt: skip
door("relationships.mailing_plan", lambda: {"cells": pd.DataFrame(
         {"cell": ["555", "551", "115", "111"], "mailed": [500, 40, 30, 900],
          "responses": [20, 1, 1, 3]}
     )}, lambda cells: r.mailing_plan(cells, **PRICES).table)  # fmt: skip
door("relationships.uplift_cells", lambda: {"table": made.mailed()},
     lambda table: r.uplift_cells(table, **PRICES))  # fmt: skip
door("relationships.qini_curve", lambda: {"holdout": made.mailed(), "score": _score()},
     lambda holdout, score: r.qini_curve(holdout, score, draws=20, seed=8).table,
     order=False, index=("holdout", "score"))  # fmt: skip
door("relationships.Prospects.from_table", lambda: {"table": made.sample("prospects").head(200)},
     lambda table: r.Prospects.from_table(table).table, any_source=True)  # fmt: skip
door("relationships.conversion_funnel", lambda: {"prospects": made.sample("prospects").head(200)},
     lambda prospects: r.conversion_funnel(prospects, by="source"))  # fmt: skip
door("relationships.funnel_trend", lambda: {"prospects": made.sample("prospects").head(200)},
     lambda prospects: r.funnel_trend(prospects))  # fmt: skip
door("relationships.funnel_costs", lambda: {"prospects": made.sample("prospects")[::4]},
     lambda prospects: r.funnel_costs(prospects, by="source"))  # fmt: skip
door("relationships.net_promoter_score", lambda: {"answers": made.answers()},
     lambda answers: r.net_promoter_score(answers), any_source=True)  # fmt: skip
door("relationships.net_promoter_score answers", lambda: {"answers": made.answers()["nps"]},
     lambda answers: r.net_promoter_score(answers))  # fmt: skip
door("relationships.nps_table", lambda: {"answers": made.answers()},
     lambda answers: r.nps_table(answers, by="shop", scale=(0, 10)), any_source=True)  # fmt: skip
door("relationships.nps_table period", lambda: {"answers": made.answers()},
     lambda answers: r.nps_table(answers, period="quarter", scale=(0, 10)),
     any_source=True)  # fmt: skip
door("relationships.retention_link", lambda: {"answers": made.answers()},
     lambda answers: _link(r.retention_link(answers)))  # fmt: skip
door("relationships.retention_link controls", lambda: {"answers": made.answers()},
     lambda answers: _link(r.retention_link(answers, controls=("shop",))))  # fmt: skip
door("relationships.satisfaction_drivers", lambda: {"answers": made.answers()},
     lambda answers: r.satisfaction_drivers(answers))  # fmt: skip
door("relationships.value_of_a_point",
     lambda: {"annual_margin": _margins(), "segment": _shops()},
     lambda **given: r.value_of_a_point(
         made.link(), **given, annual_discount_rate=0.1, draws=50, seed=3
     ).table, index=("annual_margin", "segment"))  # fmt: skip
door("relationships.item_table", lambda: {"survey": made.sample("partner_survey")},
     lambda survey: r.item_table(survey))  # fmt: skip
door("relationships.read_partners",
     lambda: {"partners": made.sample("partners"), "survey": made.sample("partner_survey")},
     lambda partners, survey: _partners(r.read_partners(partners, survey)),
     any_source=True)  # fmt: skip

_KEPT: dict[str, Any] = {}


def _hidden() -> Any:
    if "hidden" not in _KEPT:
        _KEPT["hidden"] = rm.ladder.fit_hidden_ladder(made.bought(), rungs=2, starts=1)
    return _KEPT["hidden"]


def _states() -> list[str]:
    return list(made.history().states)


def _start() -> pd.Series:
    states = made.estimate().states
    return pd.Series(np.arange(1.0, len(states) + 1), index=list(states))


def _shares() -> pd.DataFrame:
    counts = made.counts() + 1
    return counts.div(counts.sum(axis=1), axis=0)


def _rungs() -> pd.DataFrame:
    states = list(made.estimate().states)[::-1]
    return pd.DataFrame({"rung": states, "people": range(len(states))}).set_index("rung")


def _levels() -> pd.DataFrame:
    return made.sample("contacts")[["customer_id", "date", "relationship_level"]]


def _purchases() -> pd.DataFrame:
    return pd.DataFrame({"customer_id": ["7", "7", "7", "12"], "period": [3, 3, 5, 4]})


def _dated() -> pd.DataFrame:
    days = pd.to_datetime(["2024-01-05", "2024-03-31", "2024-02-01", "2024-01-31"])
    return pd.DataFrame({"customer_id": ["7", "7", "12", "12"], "date": days})


def _uplift_score() -> pd.Series:
    return r.uplift_scores(r.read_campaigns(made.campaigns()), arm="mail", seed=1)


def _score() -> pd.Series:
    return pd.Series(np.sqrt(made.mailed()["pre_value"]), index=made.mailed().index)


def _shops() -> pd.Series:
    return made.answers()["shop"]


def _margins() -> pd.DataFrame:
    shops = {"annual_margin": [250.0, 90.0], "standard_error": [12.0, 5.0]}
    return pd.DataFrame(shops, index=["north", "south"])


def _link(link: Any) -> tuple[Any, ...]:
    return link.coefficients.to_list(), link.answers


def _partners(data: Any) -> tuple[Any, ...]:
    return data.records, data.answers, data.composites
