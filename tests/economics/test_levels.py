import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.economics.levels_of_relationship.level_choice import served_value
from relmark_research.errors import DataError, ParameterError
from tests.economics.firm import log_of, small_firm

BASIC = rm.economics.MarketingLevel("basic", cost=2.0)
CARE = rm.economics.MarketingLevel(
    "proactive",
    cost=20.0,
    retention=rm.economics.Effect(0.6, 0.2),
    margin=rm.economics.Effect(0.1, 0.05),
)
SEGMENTS = pd.DataFrame(
    {"segment": ["homes", "mills"], "customers": [900, 20], "retention": [0.6, 0.8],
     "margin": [40.0, 3000.0]}
)  # fmt: skip


def drawn_years(n: int, *, seed: int, effect: float = 0.5) -> pd.DataFrame:
    """Account years whose level was drawn at random, with a known effect on retention."""
    rng = np.random.default_rng(seed)
    segment, level = rng.integers(0, 2, n), rng.integers(0, 2, n)
    logit = np.array([0.3, 1.0])[segment] + effect * level
    margin = np.array([50.0, 900.0])[segment] * (1 + 0.2 * level) * rng.gamma(1.5, 1 / 1.5, n)
    return pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(n)],
            "segment": np.array(["homes", "mills"])[segment],
            "year": 0,
            "level": np.array(["basic", "proactive"])[level],
            "complete": True,
            "retained": (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(float),
            "margin": margin,
            "cost": np.array([1.0, 12.0])[level] + rng.random(n),
        }
    )


def test_the_five_levels_are_data() -> None:
    levels = rm.economics.read_levels()
    assert [level.name for level in levels] == [
        "basic", "reactive", "accountable", "proactive", "partnership",
    ]  # fmt: skip
    assert all(level.done and level.cost is None for level in levels)


def test_levels_of_ones_own(tmp_path) -> None:
    path = tmp_path / "levels.yml"
    path.write_text(
        "levels:\n  none:\n    cost: 0\n  calls:\n    done: someone calls\n"
        "    cost: {homes: 3, mills: 9}\n    retention: {effect: 0.2, sd: 0.1}\n"
    )
    none, calls = rm.economics.read_levels(path)
    assert none.cost == 0
    assert calls.cost_in("mills") == 9
    assert calls.retention == rm.economics.Effect(0.2, 0.1)
    with pytest.raises(DataError, match=r"no segment 'mill'.*Did you mean 'mills'"):
        calls.cost_in("mill")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("levels:\n  a: {}\n  b: {cost: 0}", "level 'b' costs nothing, yet it does more than 'a'"),
        ("levels:\n  a: {}\n  b: {cost: -3}", "level 'b' must cost 0 or more a year; found -3"),
        ("levels:\n  a: {}\n  b: {cost: {homes: 0}}", "level 'b' in segment 'homes' costs nothing"),
        ("levels:\n  a: {}", "at least two names"),
        ("levels:\n  a: {}\n  b: {costs: 3}", "no key 'costs'.*Did you mean 'cost'"),
        ("levels:\n  a: {}\n  b: {margin: 3}", "an effect is written"),
        ("- a", "must hold names with values"),
        ("levels: [", "cannot be read as levels"),
    ],
)
def test_levels_that_cannot_be(tmp_path, text, words) -> None:
    path = tmp_path / "levels.yml"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        rm.economics.read_levels(path)


def test_value_is_the_sum_of_years() -> None:
    margin, cost, retention, d = 50.0, 8.0, 0.7, 0.1
    years = sum((retention / (1 + d)) ** t * (margin - cost) for t in range(400))
    assert served_value(margin, cost, retention, d) == pytest.approx(years)
    with pytest.raises(ParameterError, match="customers who never leave"):
        served_value(1.0, 0.0, 1.0, 0.0)


def test_choice_by_hand_where_all_is_certain() -> None:
    levels = [
        BASIC,
        rm.economics.MarketingLevel(
            "care",
            cost=20.0,
            retention=rm.economics.Effect(0.6),
            margin=rm.economics.Effect(np.log(1.1)),
        ),
    ]
    choice = rm.relationship_levels(
        rm.economics.assumed_effects(SEGMENTS, levels), annual_discount_rate=0.1, draws=50
    )
    table = choice.table.set_index(["segment", "level"])
    lifted = 1 / (1 + np.exp(-(np.log(0.6 / 0.4) + 0.6)))
    assert table.loc[("homes", "care"), "retention"] == pytest.approx(lifted)
    assert table.loc[("homes", "care"), "value"] == pytest.approx((44 - 20) * 1.1 / (1.1 - lifted))
    assert table.loc[("homes", "basic"), "value"] == pytest.approx((40 - 2) * 1.1 / 0.5)
    assert choice.best.set_index("segment")["level"].to_dict() == {
        "homes": "basic",
        "mills": "care",
    }
    assert choice.best["probability_best"].to_list() == [1, 1]
    assert choice.best["worth_knowing"].to_list() == pytest.approx([0, 0])
    gain = table.loc[("mills", "care"), "value"] - table.loc[("mills", "basic"), "value"]
    assert choice.best["gain"].iloc[1] == pytest.approx(20 * gain)


def test_break_even_makes_the_value_equal() -> None:
    choice = rm.relationship_levels(
        rm.economics.assumed_effects(SEGMENTS, [BASIC, CARE]), annual_discount_rate=0.1
    )
    for segment, part in choice.table.groupby("segment"):
        base, care = part.iloc[0], part.iloc[1]
        there = base["retention"] + care["break_even"]
        value = served_value(base["margin"], care["cost"], there, 0.1)
        assert value == pytest.approx(base["value"]), segment
        assert base["break_even"] == pytest.approx(0, abs=1e-12)


def test_no_retention_can_pay_for_a_level_dearer_than_the_margin() -> None:
    dear = rm.economics.MarketingLevel("visits", cost=100.0)
    choice = rm.relationship_levels(
        rm.economics.assumed_effects(SEGMENTS, [BASIC, dear]), annual_discount_rate=0.1
    )
    homes = choice.table[choice.table["segment"] == "homes"].iloc[1]
    assert np.isnan(homes["break_even"])
    assert np.isnan(homes["value"])
    planned = rm.economics.experiments(choice)
    assert np.isnan(planned["per_arm"].iloc[0])
    assert not planned["enough"].iloc[0]


def test_unknown_effects_leave_the_value_unknown_and_the_break_even_known() -> None:
    unknown = rm.economics.MarketingLevel("reactive", cost=4.0)
    choice = rm.relationship_levels(
        rm.economics.assumed_effects(SEGMENTS, [BASIC, unknown, CARE]), annual_discount_rate=0.1
    )
    row = choice.table[choice.table["level"] == "reactive"]
    assert row[["value", "probability_best"]].isna().all(axis=None)
    assert (row["break_even"] > 0).all()
    assert "reactive" not in set(choice.best["level"])
    shares = choice.table.groupby("segment")["probability_best"].sum()
    np.testing.assert_allclose(shares, 1)


def test_doubt_makes_knowing_worth_something() -> None:
    sure = rm.economics.MarketingLevel(
        "care", cost=9.0, retention=rm.economics.Effect(0.3, 0.01), margin=rm.economics.Effect(0.0)
    )
    unsure = rm.economics.MarketingLevel(
        "care", cost=9.0, retention=rm.economics.Effect(0.3, 0.5), margin=rm.economics.Effect(0.0)
    )
    worth = [
        rm.relationship_levels(
            rm.economics.assumed_effects(SEGMENTS, [BASIC, level]), annual_discount_rate=0.1
        ).best["worth_knowing"].iloc[0]
        for level in (sure, unsure)
    ]  # fmt: skip
    assert worth[1] > worth[0] >= 0


def test_effects_are_those_of_statsmodels_formula() -> None:
    """The same regressions written as formulas give the same numbers."""
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    years = drawn_years(1500, seed=1)
    table = rm.economics.level_effects(years).table()
    logit = smf.glm(
        "retained ~ C(level) + C(segment)", years, family=sm.families.Binomial()
    ).fit()  # fmt: skip
    name = "C(level)[T.proactive]"
    assert table.loc["proactive", "retention"] == pytest.approx(logit.params[name], rel=1e-5)
    gamma = smf.glm(
        "margin ~ C(level) + C(segment)", years, family=sm.families.Gamma(sm.families.links.Log())
    ).fit()
    assert np.log1p(table.loc["proactive", "margin"]) == pytest.approx(gamma.params[name], rel=1e-5)


def test_pooling_is_the_posterior_of_a_mixed_model() -> None:
    """Against plain sums over a fine grid of tau and gamma."""
    from relmark_research.economics.levels_of_relationship.level_effects import Estimates, pooled

    effects, variance = np.array([0.1, 0.5, 0.4, 1.0]), np.array([0.04, 0.02, 0.05, 0.09])
    found = pooled(Estimates(np.r_[2.0, effects], np.diag(np.r_[0.01, variance])), 1)
    step, tau = np.arange(1.0, 5), np.linspace(1e-3, 1, 400)[:, None, None]
    gamma = np.linspace(-1, 1.5, 1501)[None, :, None]
    total = tau**2 + variance
    weight = np.exp(-0.5 * (np.log(total) + (effects - gamma * step) ** 2 / total).sum(axis=-1))
    weight /= weight.sum()
    center = (effects * tau**2 + gamma * step * variance) / total
    mean = (weight[:, :, None] * center).sum(axis=(0, 1))
    spread = (weight[:, :, None] * (center**2 + tau**2 * variance / total)).sum(axis=(0, 1))
    np.testing.assert_allclose(found.values[1:], mean, atol=0.005)
    np.testing.assert_allclose(np.diag(found.covariance)[1:], spread - mean**2, rtol=0.03)
    assert found.values[0] == pytest.approx(2.0)


def test_sure_estimates_and_few_levels_are_left_alone() -> None:
    from relmark_research.economics.levels_of_relationship.level_effects import Estimates, pooled

    sure = Estimates(np.array([1.0, 0.9, 0.1, 0.8]), 1e-8 * np.eye(4))
    np.testing.assert_allclose(pooled(sure, 1).values, sure.values, atol=1e-3)
    few = Estimates(np.array([1.0, 0.9, 0.1]), np.eye(3))
    assert pooled(few, 1) is few


def test_effects_are_found_where_they_are() -> None:
    table = rm.economics.level_effects(drawn_years(20_000, seed=2)).table()
    assert table.loc["proactive", "retention"] == pytest.approx(0.5, abs=0.1)
    assert table.loc["proactive", "margin"] == pytest.approx(0.2, abs=0.05)


def test_account_years_by_hand() -> None:
    firm = small_firm()
    contacts = pd.DataFrame(
        [
            ("a", "2023-01-10", 1.0, "basic"),
            ("a", "2023-05-01", 4.0, "basic"),
            ("a", "2024-01-10", 1.0, "proactive"),
            ("b", "2023-02-01", 1.0, "basic"),
        ],
        columns=["customer_id", "date", "cost", "level"],
    )
    log = log_of(firm["transactions"])  # until 2024-02-01
    years = rm.economics.account_years(log, contacts=contacts, customers=firm["customers"])
    rows = years[["customer_id", "year", "level", "complete", "retained", "margin", "cost"]]
    assert rows.to_dict("split")["data"][0] == ["a", 0, "basic", True, 1.0, 9.0, 5.0]
    assert rows.loc[1, "level"] == "proactive"
    assert not rows.loc[1, "complete"]
    assert np.isnan(rows.loc[1, "retained"])
    # the first day's order opens the account; b's second falls on the first day of the next year
    assert rows.to_dict("split")["data"][2] == ["b", 0, "basic", True, 0.0, 0.0, 1.0]
    table = rm.economics.segment_years(years)
    assert table.loc[0, ["segment", "customers", "retention", "margin"]].tolist() == [
        "homes", 1, 0.5, 4.5,
    ]  # fmt: skip


def test_bad_account_years() -> None:
    firm, years = small_firm(), drawn_years(200, seed=3)
    log = log_of(firm["transactions"])
    people = firm["customers"].assign(segment=["homes", None, "mills"])
    with pytest.raises(DataError, match=r"every customer must have a segment; 1 of 3 have none"):
        rm.economics.account_years(log, contacts=firm["contacts"], customers=people)
    with pytest.raises(DataError, match="every contact must say its level; 1 of 3 do not"):
        rm.economics.account_years(
            log, contacts=firm["contacts"].assign(level=[None, "basic", "basic"]),
            customers=firm["customers"],
        )  # fmt: skip
    early = firm["contacts"].assign(date=["2022-03-01", "2023-03-02", "2024-01-05"])
    with pytest.raises(DataError, match="1 contacts are earlier, first of customer 'a'"):
        rm.economics.account_years(log, contacts=early, customers=firm["customers"])
    with pytest.raises(DataError, match="every account year must have a segment; 200 of 200"):
        rm.economics.level_effects(years.assign(segment=None))
    with pytest.raises(DataError, match="level 'proactive' costs nothing in segment"):
        rm.economics.level_effects(
            years.assign(cost=years["cost"].where(years["level"] == "basic", 0.0))
        )
    with pytest.raises(DataError, match="costs must be 0 or more"):
        rm.economics.level_effects(years.assign(cost=-1.0))
    with pytest.raises(ParameterError, match=r"no level '[BP].*Did you mean '[bp]"):
        rm.economics.level_effects(years.assign(level=years["level"].str.capitalize()))
    with pytest.raises(DataError, match="effects compare levels; found 1"):
        rm.economics.level_effects(years[years["level"] == "basic"])
    with pytest.raises(DataError, match="each segment needs 2 complete account years"):
        rm.economics.level_effects(
            years.assign(retained=years["retained"].where(years["segment"] == "homes", 1.0))
        )
    with pytest.raises(DataError, match="segment 'mills' earns"):
        rm.economics.level_effects(
            years.assign(margin=years["margin"].where(years["segment"] == "homes", -1.0))
        )


def test_bad_segments_and_costs() -> None:
    with pytest.raises(DataError, match=r"every level needs its cost.*'basic' has none"):
        rm.economics.assumed_effects(SEGMENTS, [rm.economics.MarketingLevel("basic"), CARE])
    with pytest.raises(DataError, match="every segment must have a name; 1 have none"):
        rm.economics.assumed_effects(SEGMENTS.assign(segment=["homes", None]), [BASIC, CARE])
    with pytest.raises(ParameterError, match=r"retention of segment 'mills' must be a rate"):
        rm.economics.assumed_effects(SEGMENTS.assign(retention=[0.6, 80]), [BASIC, CARE])
    with pytest.raises(DataError, match="no column 'margin'"):
        rm.economics.assumed_effects(SEGMENTS.drop(columns="margin"), [BASIC, CARE])
    with pytest.raises(DataError, match="every level must have its own name"):
        rm.economics.assumed_effects(SEGMENTS, [BASIC, BASIC])


def test_levels_that_follow_the_customer_are_noticed() -> None:
    rng = np.random.default_rng(4)
    first = drawn_years(600, seed=5)
    second = first.assign(year=1, level=np.where(rng.random(600) < 0.5, "basic", "proactive"))
    assert rm.economics.level_balance(pd.concat([first, second]))[0] > 0.01
    median = first.groupby("segment")["margin"].transform("median")
    spoilt = np.where(first["margin"] > median, "proactive", "basic")
    spoilt = np.where(rng.random(600) < 0.3, second["level"], spoilt)
    p, n = rm.economics.level_balance(pd.concat([first, second.assign(level=spoilt)]))
    assert p < 1e-6
    assert n == 600
    assert np.isnan(rm.economics.level_balance(first)[0])


def test_the_textbooks_grid() -> None:
    customers, margin = (5000, 500, 50), (2000.0, 500.0, 50.0)
    grid = pd.DataFrame(
        [{"segment": f"{n}-{m}", "customers": n, "margin": m} for n in customers for m in margin]
    )
    cuts = rm.economics.GridCuts(many=1000, few=100, high=1000, low=100)
    assert rm.economics.textbook_levels(grid, cuts=cuts)["textbook"].to_list() == [
        "accountable", "reactive", "basic or reactive",
        "proactive", "accountable", "reactive",
        "partnership", "proactive", "accountable",
    ]  # fmt: skip
    with pytest.raises(ParameterError, match="cuts must rise"):
        rm.economics.GridCuts(many=10, few=100)


def test_agreement_with_the_textbook() -> None:
    levels = [BASIC, CARE]
    choice = rm.relationship_levels(
        rm.economics.assumed_effects(SEGMENTS, levels), annual_discount_rate=0.1
    )
    both = rm.economics.compare_with_textbook(choice, rm.economics.textbook_levels(SEGMENTS))
    assert both["textbook"].to_list() == ["reactive", "partnership"]
    assert both["computed"].to_list() == choice.best["level"].to_list()
    assert not both["agrees"].any()
    cuts = rm.economics.GridCuts(
        many=2000, few=30, high=5000, low=10
    )  # medium and few, both medium
    again = rm.economics.compare_with_textbook(
        choice, rm.economics.textbook_levels(SEGMENTS, cuts=cuts)
    )
    assert again.set_index("segment").loc["mills", "textbook"] == "proactive"
    assert bool(again.set_index("segment").loc["mills", "agrees"])


def test_experiment_by_the_textbook_formula() -> None:
    """n = 2 (z1 + z2)^2 p (1 - p) / points^2, within a few percent of Cohen's h."""
    n = rm.economics.experiment_size(0.6, 0.05)
    plain = 2 * (1.96 + 0.8416) ** 2 * 0.625 * 0.375 / 0.05**2
    assert n == pytest.approx(plain, rel=0.01)
    assert rm.economics.experiment_size(0.6, 0.05, power=0.9) > n
    assert rm.economics.experiment_size(0.6, 0.1) < n
    with pytest.raises(ParameterError, match=r"retention \+ points must be a rate in \(0, 1\)"):
        rm.economics.experiment_size(0.9, 0.2)
    with pytest.raises(ParameterError, match="a rise of 0 points"):
        rm.economics.experiment_size(0.9, 0.0)
    with pytest.raises(ParameterError, match="power is a probability"):
        rm.economics.experiment_size(0.9, 0.05, power=80)
