"""One value of each interval of fits, forecasts, values and validation, computed in another way."""

from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats

import relmark_research as rm
from relmark_research.clv.validation.predictive_checks import holdout_probabilities
from tests.laws import made
from tests.laws.own import (
    LEVEL,
    TAIL,
    Z,
    bg_log_likelihood,
    covariance,
    delta_error,
    exact_value_of,
    kaplan_meier,
    percentiles,
)

SIGNS = np.array([-1, 1])
HALF_CHI2 = stats.chi2.ppf(LEVEL, 1) / 2
NBD = rm.clv.MODELS["NBD"](r=0.4, alpha=7.0)
SPEND = rm.GammaGamma(p=6.25, q=3.74, v=15.44)


def columns(customers: Any) -> tuple[np.ndarray, ...]:
    return customers.frequency, customers.recency, customers.T


def log_values(fit: Any) -> np.ndarray:
    return np.log(fit.model.values)


@exact_value_of("Fit.interval", "Fit.summary")
def test_standard_errors_are_those_of_the_published_likelihood():
    fit, data = made.bg(), columns(made.full_split().calibration)
    C = covariance(lambda logs: bg_log_likelihood(logs, *data), log_values(fit))
    expected = fit.model.values[:, None] * np.exp(SIGNS * Z * np.sqrt(np.diag(C))[:, None])
    assert np.allclose(fit.interval(LEVEL), expected, rtol=1e-4)
    assert np.allclose(fit.summary(LEVEL)[["low", "high"]], expected, rtol=1e-4)


@pytest.mark.slow
@exact_value_of("CalendarEffects.table")
def test_relative_rates_have_the_errors_of_the_penalised_likelihood():
    effects, log = made.calendar(), made.small_log()
    days = pd.date_range("1997-01-01", "1998-06-30")
    month = np.eye(12)[days.month - 1]
    sale = ((days >= "1997-11-20") & (days <= "1997-12-24")).astype(float)
    history = np.eye(18)[12 * (days.year - 1997) + days.month - 1]
    z = np.column_stack([month, sale, history])
    bought = log.to_pandas()[["customer_id", "date"]].drop_duplicates()
    day = (bought["date"] - days[0]).dt.days
    first, last = (day.groupby(bought["customer_id"]).agg(how).to_numpy() for how in ("min", "max"))
    x = day.groupby(bought["customer_id"]).size().to_numpy() - 1.0
    repeats = np.bincount(day, minlength=len(days)) - np.bincount(first, minlength=len(days))
    sizes = [effects.sizes[name] for name in ("month", "event", "irregular")]
    spread = np.repeat(sizes, [12, 1, 18])

    def penalised(at: np.ndarray) -> float:
        clock = np.cumsum(np.exp(z @ at[4:])) / 7
        times = clock[last] - clock[first], clock[-1] - clock[first]
        found = bg_log_likelihood(at[:4], x, *times) + repeats @ (z @ at[4:])
        return float(found - 0.5 * ((at[4:] / spread) ** 2).sum())

    b = np.concatenate([effects.effects, effects.irregular])
    start = log_values(effects.purchase_fit)
    logs = optimize.minimize(lambda logs: -penalised(np.append(logs, b)), start, method="BFGS").x
    C = covariance(penalised, np.append(logs, b))
    year = days[-365:].month - 1

    def relative(at: np.ndarray) -> np.ndarray:
        mean = np.exp(at[4:16])[year].mean()
        return np.append(at[4:16] - np.log(mean), at[16])

    center = relative(np.append(logs, b))
    error = delta_error(relative, np.append(logs, b), C)
    expected = np.exp(center[:, None] + SIGNS * Z * error[:, None])
    found = effects.table(LEVEL)
    assert np.allclose(found["relative"], np.exp(center), rtol=1e-9)
    assert np.allclose(found[["low", "high"]], expected, rtol=1e-3)


@exact_value_of("Fit.profile")
def test_the_likelihood_falls_by_half_a_chi_square_at_the_ends_of_a_profile():
    fit, data = made.small_bg(), columns(made.split().calibration)
    best, found = log_values(fit), made.small_bg().profile("r", LEVEL)
    for end in (found.low, found.high):

        def loss(others: np.ndarray, end: float = end) -> float:
            return -bg_log_likelihood(np.array([np.log(end), *others]), *data)

        fall = optimize.minimize(loss, best[1:], method="BFGS").fun + bg_log_likelihood(best, *data)
        assert fall == pytest.approx(HALF_CHI2, rel=1e-3)
    assert found.low < fit.model.r < found.high


@exact_value_of("Fit.ratios")
def test_a_ratio_is_symmetric_in_its_logit():
    fit = made.alike()
    contrast = np.array([0, 0, 1, -1])  # ln a - ln b
    error = np.sqrt(contrast @ fit.log_covariance @ contrast)
    expected = special.expit(log_values(fit) @ contrast + SIGNS * Z * error)
    assert fit.ratios(LEVEL).loc["a / (a + b)", ["low", "high"]].to_list() == pytest.approx(
        expected
    )


@exact_value_of("CovariateFit.summary", "CovariateFit.effects")
def test_the_error_of_an_effect_is_that_of_the_likelihood_with_it():
    fit = made.covariate_fit()
    log = made.small_log().until(made.CUT)
    customers = log.customer_summary()
    first = log.to_pandas().groupby("customer_id")["value"].first()
    z = np.log1p(first.reindex(customers.table.index).to_numpy())
    C = covariance(lambda at: bg_log_likelihood(at, *columns(customers), z), fit.estimates)
    effect = fit.estimates[4] + SIGNS * Z * np.sqrt(C[4, 4])
    base = np.exp(fit.estimates[0] + SIGNS * Z * np.sqrt(C[0, 0]))
    summary, row = fit.summary(LEVEL), fit.effects(LEVEL).iloc[0]
    assert np.allclose(summary[["low", "high"]].to_numpy()[[0, 4]], [base, effect], rtol=1e-4)
    assert np.allclose(row[["low", "high"]].to_list(), effect, rtol=1e-4)
    ends = row[["relative_low", "relative_high"]].to_list()
    assert np.allclose(ends, np.exp(effect), rtol=1e-4)


def bg_forecast(logs: list[Any], x: int, t_x: float, T: float, t: float) -> tuple[Any, Any]:
    """Return logit P(alive) and ln E[X(t)] of BG/NBD in mpmath."""
    r, alpha, a, b = map(mpmath.exp, logs)
    odds = a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x)
    inner = mpmath.hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + T + t))
    ratio = ((alpha + T) / (alpha + T + t)) ** (r + x)
    expected = (a + b + x - 1) / (a - 1) * (1 - ratio * inner) / (1 + odds)
    return -mpmath.log(odds), mpmath.log(expected)


@exact_value_of("forecast")
def test_a_forecast_by_derivatives_in_mpmath():
    fit, history = made.bg(), (2, 30.43, 38.86)
    logs = [mpmath.mpf(float(value)) for value in log_values(fit)]
    found = rm.forecast(fit, made.histories(), horizon="39 weeks", level=LEVEL).iloc[1]
    for which, name, back in ((0, "p_alive", special.expit), (1, "expected_purchases", np.exp)):

        def quantity(*at: Any, which: int = which) -> Any:
            return bg_forecast(list(at), *history, 39)[which]

        gradient = [float(mpmath.diff(quantity, logs, k)) for k in np.eye(4, dtype=int).tolist()]
        error = np.sqrt(gradient @ fit.log_covariance @ gradient)
        expected = back(float(quantity(*logs)) + SIGNS * Z * error)
        assert found[[f"{name}_low", f"{name}_high"]].to_list() == pytest.approx(expected, rel=1e-6)


def nbd_future(customers: Any, length: float) -> Any:
    """Return the distribution of each customer's future purchases under NBD."""
    share = (NBD.alpha + customers.T) / (NBD.alpha + customers.T + length)
    return stats.nbinom(NBD.r + customers.frequency, share)


def test_a_prediction_of_purchases_is_a_negative_binomial_under_nbd():
    customers = made.histories()
    found = rm.forecast(NBD, customers, horizon="39 weeks", level=LEVEL, kind="prediction")
    future = nbd_future(customers, 39)
    assert found["purchases_low"].to_list() == future.ppf(TAIL).tolist()
    assert found["purchases_high"].to_list() == future.ppf(1 - TAIL).tolist()


def ends_by_differences(quantity: Any, at: np.ndarray, C: np.ndarray) -> np.ndarray:
    """Return low and high of a positive quantity by the delta method, along the last axis."""
    value, error = np.asarray(quantity(at)), delta_error(lambda one: np.log(quantity(one)), at, C)
    return np.exp(np.log(value)[..., None] + SIGNS * Z * error[..., None])


@exact_value_of("total_purchases")
def test_a_total_by_differences_of_the_sum():
    fit, customers = made.small_bg(), made.histories()

    def total(logs: np.ndarray) -> float:
        model = fit.model.from_values(np.exp(logs))
        return rm.forecast(model, customers, horizon="39 weeks")["expected_purchases"].sum()

    expected = ends_by_differences(total, log_values(fit), fit.log_covariance)
    found = rm.clv.total_purchases(fit, customers, horizon="39 weeks", level=LEVEL)
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-6)


@exact_value_of("lifetime_value", "total_value")
def test_values_by_differences_in_the_parameters_of_both_fits():
    fits, customers = (made.small_bg(), made.spend()), made.histories()
    at = np.concatenate([log_values(fit) for fit in fits])
    C = np.zeros((7, 7))
    C[:4, :4], C[4:, 4:] = (fit.log_covariance for fit in fits)

    def values(logs: np.ndarray) -> np.ndarray:
        parts = logs[:4], logs[4:]
        models = [fit.model.from_values(np.exp(p)) for fit, p in zip(fits, parts, strict=True)]
        return rm.lifetime_value(*models, customers, **made.TERMS)["clv"].to_numpy()

    found = rm.lifetime_value(*fits, customers, **made.TERMS, level=LEVEL)
    expected = ends_by_differences(values, at, C)
    assert np.allclose(found[["clv_low", "clv_high"]], expected, rtol=1e-6)
    total = rm.total_value(*fits, customers, **made.TERMS, level=LEVEL)
    ends = ends_by_differences(lambda logs: values(logs).sum(), at, C)
    assert (total.low, total.high) == pytest.approx(ends, rel=1e-6)


def test_predictions_of_value_by_another_simulation():
    """Undiscounted, so that a value is a gamma sum of a negative binomial number of purchases."""
    customers, rng, n = made.histories(), np.random.default_rng(12), 60_000
    terms = {"margin": 0.3, "annual_discount_rate": 0.0, "horizon": "52 weeks", "level": LEVEL}
    kind = rm.clv.PredictionDraws(20_000, 1)
    x, m = customers.frequency, np.nan_to_num(customers.monetary_value)
    bought = nbd_future(customers, 52).rvs((n, 4), random_state=rng)
    rate = rng.gamma(SPEND.q + SPEND.p * x, 1 / (SPEND.v + x * m), (n, 4))
    spent = 0.3 * np.where(bought > 0, rng.gamma(SPEND.p * np.maximum(bought, 1)) / rate, 0.0)
    found = rm.lifetime_value(NBD, SPEND, customers, **terms, kind=kind)
    expected = np.transpose(percentiles(spent))
    assert np.allclose(found[["clv_low", "clv_high"]], expected, rtol=0.05, atol=0.5)
    exact = rm.clv.ForecastErrors.none("value")
    kind = rm.clv.PredictionDraws(20_000, 1, errors=exact)
    total = rm.total_value(NBD, SPEND, customers, **terms, kind=kind)
    assert (total.low, total.high) == pytest.approx(percentiles(spent.sum(axis=1)), rel=0.03)


@exact_value_of("ForecastErrors.interval")
def test_errors_of_other_logs_by_simulation():
    """A third of the logs have negligible errors; sigma of the others is log-normal."""
    rng, n = np.random.default_rng(14), 400_000
    sigma = np.where(rng.random(n) < 0.3, 0.003, np.exp(rng.normal(np.log(0.22), 0.65, n)))
    sd = np.sqrt((sigma * (91 / 182) ** 0.2) ** 2 + 0.01 + 2 / 1000)
    drawn = 1000 * np.exp(sd * rng.standard_normal(n))
    errors = rm.clv.ForecastErrors.of_other_logs("purchases")
    found = errors.interval(1000.0, horizon=91, level=LEVEL, log_variance=0.01)
    assert found == pytest.approx(percentiles(drawn), rel=0.005)


@exact_value_of("supported_level")
def test_a_level_is_supported_or_not():
    assert rm.clv.supported_level(LEVEL, made.small_bg()) == LEVEL
    assert rm.clv.supported_level(LEVEL, made.small_bg(), made.boundary_fit()) is None


@exact_value_of("dropout_upper_bound", "ModelSelection.dropout_upper_bound")
def test_the_likelihood_falls_by_half_a_chi_square_at_the_bound_on_dropout():
    fit = made.boundary_fit()
    data = made.regular_buyers().to_numpy().T
    found = made.selection().dropout_upper_bound(LEVEL)
    falls = [fit.log_likelihood - bg_log_likelihood(np.log(one.values), *data) for one in found]
    assert np.allclose(falls, HALF_CHI2, rtol=1e-3)
    assert len(found) == len(rm.clv.dropout_upper_bound(fit, level=LEVEL)) > 5


@exact_value_of("calibration")
def test_calibration_by_hand_for_customers_with_one_repeat_purchase():
    fit, split = made.small_bg(), made.split()
    one = split.calibration.frequency == 1
    bought = split.holdout["purchases"][one]

    def expected(logs: np.ndarray) -> float:
        model = fit.model.from_values(np.exp(logs))
        days = f"{round(split.length * 7)} days"
        return rm.forecast(model, split.calibration, horizon=days)["expected_purchases"][one].mean()

    row = rm.calibration(fit, split, max_count=4, level=LEVEL).set_index("frequency").loc["1"]
    actual = bought.mean() + SIGNS * Z * bought.std() / np.sqrt(len(bought))
    assert row[["actual_low", "actual_high"]].to_list() == pytest.approx(actual)
    ends = ends_by_differences(expected, log_values(fit), fit.log_covariance)
    assert row[["expected_low", "expected_high"]].to_list() == pytest.approx(ends, rel=1e-6)


@exact_value_of("tracking")
def test_tracking_by_differences_of_the_curve_itself():
    fit, log = made.small_bg(), made.small_log()
    names = ["expected", "cumulative_expected"]

    def curve(logs: np.ndarray) -> np.ndarray:
        model = fit.model.from_values(np.exp(logs))
        return rm.tracking(model, log, at=made.CUT, unit="week")[names].to_numpy()[20:22]

    ends = ends_by_differences(curve, log_values(fit), fit.log_covariance)
    found = rm.tracking(fit, log, at=made.CUT, level=LEVEL).iloc[20:22]
    for at, name in enumerate(names):
        assert np.allclose(found[[f"{name}_low", f"{name}_high"]], ends[:, at], rtol=1e-6)


@exact_value_of("interval_coverage")
def test_coverage_under_nbd_by_its_distribution_function():
    split = made.split()
    n, future = split.holdout["purchases"], nbd_future(split.calibration, split.length)
    below, exact = future.cdf(n - 1), future.pmf(n)
    inside = [np.clip((u - below) / exact, 0, 1) for u in (0.25, 0.75)]
    covered = inside[1] - inside[0]
    error = covered.std(ddof=1) / np.sqrt(len(covered))
    found = rm.clv.interval_coverage(NBD, split, levels=[0.5], level=LEVEL).iloc[0]
    ends = covered.mean() + SIGNS * Z * error
    assert found[["actual_low", "actual_high"]].to_list() == pytest.approx(ends)


@exact_value_of("compare_models")
def test_the_gap_of_two_log_scores_is_a_paired_mean():
    split = made.split()
    found = rm.compare_models(split, models=["BGNBD"], level=LEVEL)
    nbd = rm.clv.MODELS["NBD"].fit(split.calibration)
    best, other = (np.log(holdout_probabilities(f, split).exact) for f in (made.small_bg(), nbd))
    gap = best - other
    ends = gap.mean() + SIGNS * Z * gap.std(ddof=1) / np.sqrt(len(gap))
    row = found.table.loc["NBD", ["log_score_gap_low", "log_score_gap_high"]].to_list()
    assert row == pytest.approx(ends, rel=1e-6)


def last_two_intervals() -> np.ndarray:
    days = made.small_log().to_pandas().drop_duplicates(["customer_id", "date"])
    days = days.sort_values("date").groupby("customer_id")["date"].apply(list)
    last = [np.diff(pd.to_datetime(pd.Series(one[-3:]))) for one in days if len(one) > 2]
    return np.array(last) / np.timedelta64(1, "D")


@exact_value_of("purchase_regularity")
def test_regularity_by_the_curvature_of_its_likelihood():
    pairs = last_two_intervals()

    def log_likelihood(log_k: np.ndarray) -> float:
        total = 0.0
        for earlier, later in pairs:
            points = np.arange(1, earlier + later)
            weights = (points * (earlier + later - points)) ** (np.exp(log_k[0]) - 1)
            total += np.log((earlier * later) ** (np.exp(log_k[0]) - 1) / weights.sum())
        return total

    found = rm.clv.purchase_regularity(made.small_log(), level=LEVEL)
    best = optimize.minimize_scalar(lambda one: -log_likelihood(np.array([one])), (-1, 0.5)).x
    error = np.sqrt(covariance(log_likelihood, np.array([best]))[0, 0])
    assert (found.low, found.high) == pytest.approx(np.exp(best + SIGNS * Z * error), rel=1e-4)
    share = pairs[:, 1] / pairs.sum(axis=1)
    ends = share.mean() + SIGNS * Z * share.std(ddof=1) / np.sqrt(len(share))
    assert (found.mean_share_low, found.mean_share_high) == pytest.approx(ends)


@exact_value_of("spend_frequency_correlation")
def test_the_correlation_of_scipy():
    customers = made.split().calibration
    again = customers.frequency > 0
    x, m = customers.frequency[again], customers.monetary_value[again]
    found = rm.clv.spend_frequency_correlation(customers, level=LEVEL)
    pearson = stats.pearsonr(x, m).confidence_interval(LEVEL)
    assert (found.pearson_low, found.pearson_high) == pytest.approx(tuple(pearson))
    rank = stats.spearmanr(x, m).statistic
    reach = Z * np.sqrt((1 + rank**2 / 2) / (len(x) - 3))
    ends = np.tanh(np.arctanh(rank) + SIGNS * reach)
    assert (found.spearman_low, found.spearman_high) == pytest.approx(ends)
    left = ~customers.table.index[again].isin(found.influential.index)
    trimmed = stats.pearsonr(x[left], m[left]).confidence_interval(LEVEL)
    assert (found.trimmed_low, found.trimmed_high) == pytest.approx(tuple(trimmed))


@exact_value_of("describe_assumptions")
def test_the_words_have_the_numbers_of_the_tests():
    log, customers = made.small_log(), made.split().calibration
    text = rm.clv.describe_assumptions(log, customers, level=LEVEL)
    rank = rm.clv.spend_frequency_correlation(customers, level=LEVEL)
    k = rm.clv.purchase_regularity(log, level=LEVEL)
    assert f"({rank.spearman_low:.2f} to {rank.spearman_high:.2f})" in text
    assert f"({k.low:.2f} to {k.high:.2f})" in text


@exact_value_of("retention_curve")
def test_a_retention_curve_by_a_loop():
    members = pd.DataFrame({"tenure": [1, 2, 2, 3, 3, 5], "churned": [1, 1, 0, 1, 0, 0]})
    curve = rm.retention_curve(members, level=LEVEL)
    _, survival, low, high = kaplan_meier(*members.to_numpy().T)
    ends = curve.table[["survival", "survival_low", "survival_high"]].to_numpy().T
    assert np.allclose(ends, (survival, low, high))
    again = curve.bought_again(3).iloc[0]
    assert again[["low", "high"]].to_list() == pytest.approx([1 - high[-1], 1 - low[-1]])
