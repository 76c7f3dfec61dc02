"""The lifetimes package on the same customers, and conversions to and from it."""

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm

MODEL = rm.BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)


@pytest.fixture(scope="module")
def calibration():
    return rm.load_cdnow().split(at="1997-09-30").calibration


@pytest.fixture(scope="module")
def both(calibration):
    models = ["BGNBD", "MBGNBD", "ParetoNBD", "GammaGamma"]
    return rm.clv.compare_with_lifetimes(calibration, models=models, horizon="39 weeks")


def test_parameters_of_cdnow_agree(both):
    assert not both.failures
    assert both.parameters["difference"].abs().max() < 2e-3
    bg = both.parameters.loc["BGNBD"]
    np.testing.assert_allclose(bg["lifetimes_se"], bg["relmark_se"], rtol=1e-3)
    assert both.parameters.loc["ParetoNBD", "lifetimes_se"].isna().all()


def test_our_likelihood_is_never_lower(both):
    assert (both.log_likelihoods["relmark"] >= both.log_likelihoods["lifetimes"] - 1e-6).all()


def test_predictions_agree(both):
    table = both.predictions
    np.testing.assert_allclose(table["relmark"], table["lifetimes"], rtol=1e-3)
    assert table.loc["BGNBD", "relmark"] == pytest.approx(1653.41, abs=0.005)
    np.testing.assert_allclose(
        table["relmark_alive"].dropna(), table["lifetimes_alive"].dropna(), rtol=1e-3
    )
    assert (both.seconds > 0).all(axis=None)


def test_discrete_opportunities_agree():
    donors = rm.load_donations()
    found = rm.clv.compare_with_lifetimes(donors, models=["BGBB"], horizon=5)
    assert found.parameters["difference"].abs().max() < 1e-3
    row = found.predictions.loc["BGBB"]
    assert row["lifetimes"] == pytest.approx(row["relmark"], rel=1e-3)
    assert row["lifetimes_alive"] == pytest.approx(row["relmark_alive"], rel=1e-3)


def test_long_histories_are_missing_in_lifetimes():
    """lifetimes 0.11.3 has no P(alive) for an active customer with many purchases."""
    history = {"frequency": [400.0, 3.0], "recency": [200.0, 100.0], "T": [200.0, 200.0]}
    customers = pd.DataFrame(history)
    fitter = rm.clv.to_lifetimes(rm.ParetoNBD(0.55, 10.58, 0.61, 11.67))
    ours = rm.ParetoNBD(0.55, 10.58, 0.61, 11.67).conditional_expected_purchases(
        10, *(customers[name].to_numpy() for name in customers)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = fitter.predict(10, customers["frequency"], customers["recency"], customers["T"])
    assert np.isfinite(ours).all()
    assert np.asarray(theirs)[1] == pytest.approx(ours[1], rel=1e-6)
    assert not np.isfinite(np.asarray(theirs)[0])


def test_conversion_to_lifetimes_and_back(calibration):
    models = [
        MODEL,
        rm.ParetoNBD(0.55, 10.58, 0.61, 11.67),
        rm.GammaGamma(6.25, 3.74, 15.44),
        rm.BGBB(1.2, 0.75, 0.66, 2.78),
    ]
    for model in models:
        assert rm.clv.from_lifetimes(rm.clv.to_lifetimes(model)) == model
    fit = rm.BGNBD.fit(calibration)
    fitter = rm.clv.to_lifetimes(fit)
    np.testing.assert_allclose(fitter.summary["se(coef)"], fit.standard_errors)
    matrix = fitter.variance_matrix_.to_numpy()
    np.testing.assert_allclose(matrix, matrix.T)


def test_a_failure_of_lifetimes_is_reported_not_raised(monkeypatch, calibration):
    from lifetimes import BetaGeoFitter

    def broken(*_, **__):
        raise ValueError("it did not converge")

    monkeypatch.setattr(BetaGeoFitter, "fit", broken)
    found = rm.clv.compare_with_lifetimes(calibration, models=["BGNBD"], horizon="39 weeks")
    assert found.failures == {"BGNBD": "ValueError: it did not converge"}
    assert found.predictions.empty


def test_warnings_and_options_are_restored():
    """Importing lifetimes alone would silence every FutureWarning of the process."""
    program = """
import warnings, pandas as pd, scipy.optimize, scipy.special
warnings.simplefilter("error", FutureWarning)
warnings.filterwarnings("ignore", category=DeprecationWarning)
before = [str(f) for f in warnings.filters if f[2] is FutureWarning]
option = pd.get_option("mode.chained_assignment")
import relmark_research as rm
rm.clv.to_lifetimes(rm.BGNBD(0.2, 4, 1, 2))
assert [str(f) for f in warnings.filters if f[2] is FutureWarning] == before
assert pd.get_option("mode.chained_assignment") == option
try:
    warnings.warn("later", FutureWarning)
except FutureWarning:
    print("heard")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "heard\n", done.stderr


def test_models_unknown_to_lifetimes_are_refused(calibration):
    with pytest.raises(rm.ParameterError, match="no model of lifetimes 'ShiftedBetaGeometric'"):
        rm.clv.to_lifetimes(rm.ShiftedBetaGeometric(0.7, 3.8))
    with pytest.raises(rm.ParameterError, match="no model of lifetimes 'NBD'"):
        rm.clv.compare_with_lifetimes(calibration, models=["NBD"], horizon="39 weeks")
    with pytest.raises(rm.ParameterError, match="unit='week'"):
        rm.clv.compare_with_lifetimes(calibration.table, models=["BGNBD"], horizon="39 weeks")
    with pytest.raises(rm.ParameterError, match="has no parameters yet"):
        from lifetimes import BetaGeoFitter

        rm.clv.from_lifetimes(BetaGeoFitter())
    with pytest.raises(rm.ParameterError, match="no fitter of lifetimes 'int'"):
        rm.clv.from_lifetimes(3)


def test_comparison_shows_its_models(both):
    assert repr(both).startswith("<LifetimesComparison: models BGNBD, MBGNBD, ParetoNBD")
    assert "<caption>Comparison with lifetimes</caption>" in both._repr_html_()


def test_predicted_spend_is_the_mean_over_those_who_bought_again(calibration, both):
    table = calibration.table
    paid = rm.GammaGamma.fit(calibration).model
    repeat = table[table["frequency"] > 0]
    expected = paid.conditional_expected_spend(
        calibration.frequency, np.nan_to_num(calibration.monetary_value)
    )
    row = both.predictions.loc["GammaGamma"]
    assert row["relmark"] == pytest.approx(expected.mean(), rel=1e-9)
    assert row["lifetimes"] == pytest.approx(row["relmark"], rel=1e-3)
    assert repeat["monetary_value"].min() < row["relmark"] < repeat["monetary_value"].max()


def test_differences_are_those_between_customers(calibration, both):
    """The largest difference of one customer is small, and no less than that of the mean."""
    table = both.predictions
    n = {name: len(calibration.table) for name in table.index} | {"GammaGamma": 1}
    for name, row in table.iterrows():
        gap = abs(row["relmark"] - row["lifetimes"]) / n[name]
        assert gap <= row["max_abs_difference"] + 1e-12
        assert row["max_abs_difference"] < 0.02 * max(row["relmark"] / n[name], 1)
        assert row["n_missing"] == 0
