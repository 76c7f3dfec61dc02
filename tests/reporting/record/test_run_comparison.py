import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relmark_research.errors import ReportError
from relmark_research.reporting.record.manifest import KeyFigure, Manifest, NotebookRun
from relmark_research.reporting.record.run_comparison import change_of, compare_runs, is_same

FIGURE = KeyFigure("total_clv", 1000.0, 900.0, 1100.0, "USD", "Value")
RUN = NotebookRun("03", "done", "Worth?", {"margin": 0.3}, 2.0, key_figures=(FIGURE,), source="a")
THEN = Manifest(
    "r",
    "T",
    "20261114-060000",
    "2026-11-14T06:00:00+00:00",
    fingerprint={"sha256": "x", "rows_used": 1000, "last_day": "2026-11-13"},
    versions={"pandas": "3.0.0", "numpy": "2.4"},
    git={"commit": "a" * 40, "dirty": False},
    code="p",
    notebooks=(RUN,),
)


def moved(value, **changes):
    return change_of(FIGURE, replace(FIGURE, value=value, **changes))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1032.0, "+3.2%"),
        (968.0, "−3.2%"),
        (1000.0, "no change"),
        (1000.0 + 1e-8, "no change"),
        (1000.1, "up by less than 0.1%"),
        (4000.0, "+300%"),
        (-500.0, "−$1,500"),
        (math.nan, "has no value now"),
    ],
)
def test_a_change_as_text(value, words):
    assert moved(value).difference == words


def test_a_share_changes_by_percentage_points():
    old = KeyFigure("alive", 0.40, unit="share")
    assert change_of(old, replace(old, value=0.412)).difference == "+1.2 points"
    assert change_of(old, replace(old, value=0.3999)).difference == "down by less than 0.1 points"
    assert change_of(old, replace(old, value=0.3)).difference == "−10.0 points"


def test_a_change_is_compared_with_the_interval():
    assert moved(1032.0).within_interval is True
    assert moved(2000.0, low=1900.0, high=2100.0).within_interval is False
    assert moved(1032.0, low=None).within_interval is None


def test_new_removed_and_incomparable_figures():
    assert change_of(None, FIGURE).difference == "new"
    assert change_of(None, FIGURE).earlier == "not recorded"
    assert change_of(FIGURE, None).difference == "no longer recorded"
    assert moved(1000.0, unit="EUR").difference == "not comparable: USD before"
    with pytest.raises(ReportError):
        change_of(None, None)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False))
def test_any_two_values_have_a_difference(one, other):
    change = change_of(replace(FIGURE, value=one), replace(FIGURE, value=other))
    assert change.difference
    assert change.changed == (change.difference != "no change")
    assert change.changed == (not is_same(one, other))


def test_nothing_changed():
    found = compare_runs(THEN, replace(THEN, run_id="later"))
    assert found.causes == ("Data: the same.", "Code: the same.", "Versions: the same.")
    assert [change.difference for change in found.changes] == ["no change"]
    assert found.since == "14 November 2026"


def test_each_cause_is_named():
    new = {"sha256": "y", "rows_used": 1200, "last_day": "2026-11-20"}
    asked = replace(RUN, source="b", parameters={"margin": 0.25, "extra": 1})
    now = replace(
        THEN,
        fingerprint=new,
        code="q",
        git={"commit": "b" * 40, "dirty": False},
        versions={"pandas": "3.1.0", "numpy": "2.4"},
        notebooks=(asked,),
    )
    causes = compare_runs(THEN, now).causes
    assert causes == (
        "Data: changed: 1,000 rows then, 1,200 now; "
        "until 13 November 2026 then, 20 November 2026 now.",
        "Code: changed in the package, notebook 03 (commit aaaaaaaaa, now bbbbbbbbb).",
        "Versions: changed: pandas 3.0.0 → 3.1.0.",
        "Parameters: changed: margin, extra.",
    )


def test_another_last_day_and_unknown_data():
    earlier = replace(THEN, fingerprint={**THEN.fingerprint, "last_day": "2026-10-01"})
    assert "the same files, seen to another day" in compare_runs(THEN, earlier).causes[0]
    assert "not known" in compare_runs(replace(THEN, fingerprint={}), THEN).causes[0]


def test_added_and_removed_notebooks():
    other = replace(RUN, notebook="04")
    found = compare_runs(THEN, replace(THEN, notebooks=(other,)))
    assert [(change.notebook, change.difference) for change in found.changes] == [
        ("04", "new"),
        ("03", "no longer recorded"),
    ]
    skipped = replace(THEN, notebooks=(NotebookRun("03", "skipped"),))
    assert compare_runs(THEN, skipped).changes == ()
