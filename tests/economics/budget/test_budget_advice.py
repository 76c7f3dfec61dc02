import numpy as np
import pytest

from relmark_research.errors import ParameterError


def test_recommendation_is_consistent(position) -> None:
    best = position.recommend(draws=400, seed=1)
    table = best.table
    assert table["today"].sum() == pytest.approx(position.budget)
    assert table["best"].sum() == pytest.approx(position.budget)
    assert table["gain"].sum() == pytest.approx(best.gain)
    assert best.gain_low < best.gain < best.gain_high
    assert best.regret_today > best.regret > 0
    assert best.by_purpose()["change"].sum() == pytest.approx(0, abs=1e-6)
    assert best.probability > 0.99
    observed = np.array([position.observed_range[line] for line in position.index])
    assert (table["spend_per_head"] >= observed[:, 0] - 1e-9).all()
    assert (table["spend_per_head"] <= observed[:, 1] + 1e-9).all()
    free = position.recommend(np.inf, observed_range_only=False, draws=50)
    assert free.shadow_price == 0 and free.gain > best.gain


def test_shift_is_the_difference_in_equity(position) -> None:
    shift = position.shift(0.01, draws=400)
    lines, spend = position.lines(), position.spend
    money = spend * lines.people
    half = len(money) // 2
    amount = 0.01 * money.sum()
    moved = money.copy()
    moved[:half] *= 1 - amount / money[:half].sum()
    moved[half:] *= 1 + amount / money[half:].sum()
    assert shift.gain == pytest.approx(lines.equity(moved / lines.people) - lines.equity(spend))
    assert shift.gain_low < shift.gain < shift.gain_high
    assert 0 <= shift.probability <= 1
    with pytest.raises(ParameterError, match="share must not be 0, nor move more than is spent"):
        position.shift(0.9)
    with pytest.raises(ParameterError, match="share must not be 0, nor move more than is spent"):
        position.shift(0)
