"""Do estimates find the truth that made the data? Coverage over many simulated firms (slow).

RELMARK_SLOW_RUNS sets the number of firms; bounds follow from the binomial.
"""

from __future__ import annotations

import os
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import relmark_research as rm
from relmark_research.economics.levels_of_relationship.level_choice import served_value
from relmark_research.simulation.__main__ import World, simulate_world
from relmark_research.simulation.accounts import YEAR, renewal_chance
from relmark_research.simulation.firm import Truth
from tests.economics.firm import known_customers, log_of, true_residual

RUNS = int(os.environ.get("RELMARK_SLOW_RUNS", "300"))
TRUTH = Truth()
RATE = 0.1

pytestmark = pytest.mark.slow


def least_hits(runs: int, coverage: float = 0.92) -> int:
    """Hits that an interval with at least this coverage falls short of once in a thousand times.

    Nominal is 95%; 92% is what we promise for samples of this size.
    """
    return int(stats.binom.ppf(1e-3, runs, coverage))


def world_profit(seed: int) -> np.ndarray:
    tables = simulate_world(seed=seed).tables
    rows, contacts = tables["transactions"], tables["contacts"]
    profit = (rows["value"] - rows["cost"]).groupby(rows["customer_id"]).sum()
    profit = profit.sub(contacts.groupby("customer_id")["cost"].sum(), fill_value=0)
    spent = tables["customers"].set_index("customer_id")["acquisition_cost"]
    return profit.sub(spent, fill_value=0).to_numpy()


def test_concentration_covers_the_market_it_was_drawn_from() -> None:
    """2,500 customers at a time, out of the market that 60 simulated firms make together."""
    market = np.concatenate([world_profit(5000 + seed) for seed in range(60)])
    truth = rm.economics.profit_concentration(pd.Series(market), draws=2)["value"]
    rng, hits = np.random.default_rng(1), pd.Series(0, index=truth.index)
    for run in range(RUNS):
        sample = pd.Series(rng.choice(market, 2500))
        found = rm.economics.profit_concentration(sample, draws=400, seed=run)
        hits += (found["low"] <= truth) & (truth <= found["high"])
    print("concentration", (hits / RUNS).to_dict())
    assert (hits >= least_hits(RUNS, 0.91)).all(), hits / RUNS


class Seen:
    """One firm: what its tables say of levels, and the truth behind its account years."""

    def __init__(self, seed: int) -> None:
        world = simulate_world(seed=seed)
        tables = world.tables
        log = log_of(tables["transactions"])
        years = rm.economics.account_years(
            log, contacts=tables["contacts"], customers=tables["customers"]
        )
        effects = rm.economics.level_effects(years)
        self.effects = effects.table()
        choice = rm.relationship_levels(effects, annual_discount_rate=RATE, draws=2000)
        self.table, self.best = (
            choice.table.set_index(["segment", "level"]).sort_index(),
            choice.best,
        )
        self.truth = true_years(world)


def true_years(world: World) -> pd.DataFrame:
    """Sums over complete account years of what each level would have done in them."""
    years = world.years[world.years["start"] + YEAR < TRUTH.days]
    people = world.people.iloc[years["person"]].reset_index(drop=True)
    segment, answer = people["segment"].to_numpy(), years["answer"].to_numpy()
    raw = people["rate"] * YEAR / 7 * TRUTH.by_segment("p")[segment] / people["spend_rate"]
    lost = TRUTH.by_segment("return_share")[segment] * (0.6 + 0.4 * 0.5)
    left = raw * (people["margin_share"] * (1 - lost) - 0.4 * lost * (1 - people["margin_share"]))
    unit = TRUTH.by_segment("contact_costs")[segment]
    rows = []
    for place, level in enumerate(TRUTH.levels):
        stays = renewal_chance(segment, np.full(len(years), place), answer, TRUTH)
        days = stays * (YEAR - 1) + (1 - stays) * (29 + (YEAR - 30 - 1) / 2)
        active = days / YEAR
        rows.append(
            pd.DataFrame(
                {
                    "segment": np.array(TRUTH.segment_names)[segment],
                    "level": level.name,
                    "n": 1.0,
                    "retention": stays,
                    "margin": left * level.purchase_multiplier * active,
                    "active": active,
                    "cost": TRUTH.letter_cost + active * (unit @ np.array(level.contacts)),
                }
            )
        )
    return pd.concat(rows).groupby(["segment", "level"], sort=False).sum()


@lru_cache(maxsize=1)
def firms() -> list[Seen]:
    return [Seen(7000 + seed) for seed in range(RUNS)]


@lru_cache(maxsize=1)
def market() -> pd.DataFrame:
    """Means over the account years of all firms: what a level does in this market."""
    total = sum(firm.truth for firm in firms())
    means = total.div(total["n"], axis=0)
    value = served_value(means["margin"], means["cost"], means["retention"], RATE)
    return means.assign(value=value)


@pytest.mark.parametrize("outcome", ["retention", "margin", "value"])
def test_levels_cover_the_truth_in_every_segment(outcome) -> None:
    truth = market()[outcome].reindex(firms()[0].table.index)
    hits = sum(
        (firm.table[f"{outcome}_low"] <= truth) & (truth <= firm.table[f"{outcome}_high"])
        for firm in firms()
    )
    print(outcome, (hits / RUNS).round(3).to_dict())
    assert hits.sum() / hits.size / RUNS > 0.915
    assert (hits >= least_hits(RUNS, 0.88)).all(), hits / RUNS


def test_effect_on_margin_covers_the_truth() -> None:
    total = sum(firm.truth for firm in firms()).groupby("level")["active"].sum()
    total = total.reindex(list(TRUTH.level_names)).to_numpy()
    factor = np.array([level.purchase_multiplier for level in TRUTH.levels])
    truth = factor * (total / total[0]) - 1
    hits = np.zeros(4)
    for firm in firms():
        low, high = firm.effects["margin_low"].to_numpy(), firm.effects["margin_high"].to_numpy()
        hits += (low <= truth[1:]) & (truth[1:] <= high)
    print("margin effect", truth, hits / RUNS)
    assert (hits >= least_hits(RUNS, 0.9)).all(), hits / RUNS


def test_probability_of_being_best_is_honest() -> None:
    """Of the levels called best with probability p, a share of about p truly is."""
    best = market()["value"].groupby("segment").idxmax().map(lambda pair: pair[1])
    print("truly best", best.to_dict(), market()["value"].round(1).to_dict())
    rows = pd.concat([firm.best for firm in firms()])
    right = rows["level"].to_numpy() == rows["segment"].map(best).to_numpy()
    said = rows["probability_best"].to_numpy()
    sure = said >= 0.9
    print("said best", said.mean(), "was", right.mean(), "sure", sure.sum(), right[sure].mean())
    assert right.mean() > said.mean() - 3 * np.sqrt(0.25 / len(said))
    assert right[sure].mean() > 0.8


def test_residual_values_cover_what_customers_are_truly_worth() -> None:
    """Customers drawn from the fitted law: 95% lie in their interval, and p is calibrated."""
    inside, said, was, tails = [], [], [], []
    for seed in range(max(4, RUNS // 30)):
        known = known_customers(1200, seed=seed)
        terms = rm.economics.FutureTerms(draws=400, seed=seed)
        advice = rm.recommend(log_of(known.transactions), contacts=known.contacts, terms=terms)
        table = advice.table
        truth = true_residual(known.truth, d=0.1, years=5, notice=0.5).reindex(table.index)
        inside.append((table["residual_low"] <= truth) & (truth <= table["residual_high"]))
        said.append(table["p_negative"])
        was.append(truth < 0)
        tails.append(truth[table["action"] == "end"] < 0)
    covered = np.concatenate(inside).mean()
    said, was = np.concatenate(said), np.concatenate(was)
    bins = pd.cut(said, [-0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0])
    told = pd.DataFrame({"said": said, "was": was}).groupby(bins, observed=True).mean()
    ended = np.concatenate(tails)
    print("residual", covered, told, "ended", len(ended), ended.mean())
    assert 0.925 < covered < 0.975
    assert (told["said"] - told["was"]).abs().max() < 0.06
    assert ended.mean() > 0.9


def test_advice_foretells_what_comes_in_the_simulated_firm() -> None:
    """A world that is not quite the model's: an account may be left once a year only."""
    ratios, ended = [], []
    for seed in range(max(6, RUNS // 12)):
        tables = simulate_world(seed=9000 + seed).tables
        segments = tables["customers"].set_index("customer_id")["segment"]
        checked = rm.economics.check_advice(
            log_of(tables["transactions"]), contacts=tables["contacts"], segments=segments,
            terms=rm.economics.FutureTerms(draws=150),
        )  # fmt: skip
        total = checked[["expected", "actual"]].mul(checked["customers"], axis=0).sum()
        ratios.append(total["expected"] / total["actual"])
        end = checked[checked["action"] == "end"]
        ended.extend(end[["customers", "actual"]].to_numpy().tolist())
    print("expected / actual", np.mean(ratios), np.std(ratios), np.array(ended).sum(axis=0))
    assert abs(np.mean(ratios) - 1) < 0.1
    people, actual = np.array(ended).T
    assert (people * actual).sum() / people.sum() < 5


def test_an_experiment_of_that_size_sees_the_effect() -> None:
    rng = np.random.default_rng(0)
    for retention, points in ((0.6, 0.05), (0.8, 0.1), (0.9, -0.1)):
        n = rm.economics.experiment_size(retention, points, power=0.8)
        one, two = (rng.binomial(n, rate, 20_000) / n for rate in (retention, retention + points))
        pooled = (one + two) / 2
        z = (two - one) / np.sqrt(2 * pooled * (1 - pooled) / n)
        assert (np.abs(z) > 1.96).mean() == pytest.approx(0.8, abs=0.02)
