"""Effects of levels: against statsmodels, a known truth, and bad data."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.economics.levels_of_relationship.level_effects import Coefficients
from relmark_research.errors import DataError, ParameterError
from tests.economics.levels_of_relationship.made import BASIC, CARE, SEGMENTS, drawn_years


def test_effects_are_those_of_statsmodels_formula() -> None:
    """The same regressions written as formulas give the same numbers."""
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    years = drawn_years(1500, seed=1)
    table = rm.economics.level_effects(years).table()
    logit = smf.glm(
        "retained ~ C(relationship_level) + C(segment)", years, family=sm.families.Binomial()
    ).fit()  # fmt: skip
    name = "C(relationship_level)[T.proactive]"
    assert table.loc["proactive", "retention"] == pytest.approx(logit.params[name], rel=1e-5)
    gamma = smf.glm(
        "annual_margin ~ C(relationship_level) + C(segment)",
        years,
        family=sm.families.Gamma(sm.families.links.Log()),
    ).fit()
    assert np.log1p(table.loc["proactive", "annual_margin"]) == pytest.approx(
        gamma.params[name], rel=1e-5
    )


def test_known_effects_are_recovered() -> None:
    table = rm.economics.level_effects(drawn_years(20_000, seed=2)).table()
    assert table.loc["proactive", "retention"] == pytest.approx(0.5, abs=0.1)
    assert table.loc["proactive", "annual_margin"] == pytest.approx(0.2, abs=0.05)


def test_bad_segments_and_costs() -> None:
    with pytest.raises(DataError, match=r"every level needs its cost.*'basic' has none"):
        rm.economics.assumed_effects(SEGMENTS, [rm.economics.RelationshipLevel("basic"), CARE])
    with pytest.raises(DataError, match="every segment must have a name; 1 have none"):
        rm.economics.assumed_effects(SEGMENTS.assign(segment=["homes", None]), [BASIC, CARE])
    with pytest.raises(ParameterError, match=r"retention of segment 'mills' must be a rate"):
        rm.economics.assumed_effects(SEGMENTS.assign(retention=[0.6, 80]), [BASIC, CARE])
    with pytest.raises(DataError, match="no column 'annual_margin'"):
        rm.economics.assumed_effects(SEGMENTS.drop(columns="annual_margin"), [BASIC, CARE])
    with pytest.raises(DataError, match="every level must have its own name"):
        rm.economics.assumed_effects(SEGMENTS, [BASIC, BASIC])


def test_levels_that_depend_on_the_customer_are_detected() -> None:
    rng = np.random.default_rng(4)
    first = drawn_years(600, seed=5)
    second = first.assign(
        year=1, relationship_level=np.where(rng.random(600) < 0.5, "basic", "proactive")
    )
    assert rm.economics.level_balance(pd.concat([first, second]))[0] > 0.01
    median = first.groupby("segment")["annual_margin"].transform("median")
    confounded = np.where(first["annual_margin"] > median, "proactive", "basic")
    confounded = np.where(rng.random(600) < 0.3, second["relationship_level"], confounded)
    p, n = rm.economics.level_balance(
        pd.concat([first, second.assign(relationship_level=confounded)])
    )
    assert p < 1e-6
    assert n == 600
    assert np.isnan(rm.economics.level_balance(first)[0])


def test_bad_account_years() -> None:
    years = drawn_years(200, seed=3)
    with pytest.raises(DataError, match="every account year must have a segment; 200 of 200"):
        rm.economics.level_effects(years.assign(segment=None))
    with pytest.raises(DataError, match="level 'proactive' costs nothing in segment"):
        rm.economics.level_effects(
            years.assign(cost=years["cost"].where(years["relationship_level"] == "basic", 0.0))
        )
    with pytest.raises(DataError, match="costs must be 0 or more"):
        rm.economics.level_effects(years.assign(cost=-1.0))
    capital = years["relationship_level"].str.capitalize()
    with pytest.raises(ParameterError, match=r"no level '[BP].*Did you mean '[bp]"):
        rm.economics.level_effects(
            years.assign(relationship_level=capital), levels=rm.economics.read_levels()
        )
    mixed = capital.where(years.index % 2 == 0, years["relationship_level"])
    with pytest.raises(DataError, match="written in one way; found Basic, Proactive, basic, pro"):
        rm.economics.level_effects(years.assign(relationship_level=mixed))
    with pytest.raises(DataError, match="effects compare levels; found 1"):
        rm.economics.level_effects(years[years["relationship_level"] == "basic"])
    with pytest.raises(DataError, match="each segment needs 2 complete account years"):
        rm.economics.level_effects(
            years.assign(retained=years["retained"].where(years["segment"] == "homes", 1.0))
        )
    with pytest.raises(DataError, match="segment 'mills' has a margin"):
        rm.economics.level_effects(
            years.assign(
                annual_margin=years["annual_margin"].where(years["segment"] == "homes", -1.0)
            )
        )


def test_coefficients_that_are_not_known_stay_so_in_the_draws():
    values, covariance = np.array([1.0, np.nan, 2.0]), np.diag([0.04, np.nan, 0.0])
    drawn = Coefficients(values, covariance).draws(4000, np.random.default_rng(1))
    assert np.isnan(drawn[:, 1]).all()
    assert drawn[:, 0].mean() == pytest.approx(1, abs=0.02)
    assert drawn[:, 0].std() == pytest.approx(0.2, rel=0.05)
    np.testing.assert_allclose(drawn[:, 2], 2, atol=1e-9)


def test_levels_of_any_names_are_ordered_by_cost() -> None:
    years = drawn_years(3000, seed=2)
    plain = rm.economics.level_effects(years)
    names = {"basic": "Z", "proactive": "A"}
    other = years.assign(relationship_level=years["relationship_level"].map(names))
    found = rm.economics.level_effects(other)
    assert found.levels == ("Z", "A")
    assert found.table()["retention"].tolist() == plain.table()["retention"].tolist()
    given = [rm.economics.RelationshipLevel(name) for name in ("A", "Z")]
    assert rm.economics.level_effects(years=other.assign(cost=1.0), levels=given).levels == (
        "A", "Z"
    )  # fmt: skip
