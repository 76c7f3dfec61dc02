"""Slow: intervals of reliabilities, paths, scores, ties and savings hold the simulated truth.

RELMARK_SLOW_RUNS sets how many surveys are simulated; with fewer the bounds are wider.
"""

import os
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from relmark_research.relationships.partners.partner_data import partner_summary, read_partners
from relmark_research.relationships.partners.path_model import relationship_drivers
from relmark_research.relationships.partners.relationship_quality import (
    QUALITY,
    relationship_quality,
)
from relmark_research.relationships.partners.reliability import (
    cronbach_alpha,
    discriminant_validity,
    htmt,
    scale_reliability,
)
from relmark_research.relationships.partners.structural_ties import TIES, tie_effects, weak_partners
from relmark_research.simulation.partners import (
    PartnerTruth,
    draw_constructs,
    simulate_partners,
    survey_table,
)

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("RELMARK_SLOW_RUNS", "300"))
TRUTH = PartnerTruth()
DRAWS = 500


def bounds() -> tuple[float, float]:
    reach = max(0.03, 3.3 * np.sqrt(0.95 * 0.05 / RUNS))
    return 0.95 - reach, min(0.95 + reach, 1.0)


def item_mean(own: np.ndarray, own_share: float) -> np.ndarray:
    """Expected answer (rounded, cut at 1 and 7) of a respondent whose construct is part known."""
    centre = TRUTH.item_mean + TRUTH.item_sd * TRUTH.loading * np.sqrt(own_share) * own
    spread = TRUTH.item_sd * np.sqrt(1 - TRUTH.loading**2 * own_share)
    return 1 + norm.sf((np.arange(1.5, 7) - centre[:, None]) / spread).sum(axis=1)


def true_reliability() -> dict[str, float]:
    """Alpha and HTMT of rounded, cut answers, by quadrature over the construct."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    conditional = item_mean(nodes, 1.0)
    mean = weights @ conditional
    shared = weights @ (conditional - mean) ** 2
    cuts = norm.sf((np.arange(1.5, 7) - TRUTH.item_mean) / TRUTH.item_sd)
    square = 1 + ((2 * np.arange(1, 7) + 1) * cuts).sum()  # E x^2 by its tails
    variance = square - mean**2
    r = shared / variance
    return {k: float(cronbach_alpha(np.full((k, k), r) + (1 - r) * np.eye(k))) for k in (3, 4)} | {
        "r": r
    }


def total_effects() -> dict[tuple[str, str], float]:
    names = list(dict.fromkeys([path[1] for path in TRUTH.paths] + [p[0] for p in TRUTH.paths]))
    direct = pd.DataFrame(0.0, index=names, columns=names)
    for effect, cause, value in TRUTH.paths:
        direct.loc[effect, cause] = value
    total = np.linalg.inv(np.eye(len(names)) - direct) - np.eye(len(names))
    indirect = total - direct.to_numpy()
    return {(a, b): indirect[i, j] for i, a in enumerate(names) for j, b in enumerate(names)}


def true_saving(records: pd.DataFrame, trust: np.ndarray) -> float:
    ties = records[list(TIES)].to_numpy()
    deficit = np.clip(np.median(ties, axis=0) - ties, 0, None)
    log = deficit @ np.array(TRUTH.cost_effects) + TRUTH.cost_trust_effect * np.clip(
        -trust, 0, None
    )
    now = records["transaction_cost"] * records["transactions_per_year"]
    return float((now * -np.expm1(log)).sum())


class Tally:
    def __init__(self) -> None:
        self.hits, self.tries, self.errors = Counter(), Counter(), {}

    def add(self, name: str, value: float, low: float, high: float, truth: float) -> None:
        self.tries[name] += 1
        self.hits[name] += low <= truth <= high
        self.errors.setdefault(name, []).append(value - truth)

    def table(self) -> pd.DataFrame:
        rows = {
            name: (self.hits[name] / n, np.mean(self.errors[name]), np.std(self.errors[name]))
            for name, n in self.tries.items()
        }
        return pd.DataFrame(rows, index=["covered", "bias", "sd"]).T


def one_run(seed: int, tally: Tally, known: dict) -> None:
    rng = np.random.default_rng([7, seed])
    records, own = simulate_partners(TRUTH, 2023, rng)
    survey = survey_table(records, own, TRUTH, rng)
    data = read_partners(records, survey)
    for row in scale_reliability(data, draws=DRAWS, seed=seed).to_dict("records"):
        truth = known["reliability"][row["items"]]
        for name, true in (
            ("alpha", truth),
            ("composite_reliability", truth),
            ("average_variance_extracted", known["reliability"]["r"]),
        ):
            tally.add(name, row[name], row[f"{name}_low"], row[f"{name}_high"], true)
    for row in discriminant_validity(data, draws=DRAWS, seed=seed).to_dict("records"):
        if {row["scale_a"], row["scale_b"]} == {"communication", "mutual_interest"}:
            ends = row["htmt"], row["htmt_low"], row["htmt_high"]
            tally.add("htmt", *ends, TRUTH.exogenous_correlation)
    drivers = relationship_drivers(data, draws=DRAWS, seed=seed)
    for row in drivers.paths.to_dict("records"):
        truth = known["paths"][row["effect"], row["cause"]]
        name = f"path {row['cause']} -> {row['effect']}"
        tally.add(name, row["path"], row["path_low"], row["path_high"], truth)
    for row in drivers.effects.to_dict("records"):
        truth = known["indirect"][row["effect"], row["cause"]]
        if truth > 0:
            ends = row["indirect"], row["indirect_low"], row["indirect_high"]
            tally.add(f"indirect {row['cause']} -> {row['effect']}", *ends, truth)
    records_and_scores(data, own, tally)


def records_and_scores(data, own: pd.DataFrame, tally: Tally) -> None:
    share = TRUTH.partner_share
    true = np.mean([item_mean(own[name].to_numpy(), share) for name in QUALITY], axis=0)
    scores = relationship_quality(data).table
    for (_, row), truth in zip(scores.iterrows(), true, strict=True):
        tally.add("score", row["quality"], row["quality_low"], row["quality_high"], truth)
    trust = relationship_quality(data, scales="trust")
    for outcome, ties, by_trust in (
        ("cost", TRUTH.cost_effects, TRUTH.cost_trust_effect),
        ("time", TRUTH.time_effects, TRUTH.time_trust_effect),
    ):
        effects = tie_effects(data, trust, outcome=outcome)
        for row, truth in zip(effects.table().to_dict("records"), (*ties, by_trust), strict=True):
            name = f"{outcome}: {'trust' if truth == by_trust else 'tie'}"
            tally.add(name, row["effect"], row["effect_low"], row["effect_high"], truth)
        if outcome == "cost":
            row = weak_partners(data, trust, effects, draws=1000).drivers.iloc[-1]
            truth = true_saving(data.records, own["trust"].to_numpy())
            tally.add("saving", row["saving"], row["saving_low"], row["saving_high"], truth)
    kinds = partner_summary(data).set_index("constituency")
    for kind in TRUTH.constituencies:
        row, truth = kinds.loc[kind.name], 2.5 * sum(TRUTH.time_effects)
        ends = np.log(row[["response_days", "response_days_low", "response_days_high"]] /
                      kind.response_days)  # fmt: skip
        tally.add("response time", *ends, truth)


def test_intervals_hold_the_truth() -> None:
    tally = Tally()
    known = {
        "reliability": true_reliability(),
        "paths": {(effect, cause): value for effect, cause, value in TRUTH.paths},
        "indirect": total_effects(),
    }
    for seed in range(RUNS):
        one_run(seed, tally, known)
    table = tally.table()
    print(table.round(4).to_string())
    low, high = bounds()
    assert table["covered"].between(low, high).all(), table
    assert (
        table["bias"].abs() <= np.maximum(0.2 * table["sd"], 3.3 * table["sd"] / RUNS**0.5)
    ).all()


def test_true_htmt_needs_no_rounding() -> None:
    drawn = draw_constructs(TRUTH, 50_000, np.random.default_rng(3))
    noise = np.random.default_rng(4).standard_normal((50_000, 4)) * np.sqrt(1 - TRUTH.loading**2)
    felt = np.repeat(drawn[["communication", "mutual_interest"]].to_numpy(), 2, axis=1)
    raw = TRUTH.item_mean + TRUTH.item_sd * (TRUTH.loading * felt + noise)
    items = np.clip(np.rint(raw), 1, 7)
    found = htmt(np.corrcoef(items, rowvar=False), [0, 1], [2, 3])
    assert found == pytest.approx(TRUTH.exogenous_correlation, abs=0.015)
