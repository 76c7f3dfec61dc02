import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError


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
            ({"segments": [{"name": "x", "R": [5, 5]}]}, DataError, "match none"),
            ({"segments": [{"name": "x", "R": [3, 9]}]}, ParameterError, "within 1 and 5"),
            ({"segments": [{"name": "x", "Q": 3}]}, ParameterError, "no key of a segment 'Q'"),
            ({"scale": 3, "segments": [{"name": "x"}]}, DataError, "scores from 1 to 3; found 5"),
            ({}, ParameterError, "a scale and segments"),
            ("nowhere.yml", ParameterError, "a file of rules"),
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


def test_scores_are_asked_for_in_words() -> None:
    with pytest.raises(rm.ParameterError, match=r"found TransactionLog. Score the log first"):
        rm.rfm_segments(rm.load_cdnow())
    with pytest.raises(rm.ParameterError, match="from 2 to 9; found '5'"):
        rm.rfm_scores(rm.load_cdnow(), bins="5")


def test_scores_without_money_have_segments_of_their_own() -> None:
    cells = [(r, f) for r in range(1, 6) for f in range(1, 6)]
    scores = pd.DataFrame(cells, columns=["R", "F"])
    named = rm.rfm_segments(scores).set_index(["R", "F"])["segment"].astype(str)
    found = named.loc[[(5, 5), (3, 4), (5, 1), (1, 5), (1, 1)]].to_list()
    assert found == ["champions", "loyal", "newcomers", "do not lose", "asleep"]
    rules = rm.customers.segment_rules(money=False)
    assert list(rules) == ["segment", "R", "F", "meaning"]
    assert set(named) == set(rules["segment"])


def test_a_missing_score_is_named_and_that_of_money_explained() -> None:
    rules = {"segments": [{"name": "large", "M": 5}, {"name": "rest"}]}
    with pytest.raises(DataError, match=r"no column 'M'.*Scores of a log without money have no M"):
        rm.customers.rfm_segments(pd.DataFrame({"R": [1], "F": [2]}), rules=rules)
    for given in ({"R": [1], "M": [2]}, {"F": [1]}):
        with pytest.raises(DataError, match=r"no column '[RF]'") as caught:
            rm.customers.rfm_segments(pd.DataFrame(given))
        assert "without money" not in str(caught.value)
