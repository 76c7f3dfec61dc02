"""The value of a point: by hand, its variance, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships.satisfaction.value_of_a_point import (
    PointValue,
    value_of_a_point,
)


def test_the_value_of_a_point_by_hand(link) -> None:
    value = value_of_a_point(link, annual_margin=(100.0, 0.0), annual_discount_rate=0.1)
    scores = link.scores.to_numpy()
    now, more = (
        link.retention_probabilities(scores),
        link.retention_probabilities(np.minimum(scores + 1, 10)),
    )
    gain = 110 * (1 / (1.1 - more) - 1 / (1.1 - now))
    assert value.table.loc["retention", "value"] == pytest.approx((more - now).mean())
    assert value.table.loc["next year", "value"] == pytest.approx(100 * (more - now).mean())
    assert value.table.loc["lifetime", "value"] == pytest.approx(gain.mean())
    own = value.by_score.set_index("score").loc[6]
    assert own["value"] == pytest.approx(gain[scores == 6].mean())
    assert own["customers"] == (scores == 6).sum()
    assert value.table["margin_variance_share"].abs().max() < 1e-9


def test_variance_shares_add_up(link, answers) -> None:
    money = {"private": (70.0, 20.0), "small business": (350.0, 90.0), "key account": (2200.0, 600)}
    terms = {"annual_discount_rate": 0.1, "segment": answers["segment"], "draws": 6000}
    value = value_of_a_point(link, annual_margin=money, **terms).table
    shares = value[["link_variance_share", "margin_variance_share"]].loc["next year"]
    assert 0.85 < shares.sum() < 1.1
    assert value.loc["retention", "margin_variance_share"] < 1e-9
    sure = {name: (value, 0.0) for name, (value, _) in money.items()}
    narrow = value_of_a_point(link, annual_margin=sure, **terms).table
    width = (value["high"] - value["low"]) - (narrow["high"] - narrow["low"])
    assert width["next year"] > 0
    scaled = {name: (2 * value, 2 * error) for name, (value, error) in money.items()}
    double = value_of_a_point(link, annual_margin=scaled, **terms).table
    assert double.loc["next year", "high"] == pytest.approx(2 * value.loc["next year", "high"])


def test_a_point_more_and_a_point_less_by_hand(link) -> None:
    """Means over the customers whose answer can move that way, at 110 / (1.1 - r) each."""
    value = value_of_a_point(link, annual_margin=(100.0, 0.0), annual_discount_rate=0.1)
    scores = link.scores.to_numpy()
    now, up, down = (
        110 / (1.1 - link.retention_probabilities(np.clip(scores + step, 0, 10)))
        for step in (0, 1, -1)
    )
    assert value.increase[0] == pytest.approx((up - now)[scores < 10].mean())
    assert value.decrease[0] == pytest.approx((down - now)[scores > 0].mean())


def test_a_point_less_costs_and_a_point_more_gains(link) -> None:
    value = value_of_a_point(link, annual_margin=(100.0, 5.0), annual_discount_rate=0.1)
    assert value.decrease[2] < 0 < value.increase[1]
    tables = rm.load_sample("customers").set_index("customer_id")["segment"]
    log = rm.read_transactions(
        "dataset:sample", customer="customer_id", date="date", value="value", cost="cost"
    )
    margins = rm.economics.first_year_margin(log, tables)
    segment = rm.load_sample("satisfaction")["customer_id"].map(tables)
    chained = value_of_a_point(
        link, annual_margin=margins, annual_discount_rate=0.1, segment=segment
    )
    assert chained.table.loc["lifetime", "low"] > 0
    with pytest.raises(DataError, match="need the segment of each answer"):
        value_of_a_point(link, annual_margin=margins, annual_discount_rate=0.1)
    with pytest.raises(DataError, match="every answer needs a segment with a margin"):
        value_of_a_point(
            link, annual_margin={"private": (1.0, 0.1)}, annual_discount_rate=0.1, segment=segment
        )
    with pytest.raises(ParameterError, match="with its standard error"):
        value_of_a_point(link, annual_margin=(100.0, -1.0), annual_discount_rate=0.1)


def test_the_value_shows_itself_in_short(link) -> None:
    value = value_of_a_point(link, annual_margin=(100.0, 5.0), annual_discount_rate=0.1, draws=50)
    assert repr(value).startswith("<PointValue: retention ")
    assert value._repr_html_().count("<tr>") == 4


def test_a_value_is_shown_before_its_limits():
    table = pd.DataFrame({"value": [5.0], "low": [3.0], "high": [8.0]}, index=["a point more"])
    shown = PointValue(table, pd.DataFrame(), (5.0, 3.0, 8.0), (-4.0, -6.0, -2.0), 0.9)._rows()
    assert shown == [("", "value", "low", "high"), ("a point more", 5.0, 3.0, 8.0)]


def test_one_margin_for_all_needs_no_segments(link) -> None:
    terms = {"annual_discount_rate": 0.1, "draws": 50}
    named = value_of_a_point(link, annual_margin={"all": (100.0, 5.0)}, **terms)
    plain = value_of_a_point(link, annual_margin=(100.0, 5.0), **terms)
    pd.testing.assert_frame_equal(named.table, plain.table)
