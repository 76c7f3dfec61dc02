"""One value of each interval of campaigns, funnels, satisfaction and partners, in another way."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, special, stats
from statsmodels.discrete.discrete_model import Logit

import relmark_research as rm
from relmark_research.relationships.campaigns.subgroups import covariate_groups
from relmark_research.relationships.campaigns.uplift import total_profit
from relmark_research.relationships.funnel.conversion_funnel import funnel_curves
from relmark_research.relationships.partners.reliability import feldt_interval
from relmark_research.relationships.satisfaction.retention_link import retention_by_score
from tests.laws import made
from tests.laws.own import (
    LEVEL,
    TAIL,
    Z,
    covariance,
    delta_error,
    exact_value_of,
    percentiles,
    wilson,
)

SIGNS = np.array([-1, 1])
PRICES = {"cost_per_contact": 0.9, "contribution_per_response": 25.0}
SAMPLES = {"draws": 60, "seed": 5}


def ends(table: pd.DataFrame | pd.Series, name: str = "") -> np.ndarray:
    stem = f"{name}_" if name else ""
    return table[[f"{stem}low", f"{stem}high"]].to_numpy(float)


def newcombe(x: int, n: int, y: int, m: int, z: float = Z) -> list[float]:
    """Return Newcombe's hybrid score interval of x / n - y / m."""
    p, q = x / n, y / m
    (l1, u1), (l2, u2) = wilson(x, n, z), wilson(y, m, z)
    low = p - q - np.hypot(p - l1, u2 - q)
    return [low, p - q + np.hypot(u1 - p, q - l2)]


def dunnett(variances: np.ndarray) -> float:
    """Return Dunnett's critical value: all |z| of the arms are below it with probability LEVEL."""
    control, arms = variances[0], variances[1:]
    error = np.sqrt(control + arms)
    correlation = control / np.outer(error, error)
    np.fill_diagonal(correlation, 1.0)
    normal = stats.multivariate_normal(cov=correlation, abseps=1e-7, maxpts=2_000_000)

    def inside(z: float) -> float:
        return float(normal.cdf(np.full(len(arms), z), lower_limit=np.full(len(arms), -z)))

    low, high = 0.5, 4.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) < LEVEL else (low, middle)
    return low


@exact_value_of("campaign_uplift")
def test_an_uplift_by_hand():
    run = made.campaigns()
    several = run.groupby("campaign_id")["arm"].nunique().idxmax()
    run = run[run["campaign_id"] == several]
    found = rm.relationships.campaign_uplift(run, margin=0.4, adjust=False, level=LEVEL)
    run = run.assign(profit=0.4 * run["value_in_window"] - run["cost"])
    groups = dict(list(run.groupby("arm")))
    arms = ["control", *found["arm"]]
    variance = np.array([groups[one]["profit"].var() / len(groups[one]) for one in arms])
    row, arm, control = found.iloc[0], groups[arms[1]], groups["control"]
    gain = arm["profit"].mean() - control["profit"].mean()
    error = np.sqrt(variance[0] + variance[1])
    assert np.allclose(ends(row, "incremental_profit"), gain + SIGNS * Z * error)
    total = len(arm) * (gain + SIGNS * Z * error)
    assert np.allclose(ends(row, "total_incremental_profit"), total)
    counts = arm["responded"].sum(), len(arm), control["responded"].sum(), len(control)
    assert np.allclose(ends(row, "uplift"), newcombe(*counts), rtol=1e-9)
    ratio = np.log(row["response_ratio"])
    assert np.log(ends(row, "response_ratio")).mean() == pytest.approx(ratio, abs=0.02)
    reach = Z * np.sqrt(1 / counts[0] - 1 / counts[1] + 1 / counts[2] - 1 / counts[3])
    assert np.diff(np.log(ends(row, "response_ratio"))) / 2 == pytest.approx(reach, rel=0.05)
    if len(arms) > 2:
        together = gain + SIGNS * dunnett(variance) * error
        assert np.allclose(ends(row, "incremental_profit_simultaneous"), together, rtol=1e-3)


@exact_value_of("campaign_advice")
def test_the_gain_of_advice_has_the_interval_of_the_profit():
    found = rm.relationships.campaign_uplift(made.campaigns(), margin=0.4, level=LEVEL)
    row = rm.relationships.campaign_advice(found, level=LEVEL).iloc[0]
    assert np.allclose(ends(row, "gain"), ends(found.iloc[0], "incremental_profit"))


@exact_value_of("campaign_subgroups")
def test_the_difference_of_a_subgroup_by_hand():
    table = made.campaign_table()
    row = rm.relationships.campaign_subgroups(table, outcome="value_in_window", level=LEVEL).iloc[0]
    run = table.frame[table.frame["campaign_id"] == row["campaign_id"]]
    groups = covariate_groups(table.frame["pre_value"]).loc[run.index]
    variance, effect = [], []
    for own in (run[groups == row["group"]], run[groups != row["group"]]):
        arms = [own.loc[own["arm"] == arm, "value_in_window"] for arm in (row["arm"], "control")]
        effect.append(arms[0].mean() - arms[1].mean())
        variance.append(sum(arm.var() / len(arm) for arm in arms))
    error = np.sqrt(sum(variance))
    assert np.allclose(ends(row, "difference"), effect[0] - effect[1] + SIGNS * Z * error)
    assert np.allclose(ends(row, "rest_effect"), effect[1] + SIGNS * Z * np.sqrt(variance[1]))
    assert np.allclose([row["low"], row["high"]], effect[0] + SIGNS * Z * np.sqrt(variance[0]))


@exact_value_of("uplift_by_score")
def test_the_profit_of_a_class_by_hand():
    table = made.campaign_table()
    score = rm.relationships.uplift_scores(table, arm="mail", seed=1)
    found = rm.relationships.uplift_by_score(
        table, score * 0, arm="mail", margin=0.4, level=LEVEL
    ).iloc[0]
    rows = table.frame.loc[score.index]
    profit = 0.4 * rows["value_in_window"] - rows["cost"]
    arms = [profit[rows["arm"] == arm] for arm in ("mail", "control")]
    error = np.sqrt(sum(arm.var() / len(arm) for arm in arms))
    gain = arms[0].mean() - arms[1].mean()
    assert np.allclose(ends(found, "profit"), gain + SIGNS * Z * error)


@exact_value_of("stage_conversion")
def test_a_conversion_by_stage_is_wilsons():
    counts = pd.DataFrame({"stage": ["met", "won"], "count": [200, 20]})
    row = rm.relationships.stage_conversion(counts, level=LEVEL).iloc[0]
    for end in ends(row, "conversion"):  # (p - end)^2 = z^2 end (1 - end) / n
        assert (0.1 - end) ** 2 == pytest.approx(Z**2 * end * (1 - end) / 200)


def test_the_simultaneous_interval_of_an_uplift_is_newcombe_at_dunnett():
    found = rm.relationships.campaign_uplift(made.campaigns(), margin=0.4, level=LEVEL)
    several = found[found.duplicated("campaign_id", keep=False)]
    assert len(several) >= 2
    run = made.campaigns()
    run = run[run["campaign_id"] == several["campaign_id"].iloc[0]]
    own = several[several["campaign_id"] == several["campaign_id"].iloc[0]]
    counted = run.groupby("arm")["responded"].agg(["sum", "size"]).loc[["control", *own["arm"]]]
    smooth = (counted["sum"] + 0.5) / (counted["size"] + 1)
    z = dunnett((smooth * (1 - smooth) / counted["size"]).to_numpy())
    expected = newcombe(*counted.iloc[1], *counted.iloc[0], z)
    assert np.allclose(ends(own.iloc[0], "uplift_simultaneous"), expected, rtol=1e-3)


def test_with_one_arm_the_simultaneous_interval_is_the_interval():
    run = made.campaigns()
    run = run[run["arm"].isin(["mail", "control"])]
    run = run[run["campaign_id"] == run["campaign_id"].iloc[0]]
    row = rm.relationships.campaign_uplift(run, margin=0.4, level=LEVEL).iloc[0]
    for name in ("uplift", "incremental_value", "incremental_profit"):
        assert np.allclose(ends(row, f"{name}_simultaneous"), ends(row, name), rtol=1e-6), name


@exact_value_of("total_profit")
def test_half_widths_of_one_campaign_are_added_and_of_several_squared():
    name = "total_incremental_profit"
    table = pd.DataFrame(
        {
            "campaign_id": ["a", "a", "b"],
            name: [10.0, 20.0, -5.0],
            f"{name}_low": [7.0, 19.0, -10.0],
            f"{name}_high": [13.0, 21.0, 0.0],
        }
    )
    reach = np.sqrt((3 + 1) ** 2 + 5**2)
    assert total_profit(table, level=LEVEL) == pytest.approx((25, 25 - reach, 25 + reach))


def hierarchical_posterior(
    d: np.ndarray, v: np.ndarray, tau: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights, means and sds of the effects given each tau, by the whole covariance.

    The marginal density of d is that of a normal with variance V = diag(v) + tau^2 I and a mean mu
    with a flat prior; the effects are their regression on d.
    """
    log, means, sds = [], [], []
    for one in tau:
        W = np.diag(1 / (v + one**2))
        ones = np.ones(len(d))
        information = ones @ W @ ones
        mu = ones @ W @ d / information
        log.append(
            0.5 * (np.log(np.diag(W)).sum() - np.log(information)) - 0.5 * (d - mu) @ W @ (d - mu)
        )
        means.append(mu + one**2 / (v + one**2) * (d - mu))
        own = one**2 * v / (v + one**2)
        sds.append(np.sqrt(own + (v / (v + one**2)) ** 2 / information))
    weight = np.exp(np.array(log) - max(log))
    return weight / weight.sum(), np.array(means), np.array(sds)


def cell_differences(table: pd.DataFrame) -> pd.DataFrame:
    """Return d and v of each cell of one campaign."""
    counted = table.assign(treated=table["arm"] != "control")
    counted = counted.groupby(["cell", "treated"])["responded"].agg(["sum", "size"]).unstack()
    x, n = counted["sum"], counted["size"]
    smooth = (x + 1) / (n + 2)
    found = pd.DataFrame(
        {
            "d": x[True] / n[True] - x[False] / n[False],
            "v": (smooth * (1 - smooth) / n).sum(axis=1),
        }
    )
    return found.dropna()


@exact_value_of("uplift_cells")
def test_cells_are_pooled_as_the_hierarchical_model_says():
    table = made.mailed()
    table = table[table["campaign_id"] == table["campaign_id"].iloc[0]]
    cells = cell_differences(table)
    d, v = cells.to_numpy().T
    largest = 2 * max(np.ptp(d), np.sqrt(v.max()))
    tau = (np.arange(1000) + 0.5) / 1000 * largest
    weight, means, sds = hierarchical_posterior(d, v, tau)
    found = rm.relationships.uplift_cells(table, **PRICES, level=LEVEL).set_index("cell")
    found = found.loc[cells.index]
    assert np.allclose(found["posterior_mean"], weight @ means, rtol=1e-4)
    for end, tail in (("low", TAIL), ("high", 1 - TAIL)):
        below = weight @ special.ndtr((found[end].to_numpy() - means) / sds)
        assert np.allclose(below, tail, atol=1e-4)


@exact_value_of("qini_curve")
def test_a_qini_curve_by_repeating_rows():
    table = made.mailed().head(700)
    score = pd.Series(table["pre_value"].round(-2), index=table.index)
    found = rm.relationships.qini_curve(table, score, level=LEVEL, **SAMPLES)
    customer = pd.factorize(table["customer_id"])[0]
    draw = np.random.default_rng(SAMPLES["seed"])
    weights = draw.poisson(1.0, (SAMPLES["draws"], customer.max() + 1))[:, customer]
    treated = (table["arm"] != "control").to_numpy()
    share = pd.Series(treated, table.index).groupby(table["campaign_id"]).transform("mean")
    inverse = np.where(treated, 1 / share, 1 / (1 - share))
    responded, grid = table["responded"].to_numpy(float), found.table["share"].to_numpy()
    curves, areas = [], []
    for w in weights * inverse:
        x, y = [0.0], [0.0]
        for least in np.unique(score)[::-1]:
            top = (score >= least).to_numpy()
            sums = [(w * top * arm).sum() for arm in (treated, ~treated)]
            rates = [
                (w * top * arm * responded).sum() / max(s, 1e-300)
                for arm, s in zip((treated, ~treated), sums, strict=True)
            ]
            x.append(sum(sums) / w.sum())
            y.append(x[-1] * (rates[0] - rates[1] if min(sums) > 0 else 0.0))
        curves.append(np.interp(grid, x, y))
        areas.append(np.trapezoid(np.array(y) - np.array(x) * y[-1], x))
    assert np.allclose(ends(found.table), np.transpose(percentiles(curves)))
    expected = percentiles(areas)
    assert (found.coefficient_low, found.coefficient_high) == pytest.approx(expected)


@exact_value_of("mailing_plan")
def test_a_response_rate_by_integration_over_mean_and_correlation():
    cells = made.cells()
    x, n = cells["responses"].to_numpy(), cells["mailed"].to_numpy()
    mean = np.linspace(-8, 1, 240)[:, None]
    correlation = np.linspace(-12, 4, 240)[None, :]
    m, rho = special.expit(mean), special.expit(correlation)
    a, b = m * (1 / rho - 1), (1 - m) * (1 / rho - 1)
    log = np.log(m * (1 - m)) + np.log(rho * (1 - rho))
    for own, size in zip(x, n, strict=True):
        log = log + special.betaln(a + own, b + size - own) - special.betaln(a, b)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    found = rm.relationships.mailing_plan(cells, **PRICES, level=LEVEL).table.set_index("cell")
    for name, own, size in zip(cells["cell"], x, n, strict=True):
        for end, tail in (("low", TAIL), ("high", 1 - TAIL)):
            below = special.betainc(a + own, b + size - own, found.loc[name, end])
            assert (weight * below).sum() == pytest.approx(tail, abs=0.01)


def prospects(n: int = 60) -> pd.DataFrame:
    """Prospects of one day, of whom a third convert in time; none is censored or lost."""
    start = pd.Timestamp("2024-01-01")
    days = pd.Series(np.where(np.arange(n) % 3 == 0, np.arange(n) + 1, np.nan))
    won = start + pd.to_timedelta(days, unit="D")
    stages = dict.fromkeys(("contacted", "qualified", "offer", "won"), won)
    cost = np.random.default_rng(1).gamma(2.0, 5.0, n)
    return pd.DataFrame({"first_contact": start, **stages, "cost": cost})


def log_log(share: float, n: int) -> np.ndarray:
    """Return the interval of a binomial share, symmetric in ln(-ln(1 - p))."""
    error = np.sqrt(share * (1 - share) / n) / ((1 - share) * -np.log(1 - share))
    return 1 - np.exp(-np.exp(np.log(-np.log(1 - share)) + SIGNS * Z * error))


@exact_value_of("conversion_funnel", "funnel_curves", "funnel_trend")
def test_without_censoring_the_incidence_is_a_binomial_share():
    table = prospects()
    found = rm.relationships.conversion_funnel(table, observed_until="2024-12-31", level=LEVEL)
    first = found.iloc[0]
    assert np.allclose(ends(first, "conversion"), log_log(1 / 3, 60))
    assert np.allclose(ends(first, "drop_off"), 1 - log_log(1 / 3, 60)[::-1])
    assert np.allclose(ends(found.iloc[3], "cumulative_conversion"), log_log(1 / 3, 60))
    assert np.allclose(ends(found.iloc[3], "conversion"), [TAIL ** (1 / 20), 1.0])  # all of 20
    known = rm.relationships.Prospects.from_table(table, observed_until="2024-12-31")
    curve = funnel_curves(known, level=LEVEL).set_index("days")
    assert np.allclose(ends(curve.loc[31.0]), log_log(11 / 60, 60))
    trend = rm.relationships.funnel_trend(known, within_days=31, level=LEVEL).iloc[0]
    assert np.allclose(ends(trend), log_log(11 / 60, 60))


@exact_value_of("funnel_costs")
def test_an_acquisition_cost_by_the_delta_method():
    table = prospects()
    known = rm.relationships.Prospects.from_table(table, observed_until="2024-12-31")
    found = rm.relationships.funnel_costs(known, level=LEVEL).iloc[0]
    data = np.array([table["cost"], table["won"].notna()], float)
    error = delta_error(lambda m: np.log(m[0] / m[1]), data.mean(axis=1), np.cov(data) / 60)
    ratio = np.log(data[0].sum() / data[1].sum())
    assert np.allclose(ends(found), np.exp(ratio + SIGNS * Z * error))


@exact_value_of("NetPromoterScore.interval", "nps_table")
def test_a_net_promoter_score_with_one_answer_more_in_each_class():
    score = rm.relationships.NetPromoterScore(promoters=45, passives=30, detractors=25)
    signs = np.repeat([1, 0, -1], [46, 31, 26])
    expected = 100 * (signs.mean() + SIGNS * Z * signs.std() / np.sqrt(103))
    assert score.interval(LEVEL) == pytest.approx(expected)
    answers = pd.DataFrame({"nps": np.repeat([10, 7, 2], [45, 30, 25])})
    assert ends(rm.relationships.nps_table(answers, level=LEVEL))[0] == pytest.approx(expected)


def clustered_logit() -> Any:
    """Return the logit of retention, clustered by customer, on the slopes around 7."""
    link, answers = made.link(), made.answers()
    distance = link.scores - 7
    design = np.column_stack([np.ones(len(distance)), distance.clip(upper=0), distance.clip(0)])
    groups = pd.factorize(answers.loc[link.scores.index, "customer_id"])[0]
    return Logit(link.retained.to_numpy(), design).fit(
        disp=False, cov_type="cluster", cov_kwds={"groups": groups}
    )


@exact_value_of("RetentionLink.summary", "RetentionLink.asymmetry")
def test_the_slopes_of_retention_by_statsmodels():
    fit = clustered_logit()
    assert np.allclose(ends(made.link().summary(LEVEL)), fit.conf_int(1 - LEVEL), rtol=1e-6)
    gap = fit.t_test([0, 1, -1]).conf_int(1 - LEVEL)[0]
    found = made.link().asymmetry(LEVEL)
    assert (found["low"], found["high"]) == pytest.approx(gap, rel=1e-6)


def retention(coefficients: np.ndarray, score: Any) -> np.ndarray:
    """Return P(retained) for drawn coefficients, shape (draws, answers)."""
    distance = np.atleast_1d(np.asarray(score, float)) - 7
    columns = [np.ones_like(distance), np.minimum(distance, 0), np.maximum(distance, 0)]
    return special.expit(coefficients @ np.array(columns))


@exact_value_of("retention_by_score")
def test_retention_by_answer_from_drawn_slopes():
    link = made.link()
    found = retention_by_score(link, level=LEVEL, seed=2).set_index("score").loc[9]
    own = link.retained[link.scores == 9]
    assert np.allclose(ends(found), wilson(own.sum(), len(own)))
    drawn = retention(link.draws(40_000, seed=77), 9)[:, 0]
    width = np.ptp(percentiles(drawn))
    assert np.allclose(ends(found, "modelled"), percentiles(drawn), atol=0.1 * width)


@exact_value_of("value_of_a_point")
def test_the_value_of_a_point_from_drawn_slopes():
    link, d = made.link(), 0.1
    found = rm.relationships.value_of_a_point(
        link, annual_margin=(250.0, 0.0), annual_discount_rate=d, draws=400, seed=3, level=LEVEL
    )
    drawn, scores = link.draws(400, seed=4), link.scores.to_numpy()
    now, up, down = (retention(drawn, np.clip(scores + k, 0, 10)) for k in (0, 1, -1))
    value = {k: 250 * (1 + d) / (1 + d - kept) for k, kept in ((0, now), (1, up), (-1, down))}
    table = found.table
    assert np.allclose(ends(table.loc["retention"]), percentiles((up - now).mean(axis=1)))
    assert np.allclose(ends(table.loc["next year"]), percentiles(250 * (up - now).mean(axis=1)))
    gain = value[1] - value[0]
    assert np.allclose(ends(table.loc["lifetime"]), percentiles(gain.mean(axis=1)))
    assert found.increase[1:] == pytest.approx(percentiles(gain[:, scores < 10].mean(axis=1)))
    fall = (value[-1] - value[0])[:, scores > 0].mean(axis=1)
    assert found.decrease[1:] == pytest.approx(percentiles(fall))
    row = found.by_score.set_index("score").loc[5]
    assert np.allclose(ends(row), percentiles(gain[:, scores == 5].mean(axis=1)))


@exact_value_of("satisfaction_drivers")
def test_the_slopes_of_a_proportional_odds_model_by_its_likelihood():
    answers = made.answers()
    found = rm.relationships.satisfaction_drivers(answers, items=("quality",), level=LEVEL).iloc[0]
    x = (answers["quality"] - answers["quality"].mean()).to_numpy()
    y = np.digitize(answers["nps"], [7, 9])

    def log_likelihood(at: np.ndarray) -> float:
        cuts = np.array([-np.inf, at[0], at[0] + np.exp(at[1]), np.inf])
        inside = special.expit(cuts[y + 1] - at[2] * x) - special.expit(cuts[y] - at[2] * x)
        return float(np.log(inside).sum())

    best = optimize.minimize(lambda at: -log_likelihood(at), [0.0, 0.0, 0.5], method="BFGS").x
    error = np.sqrt(covariance(log_likelihood, best)[2, 2])
    assert np.allclose(ends(found), best[2] + SIGNS * Z * error, rtol=1e-3)


@exact_value_of("partner_summary")
def test_means_by_kind_of_partner_have_students_interval():
    found = rm.relationships.partner_summary(made.partners(), level=LEVEL)
    row = found.set_index("constituency").loc["supplier"]
    own = made.sample("partners").query("constituency == 'supplier'")
    for name, values in (("social_tie", own["social_tie"]), ("guarantees", own["guarantees"])):
        t = stats.t(len(values) - 1, values.mean(), values.sem())
        assert np.allclose(ends(row, name), t.interval(LEVEL))
    logs = np.log(own["transaction_cost"])
    t = stats.t(len(logs) - 1, logs.mean(), logs.sem())
    assert np.allclose(ends(row, "transaction_cost"), np.exp(t.interval(LEVEL)))


@exact_value_of("relationship_quality", "QualityScores.mean_interval")
def test_shrunken_scores_by_their_formula():
    quality = rm.relationships.relationship_quality(made.partners(), level=LEVEL)
    parts, table = quality.components, quality.table
    n = table["answers"]
    weight = 1 / (parts.between + parts.within / n[n > 0])
    mean = (weight * table["observed"][n > 0]).sum() / weight.sum()
    half = Z / np.sqrt(weight.sum())
    assert quality.mean_interval(LEVEL) == pytest.approx((mean, mean - half, mean + half))
    own = table.iloc[0]
    kept = parts.between / (parts.between + parts.within / own["answers"])
    gap, lost, k = own["observed"] - mean, 1 - kept, (n > 0).sum()
    variance = parts.between * lost + lost**2 / weight.sum() + 2 / (k - 3) * (lost * gap) ** 2
    expected = mean + kept * gap + SIGNS * Z * np.sqrt(variance)
    assert np.allclose(ends(own, "quality"), expected)


@exact_value_of("scorecards")
def test_a_scorecard_has_the_scores_of_its_level():
    costs = rm.relationships.weak_partners(made.partners(), made.quality(), made.ties(), draws=20)
    cards = rm.relationships.scorecards(made.partners(), costs, level=LEVEL)
    score = rm.relationships.relationship_quality(made.partners(), level=0.5).table.loc["B001"]
    expected = score["quality"] + SIGNS * Z * score["standard_error"]
    assert np.allclose(ends(cards.card("B001").loc["quality"]), expected)
    assert np.allclose(ends(cards.table.loc["B001"], "quality"), expected)


def bootstrap_rows() -> list[np.ndarray]:
    """Return the rows of each bootstrap sample of partners, from the seed of `SAMPLES`."""
    partner = pd.factorize(made.partners().answers["partner_id"])[0]
    groups = partner.max() + 1
    rng = np.random.default_rng(SAMPLES["seed"])
    counts = rng.multinomial(groups, np.full(groups, 1 / groups), size=SAMPLES["draws"])
    return [np.repeat(np.arange(len(partner)), one[partner]) for one in counts]


def alpha(items: np.ndarray) -> float:
    k = items.shape[1]
    return k / (k - 1) * (1 - items.var(axis=0, ddof=1).sum() / items.sum(axis=1).var(ddof=1))


def items_of(*names: str) -> list[np.ndarray]:
    data = made.partners()
    scales = {scale.name: list(scale.items) for scale in data.scales}
    table = data.answers
    assert table[[i for name in names for i in scales[name]]].notna().all(axis=None)
    return [table[scales[name]].to_numpy(float) for name in names]


@exact_value_of("discriminant_validity")
def test_htmt_in_resampled_partners():
    data = complete_partners()
    found = rm.relationships.discriminant_validity(data, level=LEVEL, **SAMPLES).iloc[0]
    items = data.answers[[f"{found[s]}_{n}" for s in ("scale_a", "scale_b") for n in (1, 2)]]
    drawn = []
    for rows in bootstrap_rows():
        r = np.abs(np.corrcoef(items.to_numpy(float)[rows].T))
        drawn.append(r[:2, 2:].mean() / np.sqrt(r[0, 1] * r[2, 3]))
    assert np.allclose(ends(found, "htmt"), percentiles(drawn))


def complete_partners() -> Any:
    """Return the partners with two scales of two items, answered in every questionnaire."""
    names = ["communication", "mutual_interest"]
    scales = rm.relationships.scales_from_items({s: [f"{s}_1", f"{s}_2"] for s in names})
    items = [item for scale in scales for item in scale.items]
    survey = made.sample("partner_survey")
    survey = survey.assign(**{name: survey[name].fillna(4) for name in items})
    return rm.relationships.read_partners(made.sample("partners"), survey, scales=scales)


@exact_value_of("scale_reliability")
def test_reliability_of_two_items_in_resampled_partners():
    data = complete_partners()
    found = rm.relationships.scale_reliability(data, level=LEVEL, **SAMPLES).iloc[0]
    items = data.answers[["communication_1", "communication_2"]].to_numpy(float)
    r = np.array([np.corrcoef(items[rows].T)[0, 1] for rows in bootstrap_rows()])
    assert np.allclose(ends(found, "average_variance_extracted"), percentiles(np.abs(r)))
    composite = 4 * r / (4 * r + 2 * (1 - r))
    assert np.allclose(ends(found, "composite_reliability"), percentiles(composite))
    n = len(items)
    F = stats.f((n - 1) / found["design_effect"], n - 1).ppf([1 - TAIL, TAIL])
    assert np.allclose(ends(found, "alpha"), 1 - (1 - alpha(items)) * F)


@exact_value_of("feldt_interval")
def test_feldt_by_the_f_distribution():
    F = stats.f(99, 297).ppf([1 - TAIL, TAIL])
    assert feldt_interval(0.8, n=100, k=4, level=LEVEL) == pytest.approx(1 - 0.2 * F)


@exact_value_of("relationship_drivers")
def test_a_path_of_one_cause_is_the_corrected_correlation_of_the_composites():
    data = complete_partners()
    found = rm.relationships.relationship_drivers(
        data, model={"mutual_interest": ("communication",)}, level=LEVEL, **SAMPLES
    )
    cause, effect = (
        data.answers[[f"{name}_1", f"{name}_2"]].to_numpy(float)
        for name in ("communication", "mutual_interest")
    )
    drawn = []
    for rows in bootstrap_rows():
        a, b = cause[rows], effect[rows]
        r = np.corrcoef(a.mean(axis=1), b.mean(axis=1))[0, 1]
        drawn.append(r / np.sqrt(alpha(a) * alpha(b)))
    assert np.allclose(ends(found.paths.iloc[0], "path"), percentiles(drawn))
    assert np.allclose(ends(found.effects.iloc[0], "total"), percentiles(drawn))
    assert np.allclose(ends(found.effects.iloc[0], "direct"), percentiles(drawn))


@exact_value_of("TieEffects.table")
def test_the_effects_of_ties_by_robust_least_squares():
    records = made.partners().records
    design = pd.get_dummies(records["constituency"], dtype=float)
    design[["social_tie", "economic_tie", "technical_tie"]] = records[
        ["social_tie", "economic_tie", "technical_tie"]
    ]
    design["quality"] = made.quality().standardised["value"]
    fit = sm.OLS(np.log(records["transaction_cost"]), design).fit()
    robust = fit.get_robustcov_results("HC3", use_t=True)
    expected = robust.conf_int(1 - LEVEL)[-4:]
    found = made.ties().table(LEVEL)
    assert np.allclose(ends(found, "effect"), expected)
    assert np.allclose(ends(found, "change"), np.exp(expected) - 1)


@exact_value_of("weak_partners")
def test_savings_from_the_same_draws():
    data, quality, ties = made.partners(), made.quality(), made.ties()
    n, rng = 300, np.random.default_rng(1)
    found = rm.relationships.weak_partners(data, quality, ties, draws=n, level=LEVEL)
    records = data.records
    tie_values = records[["social_tie", "economic_tie", "technical_tie"]]
    deficit = (tie_values.median() - tie_values).clip(lower=0).to_numpy()
    score = quality.standardised
    true_score = rng.normal(score["value"], score["error"], (n, len(score)))
    beta = ties.draws(n, rng)
    change = deficit @ beta[:, :3].T + np.maximum(-true_score.T, 0) * beta[:, 3]
    cost = (records["transaction_cost"] * records["transactions_per_year"]).to_numpy()
    saved = cost * (1 - np.exp(change.T))
    together = found.drivers.set_index("driver").loc["all together"]
    assert np.allclose(ends(together, "saving"), percentiles(saved.sum(axis=1)))
    table = found.table.loc[records.index]
    assert np.allclose(ends(table, "saving"), np.transpose(percentiles(saved)))
    social = (cost * (1 - np.exp(deficit[:, 0] * beta[:, :1]))).sum(axis=1)
    assert np.allclose(ends(found.drivers.iloc[0], "saving"), percentiles(social))
