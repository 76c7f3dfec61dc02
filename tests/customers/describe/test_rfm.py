from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relmark_research as rm
from relmark_research.errors import ParameterError

START = date(2024, 1, 1)


@pytest.fixture(scope="module")
def cdnow():
    return rm.load_cdnow().until("1997-09-30")


def slowly(table: pd.DataFrame, bins: int, nested: bool) -> pd.DataFrame:
    """The rule for ties that stay together, written out customer by customer."""
    scores = pd.DataFrame(index=table.index, columns=["R", "F", "M"], dtype="int64")
    figures = {"R": -table["recency"], "F": table["frequency"], "M": table["monetary"]}
    done: list[str] = []
    for name, figure in figures.items():
        for who in table.index:
            same = np.ones(len(table), bool)
            for earlier in done if nested else []:
                same &= (scores[earlier] == scores.loc[who, earlier]).to_numpy()
            worse = int((figure[same] < figure[who]).sum())
            scores.loc[who, name] = 1 + bins * worse // int(same.sum())
        done.append(name)
    return scores


rows = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 60), st.integers(1, 500)),
    min_size=1,
    max_size=30,
)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(rows, st.integers(2, 7), st.booleans())
def test_scores_are_those_of_the_rule(rows, bins, nested):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    frame = frame.assign(date=[pd.Timestamp(START + timedelta(days=day)) for day in frame["date"]])
    method = "nested" if nested else "independent"
    scores = rm.rfm_scores(rm.read_transactions(frame), bins=bins, method=method)
    expected = slowly(scores, bins, nested)
    pd.testing.assert_frame_equal(scores[["R", "F", "M"]], expected, check_dtype=False)


def test_the_figures_are_those_of_the_log(cdnow):
    scores, summary = rm.rfm_scores(cdnow), cdnow.customer_summary(unit="day").table
    assert (scores.index == summary.index).all()
    assert (scores["frequency"] == summary["frequency"] + 1).all()
    assert (scores["recency"] == summary["T"] - summary["recency"]).all()
    assert scores["monetary"].sum() == pytest.approx(cdnow.to_pandas()["value"].sum())


def test_hughes_cells_are_of_equal_size(cdnow):
    nested = rm.rfm_scores(cdnow, method="nested", ties="split")
    assert set(nested.groupby("R").size()) <= {471, 472}
    sizes = nested.groupby("cell").size()
    assert (len(sizes), sizes.sum()) == (125, 2357)
    assert sizes.max() - sizes.min() <= 2
    within = nested[nested["R"] == 3]
    assert within.groupby("F")["frequency"].max().is_monotonic_increasing


def test_who_is_better_has_no_lower_score(cdnow):
    for ties in ("together", "split"):
        scores = rm.rfm_scores(cdnow, ties=ties)
        for figure, score, up in (("recency", "R", -1), ("frequency", "F", 1)):
            ordered = scores.sort_values(figure)[score].to_numpy() * up
            limits = scores.groupby(figure)[score].agg(["min", "max"]) * up
            assert (np.diff(ordered) >= 0).all() or ties == "split"
            assert (limits.min(axis=1).to_numpy()[1:] >= limits.max(axis=1).to_numpy()[:-1]).all()


def test_own_cuts_count_what_is_reached(cdnow):
    cuts = {"recency": [30, 90, 180], "frequency": [2, 3], "monetary": [20, 50, 100, 200]}
    scores = rm.rfm_scores(cdnow, cuts=cuts)
    expected = 1 + sum((scores["recency"] <= cut).astype(int) for cut in cuts["recency"])
    assert (scores["R"] == expected).all()
    assert scores.loc[scores["frequency"] == 2, "F"].unique().tolist() == [2]
    assert scores.loc[scores["monetary"].between(50, 99.99), "M"].unique().tolist() == [3]
    only_recency = rm.rfm_scores(cdnow, cuts={"recency": [30]})
    assert set(only_recency["R"]) == {1, 2}
    assert (only_recency["F"] == rm.rfm_scores(cdnow)["F"]).all()


def test_a_summary_is_scored_as_its_log(cdnow):
    summary = cdnow.customer_summary(unit="day")
    ours, logs = rm.rfm_scores(summary), rm.rfm_scores(cdnow)
    pd.testing.assert_frame_equal(ours[["R", "F"]], logs[["R", "F"]])


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"bins": 1}, "from 2 to 9; found 1"),
        ({"bins": 10}, "from 2 to 9; found 10"),
        ({"method": "nest"}, "Did you mean 'nested'"),
        ({"ties": "first"}, "together, split"),
        ({"cuts": {"recent": [1]}}, "Did you mean 'recency'"),
        ({"cuts": {"recency": [30, 10]}}, "cut points must increase"),
    ],
)
def test_wrong_options_are_refused(cdnow, how, said):
    with pytest.raises(ParameterError, match=said):
        rm.rfm_scores(cdnow, **how)
