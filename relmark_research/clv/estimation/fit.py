"""Maximum likelihood for every model, and the results of a fit.

The search is Newton's method in a trust region, on the logarithms of the parameters, which are all
positive; a change of the time unit shifts them by a constant. Equal rows are counted, not repeated,
and for large data the search starts from the maximum of a sample. Standard errors come from the
observed information; intervals are symmetric in the logarithm, so that they stay positive. A
parameter that the data do not identify has a profile-likelihood interval and no standard error.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, Self, TypeVar

import numpy as np
import pandas as pd
from scipy import special

from relmark_research._repr import html_table, one_line, shown
from relmark_research.clv.estimation import serialization
from relmark_research.clv.estimation.convergence import (
    Diagnosis,
    diagnose,
    identified_covariance,
    identified_mixtures,
    interval_refusal,
)
from relmark_research.clv.estimation.likelihood import (
    Likelihood,
    MixingDistribution,
    ParametricModel,
)
from relmark_research.clv.estimation.profile_likelihood import Profile, profile
from relmark_research.customers.operational_time import Calendar
from relmark_research.errors import ConvergenceError, ParameterError, check_count
from relmark_research.stats.intervals import normal_quantile
from relmark_research.stats.newton import SearchResult, maximise
from relmark_research.units import TimeUnit

Array = np.ndarray
M = TypeVar("M", bound=ParametricModel)
M_co = TypeVar("M_co", bound=ParametricModel, covariant=True)

_LARGE = 12_000  # rows from which a search starts with a sample
_SAMPLE = 3_000  # customers in the sample, at least
_SAMPLE_SHARE = 20  # rows per customer in the sample, if that is more
_SAVED_LEVEL = 0.95  # level of the profile intervals that are written to a file
_STEP = 1.5  # of a log-parameter, to other starting values


@dataclass(frozen=True)
class Fit(Generic[M_co]):
    """A model at its maximum likelihood, with the uncertainty of the estimates.

    Attributes
    ----------
    model
        The fitted model.
    covariance
        Covariance of the estimates in the order of the model's fields, shape (parameters,
        parameters), without the directions that the data do not identify.
    log_likelihood
        Maximum, summed over customers, in the data's own unit of time; without the penalty.
    n_customers
        Customers in the likelihood.
    diagnosis
        How the search ended.
    unit
        Unit of the times in the data; None if the data have none.
    note
        Customers left out of the fit and the reason; empty if there are none.
    penalty
        Weight of the penalty on the log-parameters, 0 for none.
    alternatives
        Log-likelihood at each value that was tried of a field that is searched, such as
        ``{"k = 1": -15781.9, "k = 2": -14978.2}``; empty where none was searched.
    calendar
        The calendar on whose clock the times are; None for plain time.
    likelihood
        The likelihood with its data; None in a fit that was read from a file.
    saved_intervals
        95% profile intervals of the unidentified parameters in a fit that was read from a file.
    """

    model: M_co
    covariance: Array = field(repr=False)
    log_likelihood: float
    n_customers: int
    diagnosis: Diagnosis
    unit: TimeUnit | None = None
    note: str = ""
    penalty: float = 0.0
    alternatives: dict[str, float] = field(default_factory=dict, repr=False)
    calendar: Calendar | None = field(default=None, repr=False, compare=False)
    likelihood: Likelihood | None = field(default=None, repr=False, compare=False)
    saved_intervals: dict[str, tuple[float, float]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def standard_errors(self) -> Array:
        """Standard errors in the order of the model's fields.

        A parameter that the data do not identify (`diagnosis.unidentified`) has none (NaN); use its
        `interval` or `profile`.
        """
        unidentified = np.isin(self.model.names(), self.diagnosis.unidentified)
        return np.where(unidentified, np.nan, np.sqrt(np.diag(self.covariance)))

    @property
    def log_covariance(self) -> Array:
        """Covariance of the logarithms of the estimates."""
        return self.covariance / np.outer(self.model.values, self.model.values)

    @property
    def aic(self) -> float:
        """Akaike information criterion, 2 k - 2 log-likelihood."""
        return 2 * self._degrees_of_freedom - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Bayesian (Schwarz) information criterion, k ln(customers) - 2 log-likelihood."""
        result: float = self._degrees_of_freedom * np.log(self.n_customers)
        return result - 2 * self.log_likelihood

    @property
    def _degrees_of_freedom(self) -> int:
        """Number of estimates, with a searched field."""
        return len(self.model.values) + bool(self.alternatives)

    @property
    def no_interval(self) -> str:
        """The reason why this fit has no intervals; empty if it has them."""
        return interval_refusal(self.diagnosis, self.model, self.log_covariance)

    def checked_covariance(self) -> Array:
        """Return the covariance of the log-parameters if intervals can be based on it.

        Raises
        ------
        ParameterError
            If the search did not end at a maximum, or if parameters diverge and the data do not
            identify their ratio either.

        Warns
        -----
        UserWarning
            If parameters diverge and intervals depend on their ratio alone, or if parameters are
            weakly identified, so that intervals are approximate.
        """
        if reason := self.no_interval:
            raise ParameterError(reason)
        known = {
            name
            for mixture in identified_mixtures(self.diagnosis, self.model)
            for name in (mixture.first, mixture.second)
        }
        if self.diagnosis.status == "at infinity":
            ratios = " and ".join(self.diagnosis.identified_ratios)
            self._warn(f"intervals depend on {ratios} alone")
        elif self.diagnosis.status == "flat" and set(self.diagnosis.unidentified) - known:
            self._warn("intervals are approximate")
        return self.log_covariance

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Return low and high per parameter.

        Returns
        -------
        DataFrame
            estimate x exp(-+ z se / estimate). A parameter that the data do not identify has its
            profile-likelihood interval, whose ends may be 0 or infinite.
        """
        spread = np.exp(normal_quantile(level) * np.sqrt(np.diag(self.log_covariance)))
        estimate = self.model.values
        ends = np.column_stack([estimate / spread, estimate * spread])
        for k, name in enumerate(self.model.names()):
            if name in self.diagnosis.unidentified:
                ends[k] = self._profile_interval(name, level)
        return pd.DataFrame(ends, index=self._index(), columns=["low", "high"])

    def profile(self, parameter: str, level: float = 0.95) -> Profile:
        """Return the profile-likelihood interval of a parameter.

        Raises
        ------
        ParameterError
            If there is no such parameter, or the fit was read from a file, without its data.
        """
        if self.likelihood is None:
            raise ParameterError(
                "a profile likelihood needs the data, which a fit read from a file does not have. "
                "Fit the model again, or use the interval() at 95% that was saved."
            )
        return profile(self.likelihood, np.log(self.model.values), parameter, level)

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return estimate, standard_error, low, high and basis per parameter.

        basis is the source of the interval: ``"information"`` or ``"profile"``. If two parameters
        are unidentified but their ratio is identified, a row with the ratio follows.
        """
        unidentified = np.isin(self.model.names(), self.diagnosis.unidentified)
        columns = {"estimate": self.model.values, "standard_error": self.standard_errors}
        table = pd.DataFrame(columns, index=self._index()).join(self.interval(level))
        table["basis"] = np.where(unidentified, "profile", "information")
        return pd.concat([table, self.ratios(level)]) if unidentified.any() else table

    def ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Return the identified ratios of unidentified parameters, such as a / (a + b), as rows."""
        z = normal_quantile(level)
        rows = {
            mixture.ratio: self._ratio(mixture, z)
            for mixture in identified_mixtures(self.diagnosis, self.model)
        }
        names = ["estimate", "standard_error", "low", "high"]
        table = pd.DataFrame.from_dict(rows, orient="index", columns=names, dtype=float)
        return table.rename_axis("parameter").assign(basis="information")

    def draws(self, n: int, *, seed: int) -> list[M_co]:
        """Return n models drawn from the normal approximation to the log-parameters.

        Parameters
        ----------
        n
            Number of draws, >= 1.
        seed
            Seed of the random numbers.

        Raises
        ------
        ParameterError
            If the fit has no intervals; it then has no draws either.
        """
        if self.no_interval:
            raise ParameterError(self.no_interval)
        n, rng = check_count("the number of draws", n), np.random.default_rng(seed)
        center = np.log(self.model.values)
        logs = rng.multivariate_normal(center, self.log_covariance, size=n, method="eigh")
        return [self.model.with_values(values) for values in np.exp(logs)]

    def to_json(self) -> str:
        """Return the fit as JSON, without its data; `from_json` reads it.

        Raises
        ------
        ParameterError
            If the fit is on a calendar, which has no such form.
        """
        if self.calendar is not None:
            raise ParameterError(
                "a fit on a calendar cannot be written as JSON, since its forecasts need the "
                "calendar. Keep the log, and fit both again."
            )
        intervals = {
            name: list(self._profile_interval(name, _SAVED_LEVEL))
            for name in self.diagnosis.unidentified
        }
        content = {
            "model": type(self.model).__name__,
            "module": type(self.model).__module__,
            "parameters": dict(zip(self.model.names(), self.model.values.tolist(), strict=True))
            | {name: getattr(self.model, name) for name in self.model.given},
            "covariance": self.covariance.tolist(),
            "log_likelihood": self.log_likelihood,
            "n_customers": self.n_customers,
            "diagnosis": vars(self.diagnosis),
            "unit": None if self.unit is None else self.unit.name,
            "note": self.note,
            "penalty": self.penalty,
            "alternatives": self.alternatives,
            "saved_intervals": intervals,
        }
        return serialization.to_text(content)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the fit that `to_json` wrote.

        Raises
        ------
        DataError, ParameterError
            If the text is not the JSON of a fit, or a model or parameter is unknown. The module of
            a model from outside the package must be imported first.
        """
        return cls(**serialization.from_text(text))

    def __repr__(self) -> str:
        return one_line(f"Fit of {type(self.model).__name__}", self._shown())

    def _repr_html_(self) -> str:
        return html_table(f"Fit of {type(self.model).__name__}", self._shown())

    def _shown(self) -> dict[str, object]:
        """Return the estimates with 95% intervals, and how the search ended."""
        rows: dict[str, object] = {"customers": self.n_customers}
        with np.errstate(all="ignore"):
            spread = np.exp(normal_quantile(0.95) * np.sqrt(np.diag(self.log_covariance)))
        names = self.model.names()
        for name, value, factor in zip(names, self.model.values, spread, strict=True):
            interval = f"{shown(value / factor)} to {shown(value * factor)}"
            rows[name] = f"{shown(value)} (95% interval {interval})"
        rows |= {name: getattr(self.model, name) for name in self.model.given}
        rows |= dict.fromkeys(self.diagnosis.unidentified, "not identified by the data")
        return rows | {
            "log-likelihood": f"{self.log_likelihood:,.1f}",
            "search": str(self.diagnosis),
        }

    def _index(self) -> pd.Index:
        return pd.Index(self.model.names(), name="parameter")

    def _ratio(self, mixture: MixingDistribution, z: float) -> tuple[float, float, float, float]:
        """Return estimate, standard error, low and high of the mean of a trait."""
        names = self.model.names()
        first, second = names.index(mixture.first), names.index(mixture.second)
        C, logs = self.log_covariance, np.log(self.model.values)
        spread = float(np.sqrt(max(C[first, first] + C[second, second] - 2 * C[first, second], 0)))
        ends = logs[first] - logs[second] + np.array([0, -z, z]) * spread
        if mixture.kind == "share":
            estimate, low, high = special.expit(ends)
            return estimate, spread * estimate * (1 - estimate), low, high
        estimate, low, high = np.exp(ends)
        return estimate, spread * estimate, low, high

    def _profile_interval(self, name: str, level: float) -> tuple[float, float]:
        if self.likelihood is None:
            saved = level == _SAVED_LEVEL and name in self.saved_intervals
            return self.saved_intervals[name] if saved else (np.nan, np.nan)
        if (name, level) not in self._profiles:
            found = self.profile(name, level)
            self._profiles[name, level] = found.low, found.high
        return self._profiles[name, level]

    @cached_property
    def _profiles(self) -> dict[tuple[str, float], tuple[float, float]]:
        return {}

    def _warn(self, consequence: str) -> None:
        name = type(self.model).__name__
        warnings.warn(f"{name}: {consequence} ({self.diagnosis}).", stacklevel=4)


def fit_model(
    model: type[M],
    data: tuple[Array, ...],
    weights: Array,
    *,
    unit: TimeUnit | None = None,
    note: str = "",
    penalty: float = 0.0,
) -> Fit[M]:
    """Maximise a model's likelihood over weighted rows and return the fit."""
    likelihood = Likelihood(model, data, weights, penalty)
    found, moved = _search(likelihood)
    point = found.point
    if not point.finite:
        raise ConvergenceError(
            f"{model.__name__}'s likelihood is not a number near {np.exp(point.at)}. "
            "This is a defect of the package: please report it with the customer summary."
        )
    best = model.from_values(np.exp(point.at))
    covariance = identified_covariance(-point.hessian)
    return Fit(
        model=best,
        covariance=covariance * np.outer(best.values, best.values),
        log_likelihood=likelihood.unpenalised(point.at),
        n_customers=round(likelihood.n_customers),
        diagnosis=diagnose(likelihood, found, moved),
        unit=unit,
        note=note,
        penalty=penalty,
        likelihood=likelihood,
    )


def _search(likelihood: Likelihood) -> tuple[SearchResult, bool]:
    """Return the best result over the starting values, and whether the parameters moved."""
    best: SearchResult | None = None
    for start in _starting_values(likelihood):
        found = maximise(likelihood.evaluate, start)
        if best is None or not best.point.finite or found.point.value > best.point.value:
            best = found
        if best.status == "converged":
            break
    assert best is not None
    return best, bool(np.abs(best.point.at - likelihood.reference).max() > 1e-9)


def _starting_values(likelihood: Likelihood) -> Iterator[Array]:
    """Yield the maximum of a sample, the model's starting values, and points around these."""
    reference, rows = likelihood.reference, len(likelihood.weights)
    if rows > _LARGE:
        sample = likelihood.sample(max(_SAMPLE, rows // _SAMPLE_SHARE))
        found = maximise(sample.evaluate, reference)
        if found.status == "converged" and np.abs(found.point.at - reference).max() < 8:
            yield found.point.at
    yield reference
    for step in _STEP * np.eye(len(reference)):
        yield reference + step
        yield reference - step
