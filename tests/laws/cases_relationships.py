"""Examples: campaigns, funnels, satisfaction, partners."""

from typing import Any

import numpy as np
import pandas as pd

import relmark_research as rm
from relmark_research.relationships.campaigns.uplift import total_profit
from relmark_research.relationships.funnel.conversion_funnel import funnel_curves
from relmark_research.relationships.partners.reliability import feldt_interval
from relmark_research.relationships.satisfaction.retention_link import retention_by_score
from tests.laws import made
from tests.laws.registry import case

PRICES = {"cost_per_contact": 0.9, "contribution_per_response": 25.0}
UPLIFT = {"uplift": "shifted", "uplift_*": "shifted", "response_ratio": "shifted", "*": "delta"}


@case("campaign_uplift", kinds=UPLIFT)
def campaign_uplift(level: float) -> Any:
    return rm.relationships.campaign_uplift(made.campaigns(), margin=0.4, level=level)


@case("total_profit")
def campaign_total_profit(level: float) -> Any:
    found = rm.relationships.campaign_uplift(made.campaigns(), margin=0.4, level=level)
    return total_profit(found, level=level)


@case("campaign_advice", points=("gain",))
def campaign_advice(level: float) -> Any:
    found = rm.relationships.campaign_uplift(made.campaigns(), margin=0.4, level=level)
    return rm.relationships.campaign_advice(found, level=level)


@case("campaign_subgroups", points=("effect", "rest_effect", "difference"))
def campaign_subgroups(level: float) -> Any:
    return rm.relationships.campaign_subgroups(made.campaign_table(), level=level)


@case("uplift_by_score", points=("uplift", "profit"))
def uplift_by_score(level: float) -> Any:
    table = made.campaign_table()
    score = rm.relationships.uplift_scores(table, arm="mail", seed=1)
    return rm.relationships.uplift_by_score(table, score, arm="mail", margin=0.4, level=level)


@case("stage_conversion", kinds="shifted")
def stage_conversion(level: float) -> Any:
    counts = pd.DataFrame({"stage": ["met", "offer", "won"], "count": [200, 80, 20]})
    return rm.relationships.stage_conversion(counts, level=level)


@case("uplift_cells", points=("posterior_mean",), kinds="shifted", bad_levels=3)
def uplift_cells(level: float) -> Any:
    return rm.relationships.uplift_cells(made.mailed(), **PRICES, level=level)


@case("qini_curve", points=("gain",), kinds="draws", bad_levels=3)
def qini_curve(level: float) -> Any:
    mailed = made.mailed()
    score = pd.Series(np.sqrt(mailed["pre_value"]), index=mailed.index)
    return rm.relationships.qini_curve(mailed, score, draws=60, seed=8, level=level)


@case("mailing_plan", points=("posterior_mean",), kinds="shifted", slow=True)
def mailing_plan(level: float) -> Any:
    return rm.relationships.mailing_plan(made.cells(), **PRICES, level=level).table


@case("conversion_funnel", bad_levels=3)
def conversion_funnel(level: float) -> Any:
    return rm.relationships.conversion_funnel(made.sample("prospects"), by="source", level=level)


@case("funnel_curves", points=("share",), bad_levels=3)
def conversion_funnel_curves(level: float) -> Any:
    found = funnel_curves(made.sample("prospects"), level=level)
    return found[found["share"] > 0]  # at 0 the interval is one-sided


@case("funnel_trend", points=("share",), bad_levels=3)
def funnel_trend(level: float) -> Any:
    return rm.relationships.funnel_trend(made.sample("prospects"), level=level)


@case("funnel_costs", points=("acquisition_cost",), bad_levels=3)
def funnel_costs(level: float) -> Any:
    return rm.relationships.funnel_costs(made.sample("prospects"), by="source", level=level)


@case("NetPromoterScore.interval", kinds="shifted")
def nps_interval(level: float) -> Any:
    score = rm.relationships.NetPromoterScore(promoters=450, passives=300, detractors=250)
    return (score.score, *score.interval(level))


@case("nps_table", points=("nps",), kinds="shifted", bad_levels=3)
def nps_table(level: float) -> Any:
    return rm.relationships.nps_table(made.answers(), period="quarter", level=level)


@case("RetentionLink.summary")
def link_summary(level: float) -> Any:
    return made.link().summary(level)


@case("RetentionLink.asymmetry", points=("difference",))
def link_asymmetry(level: float) -> Any:
    return made.link().asymmetry(level)


@case("retention_by_score", points=("retained",), kinds={"modelled": "draws", "*": "delta"})
def link_by_score(level: float) -> Any:
    return retention_by_score(made.link(), level=level)


@case("satisfaction_drivers", points=("slope",), bad_levels=3)
def satisfaction_drivers(level: float) -> Any:
    items = ("quality", "service")
    return rm.relationships.satisfaction_drivers(made.answers(), items=items, level=level)


@case("value_of_a_point", points=("value", "estimate"), kinds="draws")
def value_of_a_point(level: float) -> Any:
    return rm.relationships.value_of_a_point(
        made.link(), annual_margin=(250.0, 12.0), annual_discount_rate=0.1, draws=200, level=level
    )


@case("partner_summary")
def partner_summary(level: float) -> Any:
    return rm.relationships.partner_summary(made.partners(), level=level)


@case("relationship_drivers", kinds="draws")
def relationship_drivers(level: float) -> Any:
    return rm.relationships.relationship_drivers(made.partners(), draws=100, level=level)


@case("relationship_quality")
def relationship_quality(level: float) -> Any:
    return rm.relationships.relationship_quality(made.partners(), level=level).table


@case("QualityScores.mean_interval")
def quality_mean_interval(level: float) -> Any:
    return made.quality().mean_interval(level)


@case("scale_reliability", kinds={"alpha": "shifted", "*": "draws"})
def scale_reliability(level: float) -> Any:
    return rm.relationships.scale_reliability(made.partners(), draws=60, level=level)


@case("discriminant_validity", kinds="draws")
def discriminant_validity(level: float) -> Any:
    return rm.relationships.discriminant_validity(made.partners(), draws=60, level=level)


@case("feldt_interval", kinds="shifted")
def feldt(level: float) -> Any:
    return (0.8, *feldt_interval(0.8, n=100, k=4, level=level))


@case("TieEffects.table")
def ties_table(level: float) -> Any:
    return made.ties().table(level)


@case("weak_partners", kinds={"table.saving": "steps", "*": "draws"}, skewed=("table.saving",))
def weak_partners(level: float) -> Any:
    terms = {"draws": 200, "level": level}
    return rm.relationships.weak_partners(made.partners(), made.quality(), made.ties(), **terms)


@case("scorecards", points=("value",), bad_levels=3)
def scorecards(level: float) -> Any:
    costs = rm.relationships.weak_partners(made.partners(), made.quality(), made.ties(), draws=20)
    cards = rm.relationships.scorecards(made.partners(), costs, level=level)
    without_costs = cards.table.drop(columns=["saving_low", "saving_high"])  # of another level
    return {"card": cards.card("B001"), "table": without_costs}
