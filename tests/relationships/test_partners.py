"""Records, scores, paths, ties and scorecards of partners: by hand, by slow reference, by law."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

import relmark_research as rm
from relmark_research.relationships.partners.path_model import COMMITMENT_TRUST
from relmark_research.relationships.partners.structural_ties import TIES


@pytest.fixture(scope="module")
def partners() -> pd.DataFrame:
    return rm.load_sample("partners")


@pytest.fixture(scope="module")
def survey() -> pd.DataFrame:
    return rm.load_sample("partner_survey")


@pytest.fixture(scope="module")
def data(partners, survey):
    return rm.relationships.read_partners(partners, survey)


@pytest.fixture(scope="module")
def quality(data):
    return rm.relationships.relationship_quality(data)


@pytest.fixture(scope="module")
def costs(data, quality):
    return rm.relationships.weak_partners(
        data, quality, rm.relationships.tie_effects(data, quality)
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: pd.concat([p, p.head(2)]), "2 ids more than once, first B001, B002"),
        (lambda p: p.assign(constituency="suplier"), "Did you mean 'supplier'"),
        (lambda p: p.assign(transaction_cost=0), "above 0 in transaction_cost; found 92 others"),
        (lambda p: p.assign(guarantees=-1), "of 0 or more in guarantees; found 92 others"),
        (lambda p: p.drop(columns="social_tie"), "no column 'social_tie'"),
        (lambda p: p.assign(constituency=None), "92 have no constituency"),
    ],
)
def test_bad_records_are_refused_in_words(partners, survey, change, words):
    with pytest.raises(rm.DataError, match=words):
        rm.relationships.read_partners(change(partners), survey)


def test_constituencies_and_dyads(data):
    groups = data.records.groupby("constituency")["group"].first()
    assert groups["agency"] == "marketing partners"
    assert groups["investor"] == "financial community"
    assert set(data.records["dyad"].dropna()) == {"supplier", "distributor"}
    assert rm.relationships.partner_figures(data, by="dyad")["partners"].tolist() == [26, 30]


def test_end_customers_are_a_constituency_and_a_dyad(partners, survey):
    asked = partners.assign(constituency=partners["constituency"].replace("agency", "end customer"))
    records = rm.relationships.read_partners(asked, survey).records
    mine = records[records["constituency"] == "end customer"]
    assert set(mine["group"]) == {"customers"}
    assert set(mine["dyad"]) == {"end customer"}


def test_figures_by_hand(data, partners):
    own = partners[partners["constituency"] == "agency"]
    row = rm.relationships.partner_figures(data).set_index("constituency").loc["agency"]
    assert row["response_days"] == pytest.approx(np.exp(np.log(own["response_time_days"]).mean()))
    assert row["guarantees"] == pytest.approx(own["guarantees"].mean())
    spent = own["transactions_per_year"] * own["transaction_cost"]
    assert row["yearly_cost"] == pytest.approx(spent.sum())


def test_scores_agree_with_a_mixed_model(data, quality):
    """Balanced data: analysis of variance is REML, and the shrunk mean its random effect."""
    score = data.composites[list(quality.of)].mean(axis=1)
    frame = pd.DataFrame({"y": score, "g": data.answers["partner_id"]})
    fit = smf.mixedlm("y ~ 1", frame, groups="g").fit(reml=True)
    assert quality.components.mean == pytest.approx(fit.params["Intercept"])
    assert quality.components.between == pytest.approx(float(fit.cov_re.iloc[0, 0]), rel=1e-3)
    effects = pd.Series({name: value.iloc[0] for name, value in fit.random_effects.items()})
    shrunk = (quality.table["quality"] - quality.components.mean)[effects.index]
    assert shrunk.to_numpy() == pytest.approx(effects.to_numpy(), abs=2e-4)


def test_fewer_answers_are_drawn_further_to_the_mean(partners, survey):
    few = survey[(survey["partner_id"] != "B001") | (survey.groupby("partner_id").cumcount() < 1)]
    data = rm.relationships.read_partners(partners, few[few["partner_id"] != "B002"])
    table = rm.relationships.relationship_quality(data).table
    assert table.loc["B001", "reliability"] < table.loc["B003", "reliability"]
    assert table.loc["B001", "error"] > table.loc["B003", "error"]
    assert table.loc["B002", "answers"] == 0
    assert table.loc["B002", "quality"] == pytest.approx(
        rm.relationships.relationship_quality(data).components.mean
    )
    assert any("1 partners did not answer" in note for note in data.notes)


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


def test_the_seed_alone_decides_the_draws(data):
    again = [
        rm.relationships.relationship_drivers(data, draws=100, seed=s).paths for s in (3, 3, 4)
    ]
    pd.testing.assert_frame_equal(again[0], again[1])
    assert not again[0].equals(again[2])


def test_bad_models_are_refused_in_words(data):
    with pytest.raises(rm.ParameterError, match="Did you mean 'trust'"):
        rm.relationships.relationship_drivers(data, model={"commitment": ["trusst"]})
    circle = {"trust": ["commitment"], "commitment": ["trust"]}
    with pytest.raises(rm.ParameterError, match="later or in a circle"):
        rm.relationships.relationship_drivers(data, model=circle)


def test_scales_that_are_one_are_refused(partners, survey):
    copy = {f"c{n}": survey[f"trust_{1 + n % 2}"] for n in range(4)}
    scales = rm.relationships.scales_of({"a": ["c0", "c1"], "b": ["c2", "c3"]})
    data = rm.relationships.read_partners(partners, survey.assign(**copy), scales=scales)
    with pytest.raises(rm.DataError, match="corrected correlation of 1"):
        rm.relationships.relationship_drivers(data, model={"b": ["a"]}, draws=20)
    assert not rm.relationships.discriminant_validity(data, draws=50)["distinct"].any()


def test_ties_agree_with_a_formula(data, quality):
    frame = data.records.assign(q=quality.standardised["value"])
    formula = f"np.log(transaction_cost) ~ 0 + constituency + {' + '.join(TIES)} + q"
    fit = smf.ols(formula, frame).fit(cov_type="HC3")
    found = rm.relationships.tie_effects(data, quality).table()
    assert found["effect"].to_numpy() == pytest.approx(fit.params.iloc[-4:].to_numpy())
    assert found["error"].to_numpy() == pytest.approx(fit.bse.iloc[-4:].to_numpy())


def test_constant_ties_and_few_partners_are_refused(partners, survey):
    data = rm.relationships.read_partners(partners.assign(social_tie=2), survey)
    with pytest.raises(rm.DataError, match="alike or constant"):
        rm.relationships.tie_effects(data, rm.relationships.relationship_quality(data))
    few = partners.head(8)
    data = rm.relationships.read_partners(few, survey[survey["partner_id"].isin(few["partner_id"])])
    with pytest.raises(rm.DataError, match="found 8"):
        rm.relationships.tie_effects(data, rm.relationships.relationship_quality(data))


def test_a_partner_alone_of_its_kind_is_no_obstacle(partners, survey):
    lone = partners.assign(constituency=["bank", *partners["constituency"].iloc[1:]])
    data = rm.relationships.read_partners(lone, survey)
    assert np.isfinite(
        rm.relationships.tie_effects(data, rm.relationships.relationship_quality(data)).table()
    ).all(axis=None)
    assert (
        rm.relationships.partner_figures(data)
        .set_index("constituency")["guarantees_low"]
        .isna()["bank"]
    )


def test_who_has_all_ties_saves_next_to_nothing(data, costs):
    whole = costs.levers.iloc[-1]
    assert costs.table["saving"].sum() == pytest.approx(whole["saving"])
    assert whole["saving_low"] < whole["saving"] < whole["saving_high"] < costs.now
    tied = data.records[list(TIES)].min(axis=1) >= 4
    assert costs.table["share"][tied.index[tied]].max() < costs.table["share"].median()


def test_a_lower_mark_saves_less(data, quality, costs):
    low = rm.relationships.weak_partners(
        data, quality, rm.relationships.tie_effects(data, quality), mark=0.2
    )
    assert low.levers["saving"].iloc[-1] < costs.levers["saving"].iloc[-1]
    with pytest.raises(rm.ParameterError, match="mark is a share"):
        rm.relationships.weak_partners(
            data, quality, rm.relationships.tie_effects(data, quality), mark=50
        )


def test_a_page_says_where_a_partner_stands(data, costs):
    cards = rm.relationships.scorecards(data, costs)
    top = cards.scores["quality"].table["quality"].idxmax()
    page = cards.page(top)
    assert page.loc["quality", "standing"] == "strong"
    assert page.loc["quality", "better_than"] == 1
    assert list(cards.table.index) == list(costs.table.index)
    with pytest.raises(rm.DataError, match="no partner 'B999'"):
        cards.page("B999")


def test_pseudonyms_hide_names_and_ids_and_change_no_figure(data, costs):
    hidden = data.pseudonymous()
    assert not hidden.records.index.isin(data.records.index).any()
    assert not hidden.records["name"].isin(data.records["name"]).any()
    quality = rm.relationships.relationship_quality(hidden)
    same = rm.relationships.weak_partners(
        hidden, quality, rm.relationships.tie_effects(hidden, quality)
    )
    assert same.levers["saving"].to_numpy() == pytest.approx(costs.levers["saving"].to_numpy())


def test_answers_after_the_day_are_not_seen(partners, survey):
    data = rm.relationships.read_partners(partners, survey, as_of="2024-01-01")
    assert len(data.answers) == 276
