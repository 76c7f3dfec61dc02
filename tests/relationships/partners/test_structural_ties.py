"""Ties and weak partners: against a formula, and their savings."""

import numpy as np
import pytest
import statsmodels.formula.api as smf

import relmark_research as rm
from relmark_research.relationships.partners.structural_ties import TIES


def test_ties_agree_with_a_formula(data, quality):
    frame = data.records.assign(q=quality.standardised["value"])
    formula = f"np.log(transaction_cost) ~ 0 + constituency + {' + '.join(TIES)} + q"
    fit = smf.ols(formula, frame).fit(cov_type="HC3")
    found = rm.relationships.tie_effects(data, quality).table()
    assert found["effect"].to_numpy() == pytest.approx(fit.params.iloc[-4:].to_numpy())
    assert found["standard_error"].to_numpy() == pytest.approx(fit.bse.iloc[-4:].to_numpy())


def test_constant_ties_and_few_partners_are_refused(partners, survey):
    data = rm.relationships.read_partners(partners.assign(social_tie=2), survey)
    with pytest.raises(rm.DataError, match="constant or collinear"):
        rm.relationships.tie_effects(data, rm.relationships.relationship_quality(data))
    few = partners.head(8)
    data = rm.relationships.read_partners(few, survey[survey["partner_id"].isin(few["partner_id"])])
    with pytest.raises(rm.DataError, match="found 8"):
        rm.relationships.tie_effects(data, rm.relationships.relationship_quality(data))


def test_a_single_partner_of_its_kind_is_accepted(partners, survey):
    lone = partners.assign(constituency=["bank", *partners["constituency"].iloc[1:]])
    data = rm.relationships.read_partners(lone, survey)
    assert np.isfinite(
        rm.relationships.tie_effects(data, rm.relationships.relationship_quality(data)).table()
    ).all(axis=None)
    assert (
        rm.relationships.partner_summary(data)
        .set_index("constituency")["guarantees_low"]
        .isna()["bank"]
    )


def test_partners_with_all_ties_save_little(data, costs):
    total = costs.drivers.iloc[-1]
    assert costs.table["saving"].sum() == pytest.approx(total["saving"])
    assert total["saving_low"] < total["saving"] < total["saving_high"] < costs.current
    tied = data.records[list(TIES)].min(axis=1) >= 4
    assert costs.table["share"][tied.index[tied]].max() < costs.table["share"].median()


def test_a_lower_target_saves_less(data, quality, costs):
    low = rm.relationships.weak_partners(
        data, quality, rm.relationships.tie_effects(data, quality), target_quantile=0.2
    )
    assert low.drivers["saving"].iloc[-1] < costs.drivers["saving"].iloc[-1]
    with pytest.raises(rm.ParameterError, match="target_quantile must be a share"):
        rm.relationships.weak_partners(
            data, quality, rm.relationships.tie_effects(data, quality), target_quantile=50
        )


def test_the_draws_behind_the_intervals_are_4000_unless_said(data, quality, costs):
    effects = rm.relationships.tie_effects(data, quality)
    terms = {"target_quantile": 0.5, "level": 0.95, "seed": 1}
    said, fewer = (
        rm.relationships.weak_partners(data, quality, effects, draws=draws, **terms).drivers
        for draws in (4000, 2000)
    )
    assert said.equals(costs.drivers)
    assert not fewer.equals(costs.drivers)


def test_the_results_show_themselves_in_short(data, quality, costs):
    effects = rm.relationships.tie_effects(data, quality)
    assert repr(effects).startswith("<TieEffects: outcome cost, social_tie -6.6%")
    assert repr(costs).startswith("<WeakPartners: partners 92, current 129,356, saving ")
    assert costs._repr_html_().count("<tr>") == 6
