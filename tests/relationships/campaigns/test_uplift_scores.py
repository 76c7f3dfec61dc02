import numpy as np
import pytest

import relmark_research as rm
from relmark_research.relationships import (
    qini_curve,
    read_campaigns,
    uplift_by_score,
    uplift_scores,
)
from relmark_research.relationships.campaigns.uplift_scores import arm_rows
from tests.relationships.campaigns.made import campaign


def scored(rows, **options):
    table = read_campaigns(rows, control="nothing", covariates=["age", "town"], **options)
    return table, uplift_scores(table, arm="letter", seed=1)


def test_the_score_is_the_effect_of_the_group():
    table, score = scored(campaign(8000, base=0.2, effect=0.05, for_town=0.2))
    means = score.groupby(table.frame["town"]).mean()
    assert means["A"] == pytest.approx(0.25, abs=0.04)
    assert means["B"] == pytest.approx(0.05, abs=0.04)


def test_choosing_by_the_score_is_shown_to_beat_chance_where_the_effect_differs():
    table, score = scored(campaign(8000, base=0.2, for_town=0.2))
    curve = qini_curve(arm_rows(table, "letter"), score, control="nothing", draws=100)
    assert curve.coefficient_low > 0


@pytest.mark.parametrize("effect", [0.0, 0.1, -0.15])
def test_without_a_difference_customers_have_nearly_one_score(effect):
    """A common effect, none, or harm: the curve shows no gain from choosing."""
    table, score = scored(campaign(4000, base=0.3, effect=effect))
    assert score.std() < 0.02
    curve = qini_curve(arm_rows(table, "letter"), score, control="nothing", draws=100)
    assert curve.coefficient_low <= 0


def test_no_customer_is_scored_by_their_own_outcome():
    rows = campaign(400, base=0.3, for_town=0.3)
    table, score = scored(rows)
    changed = rows.copy()
    changed.loc[7, "responded"] = 1 - changed.loc[7, "responded"]
    _, other = scored(changed)
    share = float((table.frame["arm"] == "letter").mean())
    treated = rows.loc[7, "arm"] == "letter"
    weight = (treated - share) / (share * (1 - share))
    change = weight * (changed.loc[7, "responded"] - rows.loc[7, "responded"]) / len(rows)
    assert other[7] - score[7] == pytest.approx(change)  # the common mean alone


def test_classes_have_the_effect_and_the_profit_of_their_customers():
    rows = campaign(4000, base=0.2, for_town=0.3)
    table, score = scored(rows, contact_cost=1.0)
    found = uplift_by_score(table, score, arm="letter", margin=0.5, classes=2)
    assert found["share"].sum() == pytest.approx(1)
    best = rows[score >= score.median()]
    means = best.groupby("arm")["value_in_window"].mean()
    own = found.iloc[0]
    assert own["profit"] == pytest.approx(0.5 * (means["letter"] - means["nothing"]) - 1, abs=0.5)
    assert own["uplift_low"] < own["uplift"] < own["uplift_high"]
    assert own["probability_profitable"] > 0.99
    assert found.iloc[-1]["probability_profitable"] < 0.5


def test_equal_scores_are_one_class():
    table, score = scored(campaign(400, base=-1))
    assert len(uplift_by_score(table, score, arm="letter", margin=0.5)) == 1


def test_too_few_customers_give_no_class():
    table, score = scored(campaign(4))
    assert uplift_by_score(table, score, arm="letter", margin=0.5).empty


def test_margins_by_customer_are_those_of_their_rows():
    rows = campaign(400, base=0.4)
    table, score = scored(rows)
    ids = table.frame["customer_id"]
    by_id = ids.to_frame().assign(margin=0.5).set_index("customer_id")["margin"]
    one = uplift_by_score(table, score, arm="letter", margin=0.5)
    each = uplift_by_score(table, score, arm="letter", margin=by_id)
    assert np.allclose(one["profit"], each["profit"])


def test_an_unknown_arm_and_missing_columns_are_refused():
    table, _ = scored(campaign(100))
    with pytest.raises(rm.ParameterError, match="Did you mean 'letter'"):
        uplift_scores(table, arm="latter", seed=1)
    bare = read_campaigns(campaign(100), control="nothing")
    with pytest.raises(rm.DataError, match="covariates"):
        uplift_scores(bare, arm="letter", seed=1)
    with pytest.raises(rm.ParameterError, match="folds"):
        uplift_scores(table, arm="letter", folds=1, seed=1)
