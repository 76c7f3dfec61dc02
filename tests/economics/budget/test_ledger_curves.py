import numpy as np
import pandas as pd
import pytest

from relmark_research.economics.budget.ledger_curves import (
    draw_pairs,
    fit_curves,
    fit_memories,
    pooled_slope,
    today_curve,
)
from relmark_research.economics.budget.spend_ledger import SpendLedger
from relmark_research.economics.response.response_curves import ResponseCurve

SPEND = np.array([1.0, 2.0, 3.0, 4.0])


def segment(name: str, ceiling: float, kept: list[float] | None = None) -> pd.DataFrame:
    """Return four quarters of a segment, its acquisition on an exact curve."""
    return pd.DataFrame(
        {
            "quarter": ["2024Q1", "2024Q2", "2024Q3", "2024Q4"], "segment": name,
            "acquisition_spend": 1000 * SPEND, "prospects_reached": 1000,
            "customers_won": np.round(1000 * ceiling * -np.expm1(-0.5 * SPEND)),
            "retention_spend": 400 * SPEND[::-1], "customers_at_risk": 200,
            "customers_kept": kept or np.round(200 * 0.8 * -np.expm1(-0.7 * SPEND[::-1])),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def ledger() -> SpendLedger:
    flat = segment("shop", 0.3).assign(retention_spend=0.0, acquisition_spend=500.0)
    table = pd.concat([segment("fair", 0.2), flat, segment("web", 0.4)])
    return SpendLedger.from_table(table, by="segment")


@pytest.fixture(scope="module")
def today(ledger) -> pd.DataFrame:
    return ledger.recent(1).totals()


@pytest.fixture(scope="module")
def fitted(ledger, today):
    return fit_curves(ledger, today)


@pytest.fixture(scope="module")
def memories(ledger, fitted):
    return fit_memories(ledger, fitted[0])


def test_each_segment_and_purpose_has_its_own_curve_at_its_current_spend(ledger, fitted):
    fits, _ = fitted
    assert set(fits) == {(name, purpose) for name in ("fair", "web")
                         for purpose in ("acquisition", "retention")}  # fmt: skip
    for (name, purpose), fit in fits.items():
        data = ledger.binomial_data(name, purpose)
        now = 4.0 if purpose == "acquisition" else 2.0
        own = ResponseCurve.fit(data.spend, data.successes, data.trials, today=now)
        assert fit.curve == own.curve
        assert fit.curve.spend == now


def test_without_people_today_the_current_spend_is_the_mean(ledger, today):
    nobody = today.copy()
    nobody.loc["web", ["retention_spend", "customers_at_risk"]] = 0
    fits, _ = fit_curves(ledger, nobody)
    assert fits["web", "retention"].curve.spend == pytest.approx(5.0)
    assert fits["web", "acquisition"].curve.spend == 4.0


def test_a_segment_without_a_fit_has_one_note_for_both_purposes(fitted):
    _, notes = fitted
    assert list(notes) == ["shop"]
    first, second = notes["shop"].split(" no retention curve: ")
    assert first.startswith("no acquisition curve: a response curve needs at least 2 different")
    assert second.startswith("a response curve needs at least 2 different spends")


def test_the_pooled_slope_is_weighted_by_spend(today, fitted, memories):
    fits, _ = fitted
    mixed = today.copy()
    mixed.loc["web", "acquisition_spend"] = 12000.0
    slope, drawn = pooled_slope(mixed, fits, memories, ["fair", "web"], "acquisition", seed=3)
    lines = [(name, "acquisition") for name in ("fair", "web")]
    slopes = [float(today_curve(fits[line], memories[line]).slope_at(4.0)) for line in lines]
    assert slope == pytest.approx(0.25 * slopes[0] + 0.75 * slopes[1])
    assert drawn.shape == (2000,)


@pytest.mark.parametrize(("purpose", "place"), [("acquisition", 0), ("retention", 1)])
def test_draws_of_each_segment_and_purpose_have_their_own_seed(
    today, fitted, memories, purpose, place
):
    fits, _ = fitted
    _, drawn = pooled_slope(today, fits, memories, ["fair", "web"], purpose, seed=3)
    expected = np.zeros(2000)
    for i, name in enumerate(("fair", "web")):
        fit = fits[name, purpose]
        pair = draw_pairs(fit, memories[name, purpose], 2000, seed=3 + 1000 * i + place)
        expected += 0.5 * pair[0] * pair[1] * np.exp(-pair[1] * fit.curve.spend)
    assert drawn == pytest.approx(expected)


def test_without_a_curve_or_any_spend_there_is_no_pooled_slope(today, fitted, memories):
    fits, _ = fitted
    assert pooled_slope(today, fits, memories, ["fair", "shop"], "acquisition", seed=3) is None
    idle = today.assign(acquisition_spend=0.0)
    assert pooled_slope(idle, fits, memories, ["fair", "web"], "acquisition", seed=3) is None


def test_draws_contain_the_chance_that_the_curve_is_misread(fitted, memories):
    """Where a memory has a probability, some draws have another slope than the curve's own."""
    line = "fair", "acquisition"
    fit, memory = fitted[0][line], memories[line]
    own = fit.draws(2000, seed=3).to_numpy().T
    found = draw_pairs(fit, memory, 2000, seed=3)
    changed = ~np.isclose(found[1], own[1])
    assert changed.mean() == pytest.approx(memory.probability, abs=0.05)
