"""Renewal, levels, contacts and events come from their parameters."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from relmark_research.simulation import sample_firm
from relmark_research.simulation.accounts import YEAR, satisfaction_table
from relmark_research.simulation.firm import Truth

TRUTH = Truth()


def _renewal_logit(answers, renewed):
    """Logit of renewing in segment, level and answer, with the truth of each coefficient."""
    design = pd.get_dummies(answers["segment"], dtype=float)[list(TRUTH.segment_names)]
    levels = pd.get_dummies(answers["relationship_level"], dtype=float)[list(TRUTH.level_names[1:])]
    design = design.join(levels)
    design["below"] = np.minimum(answers["nps"] - 7, 0)
    design["above"] = np.maximum(answers["nps"] - 7, 0)
    truth = [segment.renewal_logit for segment in TRUTH.segments]
    truth += [level.renewal_effect for level in TRUTH.levels[1:]]
    truth += [TRUTH.satisfaction.slope_below, TRUTH.satisfaction.slope_above]
    return sm.Logit(renewed, design).fit(disp=0), truth


def test_the_survey_gives_the_link_to_renewing_back(crm, account_years, assert_near):
    survey = crm["satisfaction"].dropna(subset=["retained"])
    years = account_years.sort_values("date")
    answers = pd.merge_asof(survey.sort_values("date"), years, on="date", by="customer_id")
    fit, truth = _renewal_logit(answers, answers["retained"])
    assert_near(fit.params, truth, fit.bse)
    assert fit.bse["below"] < 0.15


def test_renewal_is_the_logit_it_was_made_by(world, assert_near):
    worlds = [world, *(sample_firm.simulate_firm(seed=seed) for seed in range(1, 6))]
    years = pd.concat(
        one.years.assign(segment=one.people["segment"].to_numpy()[one.years["person"]])
        for one in worlds
    ).reset_index(drop=True)
    ended = years[years["start"] + YEAR < TRUTH.days]
    answers = pd.DataFrame(
        {
            "segment": np.array(TRUTH.segment_names)[ended["segment"]],
            "relationship_level": np.array(TRUTH.level_names)[ended["level"]],
            "nps": ended["answer"].to_numpy(),
        }
    )
    fit, truth = _renewal_logit(answers, ended["renews"].to_numpy(dtype=float))
    assert_near(fit.params, truth, fit.bse)
    assert fit.bse.max() < 0.15


def test_levels_are_drawn_with_their_probabilities(account_years, assert_near):
    counts = account_years.groupby(["segment", "relationship_level"]).size().unstack()
    for segment in TRUTH.segments:
        row, p = counts.loc[segment.name, list(TRUTH.level_names)], np.array(segment.level_shares)
        assert_near(row / row.sum(), p, np.sqrt(p * (1 - p) / row.sum()), segment.name)


def test_contacts_cost_what_they_cost(crm, assert_near):
    contacts = crm["contacts"].merge(crm["customers"][["customer_id", "segment"]])
    kinds = ("mail", "call", "support", "visit")
    for segment in TRUTH.segments:
        for kind, cost in zip(kinds, segment.contact_costs, strict=True):
            own = contacts.query("segment == @segment.name and kind == @kind")["cost"]
            assert len(own) > 10
            assert_near(own.mean(), cost, max(own.sem(), 1e-9), f"{segment.name} {kind}")


@pytest.mark.parametrize("event", TRUTH.events, ids=lambda event: event.kind)
def test_events_come_at_their_rates(world, crm, event, assert_near):
    years, people = world.years, world.people
    dated = crm["events"].query("kind == @event.kind")
    ids = people["customer_id"].dropna()
    person = dated["customer_id"].map(pd.Series(ids.index, index=ids))
    day = (dated["date"] - pd.Timestamp(TRUTH.first_day)).dt.days
    happened = pd.DataFrame({"person": person.to_numpy(), "happened": day.to_numpy()})
    if event.business_only:
        years = years[people["segment"].to_numpy()[years["person"]] > 0]
    end = years["until"]
    if event.once:  # exposed until it happens
        when = years["person"].map(happened.set_index("person")["happened"])
        end = np.minimum(end, when.fillna(TRUTH.days).clip(lower=years["start"]))
        years, end = years[end > years["start"]], end[end > years["start"]]
    met = years.reset_index().merge(happened, on="person")
    inside = met[(met["happened"] >= met["start"]) & (met["happened"] < met["until"])]
    count = inside.groupby("index").size().reindex(years.index, fill_value=0)
    assert count.sum() > 0.97 * len(happened)
    design = sm.add_constant(
        pd.DataFrame({"tenure": years["tenure"], "nps": years["answer"] - 7}, dtype=float)
    )
    fit = sm.GLM(
        count, design, family=sm.families.Poisson(), exposure=(end - years["start"]) / YEAR
    ).fit()
    truth = [np.log(event.rate), event.tenure_effect, event.satisfaction_effect]
    assert_near(fit.params, truth, fit.bse, event.kind)


def test_whether_an_account_was_retained_is_known_once_its_year_is_over() -> None:
    """The year that ends with the last day is over on the day after."""
    days = Truth().days
    start = np.array([days - YEAR - 1, days - YEAR, days - YEAR + 1])
    years = pd.DataFrame(
        {"person": 0, "start": start, "answer": 9, "latent_satisfaction": 0.0, "renews": True}
    )
    people = pd.DataFrame({"customer_id": ["C00001"]})
    sure = replace(TRUTH, satisfaction=replace(TRUTH.satisfaction, response=1.0))
    table = satisfaction_table(years, people, sure, np.random.default_rng(1))
    assert sorted(table["retained"].isna()) == [False, True, True]
    assert set(table["retained"].dropna()) == {1.0}
