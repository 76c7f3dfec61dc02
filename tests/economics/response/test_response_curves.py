import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from relmark_research.economics.response.response_curves import LogitCurve, ResponseCurve
from relmark_research.errors import DataError, ParameterError

SPEND = np.array([0.5, 0.8, 1.0, 1.2, 1.5, 2.0, 2.4, 3.0])


def simulated(ceiling=0.2, steepness=0.7, heads=4000, seed=1):
    rng = np.random.default_rng(seed)
    heads = np.full(len(SPEND), heads)
    return SPEND, rng.binomial(heads, ceiling * -np.expm1(-steepness * SPEND)), heads


@given(
    ceiling=st.floats(0.01, 1),
    share=st.floats(0.01, 0.99),
    spend=st.floats(0.01, 1e4),
    other=st.floats(0.0, 1e4),
)
def test_laws_of_the_curve(ceiling, share, spend, other) -> None:
    curve = ResponseCurve(ceiling, ceiling * share, spend)
    assert float(curve.rate_at(spend)) == pytest.approx(ceiling * share, rel=1e-9)
    assert 0 <= float(curve.rate_at(other)) <= ceiling
    assert float(curve.rate_at(0)) == 0
    step = spend * 1e-5
    numeric = (curve.rate_at(spend + step) - curve.rate_at(spend - step)) / (2 * step)
    assert float(curve.slope_at(spend)) == pytest.approx(float(numeric), rel=1e-4)
    assert curve.average_cost(spend) <= curve.marginal_cost(spend) * (1 + 1e-12)
    assert curve.spend_for_slope(float(curve.slope_at(spend))) == pytest.approx(spend, rel=1e-6)


def test_average_cost_at_zero_spend_is_its_limit() -> None:
    curve = ResponseCurve(0.1, 0.04, 1)
    assert curve.average_cost(0) == pytest.approx(curve.average_cost(1e-9))
    assert curve.at_spend(2).parameters == pytest.approx(curve.parameters)


def test_fit_agrees_with_an_independent_optimiser() -> None:
    spend, won, heads = simulated()

    def loss(at):
        return -stats.binom.logpmf(won, heads, at[0] * -np.expm1(-at[1] * spend)).sum()

    slow = optimize.minimize(
        loss, [0.3, 0.5], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-10}
    )
    fit = ResponseCurve.fit(spend, won, heads)
    assert fit.curve.parameters == pytest.approx(slow.x, rel=1e-5)
    assert fit.curve.spend == pytest.approx(np.average(spend, weights=heads))


def test_interval_is_the_profile_likelihood_of_a_search() -> None:
    spend, won, heads = simulated()
    fit = ResponseCurve.fit(spend, won, heads)
    assert fit.dispersion == pytest.approx(max(1, fit.chi_square / 6))
    low, high = fit.interval(lambda ceiling, _: ceiling)

    def rise(ceiling):
        found = optimize.minimize_scalar(
            lambda k: -stats.binom.logpmf(won, heads, ceiling * -np.expm1(-k * spend)).sum(),
            bounds=(0.05, 5), method="bounded", options={"xatol": 1e-10},
        )  # fmt: skip
        best = fit.curve.rate_at(spend)
        return 2 * (stats.binom.logpmf(won, heads, best).sum() + found.fun) / fit.dispersion

    for end in (low, high):
        assert rise(end) == pytest.approx(stats.chi2.ppf(0.95, 1), rel=2e-3)


def test_wald_interval_agrees_in_large_samples() -> None:
    spend, won, heads = simulated(heads=4_000_000)
    fit = ResponseCurve.fit(spend, won, heads, today=1.0)
    low, high = fit.interval(lambda c, k: c * -np.expm1(-k * 1.0))
    step = 1e-5
    jacobian = []
    for place in range(2):
        moved = []
        for side in (-1, 1):
            theta = fit.theta.copy()
            theta[place] += side * step
            moved.append(fit.shape.rate(*fit.shape.natural(theta, 0.5), np.asarray(1.0)))
        jacobian.append((moved[1] - moved[0]) / (2 * step))
    variance = np.array(jacobian) @ np.linalg.inv(fit.information) @ np.array(jacobian)
    error = np.sqrt(variance * fit.dispersion)
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.01)


def test_draws_agree_with_the_interval_and_repeat_with_the_seed() -> None:
    fit = ResponseCurve.fit(*simulated())
    drawn = fit.draws(4000, seed=3)
    low, high = fit.interval(lambda ceiling, _: ceiling)
    assert np.quantile(drawn["ceiling"], [0.025, 0.975]) == pytest.approx([low, high], rel=0.02)
    assert drawn.equals(fit.draws(4000, seed=3))
    assert not drawn.equals(fit.draws(4000, seed=4))
    with pytest.raises(ParameterError, match=r"number of draws must be .*1 or more; found -1"):
        fit.draws(-1, seed=3)


def test_spends_as_text_raise() -> None:
    curve = ResponseCurve(ceiling=0.4, rate=0.1, spend=10.0)
    with pytest.raises(ParameterError, match=r"found the text '10'. Write it without quotes"):
        ResponseCurve(ceiling=0.4, rate=0.1, spend="10")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="money per head; found the text '5'"):
        curve.rate_at("5")  # type: ignore[arg-type]


def test_an_unidentified_ceiling_is_reported() -> None:
    heads = np.full(8, 500)
    spend = np.linspace(0.5, 1.0, 8)
    won = np.random.default_rng(2).binomial(heads, 0.5 * -np.expm1(-0.1 * spend))
    fit = ResponseCurve.fit(spend, won, heads)
    assert fit.grade == "ceiling not identified"
    assert "do not identify the ceiling: ceilings from" in fit.diagnosis
    assert fit.interval(lambda ceiling, _: ceiling)[1] > 0.99


def test_no_response_is_reported_and_its_marginal_cost_is_unbounded() -> None:
    heads = np.full(8, 2000)
    won = np.random.default_rng(5).binomial(heads, 0.3)
    fit = ResponseCurve.fit(SPEND, won, heads)
    assert fit.grade == "no response"
    assert "no increase in the rate with spend" in fit.diagnosis
    assert fit.marginal_cost(1.5)[2] > 1e6


def test_a_misspecified_form_fails_the_test_of_fit() -> None:
    heads, spend = np.full(8, 20_000), np.linspace(1, 8, 8)
    true = LogitCurve(-3.0, 0.6, 4.0)
    won = np.random.default_rng(3).binomial(heads, true.rate_at(spend))
    bent, logit = ResponseCurve.fit(spend, won, heads), LogitCurve.fit(spend, won, heads)
    assert bent.p_value < 1e-6 < logit.p_value
    assert logit.aic < bent.aic
    assert logit.curve.slope == pytest.approx(0.6, rel=0.03)
    assert logit.grade == "identified"
    assert bent.dispersion > 5  # and its intervals are widened by that


def test_grouped_and_individual_data_give_the_same_fit() -> None:
    spend, won, heads = simulated(heads=20)
    rows = [
        (s, 1 if place < w else 0) for s, w, n in zip(spend, won, heads, strict=True)
        for place in range(n)
    ]  # fmt: skip
    one_by_one = ResponseCurve.fit(*np.array(rows).T, np.ones(len(rows)))
    assert one_by_one.curve.parameters == pytest.approx(
        ResponseCurve.fit(spend, won, heads).curve.parameters, rel=1e-6
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0.4, 0.5, 1), r"between 0 and the ceiling \(0.4\); found 0.5"),
        ((1.2, 0.5, 1), r"ceiling must be a share in \(0, 1\].*found 1.2"),
        ((0.4, 0.2, -3), r"spend must be above 0.*found -3"),
        ((0.4, 0.2, 0), r"spend must be above 0"),
        ((0.4, 0.0, 1), r"found 0.0"),
    ],
)
def test_invalid_curves_raise(arguments, words) -> None:
    with pytest.raises(ParameterError, match=words):
        ResponseCurve(*arguments)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (
            ([1, -2], [1, 2], [9, 9]),
            r"spend must be finite and 0 or more; found -2 \(1 of 2 rows, first: 1\)",
        ),
        (
            ([1, 2], [1, 12], [9, 9]),
            r"successes must be between 0 and the number of trials; found 12",
        ),
        (([1, 2], [1, 2], [9, 0]), r"trials must be finite and above 0"),
        (([1, 1], [1, 2], [9, 9]), r"at least 2 different spends; found 1"),
        (([1, 2], [0, 0], [9, 9]), r"successes and failures; found 0"),
        (([1, 2, 3], [1, 2], [9, 9]), r"columns of equal length"),
        (
            ([0, 2], [3, 4], [9, 9]),
            r"rate of 0 at zero spend; found 3 successes in 9 trials.*LogitCurve",
        ),
    ],
)
def test_invalid_data_raise(columns, words) -> None:
    with pytest.raises(DataError, match=words):
        ResponseCurve.fit(*columns)


def test_invalid_spend_and_level_raise() -> None:
    with pytest.raises(ParameterError, match=r"spend must be 0 or more.*found -1 \(1 of 2\)"):
        ResponseCurve(0.4, 0.2, 1).rate_at([-1, 2])
    with pytest.raises(ParameterError, match="level is a probability"):
        ResponseCurve.fit(*simulated()).summary(95)


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("curve", [ResponseCurve, LogitCurve])
def test_the_unit_of_money_does_not_matter(curve, unit) -> None:
    spend, won, heads = simulated()
    plain, other = curve.fit(spend, won, heads), curve.fit(spend * unit, won, heads)
    assert other.grade == plain.grade
    for level in (0.5, 0.95):
        scaled = other.summary(level=level).mul([1, unit, 1, 1 / unit], axis=0)
        np.testing.assert_allclose(scaled, plain.summary(level=level), rtol=1e-6)


def test_rows_without_spend_and_successes_change_nothing() -> None:
    spend, won, heads = simulated()
    plain = ResponseCurve.fit(spend, won, heads, today=1)
    more = ResponseCurve.fit([0, *spend], [0, *won], [500, *heads], today=1)
    np.testing.assert_allclose(more.summary(), plain.summary(), rtol=1e-6)
    assert more.p_value == pytest.approx(plain.p_value, rel=1e-6)
    assert more.degrees_of_freedom == plain.degrees_of_freedom
    with pytest.raises(DataError, match="at least 2 different spends above 0; found 1"):
        ResponseCurve.fit([0, 1], [0, 5], [10, 10])


def test_data_that_are_not_numbers_raise() -> None:
    for spend in ([1, np.inf], [1, np.nan], ["a", 2]):
        with pytest.raises(DataError, match=r"must be (finite|numbers)"):
            LogitCurve.fit(spend, [1, 2], [10, 10])
    with pytest.raises(DataError, match="trials must be finite and above 0; found inf"):
        ResponseCurve.fit([1, 2], [1, 2], [10, np.inf])


def test_representations_are_short() -> None:
    fit = ResponseCurve.fit(*simulated())
    assert repr(ResponseCurve(0.10, 0.04, 1)) == "ResponseCurve(ceiling=0.1, rate=0.04, spend=1)"
    assert repr(LogitCurve(-1, 0.1, 10)) == "LogitCurve(intercept=-1, slope=0.1, spend=10)"
    for shown in (fit, fit.data, fit.curve):
        assert len(repr(shown)) < 200
        assert "array" not in repr(shown) and shown._repr_html_().startswith("<table>")


def test_a_logit_curve_at_its_spend() -> None:
    curve = LogitCurve(-1.0, 0.1, 10.0)
    assert (curve.ceiling, curve.rate) == (1, 0.5)
    assert curve.average_cost(10) == 20
    assert curve.at_spend(20).spend == 20
    assert curve.at_spend(20).parameters == curve.parameters == (-1.0, 0.1)
    assert curve.rate_without_spend == pytest.approx(1 / (1 + np.e))
    for wrong in ((np.nan, 0.1), (0.1, np.inf)):
        with pytest.raises(ParameterError, match="intercept and slope must be finite numbers"):
            LogitCurve(*wrong, 10.0)
