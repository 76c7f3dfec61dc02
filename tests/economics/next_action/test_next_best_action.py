import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.economics.next_action.actions import ACTIONS
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
def test_ending_needs_the_required_certainty(known, log, certainty) -> None:
    actions = rm.economics.Actions(end_certainty=certainty)
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
                actions=rm.economics.Actions(end_certainty=certainty),
            ).table
            for certainty in (0.75, 0.99)
        )
    ]
    assert ends[1] < ends[0]


def test_higher_contact_costs_lower_residual_values(known, log, advice) -> None:
    higher = known.contacts.assign(cost=3 * known.contacts["cost"])
    table = rm.recommend(log, contacts=higher, terms=TERMS).table
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


def test_without_contacts_no_service_is_reduced(log) -> None:
    table = rm.recommend(log, terms=TERMS).table
    assert "serve more cheaply" not in set(table["action"])
    ended = table[table["action"] == "end"]
    assert (ended["residual_value"] < 0).all()  # the margin itself is negative
    assert len(ended) < 20


def test_actions_below_the_minimum_gain_are_not_advised(known, log) -> None:
    actions = rm.economics.Actions(min_gain=50.0)
    table = rm.recommend(log, contacts=known.contacts, actions=actions, terms=TERMS).table
    active = table[~table["action"].isin(["keep", "end"])]
    assert (active["expected_gain"] > 50).all()


def test_missing_segments_raise(known, log) -> None:
    segments = pd.Series("homes", known.truth.index).iloc[2:]
    with pytest.raises(
        DataError, match=r"2 of \d+ have none, first: row 1 \('K00000'\), row 2 \('K00001'\)"
    ):
        rm.recommend(log, contacts=known.contacts, segments=segments, terms=TERMS)
    actions = rm.economics.Actions(grow_cost={"mills": 12.0})
    with pytest.raises(ParameterError, match="grow_cost: no segment 'all'; there are: mills"):
        rm.recommend(log, contacts=known.contacts, actions=actions, terms=TERMS)


def test_negative_contact_costs_raise(known, log) -> None:
    wrong = known.contacts.assign(cost=-known.contacts["cost"])
    with pytest.raises(DataError, match="contacts: cost must be 0 or more"):
        rm.recommend(log, contacts=wrong, terms=TERMS)


def test_another_purchase_model(known, log) -> None:
    from relmark_research.clv.families.nbd import NBD

    table = rm.recommend(log, contacts=known.contacts, purchases=NBD, terms=TERMS).table
    assert (table["p_alive"] == 1).all()  # NBD has no dropout


def test_a_small_segment_uses_the_fits_of_all_customers(known, log) -> None:
    segments = pd.Series("homes", known.truth.index)
    segments.iloc[:30] = "mills"
    advice = rm.recommend(log, contacts=known.contacts, segments=segments, terms=TERMS)
    assert any(
        "mills has too few customers for its own purchase model" in note for note in advice.notes
    )
    assert any(
        "mills has too few customers for its own spend model" in note for note in advice.notes
    )
    assert np.isfinite(advice.table["residual_value"]).all()


def test_a_fit_or_a_model_is_used_for_all_segments(known, log) -> None:
    customers = log.customer_summary(unit="day")
    fit, spend = rm.BGNBD.fit(customers), rm.GammaGamma.fit(customers)
    one, by_class = (
        rm.recommend(log, contacts=known.contacts, terms=TERMS, **models).table
        for models in ({"purchases": fit, "spend": spend}, {"purchases": rm.BGNBD})
    )
    ratio = one["residual_value"].sum() / by_class["residual_value"].sum()
    assert ratio == pytest.approx(1, abs=0.05)  # the same model, fitted in days
    model = fit.model.rescaled(1 / 7)
    given = rm.recommend(log, purchases=model, spend=spend.model, terms=TERMS).table
    assert np.isfinite(given["residual_value"]).all()


def test_a_fit_with_covariates_is_refused_with_the_reason(log) -> None:
    table = log.customer_summary().table
    table = table.assign(kind=np.where(np.arange(len(table)) % 2, "a", "b"))
    fit = rm.clv.fit_covariates(rm.BGNBD, rm.CustomerSummary(table, unit="week"), rate="kind")
    with pytest.raises(ParameterError, match=r"covariates has a model per .* from the log, which"):
        rm.recommend(log, purchases=fit, terms=TERMS)
    with pytest.raises(ParameterError, match="from the log, which does not have"):
        rm.economics.quadrants_from_log(log, purchases=fit)
