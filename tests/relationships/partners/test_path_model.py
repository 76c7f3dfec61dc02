"""The path model: against regressions, and its effects."""

import pandas as pd
import pytest
import statsmodels.api as sm

import relmark_research as rm
from relmark_research.relationships.partners.path_model import COMMITMENT_TRUST


def test_paths_without_correction_are_ordinary_regressions(data):
    found = rm.relationships.relationship_drivers(data, draws=50).paths.set_index(
        ["effect", "cause"]
    )
    scores = (data.composites - data.composites.mean()) / data.composites.std()
    for effect, causes in COMMITMENT_TRUST.items():
        fit = sm.OLS(scores[effect], scores[list(causes)]).fit()
        plain = found.loc[effect, "uncorrected"][list(causes)]
        assert plain.to_numpy() == pytest.approx(fit.params.to_numpy())


def test_effects_add_up_and_indirect_ones_are_products(data):
    drivers = rm.relationships.relationship_drivers(data, draws=50)
    effects = drivers.effects.set_index(["effect", "cause"])
    assert (effects["direct"] + effects["indirect"]).to_numpy() == pytest.approx(effects["total"])
    path = drivers.paths.set_index(["effect", "cause"])["path"]
    by_trust = path["commitment", "trust"] * path["trust", "communication"]
    assert effects.loc[("commitment", "communication"), "indirect"] == pytest.approx(by_trust)


def test_the_seed_determines_the_draws(data):
    again = [
        rm.relationships.relationship_drivers(data, draws=100, seed=s).paths for s in (3, 3, 4)
    ]
    pd.testing.assert_frame_equal(again[0], again[1])
    assert not again[0].equals(again[2])


def test_invalid_models_are_refused(data):
    with pytest.raises(rm.ParameterError, match="Did you mean 'trust'"):
        rm.relationships.relationship_drivers(data, model={"commitment": ["trusst"]})
    circle = {"trust": ["commitment"], "commitment": ["trust"]}
    with pytest.raises(rm.ParameterError, match="later or in a circle"):
        rm.relationships.relationship_drivers(data, model=circle)


def test_scales_without_discriminant_validity_are_refused(partners, survey):
    copy = {f"c{n}": survey[f"trust_{1 + n % 2}"] for n in range(4)}
    scales = rm.relationships.scales_from_items({"a": ["c0", "c1"], "b": ["c2", "c3"]})
    data = rm.relationships.read_partners(partners, survey.assign(**copy), scales=scales)
    with pytest.raises(rm.DataError, match="corrected correlation of 1"):
        rm.relationships.relationship_drivers(data, model={"b": ["a"]}, draws=20)
    assert not rm.relationships.discriminant_validity(data, draws=50)["distinct"].any()


def test_the_estimate_shows_itself_in_short(data):
    found = rm.relationships.relationship_drivers(data, draws=50)
    assert "communication -> trust 0.38" in repr(found)
    assert found._repr_html_().count("<tr>") == 7
