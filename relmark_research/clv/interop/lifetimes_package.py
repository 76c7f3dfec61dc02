"""Conversion to and from the lifetimes package, and a comparison with it on the same customers.

lifetimes 0.11.3 (2020, no longer maintained) is imported only by these functions. Its import
silences every FutureWarning and sets a pandas option for the whole process; both are restored. Its
`datasets` module can no longer be imported and is not used. The models have the same parameters,
in the same order and units. lifetimes reports a mean log-likelihood for rescaled times, so the
comparison evaluates our log-likelihood at its parameters.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import Model, PurchaseModel
from relmark_research.clv.estimation.registry import MODELS
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.errors import DataError, ParameterError, check_choice
from relmark_research.units import Horizon

if TYPE_CHECKING:
    from types import ModuleType

Array = np.ndarray

FITTERS = {
    "BGNBD": "BetaGeoFitter",
    "MBGNBD": "ModifiedBetaGeoFitter",
    "ParetoNBD": "ParetoNBDFitter",
    "BGBB": "BetaGeoBetaBinomFitter",
    "GammaGamma": "GammaGammaFitter",
}
"""Our models, and the class of each in lifetimes."""

_MAX_MESSAGE = 200  # characters of an error of lifetimes


def to_lifetimes(fit: Fit[Any] | Model) -> Any:
    """Return lifetimes' fitter with our parameters, ready for predictions.

    Parameters
    ----------
    fit
        A fit, whose covariance is copied too, or a model with given parameters.

    Raises
    ------
    ParameterError
        If lifetimes has no such model.

    Examples
    --------
    >>> from relmark_research import BGNBD
    >>> fitter = to_lifetimes(BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426))
    >>> print(f"{float(fitter.predict(39, 2, 30.43, 38.86)):.3f}")
    1.226
    """
    model = fit.model if isinstance(fit, Fit) else fit
    check_choice("model of lifetimes", type(model).__name__, FITTERS)
    with import_lifetimes() as package:
        fitter = getattr(package, FITTERS[type(model).__name__])()
        names = list(model.names())
        fitter.params_ = pd.Series(model.values, index=names)
        if isinstance(model, PurchaseModel):
            fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
        if isinstance(fit, Fit):
            fitter.variance_matrix_ = pd.DataFrame(fit.covariance, index=names, columns=names)
            fitter.standard_errors_ = pd.Series(fit.standard_errors, index=names)
            fitter.confidence_intervals_ = fit.interval(0.95).set_axis(
                ["lower 95% bound", "upper 95% bound"], axis=1
            )
    return fitter


def from_lifetimes(fitter: Any) -> Model:
    """Return our model with the parameters of a fitter of lifetimes.

    Its standard errors are not copied, because its covariance is not symmetric. Fit the customers
    again for intervals.

    Raises
    ------
    ParameterError
        If it is not a known fitter, or not fitted.
    """
    known = {theirs: ours for ours, theirs in FITTERS.items()}
    check_choice("fitter of lifetimes", type(fitter).__name__, known)
    parameters = getattr(fitter, "params_", None)
    if parameters is None:
        raise ParameterError(
            f"{type(fitter).__name__} has no parameters yet. Call its fit method first."
        )
    model: type[Model] = MODELS[known[type(fitter).__name__]]
    return model(**{name: float(parameters[name]) for name in model.names()})


@contextmanager
def import_lifetimes() -> Iterator[ModuleType]:
    """Import lifetimes, and restore the warnings and the pandas option that it changes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = pd.get_option("mode.chained_assignment")
        try:
            import lifetimes
        except ImportError as error:
            raise DataError(
                f"expected the lifetimes package; it cannot be imported ({error}). Install it: "
                "python -m pip install 'lifetimes==0.11.3'"
            ) from error
        try:
            yield lifetimes
        finally:
            pd.set_option("mode.chained_assignment", before)


@dataclass(frozen=True, repr=False)
class LifetimesComparison:
    """Fits by relmark_research and by lifetimes to the same customers.

    Attributes
    ----------
    parameters
        Index model and parameter: relmark, lifetimes (estimates), relmark_se, lifetimes_se
        (missing if lifetimes has none), and difference, lifetimes / relmark - 1.
    predictions
        Row per model: relmark and lifetimes (expected purchases of all customers within the
        horizon, or for GammaGamma the mean expected spend), max_abs_difference (over customers),
        n_missing (customers without a number from lifetimes), relmark_alive and lifetimes_alive
        (sum of P(alive)).
    seconds
        Row per model: relmark, lifetimes (wall time of the fit, the shorter of two runs; ours with
        standard errors) and ratio, lifetimes / relmark.
    log_likelihoods
        Row per model: relmark and lifetimes, both by our likelihood at the estimates.
    failures
        Models that lifetimes could not fit, with the reason.
    """

    parameters: pd.DataFrame
    predictions: pd.DataFrame
    seconds: pd.DataFrame
    log_likelihoods: pd.DataFrame
    failures: dict[str, str]

    def __repr__(self) -> str:
        rows = {
            "models": ", ".join(map(str, self.predictions.index)) or None,
            "failed": ", ".join(self.failures) or None,
        }
        return one_line(type(self).__name__, rows)

    def _repr_html_(self) -> str:
        rows = [("", "relmark", "lifetimes")]
        rows += [
            (f"{model}: prediction", row["relmark"], row["lifetimes"])
            for model, row in self.predictions.iterrows()
        ]
        rows += [
            (f"{model}: log-likelihood", row["relmark"], row["lifetimes"])
            for model, row in self.log_likelihoods.iterrows()
        ]
        rows += [(f"{model}: failed", "", reason) for model, reason in self.failures.items()]
        return html_table("Comparison with lifetimes", rows)


def compare_with_lifetimes(
    customers: CustomerSummary | pd.DataFrame,
    *,
    models: Sequence[str] = ("BGNBD", "GammaGamma"),
    horizon: str | float,
    penalizer: float = 0.0,
) -> LifetimesComparison:
    """Fit the same customers with relmark_research and with lifetimes.

    Parameters
    ----------
    models
        Any of ``"BGNBD"``, ``"MBGNBD"``, ``"ParetoNBD"``, ``"BGBB"``, ``"GammaGamma"``.
    horizon
        Time for which purchases are predicted: ``"39 weeks"``, or a number of the data's units.
    penalizer
        lifetimes' penalty on the squares of parameters, >= 0; ours has none.

    Returns
    -------
    LifetimesComparison
        Tables of parameters, predictions, seconds and log-likelihoods, and the failures of
        lifetimes.

    Raises
    ------
    ParameterError
        If a model does not exist in lifetimes.
    DataError
        If lifetimes is not installed.

    Examples
    --------
    >>> import relmark_research as rm
    >>> calibration = rm.load_cdnow().split(at="1997-09-30").calibration
    >>> both = rm.clv.compare_with_lifetimes(calibration, models=["BGNBD"], horizon="39 weeks")
    >>> both.predictions[["relmark", "lifetimes"]].round(1)
           relmark  lifetimes
    model
    BGNBD   1653.4     1653.4
    """
    for name in models:
        check_choice("model of lifetimes", name, FITTERS)
    summary = CustomerSummary.of(customers)
    t = _length(horizon, summary)
    pairs = {name: _FittedPair.fit(name, summary, penalizer) for name in models}
    done = {name: pair for name, pair in pairs.items() if not pair.failure}
    parameters = [_parameters(pair).assign(model=name) for name, pair in done.items()]
    return LifetimesComparison(
        parameters=_concatenated(parameters),
        predictions=_table({name: _predictions(pair, summary, t) for name, pair in done.items()}),
        seconds=_table({name: pair.times() for name, pair in done.items()}),
        log_likelihoods=_table(
            {name: pair.log_likelihoods(summary) for name, pair in done.items()}
        ),
        failures={name: pair.failure for name, pair in pairs.items() if pair.failure},
    )


@dataclass(frozen=True)
class _FittedPair:
    """Our fit and a fitter of lifetimes, on the same customers."""

    ours: Fit[Any]
    theirs: Any
    our_seconds: float
    their_seconds: float
    failure: str

    @classmethod
    def fit(cls, name: str, customers: CustomerSummary, penalizer: float) -> _FittedPair:
        model = MODELS[name]
        ours, our_seconds = _timed(lambda: model.fit(customers))
        with import_lifetimes() as package:
            theirs = getattr(package, FITTERS[name])(penalizer_coef=penalizer)
            columns = _lifetimes_columns(name, customers)
            try:
                _, seconds = _timed(lambda: theirs.fit(*columns))
            except Exception as error:  # noqa: BLE001 (any failure of lifetimes is reported)
                message = " ".join(str(error).split())[:_MAX_MESSAGE]
                failure = f"{type(error).__name__}: {message}"
                return cls(ours, theirs, our_seconds, np.nan, failure)
        return cls(ours, theirs, our_seconds, seconds, "")

    def times(self) -> dict[str, float]:
        """Return both times and their ratio."""
        ratio = self.their_seconds / self.our_seconds
        return {"relmark": self.our_seconds, "lifetimes": self.their_seconds, "ratio": ratio}

    def log_likelihoods(self, customers: CustomerSummary) -> dict[str, float]:
        """Return our log-likelihood at both estimates."""
        data, weights, _ = type(self.ours.model).data(customers)
        theirs = from_lifetimes(self.theirs).log_likelihood(*data) @ weights
        return {"relmark": self.ours.log_likelihood, "lifetimes": float(theirs)}


def _parameters(pair: _FittedPair) -> pd.DataFrame:
    model, theirs = pair.ours.model, pair.theirs
    estimates = theirs.params_[list(model.names())].to_numpy(float)
    errors = getattr(theirs, "standard_errors_", pd.Series(dtype=float)).reindex(model.names())
    return pd.DataFrame(
        {
            "parameter": model.names(),
            "relmark": model.values,
            "lifetimes": estimates,
            "difference": estimates / model.values - 1,
            "relmark_se": pair.ours.standard_errors,
            "lifetimes_se": errors.to_numpy(float),
        }
    )


def _predictions(pair: _FittedPair, customers: CustomerSummary, t: float) -> dict[str, float]:
    """Return the row of predictions of one model."""
    x, t_x, T, weights = customers.frequency, customers.recency, customers.T, customers.weights
    model, discrete = pair.ours.model, type(pair.ours.model).__name__ == "BGBB"
    alive: tuple[Array, Array] | None = None
    with import_lifetimes():
        if isinstance(model, PurchaseModel):
            ours = model.conditional_expected_purchases(np.asarray(t), x, t_x, T)
            up_to = pair.theirs.conditional_expected_number_of_purchases_up_to_time
            theirs = np.asarray(up_to(t, x, t_x, T), float)
            opportunity = (1,) if discrete else ()  # alive at the next opportunity, as ours is
            found = pair.theirs.conditional_probability_alive(*opportunity, x, t_x, T)
            alive = model.p_alive(x, t_x, T), np.asarray(found, float)
        else:
            m = np.nan_to_num(customers.monetary_value)
            ours = model.conditional_expected_spend(x, m)
            theirs = pair.theirs.conditional_expected_average_profit(x, m)
            theirs, weights = np.asarray(theirs, float), weights / weights.sum()
    known = np.isfinite(theirs)
    totals = {"relmark": ours @ weights, "lifetimes": theirs[known] @ weights[known]}
    sums = (np.nan, np.nan) if alive is None else tuple(np.nan_to_num(p) @ weights for p in alive)
    return {
        **totals,
        "max_abs_difference": np.abs(ours - theirs)[known].max(initial=0.0),
        "n_missing": float(customers.weights[~known].sum()),
        "relmark_alive": sums[0],
        "lifetimes_alive": sums[1],
    }


def _lifetimes_columns(name: str, customers: CustomerSummary) -> list[pd.Series]:
    """Return the arguments of the fit method of a fitter of lifetimes, in its order."""
    table = customers.table
    weights = pd.Series(customers.weights, index=table.index)
    if name == "GammaGamma":
        paid = (table["frequency"] > 0) & (table["monetary_value"] > 0)
        columns = [table["frequency"], table["monetary_value"], weights]
        return [column[paid] for column in columns]
    return [table["frequency"], table["recency"], table["T"], weights]


def _length(horizon: str | float, customers: CustomerSummary) -> float:
    """Return the horizon in the unit of the data."""
    if not isinstance(horizon, str):
        length = float(horizon)
    else:
        if customers.unit is None:
            raise ParameterError(
                f"the unit of recency and T is not known, so {horizon!r} cannot be converted to "
                "it. Give a number of units, or CustomerSummary(table, unit='week')."
            )
        length = customers.length(Horizon.parse(horizon), customers.unit)
    if not 0 < length < np.inf:
        raise ParameterError(f"purchases are predicted for a finite time > 0; found {horizon!r}.")
    return length


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return the result of the work, and the shorter time of two runs."""
    seconds = []
    for _ in range(2):
        start = perf_counter()
        done = work()
        seconds.append(perf_counter() - start)
    return done, min(seconds)


def _concatenated(tables: list[pd.DataFrame]) -> pd.DataFrame:
    if not tables:
        return pd.DataFrame()
    return pd.concat(tables).set_index(["model", "parameter"])


def _table(rows: dict[str, dict[str, float]]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
