import numpy as np
import pytest

from relmark_research.economics.value_of_retention.retention_value import (
    break_even_retention,
    customer_value,
    margin_multiple,
    retention_value,
)
from relmark_research.errors import ParameterError

TIMINGS = ("first margin now", "just after a payment", "end of period")


@pytest.mark.parametrize(
    ("rate", "multiples"), [(0.10, [1.20, 1.75, 2.67, 4.50]), (0.16, [1.07, 1.52, 2.22, 3.46])]
)
def test_gupta_and_lehmann_table(rate, multiples) -> None:
    found = [
        margin_multiple(r, rate, timing="just after a payment", payment="year")
        for r in (0.6, 0.7, 0.8, 0.9)
    ]
    assert [round(one, 2) for one in found] == multiples


def test_not_the_annuity_of_the_expected_lifetime() -> None:
    """Gupta, Lehmann and Stuart 2004: 250, where five years of 100 at 12% would give 360."""
    assert (
        round(100 * margin_multiple(0.8, 0.12, timing="just after a payment", payment="year"))
        == 250
    )
    assert round(sum(100 / 1.12**year for year in range(1, 6))) == 360


@pytest.mark.parametrize(("rate", "percent"), [(0.0, 111), (0.10, 41), (0.15, 32), (0.20, 27)])
def test_five_points_of_retention(rate, percent) -> None:
    gain = retention_value(100, 0.90, rate, timing="just after a payment", payment="year")
    assert round(100 * gain.relative_gain) == percent
    assert gain.lifetime_after == pytest.approx(2 * gain.lifetime)
    assert gain.gain == pytest.approx(gain.value * gain.relative_gain)


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize("periods", [1, 7, None])
@pytest.mark.parametrize("growth", [0.0, 0.03, -0.1])
def test_multiple_is_the_sum_of_its_payments(timing, periods, growth) -> None:
    r, d = 0.8, 0.1
    count = np.arange(periods or 3000)
    margins = (1 + growth) ** count
    paid = {
        "first margin now": (r / (1 + d)) ** count,
        "just after a payment": (r / (1 + d)) ** (count + 1),
        "end of period": r**count / (1 + d) ** (count + 1),
    }[timing]
    given = {"timing": timing, "periods": periods, "growth": growth}
    found = margin_multiple(r, d, **given, payment="year")
    assert found == pytest.approx(float(margins @ paid), rel=1e-12)


def test_a_finite_horizon_with_a_ratio_of_1() -> None:
    given = {"timing": "first margin now", "periods": 4, "growth": 1.0}
    assert margin_multiple(0.5, 0.0, **given, payment="year") == 4


def test_break_even_leaves_the_value_unchanged() -> None:
    given = {"retention_spend": 8, "payment": "year"}
    found = break_even_retention(50, 0.60, 0.10, **given, points=0.05)
    after = customer_value(50, found.retention_rate, 0.10, found.retention_spend, payment="year")
    assert after == pytest.approx(94.0, rel=1e-12)
    back = break_even_retention(50, 0.60, 0.10, **given, extra_spend=found.extra_spend)
    assert back.points == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: margin_multiple(1, 0.1, timing="end of period"),
            r"\[0, 1\).*found 1.*no customer ever",
        ),
        (lambda: margin_multiple(80, 0.1, timing="end of period"), r"Did you mean 0\.8\?"),
        (lambda: margin_multiple(0.8, 10, timing="end of period"), r"found 10\. Did you mean 0\.1"),
        (lambda: margin_multiple(0.8, 0.1, timing="now"), "no timing 'now'; there are: first"),
        (
            lambda: margin_multiple(0.9, 0.05, timing="end of period", growth=0.2),
            "the value is infinite",
        ),
        (lambda: margin_multiple(0.8, 0.1, timing="end of period", periods=0), "1 or more"),
        (lambda: margin_multiple(0.8, 0.1, timing="end of period", growth=-1), "above -1"),
        (
            lambda: retention_value(0, 0.8, 0.1, timing="end of period"),
            "annual_margin must be money",
        ),
        (lambda: retention_value(9, 0.98, 0.1, timing="end of period"), r"must be in \[0, 1\)"),
        (lambda: break_even_retention(50, 0.6, 0.1), "exactly one of"),
        (lambda: break_even_retention(50, 0.6, 0.1, extra_spend=99), "Use fewer points"),
        (lambda: break_even_retention(5, 0.6, 0.1, retention_spend=9, points=0.1), "value is -"),
        (lambda: customer_value(50, 0.8, 0.1, -1), "0 or more; found -1"),
    ],
)
def test_invalid_input_raises(call, words) -> None:
    with pytest.raises(ParameterError, match=words):
        call()


def test_timing_must_be_named() -> None:
    with pytest.raises(TypeError, match="timing"):
        margin_multiple(0.8, 0.1)


def test_relative_gain_from_0_is_infinite() -> None:
    gain = retention_value(100, 0.0, 0.1, timing="just after a payment")
    assert gain.value == 0
    assert gain.gain > 0
    assert gain.relative_gain == np.inf


@pytest.mark.parametrize("periods", [np.inf, np.nan, 1.5, 0])
def test_periods_are_whole(periods) -> None:
    with pytest.raises(ParameterError, match="periods must be a whole number"):
        margin_multiple(0.8, 0.1, timing="first margin now", periods=periods)


def test_spend_does_not_fall_below_0() -> None:
    given = {"retention_spend": 8, "payment": "year"}
    lower = break_even_retention(50, 0.6, 0.1, **given, points=-0.05)
    assert lower.retention_spend == pytest.approx(8 - 0.05 * 94)
    with pytest.raises(ParameterError, match=r"cannot fall by 9\.4: current retention_spend is 8"):
        break_even_retention(50, 0.6, 0.1, **given, points=-0.1)
