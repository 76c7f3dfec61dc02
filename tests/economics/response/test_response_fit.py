"""The fit against independent calculations: a search, profile likelihoods, Pearson by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import expit

from relmark_research.economics.response import response_fit
from relmark_research.economics.response.binomial_data import BinomialData
from relmark_research.economics.response.curve_shapes import EXPONENTIAL, LOGIT
from relmark_research.economics.response.response_curves import LogitCurve, ResponseCurve
from relmark_research.errors import ParameterError

SPEND = np.array([0.5, 0.8, 1.0, 1.2, 1.5, 2.0, 2.4, 3.0])
HEADS = np.full(8, 4000.0)
QUANTILE = stats.chi2.ppf(0.95, 1)


def won(seed: int, rate: np.ndarray) -> np.ndarray:
    return np.random.default_rng(seed).binomial(HEADS.astype(int), rate)


WON = won(1, 0.2 * -np.expm1(-0.7 * SPEND))
UNEVEN = WON + np.array([90, -90, 0, 60, -60, 90, -90, 0])  # overdispersed


@pytest.fixture(scope="module")
def fit():
    return ResponseCurve.fit(SPEND, WON, HEADS, today=1.0)


@pytest.fixture(scope="module")
def uneven():
    return ResponseCurve.fit(SPEND, UNEVEN, HEADS, today=1.0)


@pytest.fixture(scope="module")
def logit():
    return LogitCurve.fit(SPEND, won(2, expit(-2 + 0.8 * SPEND)), HEADS, today=1.0)


def log_likelihood(successes: np.ndarray, rate: np.ndarray) -> float:
    return float((successes * np.log(rate) + (HEADS - successes) * np.log1p(-rate)).sum())


def rise(fit, ceiling: float) -> float:
    """Return twice the fall of the log-likelihood for a ceiling, over the dispersion: a search."""
    successes = fit.data.successes
    found = optimize.minimize_scalar(
        lambda k: -log_likelihood(successes, ceiling * -np.expm1(-k * SPEND)),
        bounds=(0.05, 5), method="bounded", options={"xatol": 1e-10},
    )  # fmt: skip
    best = log_likelihood(successes, fit.curve.rate_at(SPEND))
    return 2 * (best + found.fun) / fit.dispersion


def expected_information(shape, theta: np.ndarray) -> np.ndarray:
    """Return the expected information by numeric derivatives of the rates."""
    step, moved = 1e-6, []
    for place in range(2):
        up, down = (theta + side * step * np.eye(2)[place] for side in (1, -1))
        rates = [shape.rate(*shape.natural(each, 0.5), SPEND) for each in (up, down)]
        moved.append((rates[0] - rates[1]) / (2 * step))
    rate = shape.rate(*shape.natural(theta, 0.5), SPEND)
    return (np.array(moved) * HEADS / (rate * (1 - rate))) @ np.array(moved).T


@pytest.mark.parametrize("shape", [EXPONENTIAL, LOGIT], ids=lambda shape: shape.name)
def test_the_maximum_agrees_with_a_search(shape):
    data = BinomialData(SPEND, WON, HEADS)

    def loss(theta):
        return -log_likelihood(WON, shape.rate(*shape.natural(theta, 0.5), SPEND))

    slow = optimize.minimize(loss, [-2.0, -1.0], method="Nelder-Mead",
                             options={"xatol": 1e-9, "fatol": 1e-9, "maxiter": 4000})  # fmt: skip
    theta, information, highest = response_fit.maximum_likelihood(shape, data)
    assert theta == pytest.approx(slow.x, rel=1e-5)
    assert highest == pytest.approx(-slow.fun, rel=1e-12)
    assert information == pytest.approx(expected_information(shape, theta), rel=1e-5)


def test_the_maximum_is_sharp(fit):
    """Fisher scoring ends where the score is 0, to rounding."""
    rate = fit.curve.rate_at(SPEND)
    score = fit.shape.jacobian(fit.theta, SPEND) @ (WON / rate - (HEADS - WON) / (1 - rate))
    errors = np.sqrt(np.diag(fit.information))
    assert np.abs(score / errors).max() < 1e-6


def test_pearsons_test_by_hand():
    data = BinomialData([1, 2, 3, 4, 5], [10, 30, 40, 0, 9], [100, 100, 100, 50, 9])
    found = response_fit.pearson_test(np.array([0.2, 0.25, 0.5, 0.0, 1.0]), data)
    chi_square = 100 / 16 + 25 / 18.75 + 100 / 25  # (successes - expected)^2 / variance
    assert found == pytest.approx((chi_square, 1, stats.chi2.sf(chi_square, 1)))


def test_two_informative_rows_leave_no_degree_of_freedom():
    data = BinomialData([1, 2, 3], [10, 30, 0], [100, 100, 9])
    chi_square, freedom, p_value = response_fit.pearson_test(np.array([0.1, 0.2, 0.0]), data)
    assert chi_square == pytest.approx(100 / 16)
    assert freedom == 0
    assert np.isnan(p_value)
    _, freedom, _ = response_fit.pearson_test(np.array([0.1, 1.0, 0.0]), data)
    assert freedom == 0


def test_dispersion_is_pearsons_ratio_but_at_least_1(fit, uneven):
    assert uneven.dispersion == uneven.chi_square / 6 > 3
    assert fit.chi_square < 6
    assert fit.dispersion == 1
    assert replace(uneven, degrees_of_freedom=0).dispersion == 1


def test_aic_has_two_parameters(fit):
    assert fit.aic == 2 * 2 - 2 * fit.log_likelihood


@pytest.mark.parametrize("name", ["fit", "uneven"])
def test_the_interval_is_the_profile_likelihoods(name, request):
    found = request.getfixturevalue(name)
    low, high = found.interval(lambda ceiling, _: ceiling)
    assert low < found.curve.ceiling < high
    for end in (low, high):
        assert rise(found, end) == pytest.approx(QUANTILE, rel=2e-3)


def test_another_level_has_another_quantile(fit):
    low, high = fit.interval(lambda ceiling, _: ceiling, level=0.5)
    for end in (low, high):
        assert rise(fit, end) == pytest.approx(stats.chi2.ppf(0.5, 1), rel=2e-3)
    for ask, what in ((fit.interval, max), (fit.marginal_cost, 1.0), (fit.band, [1.0])):
        with pytest.raises(ParameterError, match="level is a probability"):
            ask(what, level=95)


def test_an_endless_quantity_has_an_endless_interval(fit):
    assert fit.interval(lambda ceiling, _: ceiling / 0) == (np.inf, np.inf)


def test_the_region_is_traced_all_around_to_its_edge(uneven):
    """On every ray the deviance over the dispersion has risen by the quantile."""
    first, second = uneven._region_boundary(0.95)
    assert len(first) == 256
    for ceiling, steepness in zip(first[::16], second[::16], strict=True):
        here = log_likelihood(UNEVEN, ceiling * -np.expm1(-steepness * SPEND))
        risen = 2 * (uneven.log_likelihood - here) / uneven.dispersion
        assert risen == pytest.approx(QUANTILE, rel=1e-6)
    theta = np.array([np.log(first * second), np.log(first / (1 - first))])
    around = np.arctan2(*(_white(uneven) @ (theta - uneven.theta[:, None]))[::-1])
    steps = np.diff(np.unwrap(around))
    assert np.abs(steps) == pytest.approx(np.full(255, 2 * np.pi / 256), rel=1e-3)


def _white(fit) -> np.ndarray:
    return np.linalg.inv(response_fit._whitening(fit.information))


def test_whitening_makes_the_information_the_identity(fit):
    axes = response_fit._whitening(fit.information)
    assert axes.T @ fit.information @ axes == pytest.approx(np.eye(2), abs=1e-9)


def test_a_flat_direction_has_a_finite_length():
    axes = response_fit._whitening(np.diag([0.0, 4.0]))
    assert np.abs(axes) == pytest.approx(np.array([[100.0, 0], [0, 0.5]]))


def test_a_ray_that_never_leaves_the_region_is_cut_off(fit):
    """At 60 units of theta along the longer coordinate."""
    endless = replace(fit, information=np.diag([1.0, 0.25]), log_likelihood=-np.inf)
    ends = endless._boundary(np.array([0.0, np.pi / 2]), np.array([1.0, 1.0]))
    moved = np.abs(ends - fit.theta[:, None])
    assert sorted(moved.max(axis=0)) == pytest.approx([60.0, 60.0])


def test_draws_move_along_the_rays_of_a_normal_estimate():
    """In a large sample they have the covariance of the maximum likelihood estimate."""
    many = 1e6 * HEADS
    large = ResponseCurve.fit(SPEND, many * 0.2 * -np.expm1(-0.7 * SPEND), many)
    drawn = large.draws(4000, seed=2)
    theta = np.array([np.log(drawn["ceiling"] * drawn["steepness"]),
                      np.log(drawn["ceiling"] / (1 - drawn["ceiling"]))])  # fmt: skip
    off = theta - large.theta[:, None]
    risen = (off * (large.information @ off)).sum(axis=0)
    assert risen.mean() == pytest.approx(2, rel=0.05)
    assert np.quantile(risen, 0.95) == pytest.approx(stats.chi2.ppf(0.95, 2), rel=0.05)
    assert np.cov(theta) == pytest.approx(np.linalg.inv(large.information), rel=0.06)


def test_draws_are_named_and_repeat_with_their_seed(fit):
    drawn = fit.draws(20, seed=3)
    assert list(drawn) == ["ceiling", "steepness"]
    assert len(drawn) == 20
    assert drawn.equals(fit.draws(20, seed=3))
    assert not drawn.equals(fit.draws(20, seed=4))
    with pytest.raises(ParameterError, match=r"the number of draws must be .* found 0"):
        fit.draws(0, seed=3)


def test_the_marginal_cost_is_the_inverse_of_the_slope(fit):
    cost, low, high = fit.marginal_cost(2.0)
    ceiling, steepness = fit.curve.parameters
    assert cost == pytest.approx(1 / (ceiling * steepness * np.exp(-2 * steepness)))
    slopes = fit.interval(lambda c, k: c * k * np.exp(-2 * k))
    assert (low, high) == pytest.approx((1 / slopes[1], 1 / slopes[0]))
    narrow = fit.marginal_cost(2.0, level=0.5)
    assert low < narrow[1] < cost < narrow[2] < high


def test_a_slope_that_may_be_below_0_has_an_endless_cost():
    flat = LogitCurve.fit(SPEND, won(4, np.full(8, 0.3)), HEADS, today=1.0)
    assert flat.marginal_cost(1.0)[2] == np.inf


def test_the_band_has_the_interval_of_each_rate(fit):
    band = fit.band([0.5, 2.0], level=0.9)
    assert list(band) == ["spend", "rate", "rate_low", "rate_high"]
    for row in band.to_dict("records"):
        low, high = fit.interval(lambda c, k, s=row["spend"]: c * -np.expm1(-k * s), level=0.9)
        assert row["rate"] == pytest.approx(float(fit.curve.rate_at(row["spend"])))
        assert (row["rate_low"], row["rate_high"]) == pytest.approx((low, high))
    assert fit.band([2.0])["rate_high"][0] > band["rate_high"][1]


def test_the_summary_has_parameters_rate_and_cost_with_their_intervals(fit):
    table = fit.summary()
    assert table.index.tolist() == ["ceiling", "steepness", "rate today", "marginal cost today"]
    estimates = [*fit.curve.parameters, float(fit.curve.rate_at(1.0)), fit.curve.marginal_cost(1.0)]
    assert table["estimate"].tolist() == pytest.approx(estimates)
    ends = [
        fit.interval(lambda c, _: c), fit.interval(lambda _, k: k),
        fit.interval(lambda c, k: c * -np.expm1(-k)), fit.marginal_cost(1.0)[1:],
    ]  # fmt: skip
    assert table[["low", "high"]].to_numpy() == pytest.approx(np.array(ends))
    assert (fit.summary(0.5)["high"] < table["high"]).all()


def test_identified_curves(fit, uneven, logit):
    assert (fit.grade, logit.grade) == ("identified", "identified")
    assert fit.diagnosis == (
        f"the data identify the curve; goodness of fit: fits (p = {fit.p_value:.2g})"
    )
    assert "does not fit, the counts are overdispersed (p = " in uneven.diagnosis


@pytest.mark.parametrize(
    ("first", "second", "grade"),
    [
        ((0.2, 0.8), (1.0, 29.9), "identified"),
        ((0.2, 0.81), (1.0, 2.0), "ceiling not identified"),
        ((0.2, 0.5), (1.0, 30.1), "no response"),
        ((0.4, 0.994), (1.0, 2.0), "identified"),
        ((0.4, 0.995), (1.0, 2.0), "ceiling not identified"),
    ],
)
def test_the_region_decides_on_the_grade(fit, monkeypatch, first, second, grade):
    """With a smallest spend of 0.5: ceilings up to 4-fold, below 0.995; a steepness up to 30."""
    other = replace(fit)
    monkeypatch.setattr(
        type(other), "_region_boundary", lambda self, level: (np.array(first), np.array(second))
    )
    assert other.grade == grade


@pytest.mark.parametrize(("steepness", "grade"), [(29.9, "identified"), (30.1, "no response")])
def test_a_steepness_at_which_all_spends_are_saturated_is_no_response(
    fit, monkeypatch, steepness, grade
):
    steep = replace(fit, curve=ResponseCurve.from_steepness(0.2, steepness, spend=0.1))
    monkeypatch.setattr(
        type(steep), "_region_boundary", lambda self, level: (np.ones(2) * 0.2, np.ones(2))
    )
    assert steep.grade == grade


@pytest.mark.parametrize(("least", "grade"), [(0.0, "no response"), (0.01, "identified")])
def test_a_logit_whose_slope_may_be_0_shows_no_response(logit, monkeypatch, least, grade):
    other = replace(logit)
    monkeypatch.setattr(
        type(other), "_region_boundary", lambda self, level: (np.ones(2), np.array([0.5, least]))
    )
    assert other.grade == grade


def test_what_is_not_identified_is_said_with_the_range_of_ceilings(fit, monkeypatch):
    other = replace(fit)
    monkeypatch.setattr(
        type(other), "_region_boundary",
        lambda self, level: (np.array([0.1234, 0.999]), np.array([1.0, 2.0])),
    )  # fmt: skip
    assert "the ceiling: ceilings from 12.3% to 99.9% fit about equally well" in other.diagnosis


def test_the_grade_is_of_the_95_percent_region(fit, monkeypatch):
    levels = []
    monkeypatch.setattr(
        type(fit), "_region_boundary",
        lambda self, level: levels.append(level) or (np.ones(2) * 0.2, np.ones(2)),
    )  # fmt: skip
    assert replace(fit).grade == "identified"
    assert levels == [0.95]


def test_a_fit_shows_itself_in_short(fit):
    shown = repr(fit)
    for words in ("form exponential", "ceiling 0.1999", "identification identified"):
        assert words in shown
