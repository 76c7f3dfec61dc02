"""Relationships: campaigns, funnels, satisfaction, partners."""

import numpy as np
import pandas as pd

from tests.golden import made
from tests.golden.flat import Flat, flat, table
from tests.golden.public import rm
from tests.golden.registry import call

PRICES = {"cost_per_contact": 0.9, "contribution_per_response": 25.0}


def _mailed() -> pd.DataFrame:
    """The customers of the campaigns by mail, in nine cells that are fixed before."""
    run = made.sample("campaigns")
    run = run[run["arm"].isin(["mail", "control"])].reset_index(drop=True)
    place = run["customer_id"].map(made.segment()).astype(str)
    return run.assign(cell=place + (run["pre_value"] > 50).map({True: " high", False: " low"}))


@call
def campaign_uplift() -> Flat:
    run = made.sample("campaigns")
    return flat(
        adjusted=rm.relationships.campaign_uplift(run, margin=0.4),
        plain=rm.relationships.campaign_uplift(run, margin=0.4, adjust=False, level=0.9),
    )


@call
def campaign_balance() -> Flat:
    columns = rm.relationships.CampaignColumns()
    run = columns.read(made.sample("campaigns"))
    return flat(read=run, balance=rm.relationships.campaign_balance(run, columns=columns))


@call
def campaign_size() -> Flat:
    return flat(
        one=rm.relationships.campaign_size(0.10, 0.03),
        three=rm.relationships.campaign_size(0.05, 0.01, arms=3, power=0.9),
    )


@call
def mailing_plan() -> Flat:
    cells = pd.DataFrame(
        {
            "cell": ["555", "551", "115", "111"],
            "mailed": [500, 40, 30, 900],
            "responses": [20, 1, 1, 3],
        }
    )
    prices = {"cost_per_contact": 0.55, "contribution_per_response": 40}
    plan = rm.relationships.mailing_plan(cells, **prices)
    return flat(table=plan.table, break_even=plan.break_even)


@call
def uplift_cells() -> Flat:
    return table(rm.relationships.uplift_cells(_mailed(), **PRICES))


@call
def qini_curve() -> Flat:
    mailed = _mailed()
    score = pd.Series(np.sqrt(mailed["pre_value"]), index=mailed.index)
    curve = rm.relationships.qini_curve(mailed, score, draws=100, seed=8)
    return flat(curve=curve, best=curve.best_share(**PRICES))


@call
def conversion_funnel() -> Flat:
    prospects = made.sample("prospects")
    return flat(
        by_source=rm.relationships.conversion_funnel(prospects, by="source"),
        until=rm.relationships.conversion_funnel(prospects, observed_until="2024-06-30"),
    )


@call
def funnel_trend() -> Flat:
    return table(rm.relationships.funnel_trend(made.sample("prospects")))


@call
def funnel_costs() -> Flat:
    return table(rm.relationships.funnel_costs(made.sample("prospects"), by="source"))


@call
def net_promoter_score() -> Flat:
    small = rm.relationships.net_promoter_score(pd.Series([10, 9, 8, 7, 6, 0]))
    found = rm.relationships.net_promoter_score(made.sample("satisfaction"))
    return flat(
        small=[small.score, small.standard_error], score=found.score, ends=found.interval(0.9)
    )


@call
def nps_table() -> Flat:
    return table(rm.relationships.nps_table(made.sample("satisfaction"), period="quarter"))


@call
def retention_link() -> Flat:
    link = rm.relationships.retention_link(made.sample("satisfaction"))
    return flat(
        answers=link.answers,
        coefficients=link.coefficients.to_dict(),
        summary=link.summary(),
        gap=link.asymmetry(),
        chances=[link.retention_probabilities(score).mean() for score in range(11)],
    )


@call
def satisfaction_drivers() -> Flat:
    return table(rm.relationships.satisfaction_drivers(made.sample("satisfaction")))


@call
def value_of_a_point() -> Flat:
    link = rm.relationships.retention_link(made.sample("satisfaction"))
    worth = rm.relationships.value_of_a_point(
        link, margin=(250.0, 12.0), annual_discount_rate=0.1, draws=500, seed=3
    )
    return flat(worth=worth.table, by_score=worth.by_score)


@call
def read_partners() -> Flat:
    data = made.partner_data()
    return flat(records=data.records, answers=data.answers, composites=data.composites)


@call
def scales() -> Flat:
    scale = rm.relationships.Scale("trust", ("honest", "cheats us"), reversed_items=("cheats us",))
    asked = rm.relationships.scales_of({"trust": [f"trust_{n}" for n in range(1, 5)]})
    items = rm.relationships.item_table(made.sample("partner_survey"), asked)
    own = rm.relationships.item_table(made.sample("partner_survey"))
    return flat(middle=scale.midpoint, forgotten=items, own=own)


@call
def scale_reliability() -> Flat:
    return table(rm.relationships.scale_reliability(made.partner_data(), draws=200))


@call
def discriminant_validity() -> Flat:
    return table(rm.relationships.discriminant_validity(made.partner_data(), draws=200))


@call
def relationship_quality() -> Flat:
    quality = made.partner_quality()
    return flat(table=quality.table, mean=quality.mean_interval())


@call
def relationship_drivers() -> Flat:
    found = rm.relationships.relationship_drivers(made.partner_data(), draws=200)
    return flat(paths=found.paths, effects=found.effects)


@call
def tie_effects() -> Flat:
    time = rm.relationships.tie_effects(made.partner_data(), made.partner_quality(), of="time")
    return flat(cost=made.partner_ties().table(), time=time.table())


@call
def weak_partners() -> Flat:
    costs = made.partner_costs()
    return flat(table=costs.table, levers=costs.drivers)


@call
def scorecards() -> Flat:
    cards = rm.relationships.scorecards(made.partner_data(), made.partner_costs())
    return flat(table=cards.table, page=cards.card("B001"))


@call
def partner_figures() -> Flat:
    return table(rm.relationships.partner_figures(made.partner_data()))
