import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError


@pytest.fixture(scope="module")
def members():
    random = np.random.default_rng(3)
    groups = np.repeat(["shop", "web"], 400)
    life = random.geometric(np.where(groups == "web", 0.12, 0.08))
    followup = random.integers(1, 24, len(life))
    return pd.DataFrame(
        {"tenure": np.minimum(life, followup), "churned": life <= followup, "channel": groups}
    )


def test_the_curve_is_kaplan_and_meiers(members):
    """Against statsmodels with one row per customer, standard errors by Greenwood."""
    curve = rm.retention_curve(members)
    theirs = SurvfuncRight(members["tenure"], members["churned"].astype(int))
    table = curve.table
    np.testing.assert_allclose(table["survival"], theirs.surv_prob, rtol=1e-12)
    log_log = np.log(-np.log(table[["survival_high", "survival_low"]].to_numpy()))
    half = theirs.surv_prob_se / (theirs.surv_prob * -np.log(theirs.surv_prob))
    np.testing.assert_allclose(np.diff(log_log)[:, 0] / 2, 1.959964 * half, rtol=1e-6)
    np.testing.assert_allclose(table["survival"], np.cumprod(table["retention_rate"]), rtol=1e-12)
    np.testing.assert_allclose(table["churn_rate"], table["events"] / table["at_risk"])


def test_by_hand():
    """1 of 5 lost at 1, 1 of 4 at 2 where another is let go of, 1 of 2 at 3: .8, .6, .3."""
    members = pd.DataFrame({"tenure": [1, 2, 2, 3, 3], "churned": [1, 1, 0, 1, 0]})
    table = rm.retention_curve(members).table
    assert table["survival"].to_list() == pytest.approx([0.8, 0.6, 0.3])
    assert table["at_risk"].to_list() == [5, 4, 2]


def test_groups_are_told_apart(members):
    curve = rm.retention_curve(members, by="channel")
    assert set(curve.table["group"]) == {"shop", "web"}
    assert curve.chi2 > 6.6
    assert curve.p_value < 0.01
    same = rm.retention_curve(members.assign(channel=np.tile(["a", "b"], 400)), by="channel")
    assert same.p_value > 0.01
    assert np.isnan(rm.retention_curve(members).p_value)


def test_what_was_not_followup_is_not_known(members):
    curve = rm.retention_curve(members, by="channel")
    known = curve.at(12)
    assert known["survival"].between(known["survival_low"], known["survival_high"]).all()
    assert curve.at(24)["survival"].isna().all()


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    random = np.random.default_rng(11)
    inside = 0
    for _ in range(400):
        life, followup = random.geometric(0.1, 200), random.integers(3, 25, 200)
        table = pd.DataFrame({"tenure": np.minimum(life, followup), "churned": life <= followup})
        row = rm.retention_curve(table).at(8).iloc[0]
        inside += row["survival_low"] <= 0.9**8 <= row["survival_high"]
    assert 0.92 <= inside / 400 <= 0.98


class TestLogs:
    """Without contracts: the share that buys again within a window."""

    def test_where_all_were_followup_it_is_the_plain_share(self):
        log = rm.load_cdnow()  # every customer came in the first quarter of 18 months
        days = log.days.to_pandas().sort_values(["customer_id", "date"])
        gap = pd.to_datetime(days["date"]).groupby(days["customer_id"]).diff().dt.days
        second = gap[days.groupby("customer_id").cumcount() == 1]
        curve = rm.retention_curve(log, within="90 days")
        assert curve.bought_again(90)["share"].item() == pytest.approx((second <= 90).sum() / 2357)

    def test_who_was_not_followup_for_long_is_not_counted_as_lost(self):
        log = rm.load_cdnow().until("1997-04-15")
        days = log.days.to_pandas()
        naive = (days.groupby("customer_id").size() > 1).mean()
        fair = rm.retention_curve(log, within="90 days").bought_again(90).iloc[0]
        whole = rm.retention_curve(rm.load_cdnow(), within="90 days").bought_again(90).iloc[0]
        assert naive < fair["low"]
        assert fair["low"] < whole["share"] < fair["high"]

    def test_cohorts_and_given_groups(self):
        log = rm.load_cdnow()
        cohorts = rm.retention_curve(log, by="cohort", within="180 days").bought_again(180)
        assert cohorts["group"].to_list() == ["1997-01", "1997-02", "1997-03"]
        assert cohorts["customers"].sum() == 2357
        half = pd.Series(dict.fromkeys(log.customer_summary().table.index[::2], "even"))
        groups = rm.retention_curve(log, by=half).bought_again(90)
        assert set(groups["group"]) == {"even", "not known"}


@pytest.mark.parametrize(
    ("table", "how", "error", "said"),
    [
        (
            {"tenure": [1, 0], "churned": [1, 0]},
            {},
            DataError,
            "in 1 of 2 rows it is not, first: row 2",
        ),
        ({"tenure": [1], "ended": [1]}, {}, DataError, "no column 'churned'"),
        ({"tenure": [1], "churned": [1]}, {"by": "channel"}, DataError, "no column 'channel'"),
        ({"tenure": [1], "churned": [1]}, {"level": 95}, ParameterError, "such as 0.95; found 95"),
        ({"tenure": [1], "churned": [1]}, {"level": "0.95"}, ParameterError, "the text '0.95'"),
        (
            {"tenure": ["12.5"], "churned": [1]},
            {},
            DataError,
            "in 1 of 1 .*first: row 1 .'12.5'",
        ),
        ({"tenure": [1, 2], "churned": ["1", "False"]}, {}, DataError, "in 2 of 2 rows .* text"),
        (
            {"tenure": [1, 2], "churned": [1, np.nan]},
            {},
            DataError,
            "1 of 2 rows it is not.*nan",
        ),
        ({"tenure": [], "churned": []}, {}, DataError, "no rows"),
    ],
)
def test_what_cannot_be_estimated_is_refused(table, how, error, said):
    with pytest.raises(error, match=said):
        rm.retention_curve(pd.DataFrame(table), **how)


def test_a_log_is_grouped_by_cohort_or_a_series():
    with pytest.raises(ParameterError, match="'cohort', a Series by customer_id"):
        rm.retention_curve(rm.load_cdnow(), by="channel")


def test_a_curve_is_shown_in_a_few_lines(members):
    curve = rm.retention_curve(members, by="channel")
    assert repr(curve).startswith("<RetentionCurve: groups 2, customers 800, events ")
    assert curve._repr_html_().count("<tr>") == 5


def test_a_log_needs_follow_up_and_groups_of_its_customers():
    frame = pd.DataFrame({"customer_id": ["a", "b"], "date": ["2024-01-05"] * 2, "value": 1.0})
    with pytest.raises(DataError, match="found none: the log ends on 2024-01-05"):
        rm.retention_curve(rm.read_transactions(frame))
    later = frame.assign(date=["2024-01-05", "2024-01-06"])
    log = rm.read_transactions(pd.concat([frame, later]).drop_duplicates())
    assert len(log.customer_summary()) == 2
    half = pd.Series({"a": "x", "c": "y"})
    assert set(rm.retention_curve(log, by=half).table["group"]) <= {"x", "not known"}
    with pytest.raises(DataError, match="2 of 2 have none, first: 'a'"):
        rm.retention_curve(log, by=pd.Series({"A": "x", "B": "y"}))


def test_a_group_without_an_event_stays_until_its_follow_up_ends():
    table = pd.DataFrame(
        {"tenure": [1, 2, 2, 5], "churned": [1, 0, 0, 0], "plan": ["a", "a", "b", "b"]}
    )
    curve = rm.retention_curve(table, by="plan")
    known = curve.at(4).set_index("group")["survival"]
    assert np.isnan(known["a"])  # followed for 2 months only
    assert known["b"] == 1
    assert curve.at(0.5)["survival"].tolist() == [1, 1]  # before the first event
    own = curve.table[curve.table["group"] == "b"]
    assert own[["time", "at_risk", "events", "survival"]].to_numpy().tolist() == [[5, 2, 0, 1]]
