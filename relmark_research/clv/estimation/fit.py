"""Maximum likelihood for every model, and what a fit can answer.

The search is Newton's in a trust region, on the logarithms of the parameters, which are all
positive; there a change of the time unit is a mere shift. Equal rows are counted, not repeated, and
large data are approached from a sample of them. Standard errors come from the observed
information; intervals are symmetric in the logarithm, so that they stay positive; where the data
leave a parameter open they come from the likelihood's profile, and no standard error is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from scipy import special

from relmark_research.clv.estimation import convergence as ending
from relmark_research.clv.estimation import serialization
from relmark_research.clv.estimation.convergence import Diagnosis, ratio_name
from relmark_research.clv.estimation.likelihood import Likelihood
from relmark_research.clv.estimation.profile_likelihood import Profile, profile
from relmark_research.errors import ConvergenceError, ParameterError, check_count
from relmark_research.stats.intervals import normal_quantile
from relmark_research.stats.newton import Found, maximise
from relmark_research.units import TimeUnit

if TYPE_CHECKING:
    from relmark_research.clv.estimation.model import Mixture, Model
Array = np.ndarray

_MANY = 12_000  # rows from which a search begins with a sample
_SAMPLE, _PART = 3_000, 20  # customers in the sample: so many, or a part of the rows
_KEPT = 0.95  # level of the profile intervals that go into a file


@dataclass(frozen=True)
class Fit:
    """A model at its maximum likelihood, with how sure that is.

    Attributes
    ----------
    model
        The fitted model.
    covariance
        Of the estimates, in the order of the model's fields, shape (parameters, parameters);
        without the directions that the data do not determine.
    log_likelihood
        At the maximum, summed over customers, in the data's own unit of time; without the penalty.
    n_customers
        Customers that the likelihood sums over.
    diagnosis
        How the search ended, in words.
    unit
        Unit of the times in the data; None where the data did not say.
    note
        Who was left out of the fit and why; empty where nobody was.
    penalty
        Weight of the penalty on the log-parameters, 0 for none.
    likelihood
        What was maximised; None in a fit that was read from a file.
    kept
        Profile intervals of the loose parameters at 95%, in a fit that was read from a file.
    """

    model: Model
    covariance: Array
    log_likelihood: float
    n_customers: int
    diagnosis: Diagnosis
    unit: TimeUnit | None = None
    note: str = ""
    penalty: float = 0.0
    likelihood: Likelihood | None = field(default=None, repr=False, compare=False)
    kept: dict[str, tuple[float, float]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def standard_errors(self) -> Array:
        """Standard errors in the order of the model's fields; missing where there is none.

        A parameter that the data leave open (`diagnosis.loose`) has no standard error: ask for its
        `interval` or `profile`.
        """
        loose = np.isin(self.model.names(), self.diagnosis.loose)
        return np.where(loose, np.nan, np.sqrt(np.diag(self.covariance)))

    @property
    def log_covariance(self) -> Array:
        """Covariance of the logarithms of the estimates."""
        return self.covariance / np.outer(self.model.values, self.model.values)

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2 k - 2 log-likelihood."""
        return 2 * len(self.model.values) - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's criterion, k ln(customers) - 2 log-likelihood."""
        return len(self.model.values) * np.log(self.n_customers) - 2 * self.log_likelihood

    @property
    def no_interval(self) -> str:
        """Why intervals cannot be had from this fit, in words; empty where they can."""
        return ending.refusal(self.diagnosis, self.model, self.log_covariance)

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Return low and high per parameter.

        Returns
        -------
        DataFrame
            estimate x exp(-+ z se / estimate); of a parameter that the data leave open the
            profile-likelihood interval, whose ends may be 0 or infinite.
        """
        spread = np.exp(normal_quantile(level) * np.sqrt(np.diag(self.log_covariance)))
        estimate = self.model.values
        ends = np.column_stack([estimate / spread, estimate * spread])
        for k, name in enumerate(self.model.names()):
            if name in self.diagnosis.loose:
                ends[k] = self._open_ends(name, level)
        return pd.DataFrame(ends, index=self._index(), columns=["low", "high"])

    def profile(self, parameter: str, level: float = 0.95) -> Profile:
        """Return the profile-likelihood interval of a parameter.

        Raises
        ------
        ParameterError
            Where there is no such parameter, or the fit was read from a file, without its data.
        """
        if self.likelihood is None:
            raise ParameterError(
                "a profile needs the data, which a fit read from a file does not have. Fit the "
                "model again, or use the interval() that was kept at 95%."
            )
        return profile(self.likelihood, np.log(self.model.values), parameter, level)

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return estimate, standard_error, low, high and basis per parameter.

        basis says where an interval is from: ``"information"`` or ``"profile"``. Where two
        parameters are open but their ratio is not, a row of the ratio follows.
        """
        loose = np.isin(self.model.names(), self.diagnosis.loose)
        columns = {"estimate": self.model.values, "standard_error": self.standard_errors}
        table = pd.DataFrame(columns, index=self._index()).join(self.interval(level))
        table["basis"] = np.where(loose, "profile", "information")
        return pd.concat([table, self.ratios(level)]) if loose.any() else table

    def ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Return what the data tell of pairs of open parameters, such as a / (a + b), as rows."""
        z, rows = normal_quantile(level), {}
        for mixture in self.model.mixtures:
            if ratio_name(mixture) in self.diagnosis.told:
                rows[ratio_name(mixture)] = self._ratio(mixture, z)
        names = ["estimate", "standard_error", "low", "high"]
        table = pd.DataFrame.from_dict(rows, orient="index", columns=names, dtype=float)
        return table.rename_axis("parameter").assign(basis="information")

    def draws(self, n: int, *, seed: int) -> list[Model]:
        """Draw n models around the fit: normal in the logarithms, with the fit's covariance.

        Where no intervals can be had there are no draws either, and a ParameterError says why.
        """
        if self.no_interval:
            raise ParameterError(self.no_interval)
        n, rng = check_count("the number of draws", n), np.random.default_rng(seed)
        center = np.log(self.model.values)
        logs = rng.multivariate_normal(center, self.log_covariance, size=n, method="eigh")
        return [self.model.from_values(values) for values in np.exp(logs)]

    def to_json(self) -> str:
        """Return the fit as JSON, to be read again by `from_json`; the data are not in it."""
        loose = {name: self._open_ends(name, _KEPT) for name in self.diagnosis.loose}
        content = {
            "model": type(self.model).__name__,
            "parameters": dict(zip(self.model.names(), self.model.values.tolist(), strict=True)),
            "covariance": self.covariance.tolist(),
            "log_likelihood": self.log_likelihood,
            "n_customers": self.n_customers,
            "diagnosis": vars(self.diagnosis),
            "unit": None if self.unit is None else self.unit.name,
            "note": self.note,
            "penalty": self.penalty,
            "kept": {name: [low, high] for name, (low, high) in loose.items()},
        }
        return serialization.written(content)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a fit that `to_json` wrote.

        Raises
        ------
        DataError, ParameterError
            Where the text is no JSON or not that of a fit, or a model or a parameter is unknown.
        """
        return cls(**serialization.read(text))

    def _index(self) -> pd.Index:
        return pd.Index(self.model.names(), name="parameter")

    def _ratio(self, mixture: Mixture, z: float) -> tuple[float, float, float, float]:
        """Return estimate, standard error, low and high of what a mixture's parameters share."""
        names = self.model.names()
        one, other = names.index(mixture.first), names.index(mixture.second)
        C, logs = self.log_covariance, np.log(self.model.values)
        spread = float(np.sqrt(max(C[one, one] + C[other, other] - 2 * C[one, other], 0)))
        ends = logs[one] - logs[other] + np.array([0, -z, z]) * spread
        if mixture.kind == "share":
            estimate, low, high = special.expit(ends)
            return estimate, spread * estimate * (1 - estimate), low, high
        estimate, low, high = np.exp(ends)
        return estimate, spread * estimate, low, high

    def _open_ends(self, name: str, level: float) -> tuple[float, float]:
        if self.likelihood is None:
            return self.kept[name] if level == _KEPT and name in self.kept else (np.nan, np.nan)
        if (name, level) not in self._profiles:
            found = self.profile(name, level)
            self._profiles[name, level] = found.low, found.high
        return self._profiles[name, level]

    @cached_property
    def _profiles(self) -> dict[tuple[str, float], tuple[float, float]]:
        return {}


def fit(
    model: type[Model],
    data: tuple[Array, ...],
    weights: Array,
    *,
    unit: TimeUnit | None = None,
    note: str = "",
    penalty: float = 0.0,
) -> Fit:
    """Maximise a model's likelihood over weighted rows and say how sure the maximum is."""
    likelihood = Likelihood(model, data, weights, penalty)
    found, moved = _search(likelihood)
    point = found.point
    if not point.finite:
        raise ConvergenceError(
            f"{model.__name__}'s likelihood is not a number near {np.exp(point.at)}. "
            "This is a defect of ours: please report the customers' summary."
        )
    best = model.from_values(np.exp(point.at))
    return Fit(
        model=best,
        covariance=ending.covariance(-point.hessian) * np.outer(best.values, best.values),
        log_likelihood=likelihood.without_penalty(point.at),
        n_customers=round(likelihood.customers),
        diagnosis=ending.diagnose(likelihood, found, moved),
        unit=unit,
        note=note,
        penalty=penalty,
        likelihood=likelihood,
    )


def _search(likelihood: Likelihood) -> tuple[Found, bool]:
    """Climb from the model's start, or from elsewhere where that fails; say whether it moved."""
    best: Found | None = None
    for start in _starts(likelihood):
        found = maximise(likelihood.at, start)
        if best is None or not best.point.finite or found.point.value > best.point.value:
            best = found
        if best.ending == "at a maximum":
            break
    assert best is not None
    return best, bool(np.abs(best.point.at - likelihood.reference).max() > 1e-9)


def _starts(likelihood: Likelihood) -> Iterator[Array]:
    """Give places to begin at: a sample's maximum, the model's own start, and around it."""
    reference = likelihood.reference
    if len(likelihood.weights) > _MANY:
        begun = maximise(
            likelihood.sample(max(_SAMPLE, len(likelihood.weights) // _PART)).at, reference
        )
        if begun.ending == "at a maximum" and np.abs(begun.point.at - reference).max() < 8:
            yield begun.point.at
    yield reference
    for shift in 1.5 * np.eye(len(reference)):
        yield reference + shift
        yield reference - shift
