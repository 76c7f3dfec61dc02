"""Qini curves: of good, bad and constant scores."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import DataError
from relmark_research.relationships.campaigns.qini import qini_curve
from tests.relationships.campaigns.synthetic import with_uplift


def test_qini_is_positive_for_a_good_score_and_zero_for_a_constant_one() -> None:
    table = with_uplift([0.0, 0.1, 0.35])
    good = qini_curve(table, table["cell"].str[1:].astype(float), seed=1)
    bad = qini_curve(table, -table["cell"].str[1:].astype(float), seed=1)
    blind = qini_curve(table, pd.Series(0.0, index=table.index), seed=1)
    assert good.coefficient_low > 0
    assert bad.coefficient_high < 0
    assert blind.coefficient == pytest.approx(0, abs=1e-12)
    assert good.table["gain"].iloc[-1] == pytest.approx(bad.table["gain"].iloc[-1])
    assert good.best_share(cost_per_contact=1, contribution_per_response=5) == pytest.approx(
        1 / 3, abs=0.03
    )


def test_the_gain_of_all_is_the_uplift() -> None:
    table = with_uplift([0.1, 0.2]).assign(campaign_id="a")
    curve = qini_curve(table, table["cell"].str[1:].astype(float)).table
    rate = table.groupby("arm")["responded"].mean()
    assert curve["gain"].iloc[-1] == pytest.approx(rate["mail"] - rate["control"])
    assert curve["gain"].iloc[0] == 0


def test_scores_are_required() -> None:
    table = with_uplift([0.0, 0.3])
    with pytest.raises(DataError, match="1 of them missing"):
        qini_curve(table, pd.Series([np.nan] + [0.0] * (len(table) - 1)))


def test_the_curve_shows_itself_in_short() -> None:
    curve = qini_curve(with_uplift([0.0, 0.3]), pd.Series(0.0, index=range(800)), draws=20)
    assert repr(curve).startswith("<QiniCurve: coefficient ")
    assert len(repr(curve)) < 200
    assert curve._repr_html_().count("<tr>") <= 10


def test_ids_groups_and_scores_are_read_by_what_they_mean() -> None:
    table = with_uplift([0.0, 0.3]).assign(campaign_id="a")
    table["customer_id"] = np.arange(len(table)) // 2  # each twice, who are drawn together
    score = table["cell"].str[1:].astype(float)
    expected = qini_curve(table, score, draws=20).table
    mixed = [f"{i}.0" if row % 2 else i for row, i in enumerate(table["customer_id"])]
    padded = table["arm"].where(table.index % 2 == 0, " " + table["arm"])
    found = qini_curve(table.assign(customer_id=mixed, arm=padded), score, draws=20).table
    pd.testing.assert_frame_equal(found, expected)
    other_order = score.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(qini_curve(table, other_order, draws=20).table, expected)
