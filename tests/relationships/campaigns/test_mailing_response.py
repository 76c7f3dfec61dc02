"""Response by arm, what it adds to the control group's, and whether arms were randomised."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships.campaigns.mailing_response import (
    balance_p_value,
    mailing_response,
    read_responses,
    size_of_test,
)

PRICES = {"cost_per_contact": 0.5, "contribution_per_response": 10.0}


def campaign(arms: dict[str, tuple[int, int]], **more: object) -> pd.DataFrame:
    """A table of customers from responses and customers by arm."""
    rows = [
        (arm, int(number < responses))
        for arm, (responses, n) in arms.items()
        for number in range(n)
    ]
    table = pd.DataFrame(rows, columns=["arm", "responded"])
    return table.assign(customer_id=[f"c{i}" for i in range(len(table))], **more)


def test_uplift_and_gain_of_an_arm() -> None:
    table = campaign({"letter": (300, 1000), "nobody": (200, 1000)})
    (row,) = mailing_response(table, control="nobody", **PRICES).to_dict("records")
    assert (row["arm"], row["responses"], row["control_customers"]) == ("letter", 300, 1000)
    assert row["uplift"] == pytest.approx(0.1)
    # Newcombe (1998), method 10
    assert (row["uplift_low"], row["uplift_high"]) == pytest.approx((0.0622, 0.1373), abs=2e-4)
    assert row["gain"] == pytest.approx(10 * 0.1 - 0.5)
    assert row["probability_gain"] == pytest.approx(0.9955, abs=1e-3)


def test_a_cost_in_the_table_counts_above_the_controls() -> None:
    table = campaign({"letter": (30, 100), "control": (20, 100)})
    table["cost"] = np.where(table["arm"] == "letter", 2.0, 0.5)
    (row,) = mailing_response(table, **PRICES).to_dict("records")
    assert (row["cost"], row["gain"]) == pytest.approx((1.5, -0.5))


def test_without_a_control_group_a_response_is_only_counted() -> None:
    table = campaign({"letter": (30, 100)})
    for given in (table, table.drop(columns="arm")):
        (row,) = mailing_response(given, **PRICES).to_dict("records")
        assert row["response"] == 0.3
        assert np.isnan([row["uplift"], row["gain"], row["probability_gain"]]).all()
    assert read_responses(table.drop(columns="arm"))["arm"].unique().tolist() == ["all"]


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(DataError, match="needs contacted customers; found 100 rows, all"):
        mailing_response(campaign({"control": (20, 100)}), **PRICES)
    with pytest.raises(ParameterError, match="cost_per_contact"):
        mailing_response(campaign({"a": (1, 2)}), cost_per_contact=0, contribution_per_response=1)


def test_balance_tells_a_draw_from_a_choice() -> None:
    rng, log = np.random.default_rng(3), rm.load_cdnow()
    scores = rm.rfm_scores(log.until("1998-01-31"))
    table = pd.DataFrame({"customer_id": scores.index, "responded": 0, "date": "1998-02-01"})
    drawn = table.assign(arm=np.where(rng.random(len(table)) < 0.5, "mail", "control"))
    assert balance_p_value(drawn, log) > 0.05
    chosen = table.assign(arm=np.where(scores["frequency"] > 2, "mail", "control"))
    assert balance_p_value(chosen, log) < 1e-6
    assert np.isnan(balance_p_value(drawn.drop(columns="date"), log))
    before = drawn.drop(columns="date").assign(pre_value=np.where(drawn["arm"] == "mail", 9.0, 1.0))
    before.loc[before.index[::7], "pre_value"] += 1
    assert balance_p_value(before, log) < 1e-6


@pytest.mark.parametrize(("response", "uplift"), [(0.5, 0.6), (0.5, 0.0), (1.0, 0.1)])
def test_no_test_shows_what_cannot_be(response: float, uplift: float) -> None:
    assert np.isnan(size_of_test(response, uplift))
