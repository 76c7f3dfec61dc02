"""Backtests: forecasts of a log's own past, as they would have been issued, against what came.

At each origin the candidates are fitted to what was known then, weighted by the errors of forecasts
that were finished by then, and combined; the range is as wide as those errors and the prior over
other logs say. Nothing that happened after an origin is used for its forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research._repr import one_line
from relmark_research.clv.calendar.calendar_options import (
    CALENDAR,
    CalendarChoice,
    calendar_options,
)
from relmark_research.clv.forecasting.benchmarks import BENCHMARKS
from relmark_research.clv.forecasting.candidates import purchase_models
from relmark_research.clv.forecasting.combination import Combination, combination, is_benchmark
from relmark_research.clv.forecasting.forecast_errors import MEASURES, ForecastErrors, Measure
from relmark_research.clv.forecasting.gradient_boosting import GRADIENT_BOOSTING
from relmark_research.clv.forecasting.origin_records import (
    Record,
    Records,
    horizon_days,
    records,
)
from relmark_research.errors import check_choice, check_level
from relmark_research.stats.forecasting import forecast_scores
from relmark_research.stats.intervals import t_quantile
from relmark_research.units import Day, Horizon

if TYPE_CHECKING:
    from relmark_research.clv.estimation.model import Model
    from relmark_research.customers.log.transactions import TransactionLog

Array = np.ndarray

COMBINED = "combined"
ORIGINS = 20  # of a backtest, unless said otherwise
_QUANTILES = (np.arange(99) + 0.5) / 99  # of the distributions that are scored


@dataclass(frozen=True, repr=False, eq=False)
class Backtest:
    """Forecasts of a log's own past, and what came.

    Attributes
    ----------
    table
        Row per origin and forecast: origin, end (last day of the horizon), model, benchmark
        (whether it is a forecast without a model), weight (in the combination at that origin),
        expected, low, high, actual, error (expected / actual - 1), held (whether the range held
        the actual; missing for a benchmark with fewer than two past errors, which has no range),
        crps; log_score and mean_absolute_error per customer, for models of purchases.
        The rows "combined" are the forecasts that would have been issued.
    measure
        ``"purchases"`` or ``"value"``.
    horizon
        In days.
    level
        Probability of the ranges.
    errors
        Errors for a forecast at the end of the log.
    weights
        Weights of the candidates at the end of the log.
    failures
        Origin and model that could not be fitted, with the reason.
    """

    table: pd.DataFrame
    measure: Measure
    horizon: int
    level: float
    errors: ForecastErrors
    weights: dict[str, float]
    failures: pd.DataFrame
    records: tuple[Record, ...] = field(repr=False)

    @property
    def issued(self) -> pd.DataFrame:
        """The combined forecasts, one row per origin."""
        return self.table[self.table["model"] == COMBINED].reset_index(drop=True)

    @property
    def comparable(self) -> pd.DataFrame:
        """The table with a model's own row for it on a calendar, where there was no calendar yet.

        The log was then too short for a season, and the calendar flat.
        """
        parts = [self.table]
        for name in self.table["model"].unique():
            if str(name).endswith(CALENDAR):
                own = self.table[self.table["model"] == str(name).removesuffix(CALENDAR)]
                known = self.table.loc[self.table["model"] == name, "origin"]
                parts.append(own[~own["origin"].isin(known)].assign(model=name, weight=np.nan))
        return pd.concat(parts, ignore_index=True) if len(parts) > 1 else self.table

    @property
    def held(self) -> int:
        """Number of issued ranges that held the actual total."""
        return int(self.issued["held"].sum())

    @property
    def independent_periods(self) -> float:
        """Days that the issued forecasts cover together, divided by the horizon.

        20 forecasts whose periods overlap are fewer independent tests than 20.
        """
        issued = self.issued
        if not len(issued):
            return 0.0
        days = (issued["end"].max() - issued["origin"].min()).days
        return float(min(days / self.horizon, len(issued)))

    def at_level(self, level: float) -> Backtest:
        """Return the same backtest with ranges of another probability."""
        return _assembled(self.records, self.measure, self.horizon, level, self.failures)

    def summary(self) -> pd.DataFrame:
        """Return one row per forecast, sorted by error.

        Returns
        -------
        DataFrame
            Index model; forecasts (number), benchmark, weight (at the end of the log), error (mean
            absolute error of the total, as a share of the actual), bias, coverage (share of ranges
            that held the actual), width and interval_score (means, as shares of the actual), crps
            (likewise), and for models of purchases log_score and mean_absolute_error per customer.
            A model on a calendar counts as the model alone at origins without a calendar.
        """
        table = self.comparable
        rows = {name: self._scores(part) for name, part in table.groupby("model", sort=False)}
        found = pd.DataFrame.from_dict(rows, orient="index", columns=_SCORES).infer_objects()
        return found.rename_axis("model").sort_values("error")

    @property
    def words(self) -> str:
        """How often such ranges held, and which forecast had the smallest error."""
        issued = self.issued
        if not len(issued):
            shorter = "over half of it and " if self.errors.n_origins else ""
            return (
                "The log is too short to test a forecast over this horizon; the range is as wide "
                f"as errors {shorter}in other logs."
            )
        text = (
            f"In {len(issued)} backtests over {self.horizon} days the {self.level:.0%} range held "
            f"the actual total {self.held} times."
        )
        if round(self.independent_periods, 1) < len(issued):
            text += f" Their periods overlap ({self.independent_periods:.1f} without overlap)."
        errors = self.summary()["error"].astype(float)
        mine, others = float(errors[COMBINED]), errors.drop(COMBINED).dropna()
        if not len(others) or np.isnan(mine):
            return f"{text} The actual total was 0 each time."
        return (
            f"{text} The mean error was {mine:.0%}; the smallest of a single forecast was "
            f"{others.iloc[0]:.0%} ({others.index[0]})."
        )

    def __repr__(self) -> str:
        rows = {
            "measure": self.measure,
            "horizon (days)": self.horizon,
            "origins": len(self.issued),
            "level": self.level,
            "held": self.held,
        }
        return one_line(type(self).__name__, rows)

    def _repr_html_(self) -> str:
        result: str = self.summary()._repr_html_()  # type: ignore[operator]
        return result

    def _scores(self, part: pd.DataFrame) -> dict[str, object]:
        expected, actual = (part[name].to_numpy(float) for name in ("expected", "actual"))
        unit = np.where(actual > 0, actual, np.nan)  # no share of nothing
        ends = part["low"].to_numpy(float), part["high"].to_numpy(float)
        score = forecast_scores.interval_score(*ends, actual, self.level)
        name = str(part["model"].iloc[0])
        return {
            "forecasts": len(part),
            "benchmark": bool(part["benchmark"].iloc[0]),
            "weight": self.weights.get(name, np.nan),
            "error": forecast_scores.mean_absolute_percentage_error(expected, actual),
            "bias": forecast_scores.bias(expected, actual),
            "coverage": forecast_scores.coverage(*ends, actual),
            "width": _mean((ends[1] - ends[0]) / unit),
            "interval_score": _mean(score / unit),
            "crps": _mean(part["crps"] / unit),
            "log_score": _mean(part["log_score"]),
            "mean_absolute_error": _mean(part["mean_absolute_error"]),
        }


def backtest(
    log: TransactionLog,
    *,
    horizon: str | date | Horizon = "26 weeks",
    measure: Measure = "purchases",
    models: Sequence[str | type[Model]] | None = None,
    benchmarks: Sequence[str] = BENCHMARKS,
    origins: int | Sequence[Day] | None = None,
    calendar: CalendarChoice = None,
    level: float = 0.95,
) -> Backtest:
    """Forecast a log's own past at rolling origins, and compare with what came.

    Each forecast is about the customers known at its origin. The models, their weights and the
    width of the range use only what was known at the origin.

    Parameters
    ----------
    horizon
        ``"26 weeks"``, ``"6 months"``: a length of time.
    measure
        ``"purchases"`` (purchase-days) or ``"value"`` (money).
    models
        Names or classes of models of purchases; by default BG/NBD, MBG/NBD and Pareto/NBD.
    benchmarks
        Forecasts without a model: ``"same as last period"``, ``"same period last year"``, ``"rate
        times horizon"``; and ``"gradient boosting"`` on recency, frequency and money, where
        scikit-learn is installed.
    origins
        Number of origins, evenly spaced over the log (20 by default), or the origins themselves.
    calendar
        The calendar on which each model is forecast too ("BGNBD, calendar"), fitted at each origin
        to what was known: None for a season by month where the log covers a year, False for none,
        or `CalendarOptions` with declared events, whose dates are taken as known in advance.
    level
        Probability of the ranges.

    Returns
    -------
    Backtest
        Forecasts and actual totals; without rows where the log is shorter than the horizon and the
        history that models need (8 weeks, or 15% of the log).

    Raises
    ------
    ParameterError
        If the horizon is infinite, or a model, a benchmark or an origin is unknown.
    DataError
        If the measure is value and the log has no money.

    References
    ----------
    Tashman (2000), Out-of-sample tests of forecasting accuracy, International Journal of
    Forecasting 16(4), 437-450.

    Examples
    --------
    >>> import relmark_research as rm
    >>> tested = rm.backtest(rm.load_cdnow(), horizon="13 weeks", origins=6, models=["BGNBD"])
    >>> int(tested.summary().loc["combined", "forecasts"])
    6
    """
    check_level(level)
    check_choice("measure", measure, MEASURES)
    benchmarks = (benchmarks,) if isinstance(benchmarks, str) else benchmarks
    for name in benchmarks:
        check_choice("benchmark", name, (*BENCHMARKS, GRADIENT_BOOSTING))
    if measure == "value":
        log.require_value("a forecast of value")
    days = horizon_days(horizon, log.observed_until)
    used = ORIGINS if origins is None else origins
    classes, options = purchase_models(models), calendar_options(calendar)
    found = records(log, days, measure, classes, benchmarks, used, options)
    return assembled(found, measure, days, level)


def assembled(found: Records, measure: Measure, horizon: int, level: float) -> Backtest:
    """Return the backtest of records."""
    return _assembled(found.records, measure, horizon, level, found.failures)


def _assembled(
    found: Sequence[Record], measure: Measure, horizon: int, level: float, failures: pd.DataFrame
) -> Backtest:
    rows = []
    for record in found:
        if record.horizon == horizon:
            earlier = [one for one in found if one.day + one.horizon <= record.day]
            rows += _rows(record, earlier, measure, level)
    latest = max(found, key=lambda record: record.day) if found else None
    now = _at_end(found, latest, measure, horizon)
    return Backtest(
        table=pd.DataFrame(rows, columns=_COLUMNS).astype({"held": "boolean"}),
        measure=measure,
        horizon=horizon,
        level=level,
        errors=now.errors if now else ForecastErrors.of_other_logs(measure),
        weights=now.weights if now else {},
        failures=failures,
        records=tuple(found),
    )


_COLUMNS = [
    "origin", "end", "model", "benchmark", "weight", "expected", "low", "high", "actual", "error",
    "held", "crps", "log_score", "mean_absolute_error",
]  # fmt: skip
_SCORES = [
    "forecasts", "benchmark", "weight", "error", "bias", "coverage", "width", "interval_score",
    "crps", "log_score", "mean_absolute_error",
]  # fmt: skip


def _at_end(
    found: Sequence[Record], latest: Record | None, measure: Measure, horizon: int
) -> Combination | None:
    """Return weights and errors with all forecasts finished, at the size of the latest totals."""
    if latest is None:
        return None
    return combination(
        latest.totals,
        found,
        horizon=horizon,
        measure=measure,
        half=latest.half,
        prior_dispersion=latest.prior_dispersion,
    )


def _rows(
    record: Record, earlier: Sequence[Record], measure: Measure, level: float
) -> list[dict[str, object]]:
    """Return a row per candidate and one for the combination, as issued at the origin."""
    issued = combination(
        record.totals,
        earlier,
        horizon=record.horizon,
        measure=measure,
        half=record.half,
        prior_dispersion=record.prior_dispersion,
    )
    rows = [_row(record, COMBINED, issued, level, weight=np.nan)]
    for name, total in record.totals.items():
        alone = combination(
            {name: total},
            earlier,
            horizon=record.horizon,
            measure=measure,
            half=record.half,
            prior_dispersion=record.prior_dispersion,
        )
        row = _row(record, name, alone, level, weight=issued.weights[name])
        if is_benchmark(name):
            row |= _t_range(record, name, earlier, level)
        rows.append(row)
    return rows


def _row(
    record: Record, name: str, issued: Combination, level: float, *, weight: float
) -> dict[str, object]:
    horizon, variance = record.horizon, issued.log_variance
    low, high = issued.errors.interval(
        issued.expected, horizon=horizon, level=level, log_variance=variance
    )
    quantiles = issued.errors.quantiles(
        _QUANTILES, expected=issued.expected, horizon=horizon, log_variance=variance
    )
    actual = np.array([record.actual])
    score, error = record.scores.get(name, (np.nan, np.nan))
    return {
        "origin": pd.Timestamp(record.origin),
        "end": pd.Timestamp(record.origin + timedelta(days=horizon)),
        "model": name,
        "benchmark": is_benchmark(name),
        "weight": weight,
        "expected": issued.expected,
        "low": low,
        "high": high,
        "actual": record.actual,
        "error": issued.expected / record.actual - 1 if record.actual > 0 else np.nan,
        "held": low <= record.actual <= high,
        "crps": float(
            forecast_scores.continuous_ranked_probability_score(quantiles[None, :], actual)[0]
        ),
        "log_score": score,
        "mean_absolute_error": error,
    }


def _t_range(
    record: Record, name: str, earlier: Sequence[Record], level: float
) -> dict[str, object]:
    """Return a benchmark's range: Student's t times the root mean square of its past errors."""
    errors = np.array(
        [one.log_error(name) for one in earlier if one.horizon == record.horizon], float
    )
    errors = errors[np.isfinite(errors)]
    if len(errors) < 2:
        return {"low": np.nan, "high": np.nan, "held": pd.NA, "crps": np.nan}
    size = float(t_quantile(level, len(errors))) * float(np.sqrt(np.mean(errors**2)))
    expected = record.totals[name].expected
    low, high = expected * np.exp(-size), expected * np.exp(size)
    return {"low": low, "high": high, "held": low <= record.actual <= high, "crps": np.nan}


def _mean(values: Array | pd.Series) -> float:
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    return float(known.mean()) if len(known) else float("nan")
