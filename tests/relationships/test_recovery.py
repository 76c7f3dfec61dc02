"""Slow: what the intervals promise, held against the truth of many simulated firms.

RELMARK_SLOW_RUNS sets how many firms are simulated; with fewer the bounds are wider.
"""

import os

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from relmark_research.relationships.campaigns.targeting import uplift_cells
from relmark_research.relationships.campaigns.uplift import campaign_uplift
from relmark_research.relationships.funnel.conversion_funnel import conversion_funnel
from relmark_research.relationships.satisfaction.net_promoter_score import net_promoter_score
from relmark_research.relationships.satisfaction.retention_link import retention_link
from relmark_research.relationships.satisfaction.survey_answers import (
    with_customer,
    with_relationship_level,
)
from relmark_research.relationships.satisfaction.value_of_a_point import value_of_a_point
from relmark_research.simulation.firm import Truth
from relmark_research.simulation.sample_firm import SimulatedFirm, simulate_firm

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("RELMARK_SLOW_RUNS", "300"))
TRUTH = Truth()
MARGIN = 0.4


def covers(share: float, tries: int, level: float = 0.95, slack: float = 0.02) -> bool:
    """Whether a share of hits is what the level promises, give or take the binomial's luck."""
    reach = 3.3 * np.sqrt(level * (1 - level) / tries)
    return level - slack - reach <= share <= level + slack + reach


@pytest.fixture(scope="module")
def hits() -> dict[str, list[bool]]:
    """Whether each interval held the truth, by estimate, over all firms."""
    found: dict[str, list[bool]] = {}
    for seed in range(RUNS):
        world = simulate_firm(seed=seed)
        for study in (of_funnel, of_campaigns, of_satisfaction, of_score):
            for name, hit in study(world).items():
                found.setdefault(name, []).append(bool(hit))
    return found


def of_funnel(world: SimulatedFirm) -> dict[str, bool]:
    table = conversion_funnel(world.tables["prospects"], by="source")
    hit = {}
    for channel in TRUTH.channels:
        if channel.funnel is None:
            continue
        own = table[table["group"] == channel.name].reset_index(drop=True)
        for place, chance in enumerate(channel.funnel.chances):
            row = own.loc[place]
            hit[f"funnel {channel.name} {row['stage']}"] = (
                row["conversion_low"] <= chance <= row["conversion_high"]
            )
        hit[f"funnel {channel.name} in all"] = (
            row["cumulative_conversion_low"]
            <= channel.funnel.win_rate
            <= row["cumulative_conversion_high"]
        )
    return hit


def of_campaigns(world: SimulatedFirm) -> dict[str, bool]:
    table = world.tables["campaigns"].reset_index(drop=True)
    found = campaign_uplift(table, margin=MARGIN).set_index(["campaign_id", "arm"])
    people = world.people.iloc[world.addressed["person"]]
    segment = people["segment"].to_numpy()
    worth = TRUTH.by_segment("p")[segment] / people["spend_rate"].to_numpy()
    hit = {}
    for position, campaign in enumerate(TRUTH.campaigns):
        mine = (world.addressed["campaign"] == position).to_numpy()
        control = mine & (table["arm"] == "control").to_numpy()
        silent = control & (table["responded"] == 0).to_numpy()
        for arm in campaign.arms:
            if arm.name == "control":
                continue
            own = mine & (table["arm"] == arm.name).to_numpy()
            extra = world.addressed["extra_order_probability"].to_numpy()
            row = found.loc[(campaign.campaign_id, arm.name)]
            value = (extra * worth)[own].mean()
            more = extra[own].mean() * silent.sum() / control.sum()
            name = f"{campaign.campaign_id} {arm.name}"
            hit[f"value {name}"] = (
                row["incremental_value_low"] <= value <= row["incremental_value_high"]
            )
            profit = MARGIN * value - arm.cost
            hit[f"profit {name}"] = (
                row["incremental_profit_low"] <= profit <= row["incremental_profit_high"]
            )
            hit[f"uplift {name}"] = row["uplift_low"] <= more <= row["uplift_high"]
            hit[f"jointly {name}"] = (
                row["uplift_simultaneous_low"] <= more <= row["uplift_simultaneous_high"]
            )
    return hit


def _holds(row: pd.Series, name: str, truth: float) -> bool:
    return bool(row[f"{name}_low"] <= truth <= row[f"{name}_high"])


def of_satisfaction(world: SimulatedFirm) -> dict[str, bool]:
    answers = with_customer(world.tables["satisfaction"], world.tables["customers"], "segment")
    answers = with_relationship_level(answers, world.tables["contacts"])
    link = retention_link(answers, controls=("segment", "relationship_level"))
    summary, true = link.summary(), TRUTH.satisfaction
    hit = {}
    for side, slope in (("below", true.slope_below), ("above", true.slope_above)):
        hit[f"slope {side}"] = summary.loc[side, "low"] <= slope <= summary.loc[side, "high"]
    asymmetry = link.asymmetry()
    hit["asymmetry"] = asymmetry["low"] <= true.slope_below - true.slope_above <= asymmetry["high"]
    rng = np.random.default_rng(len(answers))
    money, error = {"private": 70.0, "small business": 350.0, "key account": 2200.0}, 0.08
    margin = {
        name: (m * (1 + error * rng.standard_normal()), m * error) for name, m in money.items()
    }
    value = value_of_a_point(
        link, annual_margin=margin, annual_discount_rate=0.1, segment=answers["segment"], draws=800
    ).table
    real = true_values(link.scores, answers.loc[link.scores.index], money)
    for name, true in real.items():
        hit[f"point, {name}"] = value.loc[name, "low"] <= true <= value.loc[name, "high"]
    return hit


def true_values(
    scores: pd.Series, answers: pd.DataFrame, money: dict[str, float]
) -> dict[str, float]:
    segments = {one.name: one.renewal_logit for one in TRUTH.segments}
    levels = {one.name: one.renewal_effect for one in TRUTH.levels}
    base = answers["segment"].map(segments) + answers["relationship_level"].map(levels)

    def chance(marks: pd.Series) -> pd.Series:
        bent = TRUTH.satisfaction.slope_below * (marks - 7).clip(upper=0)
        return expit(base + bent + TRUTH.satisfaction.slope_above * (marks - 7).clip(lower=0))

    now, more = chance(scores), chance((scores + 1).clip(upper=10))
    margin = answers["segment"].map(money)
    return {
        "retention": (more - now).mean(),
        "next year": (margin * (more - now)).mean(),
        "lifetime": (margin * 1.1 * (1 / (1.1 - more) - 1 / (1.1 - now))).mean(),
    }


def of_score(world: SimulatedFirm) -> dict[str, bool]:
    """The score of those who answered, against that of all account years."""
    answers = world.tables["satisfaction"]
    low, high = net_promoter_score(answers).interval()
    everyone = world.years["answer"]
    real = 100 * ((everyone >= 9).mean() - (everyone <= 6).mean())
    return {"net promoter score": low <= real <= high}


KINDS = ("funnel", "value", "profit", "uplift", "jointly", "slope", "asymmetry", "point", "net")


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_cover_the_truth(hits, kind) -> None:
    mine = {name: np.mean(held) for name, held in hits.items() if name.startswith(kind)}
    print({name: round(float(share), 3) for name, share in mine.items()})
    assert mine
    for name, share in mine.items():
        if kind in ("jointly", "net"):  # of several; of a sample of 42 in 100 of the population
            assert share >= 0.95 - 0.02 - 3.3 * np.sqrt(0.0475 / RUNS), name
        else:
            assert covers(share, RUNS, slack=0.03 if kind in ("value", "profit") else 0.02), name


def test_simultaneous_intervals_cover_all_arms_of_a_campaign(hits) -> None:
    for campaign in ("2023-winter", "2024-business"):
        pair = [hits[f"jointly {campaign} {arm}"] for arm in ("mail", "call")]
        assert covers(np.mean(np.all(pair, axis=0)), RUNS), campaign


@pytest.mark.parametrize("tau", [0.0, 0.08])
def test_pooled_uplift_covers_the_cells(tau) -> None:
    held = tries = 0
    for seed in range(RUNS):
        rng = np.random.default_rng([seed, 9])
        cell = np.repeat(np.arange(16), 180)
        effect = np.clip(rng.normal(0.1, tau, 16), -0.15, 0.4)
        treated = rng.random(len(cell)) < 0.6
        base = rng.uniform(0.2, 0.4, 16)
        responded = rng.random(len(cell)) < base[cell] + effect[cell] * treated
        table = pd.DataFrame(
            {"campaign_id": "a", "arm": np.where(treated, "mail", "control"),
             "responded": responded.astype(int), "cell": cell}
        )  # fmt: skip
        found = uplift_cells(table, cost_per_contact=1, contribution_per_response=9)
        true = effect[found["cell"].astype(int)]
        held += ((found["low"] <= true) & (true <= found["high"])).sum()
        tries += 16
    print(tau, held / tries)
    assert held / tries >= 0.95 if tau == 0 else covers(held / tries, tries)


@pytest.mark.parametrize("n", [20, 60, 1000])
@pytest.mark.parametrize("shares", [(0.45, 0.3, 0.25), (0.8, 0.15, 0.05), (0.1, 0.2, 0.7)])
def test_the_score_of_few_answers_covers(n, shares) -> None:
    rng = np.random.default_rng(n)
    draws = rng.multinomial(n, shares, 20 * RUNS)
    marks = np.array([10, 8, 3])
    held = 0
    for counts in draws:
        low, high = net_promoter_score(pd.Series(np.repeat(marks, counts))).interval()
        held += low <= 100 * (shares[0] - shares[2]) <= high
    print(n, shares, held / len(draws))
    assert covers(held / len(draws), len(draws), slack=0.02 if n > 20 else 0.03)
