"""The parameters of the sample firm, and what follows from them."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from relmark_research.simulation import sample_firm
from relmark_research.simulation.firm import (
    CONTACT_KINDS,
    ArmTruth,
    CurveTruth,
    FunnelTruth,
    Truth,
)
from relmark_research.tables.sources.bundled_files import sample_folder

TRUTH = Truth()


def test_the_truth_is_written_beside_the_tables():
    written = json.loads((sample_folder() / "truth.json").read_text())
    assert written == json.loads(json.dumps({"seed": sample_firm.SEED, **asdict(TRUTH)}))


def test_a_response_curve_rises_to_its_ceiling():
    curve = CurveTruth(ceiling=0.8, steepness=np.log(2), spend=1.0)
    np.testing.assert_allclose(curve.rate_at(np.array([0, 1, 2, 1000])), [0, 0.4, 0.6, 0.8])


def test_the_win_rate_is_the_product_of_the_stages():
    assert FunnelTruth((0.5, 0.4, 1.0, 0.25), (), ()).win_rate == pytest.approx(0.05)


def test_an_arm_without_contact_has_no_cost_and_no_effect():
    control = ArmTruth("control", 0.5)
    assert (control.cost, control.extra_order) == (0.0, (0.0, 0.0, 0.0))


def test_days_are_counted_from_the_first_day():
    assert TRUTH.day("2022-01-01") == 0
    assert TRUTH.day("2022-03-01") == 59
    assert TRUTH.days == 365 + 365 + 366
    assert TRUTH.dates(np.array([0, 59])).strftime("%Y-%m-%d").tolist() == [
        "2022-01-01",
        "2022-03-01",
    ]
    assert TRUTH.dates(pd.Series([np.nan]))[0] is pd.NaT


def test_values_by_segment_are_in_order():
    assert TRUTH.segment_names == ("private", "small business", "key account")
    assert TRUTH.by_segment("margin_share").tolist() == [0.46, 0.36, 0.26]
    assert TRUTH.level_names == ("basic", "reactive", "accountable", "proactive", "partnership")


def test_shares_add_up():
    for shares in (
        *(segment.level_shares for segment in TRUTH.segments),
        *(channel.segment_shares for channel in TRUTH.channels),
        *([arm.share for arm in campaign.arms] for campaign in TRUTH.campaigns),
    ):
        assert sum(shares) == pytest.approx(1)


def test_tuples_by_kind_have_one_value_each():
    assert all(len(segment.contact_costs) == len(CONTACT_KINDS) for segment in TRUTH.segments)
    assert all(len(level.contacts) == len(CONTACT_KINDS) for level in TRUTH.levels)
    assert all(len(one.level_shares) == len(TRUTH.levels) for one in TRUTH.segments)
    funnels = [channel.funnel for channel in TRUTH.channels if channel.funnel]
    assert {len(part) for one in funnels for part in (one.chances, one.days, one.costs)} == {4}
    assert TRUTH.channels[0].funnel is None
