"""Laws of every interval: it holds its estimate, grows with the level, and has limits at 0 and 1.

The limits are taken at levels of 1e-6 and 1 - 1e-6. A degenerate interval, without width or with an
infinite or missing end at 0.95, has no width to compare; it must be so at every level.
"""

from functools import cache

import numpy as np
import pytest

from relmark_research.errors import ParameterError
from tests.laws.cases import CASES
from tests.laws.reading import Interval
from tests.laws.registry import Case

TINY, LEVELS, HUGE, LIMIT = 1e-6, (0.5, 0.8, 0.95, 0.99), 1 - 1e-6, 1 - 1e-9
WRONG = (95, float("nan"), "0.95", 1.0, 0.0, -0.5, 1.5, float("inf"), "95%", True, [0.9])

every_case = pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=name, marks=[pytest.mark.slow] if case.slow else [])
        for name, case in CASES.items()
    ],
)


@cache
def at(name: str, level: float) -> dict[str, Interval]:
    """Return the intervals of an example at a level, by name."""
    found = CASES[name].intervals(level)
    by_name = {one.name: one for one in found}
    assert len(by_name) == len(found), f"two intervals have one name: {[one.name for one in found]}"
    return by_name


def growing(name: str, interval: str) -> np.ndarray:
    """Return where an interval has a finite width above 0."""
    one = at(name, 0.95)[interval]
    with np.errstate(invalid="ignore"):
        return np.isfinite(one.width) & (one.width > 1e-12 * np.abs(one.high))


@every_case
def test_there_are_intervals_and_some_have_a_width(case: Case):
    found = at(case.name, 0.95)
    assert found
    for name, one in found.items():
        assert one.width.size, name
        assert growing(case.name, name).any(), name
        assert not (one.low > one.high).any(), name


@every_case
def test_an_interval_holds_its_estimate(case: Case):
    for level in LEVELS:
        for name, one in at(case.name, level).items():
            early = level < 0.95 and case.kind(name) != "delta"
            if one.estimate is None or early or not case.holds_estimate(name):
                continue
            known = np.isfinite(one.low) & np.isfinite(one.high)
            slack = 1e-9 * np.abs(one.estimate)
            assert (one.low <= one.estimate + slack)[known].all(), (name, level)
            assert (one.estimate <= one.high + slack)[known].all(), (name, level)


@every_case
def test_intervals_are_nested_and_grow_strictly_with_the_level(case: Case):
    for name in at(case.name, 0.95):
        wide = growing(case.name, name)
        for lower, higher in zip((TINY, *LEVELS, HUGE), (*LEVELS, HUGE, LIMIT), strict=True):
            inner, outer = at(case.name, lower)[name], at(case.name, higher)[name]
            slack = 1e-7 * np.nan_to_num(
                np.abs(inner.high - inner.low) + np.abs(outer.low), posinf=0
            )
            where = (name, lower, higher)
            assert not (outer.low > inner.low + slack).any(), where
            assert not (outer.high < inner.high - slack).any(), where
            if case.kind(name) != "steps" and higher <= LEVELS[-1]:
                assert (outer.width > inner.width)[wide].all(), where
        if case.kind(name) == "steps":
            first, last = (at(case.name, level)[name] for level in (LEVELS[0], LEVELS[-1]))
            assert (last.width > first.width)[wide].any(), name


@every_case
def test_an_interval_shrinks_to_a_point_as_the_level_goes_to_0(case: Case):
    for name, one in at(case.name, TINY).items():
        if not case.shrinks(name) or case.kind(name) == "steps":
            continue
        wide, half = growing(case.name, name), at(case.name, 0.5)[name].width
        assert (one.width <= 1e-3 * half)[wide].all(), name
        if case.kind(name) == "delta" and one.estimate is not None:
            distance = np.maximum(np.abs(one.low - one.estimate), np.abs(one.high - one.estimate))
            assert (distance <= 1e-3 * half)[wide].all(), name


@every_case
def test_an_interval_grows_to_its_limit_as_the_level_goes_to_1(case: Case):
    for name, one in at(case.name, LIMIT).items():
        wide, before = growing(case.name, name), at(case.name, HUGE)[name]
        if case.kind(name) == "draws":
            assert (one.width - before.width <= 0.02 * one.width)[wide].all(), name
        elif case.kind(name) != "steps":
            clipped = np.isin(before.low, (-100, 0, 1)) | np.isin(before.high, (0, 1, 100))
            assert ((one.width > before.width) | clipped)[wide].all(), name


@every_case
def test_what_is_degenerate_is_so_at_every_level(case: Case):
    for name, one in at(case.name, 0.95).items():
        for level in LEVELS:
            other = at(case.name, level)[name]
            assert (np.isnan(one.low) == np.isnan(other.low)).all(), (name, level)
            assert (np.isnan(one.high) == np.isnan(other.high)).all(), (name, level)
            assert ((one.width == 0) <= (other.width == 0)).all() or level > 0.95, (name, level)


@every_case
def test_a_level_that_is_no_probability_is_refused(case: Case):
    for level in WRONG[: case.bad_levels]:
        with pytest.raises(ParameterError, match="level"):
            case.call(level)
