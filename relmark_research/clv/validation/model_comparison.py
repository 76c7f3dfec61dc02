"""Comparison of purchase models on a holdout.

Models are fitted to the calibration and scored on the holdout by the log score, the mean
log-probability of each customer's purchases: a strictly proper score, which rewards forecasts for
accuracy and for stating their uncertainty correctly. Two naive forecasts are scored as well: NBD,
a model without dropout, and "as before", which extrapolates each customer's past rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relmark_research._repr import one_line
from relmark_research.clv.calendar.calendar_options import CALENDAR
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.estimation.registry import MODELS
from relmark_research.clv.estimation.spend_model import SpendModel
from relmark_research.clv.families.nbd import NBD
from relmark_research.clv.prediction._conditional import ConditionalExpectations
from relmark_research.clv.prediction._inputs import (
    SpendInput,
    check_same_purchases,
    spend_model,
)
from relmark_research.clv.validation._holdout import expected_purchases, observed_purchases
from relmark_research.clv.validation.model_selection import (
    BENCHMARK,
    ROUNDING,
    ModelSelection,
    at_boundary,
    equals_benchmark,
    indistinguishable_models,
    select_for_all,
    select_on_holdout,
)
from relmark_research.clv.validation.predictive_checks import holdout_probabilities
from relmark_research.customers.log.customer_summary import CustomerSummary, Split
from relmark_research.errors import DataError, ParameterError, RelmarkError, check_choice
from relmark_research.formats import listing
from relmark_research.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from relmark_research.clv.estimation.model import Model

Array = np.ndarray

PAST_RATE = "as before"  # the naive forecast without a model
_COVERAGE_LEVELS = (0.5, 0.9)
_VALUE_COLUMNS = ("value_bias", "value_mean_absolute_error")


@dataclass(frozen=True, repr=False)
class ModelComparison:
    """Models and naive forecasts, sorted by log score.

    Attributes
    ----------
    table
        Index model; best (whether it has the highest log score of the usable models); log_score
        (mean log-probability of each customer's purchases) and log_score_gap, log_score_gap_low,
        log_score_gap_high (difference to the best, with its interval over customers); expected,
        actual (total purchases) and bias, expected / actual - 1; mean_absolute_error and
        root_mean_squared_error (over customers); coverage_50 and coverage_90 (share of customers
        within the central prediction interval); with spend also value_bias and
        value_mean_absolute_error; aic and diagnosis of the fit, and a note on why it is not used;
        seconds of the fit; expected_alive (sum of P(alive) at the end of calibration); naive
        (whether it is a naive forecast); usable (whether its search converged). Probabilities are
        missing for a forecast that has none.
    best
        Name of the usable model with the highest log score; NBD if no model is usable.
    selected
        Name of the selected model, by the rule of `model_selection`.
    fits
        Each model's fit to the calibration, and NBD's if it is selected.
    failures
        Models that could not be fitted, with the reason.
    level
        Probability of the interval of ``log_score_gap``.
    duplicates
        Models that equal a simpler one with these data, which stands in the table alone.
    """

    table: pd.DataFrame
    best: str
    selected: str
    fits: dict[str, Fit[Any]]
    failures: dict[str, str] = field(default_factory=dict)
    level: float = 0.95
    duplicates: dict[str, str] = field(default_factory=dict)

    @property
    def overview(self) -> pd.DataFrame:
        """The main columns of the table under short names.

        "Behind, per 1,000" is 1,000 x log_score_gap.
        """
        table = self.table
        columns = pd.DataFrame(
            {
                "Behind, per 1,000": (1000 * table["log_score_gap"]).round(1) + 0.0,
                "Error of total": table["bias"],
                "Mean error": table["mean_absolute_error"].round(3),
                "Within 90%": table["coverage_90"],
                "Still there": table["expected_alive"].round(),
                "Seconds": table["seconds"].round(2),
            }
        )
        notes = table["note"].str.partition(":")[0]
        return columns.assign(Note=notes) if notes.any() else columns

    @property
    def words(self) -> str:
        """The ranking of the models, the selected model and its gain over a naive forecast."""
        parts = [
            self._ranking_words(),
            self._unused_words(),
            self._selection_words(),
            self._interval_words(),
            self._gain_words(),
            self._bias_words(),
        ]
        return " ".join(filter(None, parts))

    @property
    def dropout_words(self) -> str:
        """How far the models agree on purchases and on the number of active customers."""
        models = self._usable().sort_values("expected_alive")
        if len(models) < 2:
            return ""
        if len(self._at_boundary()) == len(models):
            return "All models are at the boundary without dropout."
        expected, alive = models["expected"], models["expected_alive"]
        text = (
            "The models' forecasts of total purchases differ by at most "
            f"{expected.max() / expected.min() - 1:.0%}."
        )
        ends = [f"{alive.iloc[end]:,.0f} ({models.index[end]})" for end in (0, -1)]
        if alive.iloc[-1] > 1.1 * alive.iloc[0]:
            text += (
                " Their estimates of the number of active customers at the end of calibration "
                f"range from {ends[0]} to {ends[1]}."
            )
        fits = {name: self.fits[name] for name in models.index if name in self.fits}
        if staying := [name for name, fit in fits.items() if _active_after_one(fit.model)]:
            count, it = ("count", "they have") if len(staying) > 1 else ("counts", "it has")
            text += (
                f" {listing(staying)} {count} every customer with a single purchase as active, "
                f"because {it} dropout only after a repeat purchase."
            )
        return text

    @property
    def indistinguishable(self) -> list[str]:
        """The models whose log score does not differ significantly from the best."""
        return indistinguishable_models(self.table)

    def refit(self, customers: CustomerSummary | pd.DataFrame) -> ModelSelection:
        """Fit the usable models to all customers and repeat the selection.

        Parameters
        ----------
        customers
            CustomerSummary or DataFrame, in the unit of time of the calibration. Models on a
            calendar are candidates for customers on a calendar, the others for those in plain time.

        Returns
        -------
        ModelSelection
            The selected model, or its replacement with the reason.
        """
        summary = CustomerSummary.of(customers)
        suffix = "" if summary.calendar is None else CALENDAR
        selected = self.selected.removesuffix(CALENDAR) + suffix
        return select_for_all(
            selected if selected in self.fits else self.selected,
            self._candidates(suffix),
            summary,
            indistinguishable=self.indistinguishable,
        )

    def __repr__(self) -> str:
        rows = {
            "best": self.best,
            "selected": self.selected,
            "models": ", ".join(map(str, self.table.index)),
        }
        return one_line(type(self).__name__, rows)

    def _repr_html_(self) -> str:
        result: str = self.table._repr_html_()  # type: ignore[operator]
        return result

    def _candidates(self, suffix: str) -> dict[str, type[Model]]:
        """Return the usable model classes of one clock in order of preference."""
        first = self._at_boundary() if self.selected == BENCHMARK else [self.selected]
        order = dict.fromkeys([*first, *self.indistinguishable, *self._usable().index])
        known = [name for name in order if name in self.fits]
        found = {name: type(self.fits[name].model) for name in known}
        on_clock = [name for name in known if name.endswith(CALENDAR) == bool(suffix)]
        return {name: found[name] for name in on_clock} or found

    def _usable(self) -> pd.DataFrame:
        """Return the rows of the usable models."""
        return self.table[~self.table["naive"] & self.table["usable"]]

    def _at_boundary(self) -> list[str]:
        """Return the models at the boundary without dropout."""
        return [name for name in self._usable().index if at_boundary(self.fits, name)]

    def _ranking_words(self) -> str:
        models, staying, near = self._usable(), self._at_boundary(), self.indistinguishable
        if len(models) == 0:
            return "None of the models could be used; NBD (no dropout) is used instead."
        if len(staying) == len(models):
            be = "are all" if len(models) > 1 else "is"
            return f"{listing(staying)} {be} at the boundary without dropout."
        if len(models) == 1:
            tried = "tried" if self.table["usable"].all() else "that could be used"
            return f"{self.best} was the only model {tried}."
        text = f"{self.best} predicts the holdout best"
        if others := [name for name in near if name != self.best]:
            text = f"{listing([self.best, *others])} predict the holdout equally well"
        worse = models.drop(index=near)
        if len(worse):
            gaps = worse["log_score_gap"]
            each = [f"{name} (lower by {gap:.3f})" for name, gap in gaps.items()]
            text += f"; worse in log score per customer: {listing(each)}"
        return f"{text}."

    def _unused_words(self) -> str:
        unusable = self.table[~self.table["usable"]]
        notes = [f"{name} is {row['note']}." for name, row in unusable.iterrows()]
        notes += [f"{name} could not be fitted: {why}" for name, why in self.failures.items()]
        notes += [f"{name} is the same as {one} here." for name, one in self.duplicates.items()]
        return " ".join(notes)

    def _selection_words(self) -> str:
        models, staying = self._usable().index, self._at_boundary()
        if self.selected == self.best and self.selected in models:
            return ""
        if self.selected == BENCHMARK:
            if not staying:
                return ""
            be, equal = ("are", "they equal") if len(staying) > 1 else ("is", "it equals")
            lead = f"{listing(staying)} {be} at the boundary without dropout. "
            return (
                f"{lead * (len(staying) < len(models))}There {equal} NBD, which is used: each "
                "customer purchases at random, at a constant rate of their own, and stays."
                f"{self._regular_words()}"
            )
        return f"{self.selected} is used, because it provides intervals."

    def _regular_words(self) -> str:
        """Name the models by which purchases are regular, so that NBD may miss dropout."""
        usable = [name for name in self._usable().index if name in self.fits]
        fits = {name: self.fits[name] for name in usable}
        regular = [name for name, fit in fits.items() if fit.alternatives and not fit.model.same_as]
        if not regular:
            return ""
        return (
            f" By {listing(regular)} purchases are more regular than that, so NBD may miss dropout."
        )

    def _interval_words(self) -> str:
        fit = self.fits.get(self.selected)
        if fit is None or not fit.no_interval:
            return ""
        return f"No interval is available ({fit.diagnosis})."

    def _gain_words(self) -> str:
        if self.selected == BENCHMARK:
            return ""
        used, naive = self.table.loc[self.selected], self.table.loc[BENCHMARK]
        reduction = 1 - used["mean_absolute_error"] / naive["mean_absolute_error"]
        if naive["log_score_gap_low"] <= ROUNDING:
            return f"{self.selected} predicts no better than NBD, a model without dropout."
        than = "smaller" if reduction >= 0 else "larger"
        return (
            "NBD, a model without dropout, predicts worse: the mean error per customer of "
            f"{self.selected} is {abs(reduction):.0%} {than}."
        )

    def _bias_words(self) -> str:
        bias = self._usable()["bias"]
        if len(bias) == 0 or not ((bias < -0.02).all() or (bias > 0.02).all()):
            return ""
        side, other = ("few", "more") if bias.iloc[0] < 0 else ("many", "less")
        ends = sorted(bias.abs())
        sizes = dict.fromkeys(f"{end:.0%}" for end in (ends[0], ends[-1]))
        who = "All models forecast" if len(bias) > 1 else "It forecasts"
        return (
            f"{who} too {side} purchases, by {' to '.join(sizes)}: customers bought {other} than "
            "predicted."
        )


def compare_models(
    split: Split,
    *,
    models: Sequence[str | type[PurchaseModel]] = ("BGNBD", "MBGNBD", "ParetoNBD", "MBGCNBD"),
    spend: type[SpendModel] | SpendInput | None = None,
    on_calendar: Split | None = None,
    level: float = 0.95,
) -> ModelComparison:
    """Fit several models to a calibration and compare their forecasts of the holdout.

    Parameters
    ----------
    split
        A log split in two: ``log.split(at="1997-09-30")``.
    models
        Models of purchases, or their names.
    spend
        A class of models of spend, to be fitted to the calibration, or a fit or a model. With it
        the value of the holdout is compared too; the columns are missing if the mean spend does not
        exist.
    on_calendar
        The same split on a calendar, ``log.split(at=..., calendar=effects)`` with ``effects =
        CalendarEffects.fit(log.until(...))``: each model is then also fitted on its clock, as
        "BGNBD, calendar".
    level
        Probability of the intervals of the log score gap to the best model, in (0, 1).

    Returns
    -------
    ModelComparison
        A table with a row per model and naive forecast, the best and the selected model. A model
        whose search did not converge is neither; its row has the reason. If the selected model is
        at the boundary without dropout, NBD replaces it.

    Raises
    ------
    ParameterError
        If a model is unknown or not a model of purchases.
    DataError
        If there is no purchase in the holdout, or no model could be fitted.

    References
    ----------
    Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation, Journal of
    the American Statistical Association 102(477), 359-378.

    Examples
    --------
    >>> import relmark_research as rm
    >>> split = rm.load_cdnow().split(at="1997-09-30")
    >>> compared = rm.compare_models(split, models=["BGNBD"])
    >>> print(compared.table[["log_score", "bias", "mean_absolute_error"]].round(3))
               log_score   bias  mean_absolute_error
    model
    BGNBD         -0.984 -0.121                0.785
    NBD           -1.064  0.557                1.041
    as before        NaN  0.557                1.024
    """
    classes = _check_inputs(split, models)
    actual = observed_purchases(split)
    forecasts, failures = _forecasts(classes, split, "")
    if on_calendar is not None:
        _check_same_customers(split, on_calendar)
        more, why = _forecasts(classes, on_calendar, CALENDAR)
        forecasts, failures = forecasts | more, failures | why
    duplicates = _duplicates(forecasts)
    forecasts = {name: one for name, one in forecasts.items() if name not in duplicates}
    if not forecasts:
        raise DataError("no model could be fitted: " + "; ".join(failures.values()))
    benchmark = _Forecast.by_model(NBD, split)
    every = {BENCHMARK: benchmark, PAST_RATE: _Forecast.by_past_rate(split)} | forecasts
    usable = {name: one for name, one in forecasts.items() if not one.failed}
    usable = usable or {BENCHMARK: benchmark}
    best = max(usable, key=lambda name: usable[name].log_score)
    rows = {name: _row(one, every[best], actual, level) for name, one in every.items()}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
    if spend is not None:
        columns = _value_columns(every, split, spend)
        table = table.assign(**{name: table.index.map(column) for name, column in columns.items()})
    table = _sorted(table, best, models=list(forecasts), usable=list(usable))
    fits = {name: one.fit for name, one in forecasts.items() if one.fit is not None}
    selected = select_on_holdout(table, fits)
    if selected == BENCHMARK and benchmark.fit is not None:
        fits.setdefault(BENCHMARK, benchmark.fit)
    return ModelComparison(table, best, selected, fits, failures, level, duplicates)


@dataclass(frozen=True)
class _Forecast:
    """A forecast of the holdout by one model or one naive rule."""

    expected: Array
    log_probability: Array | None = None
    coverage: tuple[float, ...] = (np.nan,) * len(_COVERAGE_LEVELS)
    fit: Fit[Any] | None = None
    seconds: float = np.nan
    expected_alive: float = np.nan

    @classmethod
    def by_model(cls, model: type[PurchaseModel], split: Split) -> _Forecast:
        start = perf_counter()
        fit = model.fit(split.calibration)
        seconds = perf_counter() - start
        probabilities = holdout_probabilities(fit, split)
        expectations = ConditionalExpectations.from_customers(split.calibration, fit.model)
        alive = expectations.p_alive(fit.model)
        return cls(
            expected=expected_purchases(fit, split),
            log_probability=np.log(np.maximum(probabilities.exact, 1e-300)),
            coverage=tuple(float(probabilities.coverage(one).mean()) for one in _COVERAGE_LEVELS),
            fit=fit,
            seconds=seconds,
            expected_alive=float(alive @ expectations.histories.weights),
        )

    @classmethod
    def by_past_rate(cls, split: Split) -> _Forecast:
        """Extrapolate each customer's past rate x / T; 0 for customers with T = 0."""
        x, T = split.calibration.frequency, split.calibration.T
        rate = np.divide(x, T, out=np.zeros(len(x)), where=T > 0)
        return cls(expected=rate * split.length)

    @property
    def log_score(self) -> float:
        """The mean log-probability, missing for a forecast without probabilities."""
        return np.nan if self.log_probability is None else float(self.log_probability.mean())

    @property
    def failed(self) -> bool:
        """Whether the search of the fit did not converge."""
        return self.fit is not None and self.fit.diagnosis.failed


def _duplicates(forecasts: Mapping[str, _Forecast]) -> dict[str, str]:
    """Return the models that equal a simpler one of those compared, with its name."""
    same = {name: one.fit.model.same_as for name, one in forecasts.items() if one.fit is not None}
    return {name: other for name, other in same.items() if other in forecasts}


def _forecasts(
    models: Sequence[type[PurchaseModel]], split: Split, suffix: str
) -> tuple[dict[str, _Forecast], dict[str, str]]:
    """Return the forecasts of models by name, and why others could not be fitted."""
    forecasts: dict[str, _Forecast] = {}
    failures: dict[str, str] = {}
    for model in models:
        name = model.__name__ + suffix
        try:
            forecasts[name] = _Forecast.by_model(model, split)
        except RelmarkError as error:
            failures[name] = str(error)
    return forecasts, failures


def _check_same_customers(split: Split, on_calendar: Split) -> None:
    """Raise ParameterError unless both are the same split, the second on a calendar."""
    same = split.observed_until == on_calendar.observed_until
    same &= split.calibration.table.index.equals(on_calendar.calibration.table.index)
    if not same or on_calendar.calibration.calendar is None:
        raise ParameterError(
            "on_calendar must be the same split on a calendar: log.split(at=..., "
            "calendar=rm.CalendarEffects.fit(log.until(...))); found another split"
            f"{'' if same else ', with other customers or another last day'}."
        )


def _check_inputs(
    split: Split, models: Sequence[str | type[PurchaseModel]]
) -> list[type[PurchaseModel]]:
    """Return the model classes, or raise ParameterError."""
    if not isinstance(split, Split):
        raise ParameterError(
            "models are compared on a Split, log.split(at='1997-09-30'); found "
            f"{type(split).__name__}."
        )
    models = [models] if isinstance(models, str) else models
    if not models:
        raise ParameterError("expected at least one model to compare; found none.")
    return [_model_class(model) for model in models]


def _model_class(model: str | type[PurchaseModel]) -> type[PurchaseModel]:
    known = {name: one for name, one in MODELS.items() if issubclass(one, PurchaseModel)}
    if isinstance(model, str):
        check_choice("model of purchases", model, known)
        return known[model]
    if isinstance(model, type) and issubclass(model, PurchaseModel):
        return model
    raise ParameterError(
        f"models are given by name or class; found {model!r}. There are: {', '.join(known)}."
    )


def _row(one: _Forecast, best: _Forecast, actual: Array, level: float) -> dict[str, object]:
    """Return the row of the table of one forecast."""
    error = one.expected - actual
    gap, margin = np.nan, np.nan
    if one.log_probability is not None and best.log_probability is not None:
        difference = best.log_probability - one.log_probability
        gap = difference.mean()
        margin = normal_quantile(level) * difference.std(ddof=1) / np.sqrt(len(difference))
    coverage = {
        f"coverage_{100 * nominal:.0f}": share
        for nominal, share in zip(_COVERAGE_LEVELS, one.coverage, strict=True)
    }
    return {
        "log_score": one.log_score,
        "log_score_gap": gap,
        "log_score_gap_low": gap - margin,
        "log_score_gap_high": gap + margin,
        "expected": one.expected.sum(),
        "actual": actual.sum(),
        "bias": error.sum() / actual.sum(),
        "mean_absolute_error": np.abs(error).mean(),
        "root_mean_squared_error": np.sqrt((error**2).mean()),
        **coverage,
        "aic": np.nan if one.fit is None else one.fit.aic,
        "diagnosis": "" if one.fit is None else one.fit.diagnosis.status,
        "note": "" if one.fit is None else _note(one.fit),
        "seconds": one.seconds,
        "expected_alive": one.expected_alive,
    }


def _active_after_one(model: PurchaseModel) -> bool:
    """Return whether dropout exists, but not for a customer with a single purchase."""
    single, repeat = (model.p_alive(x, x, np.asarray(2.0)) for x in np.array([0.0, 1.0]))
    return bool(single == 1 and repeat < 1)


def _note(fit: Fit[Any]) -> str:
    """Return the reason why a fit is not used, or has no intervals."""
    if fit.diagnosis.failed:
        return f"not used, {fit.diagnosis}"
    if equals_benchmark(fit):
        return "no dropout"
    return f"no intervals, {fit.diagnosis}" if fit.no_interval else ""


def _value_columns(
    forecasts: Mapping[str, _Forecast], split: Split, spend: type[SpendModel] | SpendInput
) -> dict[str, dict[str, float]]:
    """Return the errors of the expected value of the holdout, in total and per customer."""
    fit = spend.fit(split.calibration) if isinstance(spend, type) else spend
    check_same_purchases(fit, split.calibration)
    x, m = split.calibration.frequency, split.calibration.monetary_value
    model = spend_model(fit)
    if not model.has_mean:
        return {name: dict.fromkeys(forecasts, np.nan) for name in _VALUE_COLUMNS}
    expected_spend = model.conditional_expected_spend(x, m)
    actual = split.holdout["value"].to_numpy(float)
    total = actual.sum()
    errors = {name: one.expected * expected_spend - actual for name, one in forecasts.items()}
    bias = {name: error.sum() / total for name, error in errors.items()}
    absolute = {name: np.abs(error).mean() for name, error in errors.items()}
    return dict(zip(_VALUE_COLUMNS, (bias, absolute), strict=True))


def _sorted(
    table: pd.DataFrame, best: str, *, models: list[str], usable: list[str]
) -> pd.DataFrame:
    """Mark the best, the usable and the naive rows; models first, each group by log score."""
    table.insert(0, "best", table.index == best)
    table["naive"] = ~table.index.isin(models)
    table["usable"] = table["naive"] | table.index.isin(usable)
    order = ["naive", "usable", "log_score"]
    return table.sort_values(order, ascending=[True, False, False])
