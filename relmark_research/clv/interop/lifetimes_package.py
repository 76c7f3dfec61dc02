"""The lifetimes package as a baseline: its fitters on the same customers, side by side with ours.

Its log-likelihood is printed for rescaled times and averaged, so log-likelihoods are computed at
its parameters by our models, which are checked against the published ones.
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

from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import Model, PurchaseModel
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.errors import DataError, ParameterError, check_choice
from relmark_research.units import Horizon

if TYPE_CHECKING:
    from types import ModuleType

# To and from the lifetimes package, and how it is imported without leaving a trace. lifetimes
# 0.11.3 (2020, no longer maintained) is imported only here, only when it is asked for. Importing
# it silences every FutureWarning and sets an option of pandas for the whole process; both are
# put back. Its `datasets` module cannot be imported any more and is not needed: the data are
# read from its files. Models have the same names of parameters, in the same order and units.

FITTERS = {
    "BGNBD": "BetaGeoFitter",
    "MBGNBD": "ModifiedBetaGeoFitter",
    "ParetoNBD": "ParetoNBDFitter",
    "BGBB": "BetaGeoBetaBinomFitter",
    "GammaGamma": "GammaGammaFitter",
}
"""Our models, and what each is called in lifetimes."""


def to_lifetimes(fit: Fit | Model) -> Any:
    """Return lifetimes' fitter with our parameters, ready to predict.

    Parameters
    ----------
    fit
        A fit, whose covariance goes along, or a model with given parameters.

    Raises
    ------
    ParameterError
        Where lifetimes has no such model.

    Examples
    --------
    >>> from relmark_research import BGNBD
    >>> fitter = to_lifetimes(BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426))
    >>> print(f"{float(fitter.predict(39, 2, 30.43, 38.86)):.3f}")
    1.226
    """
    model = fit.model if isinstance(fit, Fit) else fit
    check_choice("model of lifetimes", type(model).__name__, FITTERS)
    with imported() as package:
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

    Its standard errors are not taken over: its covariance is not symmetric. For intervals fit the
    customers anew.

    Raises
    ------
    ParameterError
        Where it is no fitter that we know, or was not fitted.
    """
    known = {theirs: ours for ours, theirs in FITTERS.items()}
    check_choice("fitter of lifetimes", type(fitter).__name__, known)
    found = getattr(fitter, "params_", None)
    if found is None:
        raise ParameterError(
            f"{type(fitter).__name__} has no parameters yet. Call its fit method first."
        )
    model = model_class(known[type(fitter).__name__])
    return model(**{name: float(found[name]) for name in model.names()})


def model_class(name: str) -> type[Model]:
    """Return our model of that name."""
    from relmark_research.clv.estimation.registry import MODELS

    return MODELS[name]


@contextmanager
def imported() -> Iterator[ModuleType]:
    """Give lifetimes, and put back the warnings and the option of pandas that it changes."""
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


Array = np.ndarray


@dataclass(frozen=True)
class SideBySide:
    """Ours and lifetimes, on the same customers.

    Attributes
    ----------
    parameters
        Index model and parameter: relmark, lifetimes (estimates), relmark_se, lifetimes_se
        (missing where lifetimes has none), and difference, lifetimes / relmark - 1.
    predictions
        Row per model: relmark and lifetimes (purchases expected of all customers within the
        horizon, or for GammaGamma the mean expected spend), furthest (largest difference for one
        customer), not_a_number (customers for whom lifetimes has no number), relmark_alive and
        lifetimes_alive (sum of P(alive)).
    seconds
        Row per model: relmark, lifetimes (wall time of the fit, the shorter of two; ours with
        standard errors) and
        ratio, lifetimes / relmark.
    log_likelihoods
        Row per model: relmark and lifetimes, both by our likelihood at the parameters found.
    failures
        What lifetimes could not do, in words, by model.
    """

    parameters: pd.DataFrame
    predictions: pd.DataFrame
    seconds: pd.DataFrame
    log_likelihoods: pd.DataFrame
    failures: dict[str, str]


def compare_with_lifetimes(
    customers: CustomerSummary | pd.DataFrame,
    *,
    models: Sequence[str] = ("BGNBD", "GammaGamma"),
    horizon: str | float,
    penalizer: float = 0.0,
) -> SideBySide:
    """Fit the same customers by relmark_research and by lifetimes.

    Parameters
    ----------
    models
        Any of ``"BGNBD"``, ``"MBGNBD"``, ``"ParetoNBD"``, ``"BGBB"``, ``"GammaGamma"``.
    horizon
        How far ahead purchases are expected: ``"39 weeks"``, or a number of the data's units.
    penalizer
        lifetimes' penalty on the squares of parameters, >= 0; ours has none.

    Returns
    -------
    SideBySide
        Tables of parameters, predictions, seconds and log-likelihoods, and what lifetimes could
        not do.

    Raises
    ------
    ParameterError
        Where a model has no counterpart in lifetimes.
    DataError
        Where lifetimes is not installed.

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
    pairs = {name: _Pair.of(name, summary, penalizer) for name in models}
    done = {name: pair for name, pair in pairs.items() if not pair.failure}
    parameters = [_parameters(pair).assign(model=name) for name, pair in done.items()]
    return SideBySide(
        parameters=_stacked(parameters),
        predictions=_rows({name: _predictions(pair, summary, t) for name, pair in done.items()}),
        seconds=_rows({name: pair.timed() for name, pair in done.items()}),
        log_likelihoods=_rows({name: pair.likelihoods(summary) for name, pair in done.items()}),
        failures={name: pair.failure for name, pair in pairs.items() if pair.failure},
    )


@dataclass(frozen=True)
class _Pair:
    """A fit of ours beside a fitter of theirs."""

    ours: Fit
    theirs: Any
    our_seconds: float
    their_seconds: float
    failure: str

    @classmethod
    def of(cls, name: str, customers: CustomerSummary, penalizer: float) -> _Pair:
        model = model_class(name)
        ours, our_seconds = _timed(lambda: model.fit(customers))
        with imported() as package:
            theirs = getattr(package, FITTERS[name])(penalizer_coef=penalizer)
            columns = _their_columns(name, customers)
            try:
                _, seconds = _timed(lambda: theirs.fit(*columns))
            except Exception as error:  # noqa: BLE001 (whatever goes wrong there is told)
                words = " ".join(str(error).split())[:200]
                return cls(ours, theirs, our_seconds, np.nan, f"{type(error).__name__}: {words}")
        return cls(ours, theirs, our_seconds, seconds, "")

    def timed(self) -> dict[str, float]:
        """Return both times and their ratio."""
        ratio = self.their_seconds / self.our_seconds
        return {"relmark": self.our_seconds, "lifetimes": self.their_seconds, "ratio": ratio}

    def likelihoods(self, customers: CustomerSummary) -> dict[str, float]:
        """Return our log-likelihood at both parameters."""
        data, weights, _ = type(self.ours.model).data(customers)
        found = from_lifetimes(self.theirs).log_likelihood(*data) @ weights
        return {"relmark": self.ours.log_likelihood, "lifetimes": float(found)}


def _parameters(pair: _Pair) -> pd.DataFrame:
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


def _predictions(pair: _Pair, customers: CustomerSummary, t: float) -> dict[str, float]:
    """Return both predictions, where they differ most, and for whom theirs is no number."""
    x, t_x, T, weights = customers.frequency, customers.recency, customers.T, customers.weights
    model, discrete = pair.ours.model, type(pair.ours.model).__name__ == "BGBB"
    alive: tuple[Array, Array] | None = None
    with imported():
        if isinstance(model, PurchaseModel):
            ours = model.conditional_expected_purchases(np.asarray(t), x, t_x, T)
            up_to = pair.theirs.conditional_expected_number_of_purchases_up_to_time
            theirs = np.asarray(up_to(t, x, t_x, T), float)
            until = (1,) if discrete else ()  # alive at the next opportunity, as ours is
            found = pair.theirs.conditional_probability_alive(*until, x, t_x, T)
            alive = model.p_alive(x, t_x, T), np.asarray(found, float)
        else:
            m = np.nan_to_num(customers.monetary_value)
            ours = model.conditional_expected_spend(x, m)  # type: ignore[attr-defined]
            theirs = pair.theirs.conditional_expected_average_profit(x, m)
            theirs, weights = np.asarray(theirs, float), weights / weights.sum()
    good = np.isfinite(theirs)
    sums = {"relmark": ours @ weights, "lifetimes": theirs[good] @ weights[good]}
    alives = (np.nan, np.nan) if alive is None else tuple(np.nan_to_num(p) @ weights for p in alive)
    return {
        **sums,
        "furthest": np.abs(ours - theirs)[good].max(initial=0.0),
        "not_a_number": float(customers.weights[~good].sum()),
        "relmark_alive": alives[0],
        "lifetimes_alive": alives[1],
    }


def _their_columns(name: str, customers: CustomerSummary) -> list[pd.Series]:
    """Return what a fitter of lifetimes is fitted on, in its order."""
    table = customers.table
    weights = pd.Series(customers.weights, index=table.index)
    if name == "GammaGamma":
        paid = (table["frequency"] > 0) & (table["monetary_value"] > 0)
        columns = [table["frequency"], table["monetary_value"], weights]
        return [column[paid] for column in columns]
    return [table["frequency"], table["recency"], table["T"], weights]


def _length(horizon: str | float, customers: CustomerSummary) -> float:
    if not isinstance(horizon, str):
        length = float(horizon)
    else:
        if customers.unit is None:
            raise ParameterError(
                f"the unit of recency and T is not known, so {horizon!r} cannot be converted to "
                "it. Give a number of units, or CustomerSummary(table, unit='week')."
            )
        length = Horizon.parse(horizon).length(customers.unit, customers.observed_until)
    if not 0 < length < np.inf:
        raise ParameterError(
            f"purchases are expected within a time > 0 and finite; found {horizon!r}."
        )
    return length


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what the work gave, and the shorter of two runs' times."""
    seconds = []
    for _ in range(2):
        begun = perf_counter()
        done = work()
        seconds.append(perf_counter() - begun)
    return done, min(seconds)


def _stacked(tables: list[pd.DataFrame]) -> pd.DataFrame:
    if not tables:
        return pd.DataFrame()
    return pd.concat(tables).set_index(["model", "parameter"])


def _rows(rows: dict[str, dict[str, float]]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
