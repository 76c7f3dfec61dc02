"""Coverage of the effects of levels over many simulated firms (slow).

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
from relmark_research.economics.levels_of_relationship.level_choice import customer_value
from relmark_research.simulation.accounts import YEAR, renewal_probability
from relmark_research.simulation.firm import Truth
from relmark_research.simulation.sample_firm import SimulatedFirm, simulate_firm
from tests.economics.firm import log_of

RUNS = int(os.environ.get("RELMARK_SLOW_RUNS", "300"))
TRUTH = Truth()
RATE = 0.1

pytestmark = pytest.mark.slow


def least_hits(runs: int, coverage: float = 0.92) -> int:
    """Hits that an interval with at least this coverage falls short of once in a thousand times.

    Nominal is 95%; 92% is what we promise for samples of this size.
    """
    return int(stats.binom.ppf(1e-3, runs, coverage))


class Seen:
    """One firm: what its tables say of levels, and the truth behind its account years."""

    def __init__(self, seed: int) -> None:
        world = simulate_firm(seed=seed)
        tables = world.tables
        log = log_of(tables["transactions"])
        years = rm.economics.account_years(
            log, contacts=tables["contacts"], customers=tables["customers"]
        )
        effects = rm.economics.level_effects(years)
        self.effects = effects.table()
        choice = rm.relationship_levels(effects, annual_discount_rate=RATE, draws=2000)
        self.table, self.best = (
            choice.table.set_index(["segment", "relationship_level"]).sort_index(),
            choice.best,
        )
        self.truth = true_years(world)


def true_years(world: SimulatedFirm) -> pd.DataFrame:
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
        stays = renewal_probability(segment, np.full(len(years), place), answer, TRUTH)
        days = stays * (YEAR - 1) + (1 - stays) * (29 + (YEAR - 30 - 1) / 2)
        active = days / YEAR
        rows.append(
            pd.DataFrame(
                {
                    "segment": np.array(TRUTH.segment_names)[segment],
                    "relationship_level": level.name,
                    "n": 1.0,
                    "retention": stays,
                    "annual_margin": left * level.purchase_multiplier * active,
                    "active": active,
                    "cost": TRUTH.letter_cost + active * (unit @ np.array(level.contacts)),
                }
            )
        )
    return pd.concat(rows).groupby(["segment", "relationship_level"], sort=False).sum()


@lru_cache(maxsize=1)
def firms() -> list[Seen]:
    return [Seen(7000 + seed) for seed in range(RUNS)]


@lru_cache(maxsize=1)
def market() -> pd.DataFrame:
    """Means over the account years of all firms: what a level does in this market."""
    total = sum(firm.truth for firm in firms())
    means = total.div(total["n"], axis=0)
    value = customer_value(means["annual_margin"], means["cost"], means["retention"], RATE)
    return means.assign(value=value)


@pytest.mark.parametrize("outcome", ["retention", "annual_margin", "value"])
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
    total = sum(firm.truth for firm in firms()).groupby("relationship_level")["active"].sum()
    total = total.reindex(list(TRUTH.level_names)).to_numpy()
    factor = np.array([level.purchase_multiplier for level in TRUTH.levels])
    truth = factor * (total / total[0]) - 1
    hits = np.zeros(4)
    for firm in firms():
        low, high = (firm.effects[f"annual_margin_{end}"].to_numpy() for end in ("low", "high"))
        hits += (low <= truth[1:]) & (truth[1:] <= high)
    print("margin effect", truth, hits / RUNS)
    assert (hits >= least_hits(RUNS, 0.9)).all(), hits / RUNS


def test_probability_of_being_best_is_honest() -> None:
    """Of the levels called best with probability p, a share of about p truly is."""
    best = market()["value"].groupby("segment").idxmax().map(lambda pair: pair[1])
    print("truly best", best.to_dict(), market()["value"].round(1).to_dict())
    rows = pd.concat([firm.best for firm in firms()])
    right = rows["relationship_level"].to_numpy() == rows["segment"].map(best).to_numpy()
    said = rows["probability_best"].to_numpy()
    sure = said >= 0.9
    print("said best", said.mean(), "was", right.mean(), "sure", sure.sum(), right[sure].mean())
    assert right.mean() > said.mean() - 3 * np.sqrt(0.25 / len(said))
    assert right[sure].mean() > 0.8


def test_an_experiment_of_that_size_sees_the_effect() -> None:
    rng = np.random.default_rng(0)
    for retention, difference in ((0.6, 0.05), (0.8, 0.1), (0.9, -0.1)):
        n = rm.economics.experiment_size(retention, difference, power=0.8)
        control, treated = (
            rng.binomial(n, rate, 20_000) / n for rate in (retention, retention + difference)
        )
        pooled = (control + treated) / 2
        z = (treated - control) / np.sqrt(2 * pooled * (1 - pooled) / n)
        assert (np.abs(z) > 1.96).mean() == pytest.approx(0.8, abs=0.02)
