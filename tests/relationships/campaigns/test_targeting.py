"""Uplift by cell, and scores from the other folds."""

import numpy as np
import pytest

from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships.campaigns.targeting import out_of_fold_uplift, uplift_cells
from tests.relationships.campaigns.synthetic import with_uplift

PRICES = {"cost_per_contact": 0.55, "contribution_per_response": 40.0}


def test_uplift_finds_the_cells_with_an_effect() -> None:
    found = uplift_cells(
        with_uplift([0.0, 0.0, 0.3, 0.3]), cost_per_contact=1, contribution_per_response=8
    ).set_index("cell")
    assert found["mail"].to_dict() == {"c2": True, "c3": True, "c0": False, "c1": False}
    assert (found["posterior_mean"] - [0.3, 0.3, 0, 0]).abs().max() < 0.1
    assert found.loc["c2", "probability_profitable"] > 0.99


def test_campaigns_with_other_treatment_shares_are_compared_within() -> None:
    table = with_uplift([0.0, 0.0], n=4000)
    easy = table["campaign_id"] == "a"  # responds more and addresses more
    rng = np.random.default_rng(1)
    addressed = rng.random(len(table)) < np.where(easy, 0.9, 0.1)
    table["arm"] = np.where(addressed, "mail", "control")
    table["responded"] = (rng.random(len(table)) < np.where(easy, 0.6, 0.1)).astype(int)
    found = uplift_cells(table, cost_per_contact=1, contribution_per_response=8)
    assert found["uplift"].abs().max() < 0.05
    assert (found["response"] - found["control_response"]).min() > 0.3


def test_out_of_fold_scores_do_not_use_their_own_fold() -> None:
    table = with_uplift([0.0, 0.3])
    score = out_of_fold_uplift(table, folds=4, seed=0)
    assert score.notna().all()
    flipped = table.copy()
    flipped.loc[0, "responded"] = 1 - flipped.loc[0, "responded"]
    again = out_of_fold_uplift(flipped, folds=4, seed=0)
    assert again[0] == score[0]
    assert (again != score).any()


def test_controls_folds_and_cells_are_required() -> None:
    table = with_uplift([0.0, 0.3])
    with pytest.raises(DataError, match="has no control group"):
        uplift_cells(table[table["arm"] == "mail"], **PRICES)
    with pytest.raises(ParameterError, match="folds must be 2 or more"):
        out_of_fold_uplift(table, folds=1, seed=0)
    with pytest.raises(DataError, match="two cells or more"):
        uplift_cells(table.assign(cell="one"), **PRICES)


@pytest.mark.parametrize("column", ["campaign_id", "arm", "responded", "cell"])
def test_a_missing_column_is_named(column) -> None:
    table = with_uplift([0.0, 0.3]).drop(columns=column)
    with pytest.raises(DataError, match=f"{column}"):
        uplift_cells(table, **PRICES)
    with pytest.raises(DataError, match=f"{column}"):
        out_of_fold_uplift(table, seed=0)
