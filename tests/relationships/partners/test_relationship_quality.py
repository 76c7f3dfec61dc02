"""Relationship quality: against a mixed model, and its shrinkage."""

import pandas as pd
import pytest
import statsmodels.formula.api as smf

import relmark_research as rm


def test_scores_agree_with_a_mixed_model(data, quality):
    """Balanced data: analysis of variance is REML, and the shrunk mean its random effect."""
    score = data.composites[list(quality.scales)].mean(axis=1)
    frame = pd.DataFrame({"y": score, "g": data.answers["partner_id"]})
    fit = smf.mixedlm("y ~ 1", frame, groups="g").fit(reml=True)
    assert quality.components.mean == pytest.approx(fit.params["Intercept"])
    assert quality.components.between == pytest.approx(float(fit.cov_re.iloc[0, 0]), rel=1e-3)
    effects = pd.Series({name: value.iloc[0] for name, value in fit.random_effects.items()})
    shrunk = (quality.table["quality"] - quality.components.mean)[effects.index]
    assert shrunk.to_numpy() == pytest.approx(effects.to_numpy(), abs=2e-4)


def test_fewer_answers_are_shrunk_more(partners, survey):
    few = survey[(survey["partner_id"] != "B001") | (survey.groupby("partner_id").cumcount() < 1)]
    data = rm.relationships.read_partners(partners, few[few["partner_id"] != "B002"])
    table = rm.relationships.relationship_quality(data).table
    assert table.loc["B001", "reliability"] < table.loc["B003", "reliability"]
    assert table.loc["B001", "standard_error"] > table.loc["B003", "standard_error"]
    assert table.loc["B002", "answers"] == 0
    assert table.loc["B002", "quality"] == pytest.approx(
        rm.relationships.relationship_quality(data).components.mean
    )
    assert any("1 partners did not answer" in note for note in data.notes)


def test_the_scores_show_themselves_in_short(quality):
    assert repr(quality).startswith("<QualityScores: scales trust, commitment, satisfaction")
    assert quality._repr_html_().count("<tr>") == 6


def test_the_mean_and_the_scores_are_in_points_and_in_deviations(data, quality):
    found, reach = quality.components, 1.959964 * quality.components.mean_variance**0.5
    assert quality.mean_interval() == pytest.approx(
        (found.mean, found.mean - reach, found.mean + reach)
    )
    with pytest.raises(rm.ParameterError, match="level"):
        quality.mean_interval(95)
    standardised = quality.standardised
    back = standardised * found.between**0.5
    assert (back["value"] + found.mean).to_numpy() == pytest.approx(quality.table["quality"])
    assert back["error"].to_numpy() == pytest.approx(quality.table["standard_error"])
    with pytest.raises(rm.ParameterError, match="no scale 'trst'"):
        rm.relationships.relationship_quality(data, scales=["trst"])
