from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError

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
        ({"method": "nest"}, "Did you mean 'nested'"),
        ({"ties": "first"}, "together, split"),
        ({"cuts": {"recent": [1]}}, "Did you mean 'recency'"),
        ({"cuts": {"recency": [30, 10]}}, "cut points rise"),
    ],
)
def test_wrong_options_are_refused(cdnow, how, said):
    with pytest.raises(ParameterError, match=said):
        rm.rfm_scores(cdnow, **how)


class TestSegments:
    @pytest.fixture(scope="class")
    @classmethod
    def segments(cls):
        return rm.rfm_segments(rm.rfm_scores(rm.load_cdnow().until("1997-09-30")))

    def test_every_possible_score_is_in_a_segment(self):
        cells = [(r, f, m) for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)]
        scores = pd.DataFrame(cells, columns=["R", "F", "M"])
        scores["cell"] = ["".join(map(str, cell)) for cell in cells]
        named = rm.rfm_segments(scores).set_index("cell")["segment"]
        assert named.notna().all()
        assert named[["555", "551", "511", "111", "155"]].to_list() == [
            "champions", "loyal", "newcomers", "asleep", "do not lose",
        ]  # fmt: skip

    def test_rules_are_data(self, segments, tmp_path):
        path = tmp_path / "rules.yml"
        path.write_text("scale: 5\nsegments:\n  - {name: recent, R: [4, 5]}\n  - {name: rest}\n")
        own = rm.rfm_segments(segments, rules=path)["segment"]
        assert (own == "recent").equals(segments["R"] >= 4)
        assert rm.customers.segment_rules(path)["R"].to_list() == ["4-5", "any"]

    def test_first_rule_counts(self, segments):
        rules = {"segments": [{"name": "all"}, {"name": "never", "R": 5}]}
        assert set(rm.rfm_segments(segments, rules=rules)["segment"]) == {"all"}

    @pytest.mark.parametrize(
        ("rules", "error", "said"),
        [
            ({"segments": [{"name": "x", "R": [5, 5]}]}, DataError, "meet none"),
            ({"segments": [{"name": "x", "R": [3, 9]}]}, ParameterError, "within 1 and 5"),
            ({"segments": [{"name": "x", "Q": 3}]}, ParameterError, "no key of a segment 'Q'"),
            ({"scale": 3, "segments": [{"name": "x"}]}, DataError, "scores from 1 to 3; found 5"),
            ({}, ParameterError, "a scale and segments"),
            ("nowhere.yml", ParameterError, "no file of rules"),
        ],
    )
    def test_rules_that_do_not_hold(self, segments, rules, error, said):
        with pytest.raises(error, match=said):
            rm.rfm_segments(segments, rules=rules)

    def test_behaviour_accounts_for_the_whole_holdout(self, segments):
        split = rm.load_cdnow().split(at="1997-09-30")
        table = rm.customers.segment_behaviour(segments, split).set_index("segment")
        assert table["customers"].sum() == 2357
        assert table["share"].sum() == pytest.approx(1)
        assert table["value_share"].sum() == pytest.approx(1)
        assert (table["purchases"] * table["customers"]).sum() == pytest.approx(1882)
        best = segments.index[segments["segment"] == "champions"]
        bought = (split.holdout.loc[best, "purchases"] > 0).mean()
        assert table.loc["champions", "bought"] == pytest.approx(bought)
        assert table.loc["champions", "bought"] > 3 * table.loc["asleep", "bought"]

    def test_segments_of_other_customers_are_refused(self, segments):
        split = rm.load_cdnow().until("1997-03-31").split(at="1997-01-31")
        with pytest.raises(DataError, match="not in its calibration"):
            rm.customers.segment_behaviour(segments, split)
