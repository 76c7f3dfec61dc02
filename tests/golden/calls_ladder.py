"""The ladder: who stands where, moves, projections, values, levels, hidden rungs."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tests.golden import made
from tests.golden.flat import Flat, flat, table
from tests.golden.public import rm
from tests.golden.registry import call, slow_call

# cost a year; in version 0.1 a month: 0, 0.1 and 1.2
LEVELS = {"basic": [0, 1, 1], "reactive": [1.2, 1.05, 0.98], "proactive": [14.4, 1.25, 0.85]}
COUNTS = pd.DataFrame(
    [[60, 20, 10], [15, 70, 5], [0, 4, 96]],
    index=["first", "repeat", "lost"],
    columns=["first", "repeat", "lost"],
)


def _offers(levels: Sequence[Any]) -> list[dict[str, float]]:
    """The numbers of each level by the names of version 0.1, effects as odds ratios."""
    found = []
    for one in levels:
        effects = {"climb": one.climb, "fall": one.fall}
        numbers = {name: effect.odds_ratio if effect else 1.0 for name, effect in effects.items()}
        errors = {f"{name}_sd": effect.sd if effect else 0.0 for name, effect in effects.items()}
        found.append({"cost": one.cost, **numbers, **errors})
    return found


def _terms() -> dict[str, object]:
    earned = rm.ladder.rung_margins(made.cdnow(), made.cdnow_history(), margin=0.3)
    return {"annual_margin_by_rung": earned["annual_margin"], "annual_discount_rate": 0.1}


@call
def ladders() -> Flat:
    both = {"loyalty": rm.LOYALTY_LADDER, "purchase": rm.PURCHASE_LADDER}
    return flat(**{name: [len(one.states), len(one.table())] for name, one in both.items()})


@call
def assign() -> Flat:
    own = rm.LoyaltyLadder(
        ["first-time", "repeat"],
        {
            "first-time": {"purchases": 1, "quiet": "under 12"},
            "repeat": {"purchases": "2 or more", "quiet": "under 12"},
            "lost": {"purchases": "1 or more", "quiet": "12 or more"},
        },
        beside=["lost"],
    )
    history = own.assign(made.cdnow(), period="month")
    rows = history.to_pandas()
    return flat(people=history.customers(), occupancy=history.occupancy(), rows=rows)


@call
def assign_loyalty() -> Flat:
    history = made.firm_history()
    return flat(people=history.customers(), occupancy=history.occupancy(), latest=history.latest())


@call
def ladder_history() -> Flat:
    table = made.cdnow_history().to_pandas()
    history = rm.ladder.LadderHistory.from_table(table, rungs=made.cdnow_history().states)
    parts = made.firm_history().split("segment")
    people = {name: part.customers() for name, part in parts.items()}
    return flat(rank=history.rank, occupancy=history.occupancy(), people=people)


@call
def estimate_transitions() -> Flat:
    found = made.cdnow_chances()
    return flat(
        matrix=found.matrix,
        counts=found.counts,
        departures=found.departures,
        firm=made.firm_chances().matrix,
        prior=rm.estimate_transitions(COUNTS, prior=0.5).matrix,
    )


@call
def intervals() -> Flat:
    found = made.cdnow_chances()
    return flat(
        moves=found.intervals(basis="moves"),
        all_at_once=found.intervals(simultaneous=True, basis="moves"),
        customers=found.intervals(basis="customers"),
        draws=rm.estimate_transitions(COUNTS).draws(20, seed=6),
    )


@call
def tests_of_the_chain() -> Flat:
    found = made.cdnow_chances()
    present, before = found.test_order()
    return flat(
        constant=found.test_homogeneity(),
        present=present,
        before=before,
        against=rm.estimate_transitions(COUNTS).test_against(
            COUNTS.div(COUNTS.sum(axis=1), axis=0)
        ),
    )


@call
def segments() -> Flat:
    apart = made.firm_chances().by("segment")
    return flat(summary=apart.summary(), test=apart.test)


@call
def project() -> Flat:
    found = made.firm_chances()
    ahead = found.project(periods=4)
    return flat(ahead=ahead, wide=ahead.wide())


@call
def steady_state() -> Flat:
    counts = rm.estimate_transitions(COUNTS, beside=["lost"])
    return flat(
        counts=counts.steady_state(),
        fed=counts.steady_state({"first": 10.0}, absorbing_state="lost"),
    )


@call
def reaching() -> Flat:
    found = made.cdnow_chances()
    return flat(
        soon=found.probability_of_reaching("client", "12 months"),
        time=found.time_to("client", before=found.states[-1]),
    )


@call
def ladder_value() -> Flat:
    worth = made.cdnow_chances().value(**_terms())
    return flat(worth=worth, by_height=rm.ladder.by_height(worth.table, made.cdnow_chances()))


@call
def pictured_tables() -> Flat:
    found = made.cdnow_chances()
    return flat(
        rungs=rm.ladder.rung_table(found),
        flows=rm.ladder.flow_table(found),
        cohorts=rm.ladder.cohort_moves(made.cdnow_history()),
        way=rm.ladder.way_table(found, "first-time", "client"),
    )


@call
def rung_margins() -> Flat:
    return flat(
        cdnow=rm.ladder.rung_margins(made.cdnow(), made.cdnow_history(), margin=0.3),
        firm=rm.ladder.rung_margins(made.firm(), made.firm_history()),
    )


@call
def rehearse() -> Flat:
    tested = rm.ladder.rehearse(made.cdnow_chances())
    return flat(tested=tested, said=len(rm.ladder.rehearsed(tested, "month")) > 20)


@call
def best_levels() -> Flat:
    offers = rm.ladder.assumed_levels(LEVELS)
    policy = rm.ladder.best_levels(made.cdnow_chances(), offers, **_terms())
    return flat(offers=_offers(offers), policy=policy)


@call
def relationship_level() -> Flat:
    ratio = rm.economics.Effect.from_odds_ratio
    level = rm.ladder.RelationshipLevel("proactive", cost=4.0, climb=ratio(1.2), fall=ratio(0.8))
    return flat(level=_offers([level])[0], costs=level.costs_by_rung(["first", "repeat"]))


@call
def known_levels() -> Flat:
    offers, drivers = rm.ladder.known_levels(
        made.firm_history(), contacts="sample:contacts", assumed=LEVELS, controls=["segment"]
    )
    return flat(offers=_offers(offers), drivers=drivers)


@call
def drivers_of_moves() -> Flat:
    contacts = made.sample("contacts")
    columns = ["customer_id", "date", "relationship_level"]
    moves = rm.ladder.moves_table(made.firm_history(), contacts[columns])
    costs = rm.ladder.level_costs(moves, contacts, period="quarter")
    offers, effects = rm.ladder.level_effects(moves, costs=costs)
    drivers = rm.ladder.move_drivers(moves, ["segment"], rung="repeat")
    found = {"offers": _offers(offers), "effects": effects, "drivers": drivers}
    return flat(moves=moves, costs=costs, **found)


@call
def fit_generator() -> Flat:
    found = rm.ladder.fit_generator(
        made.looks(),
        rungs=["first", "repeat", "client"],
        impossible=[("first", "client"), ("client", "first")],
    )
    return flat(
        generator=found.generator,
        sojourn=found.sojourn,
        intervals=found.intervals(),
        matrix=found.matrix(1.5),
        time=found.time_to("client"),
        likelihood=found.log_likelihood,
    )


@slow_call
def hidden_ladder() -> Flat:
    found = rm.ladder.fit_hidden_ladder(made.bought_panel(), rungs=2, starts=2)
    return flat(
        found=found,
        bic=found.bic,
        summary=found.summary(),
        now=found.filtered(made.bought_panel()),
        choice=rm.ladder.choose_rungs(made.bought_panel().head(100), rungs=(2, 3), starts=1),
    )


@call
def purchase_panel() -> Flat:
    rows = pd.DataFrame({"customer_id": ["a", "a", "a", "b"], "period": [3, 3, 5, 4]})
    return table(rm.ladder.purchase_panel(rows, first=2, last=5))
