"""The survey gives its path model back, the records their effects."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from relmark_research.simulation.firm import Truth
from relmark_research.simulation.partners import draw_constructs

TRUTH = Truth()


def test_the_path_model_keeps_every_construct_at_variance_one():
    drawn = draw_constructs(TRUTH.partners, 200_000, np.random.default_rng(1))
    assert drawn.var().to_numpy() == pytest.approx(1, abs=0.02)
    for effect in ("trust", "commitment", "satisfaction"):
        causes = {cause: path for to, cause, path in TRUTH.partners.paths if to == effect}
        found = sm.OLS(drawn[effect], drawn[list(causes)]).fit().params
        assert found.to_numpy() == pytest.approx(list(causes.values()), abs=0.02)


def _composites(survey):
    turned = survey.assign(trust_4=8 - survey["trust_4"])
    return pd.DataFrame(
        {
            name: turned[[f"{name}_{i}" for i in range(1, count + 1)]].mean(axis=1)
            for name, count in TRUTH.partners.items
        }
    )


def _paths(scores):
    """Paths from correlations of the composites, corrected for their reliability."""
    square = TRUTH.partners.loading**2
    reliability = np.array(
        [k * square / (k * square + 1 - square) for _, k in TRUTH.partners.items]
    )
    true = scores.corr().to_numpy() / np.sqrt(np.outer(reliability, reliability))
    np.fill_diagonal(true, 1.0)
    corr = pd.DataFrame(true, index=scores.columns, columns=scores.columns)
    paths = []
    for effect in ("trust", "commitment", "satisfaction"):
        causes = [cause for to, cause, _ in TRUTH.partners.paths if to == effect]
        paths += list(np.linalg.solve(corr.loc[causes, causes], corr.loc[causes, effect]))
    return np.array(paths)


def test_the_survey_gives_the_paths_back(crm, assert_near):
    survey = crm["partner_survey"]
    scores, rng = _composites(survey), np.random.default_rng(1)
    rows = list(survey.groupby("partner_id").indices.values())
    draws = []
    for _ in range(150):
        drawn = [rows[i] for i in rng.integers(0, len(rows), len(rows))]
        draws.append(_paths(scores.iloc[np.concatenate(drawn)]))
    error = np.std(draws, axis=0)
    assert error.max() < 0.15
    assert_near(_paths(scores), [path for *_, path in TRUTH.partners.paths], error)


def test_one_item_of_the_survey_is_reversed(crm):
    survey = crm["partner_survey"]
    items = survey[[column for column in survey if column[-1].isdigit()]]
    assert items.min().min() >= 1 and items.max().max() <= 7
    correlation = items.corr()["trust_1"]
    assert correlation["trust_4"] < -0.4
    assert (correlation.drop("trust_4") > 0).all()


def test_ties_and_trust_save_time_and_cost(world, crm, assert_near):
    partners, truth = crm["partners"], TRUTH.partners
    design = partners[[f"{tie}_tie" for tie in truth.ties]].astype(float)
    design["trust"] = world.partner_constructs["trust"]
    design = design.join(pd.get_dummies(partners["constituency"], dtype=float))
    for column, effects, trust in (
        ("transaction_cost", truth.cost_effects, truth.cost_trust_effect),
        ("response_time_days", truth.time_effects, truth.time_trust_effect),
    ):
        fit = sm.OLS(np.log(partners[column]), design).fit()
        assert_near(fit.params.iloc[:4], [*effects, trust], fit.bse.iloc[:4], column)
