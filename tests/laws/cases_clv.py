"""Examples: fits, forecasts, values, validation, retention curves."""

import re
from typing import Any

import numpy as np
import pandas as pd

import relmark_research as rm
from tests.laws import made
from tests.laws.registry import case

OWN = rm.clv.PredictionDraws(200, 4)


def _with_estimate(fit: Any, table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(estimate=fit.model.values)


@case("Fit.interval")
def fit_interval(level: float) -> Any:
    return _with_estimate(made.bg(), made.bg().interval(level))


@case("Fit.summary")
def fit_summary(level: float) -> Any:
    return made.bg().summary(level)


@case("Fit.profile")
def fit_profile(level: float) -> Any:
    found = made.small_bg().profile("r", level)
    return made.small_bg().model.r, found.low, found.high


@case("Fit.ratios")
def fit_ratios(level: float) -> Any:
    return made.alike().ratios(level)


@case("CovariateFit.summary")
def covariate_summary(level: float) -> Any:
    return made.covariate_fit().summary(level)


@case("CovariateFit.effects")
def covariate_effects(level: float) -> Any:
    return made.covariate_fit().effects(level)


@case("CalendarEffects.table", points=("relative",))
def calendar_effects(level: float) -> Any:
    return made.calendar().table(level)


@case("forecast")
def forecast(level: float) -> Any:
    return rm.forecast(made.bg(), made.histories(), horizon="39 weeks", level=level)


@case("forecast prediction", kinds="steps")
def forecast_prediction(level: float) -> Any:
    return rm.forecast(
        made.bg(), made.histories(), horizon="39 weeks", level=level, kind="prediction"
    )


@case("total_purchases", points=("expected",))
def total_purchases(level: float) -> Any:
    return rm.clv.total_purchases(made.bg(), made.histories(), horizon="39 weeks", level=level)


@case("lifetime_value")
def lifetime_value(level: float) -> Any:
    fits = made.small_bg(), made.spend()
    return rm.lifetime_value(*fits, made.histories(), **made.TERMS, level=level)


@case("lifetime_value prediction", kinds="steps")
def lifetime_value_prediction(level: float) -> Any:
    fits = made.small_bg(), made.spend()
    return rm.lifetime_value(*fits, made.histories(), **made.TERMS, level=level, kind=OWN)


@case("total_value", points=("expected",))
def total_value(level: float) -> Any:
    fits = made.small_bg(), made.spend()
    return rm.total_value(*fits, made.histories(), **made.TERMS, level=level)


@case("total_value prediction", points=("expected",), kinds="draws")
def total_value_prediction(level: float) -> Any:
    fits = made.small_bg(), made.spend()
    return rm.total_value(*fits, made.histories(), **made.TERMS, level=level, kind=OWN)


@case("total_purchases prediction", points=("expected",))
def total_purchases_prediction(level: float) -> Any:
    fit, customers = made.small_bg(), made.split().calibration
    return rm.clv.total_purchases(
        fit, customers, horizon="52 weeks", level=level, kind="prediction"
    )


@case("ForecastErrors.interval")
def forecast_errors_interval(level: float) -> Any:
    errors = rm.clv.ForecastErrors.of_other_logs("purchases")
    return (1000.0, *errors.interval(1000.0, horizon=91, level=level, log_variance=0.01))


@case("supported_level")
def supported_level(level: float) -> Any:
    kept = rm.clv.supported_level(level, made.small_bg(), made.spend())
    return made.small_bg().interval(kept).assign(estimate=made.small_bg().model.values)


@case("dropout_upper_bound", slow=True)
def dropout_upper_bound(level: float) -> Any:
    return _dropout(rm.clv.dropout_upper_bound(made.boundary_fit(), level=level))


@case("ModelSelection.dropout_upper_bound", slow=True)
def selection_dropout_upper_bound(level: float) -> Any:
    return _dropout(made.selection().dropout_upper_bound(level))


def _dropout(models: list[Any]) -> pd.DataFrame:
    """Return the mean dropout probability at the bound; 0 is the estimate and the low end."""
    high = np.array([model.a / (model.a + model.b) for model in models])
    return pd.DataFrame({"estimate": 0.0, "low": 0.0, "high": high})


@case("calibration", bad_levels=3)
def calibration(level: float) -> Any:
    return rm.calibration(made.small_bg(), made.split(), max_count=4, level=level)


@case("tracking", bad_levels=3)
def tracking(level: float) -> Any:
    return rm.tracking(made.small_bg(), made.small_log(), at=made.CUT, level=level)


@case("interval_coverage", bad_levels=3)
def interval_coverage(level: float) -> Any:
    return rm.clv.interval_coverage(made.small_bg(), made.split(), levels=[0.5, 0.9], level=level)


@case("compare_models", bad_levels=3)
def compare_models(level: float) -> Any:
    return rm.compare_models(made.split(), models=["BGNBD"], level=level).table


@case("purchase_regularity", points=("k",), bad_levels=3)
def purchase_regularity(level: float) -> Any:
    return rm.clv.purchase_regularity(made.small_log(), level=level)


@case("spend_frequency_correlation")
def spend_frequency_correlation(level: float) -> Any:
    return rm.clv.spend_frequency_correlation(made.split().calibration, level=level)


@case("describe_assumptions", kinds="steps", bad_levels=3, slow=True)
def describe_assumptions(level: float) -> Any:
    text = rm.clv.describe_assumptions(made.small_log(), made.split().calibration, level=level)
    found = re.findall(r"(-?[\d.]+\d) \((-?[\d.]+) to (-?[\d.]+)\)", text)
    return pd.DataFrame(found, columns=["estimate", "low", "high"]).astype(float)


@case("retention_curve")
def retention_curve(level: float) -> Any:
    members = pd.DataFrame({"tenure": [1, 2, 2, 3, 3, 5], "churned": [1, 1, 0, 1, 0, 0]})
    return rm.retention_curve(members, level=level)


@case("retention_curve at", points=("share",), bad_levels=3)
def retention_curve_at(level: float) -> Any:
    curve = rm.retention_curve(made.small_log(), within="180 days", level=level)
    return {"at": curve.at(60), "again": curve.bought_again(180)}
