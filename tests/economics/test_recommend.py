from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.economics.next_action.actions import ACTIONS, break_even, drawn_effects, gains
from relmark_research.economics.next_action.residual_value import Prospect
from relmark_research.errors import DataError, ParameterError
from tests.economics.firm import known_customers, log_of

TERMS = rm.economics.FutureTerms(draws=100)


@pytest.fixture(scope="module")
def known():
    return known_customers(260, seed=3)


@pytest.fixture(scope="module")
def log(known):
    return log_of(known.transactions)


@pytest.fixture(scope="module")
def advice(known, log):
    return rm.recommend(log, contacts=known.contacts, terms=TERMS)


def test_everyone_has_one_action_and_the_list_is_ranked(advice, log) -> None:
    table = advice.table
    assert len(table) == len(log.customer_summary())
    assert table.index.is_unique
    assert set(table["action"]) <= set(ACTIONS)
    assert table["expected_gain"].is_monotonic_decreasing
    assert (table["reason"].str.len() > 20).all()
    assert (table["gain_low"] <= table["gain_high"]).all()
    assert table["p_negative"].between(0, 1).all()


def test_the_summary_is_the_table_summed(advice) -> None:
    sums = advice.table.groupby("action")["expected_gain"].sum().reindex(ACTIONS).fillna(0)
    np.testing.assert_allclose(advice.summary["expected_gain"], sums, rtol=1e-9, atol=1e-9)
    assert advice.total["expected_gain"] == pytest.approx(sums.sum())
    assert advice.total["gain_low"] < advice.total["expected_gain"] < advice.total["gain_high"]


@pytest.mark.parametrize("certainty", [0.8, 0.95])
def test_ending_is_never_advised_below_the_stated_certainty(known, log, certainty) -> None:
    actions = rm.economics.Actions(certainty=certainty)
    table = rm.recommend(log, contacts=known.contacts, actions=actions, terms=TERMS).table
    ended = table[table["action"] == "end"]
    assert len(ended) > 0
    assert (ended["certainty"] >= certainty).all()
    assert (ended["residual_value"] < 0).all()
    assert (ended["p_negative"] >= ended["certainty"] - 1e-12).all()


def test_more_certainty_ends_fewer(known, log) -> None:
    ends = [
        set(table.index[table["action"] == "end"])
        for table in (
            rm.recommend(
                log,
                contacts=known.contacts,
                terms=TERMS,
                actions=rm.economics.Actions(certainty=certainty),
            ).table
            for certainty in (0.75, 0.99)
        )
    ]
    assert ends[1] < ends[0]


def test_dearer_contacts_lower_residual_values(known, log, advice) -> None:
    dearer = known.contacts.assign(cost=3 * known.contacts["cost"])
    table = rm.recommend(log, contacts=dearer, terms=TERMS).table
    change = table["residual_value"] - advice.table["residual_value"].reindex(table.index)
    assert change.mean() < 0
    assert (table["p_negative"].mean()) > advice.table["p_negative"].mean()


def test_the_same_seed_the_same_advice_and_the_order_of_rows_does_not_matter(known) -> None:
    shuffled = known.transactions.sample(frac=1, random_state=1)
    contacts = known.contacts.sample(frac=1, random_state=2)
    one = rm.recommend(log_of(known.transactions), contacts=known.contacts, terms=TERMS).table
    two = rm.recommend(log_of(shuffled), contacts=contacts, terms=TERMS).table
    np.testing.assert_allclose(
        one["residual_value"], two["residual_value"].reindex(one.index), rtol=1e-6
    )


def test_without_contacts_nobody_is_served_more_cheaply(log) -> None:
    table = rm.recommend(log, terms=TERMS).table
    assert "serve more cheaply" not in set(table["action"])
    ended = table[table["action"] == "end"]
    assert (ended["residual_value"] < 0).all()  # the margin itself is negative
    assert len(ended) < 20


def test_least_gain_leaves_small_gains_alone(known, log) -> None:
    actions = rm.economics.Actions(least_gain=50.0)
    table = rm.recommend(log, contacts=known.contacts, actions=actions, terms=TERMS).table
    active = table[~table["action"].isin(["keep", "end"])]
    assert (active["expected_gain"] > 50).all()


def test_gains_by_hand() -> None:
    one = np.array([[100.0, -10.0]])
    future = Prospect(one, 3 * np.abs(one), np.full((1, 2), 8.0), np.full((1, 2), 2.0), np.ones(1))
    actions = rm.economics.Actions(grow_cost=4.0)
    effects = {name: np.full(2, value) for name, value in
               (("lift", 0.1), ("loses", 0.03), ("elasticity", 2.0))}  # fmt: skip
    found = gains(future, actions, effects)
    assert found["grow"].tolist() == [[2.0, -9.0]]
    assert found["serve more cheaply"][0].tolist() == pytest.approx([1.0, 4.3])
    assert found["reprice"][0].tolist() == pytest.approx([0.9 * 115 - 100, 0.9 * -8.5 + 10])
    assert found["end"].tolist() == [[-92.0, 18.0]]
    assert not found["keep"].any()


def test_break_even_is_where_the_gain_is_nothing() -> None:
    future = Prospect(*(np.array([[value]]) for value in (60.0, 200.0, 9.0, 2.0)), np.ones(1))
    actions = rm.economics.Actions(grow_cost=4.0)
    even = break_even(60.0, 200.0, 9.0, 8.0, actions)
    effects = {
        "lift": np.array([even["grow"]]),
        "loses": np.array([even["serve more cheaply"]]),
        "elasticity": np.array([even["reprice"]]),
    }
    found = gains(future, actions, effects)
    for name in even:
        assert found[name][0, 0] == pytest.approx(0, abs=1e-9), name


def test_effects_are_drawn_around_what_was_said() -> None:
    drawn = drawn_effects(rm.economics.Actions(), 20_000, np.random.default_rng(0))
    assert drawn["lift"].mean() == pytest.approx(0.1, abs=0.002)
    assert drawn["elasticity"].std() == pytest.approx(0.75, abs=0.02)
    assert (drawn["loses"] >= 0).all()


def test_segments_must_be_known(known, log) -> None:
    segments = pd.Series("homes", known.truth.index)
    segments.iloc[:2] = None
    with pytest.raises(DataError, match=r"2 of \d+ have none, first: 'K00000', 'K00001'"):
        rm.recommend(log, contacts=known.contacts, segments=segments, terms=TERMS)
    actions = rm.economics.Actions(grow_cost={"mills": 12.0})
    with pytest.raises(ParameterError, match="grow_cost: no segment 'all'; there are: mills"):
        rm.recommend(log, contacts=known.contacts, actions=actions, terms=TERMS)


def test_negative_contacts_are_refused(known, log) -> None:
    wrong = known.contacts.assign(cost=-known.contacts["cost"])
    with pytest.raises(DataError, match="must be 0 or more: a negative cost is an income"):
        rm.recommend(log, contacts=wrong, terms=TERMS)


def test_actions_and_terms_within_their_domain() -> None:
    for wrong, words in (
        ({"grow_cost": 0.0}, "what costs nothing would always pay"),
        ({"cheaper_saves": 1.5}, r"a share in \(0, 1\]; found 1.5"),
        ({"price_rise": 5}, "0.05 for five percent; found 5"),
        ({"certainty": 0.4}, r"a probability in \(0.5, 1\); found 0.4"),
        ({"least_gain": -1}, "money, 0 or more; found -1"),
    ):
        with pytest.raises(ParameterError, match=words):
            replace(rm.economics.Actions(), **wrong)
    with pytest.raises(ParameterError, match="notice must be a length"):
        rm.economics.FutureTerms(notice="for ever")
    with pytest.raises(ParameterError, match="draws must be at least 100; found 5"):
        rm.economics.FutureTerms(draws=5)
    with pytest.raises(ParameterError, match="an effect is a finite number"):
        rm.economics.Effect(0.1, -0.2)


def test_another_model_of_purchases_can_be_taken(known, log) -> None:
    from relmark_research.clv.families.nbd import NBD

    table = rm.recommend(log, contacts=known.contacts, purchases=NBD, terms=TERMS).table
    assert (table["p_alive"] == 1).all()  # NBD lets nobody leave, and that is said by it


def test_a_tiny_segment_leans_on_all(known, log) -> None:
    segments = pd.Series("homes", known.truth.index)
    segments.iloc[:30] = "mills"
    advice = rm.recommend(log, contacts=known.contacts, segments=segments, terms=TERMS)
    assert any("mills is too small for a model of purchases" in note for note in advice.notes)
    assert any("mills is too small for a model of spend" in note for note in advice.notes)
    assert np.isfinite(advice.table["residual_value"]).all()


def test_earlier_advice_can_be_checked(known, log) -> None:
    checked = rm.economics.check_advice(log, contacts=known.contacts, terms=TERMS)
    day = log.observed_from + (log.observed_until - log.observed_from) * 2 // 3
    assert checked["customers"].sum() == len(log.until(day).customer_summary())
    earned = log.after(day).to_pandas()
    earned = earned[earned["customer_id"].isin(log.until(day).customer_summary().table.index)]
    later = known.contacts[known.contacts["date"] > pd.Timestamp(day)]
    later = later[later["customer_id"].isin(log.until(day).customer_summary().table.index)]
    total = (earned["value"] - earned["cost"]).sum() - later["cost"].sum()
    assert (checked["actual"] * checked["customers"]).sum() == pytest.approx(total)
