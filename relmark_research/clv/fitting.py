"""Maximum likelihood for every model, and what a fit can answer.

The search is a trust-region Newton method on the logarithms of the parameters, which are all
positive; there a change of the time unit is a mere shift. Equal rows are counted, not repeated.
Standard errors come from the observed information; intervals are symmetric in the logarithm, so
that they stay positive.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import pandas as pd
from scipy import special

from relmark_research.errors import ConvergenceError, ParameterError
from relmark_research.units import TimeUnit

if TYPE_CHECKING:
    from relmark_research.clv.base import Model

Array = np.ndarray
Grade = Literal["converged", "flat", "at infinity", "not converged"]

_STEP = 1e-4  # of the logarithms, for the Hessian from gradients
_FLAT = 1e8  # condition of the information beyond which a direction is undetermined


@dataclass(frozen=True)
class Diagnosis:
    """How a fit ended, in a word and in a sentence.

    Attributes
    ----------
    grade
        ``"converged"``, ``"flat"`` (some combination of parameters is hardly determined),
        ``"at infinity"`` (parameters run off together) or ``"not converged"``.
    words
        What that means for the reader.
    gradient
        Largest slope of the mean log-likelihood by any log-parameter at the end.
    condition
        Condition number of the information in log-parameters.
    """

    grade: Grade
    words: str
    gradient: float
    condition: float

    def __str__(self) -> str:
        return f"{self.grade}: {self.words}"


@dataclass(frozen=True)
class Fit:
    """A model at its maximum likelihood, with how sure that is.

    Attributes
    ----------
    model
        The fitted model.
    covariance
        Of the estimates, in the order of the model's fields, shape (parameters, parameters).
    log_likelihood
        At the maximum, summed over customers, in the data's own unit of time.
    n_customers
        Customers that the likelihood sums over.
    diagnosis
        How the search ended, in words.
    unit
        Unit of the times in the data; None where the data did not say.
    note
        Who was left out of the fit and why; empty where nobody was.
    """

    model: Model
    covariance: Array
    log_likelihood: float
    n_customers: int
    diagnosis: Diagnosis
    unit: TimeUnit | None = None
    note: str = ""

    @property
    def standard_errors(self) -> Array:
        """Standard errors in the order of the model's fields."""
        return np.sqrt(np.diag(self.covariance))

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

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Return low and high per parameter: estimate x exp(-+ z se / estimate)."""
        spread = np.exp(normal_quantile(level) * self.standard_errors / self.model.values)
        estimate = self.model.values
        return pd.DataFrame(
            {"low": estimate / spread, "high": estimate * spread}, index=self._index()
        )

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return estimate, standard_error, low and high per parameter."""
        columns = {"estimate": self.model.values, "standard_error": self.standard_errors}
        return pd.DataFrame(columns, index=self._index()).join(self.interval(level))

    def draws(self, n: int, *, seed: int) -> list[Model]:
        """Draw n models around the fit: normal in the logarithms, with the fit's covariance."""
        rng = np.random.default_rng(seed)
        center = np.log(self.model.values)
        logs = rng.multivariate_normal(center, self.log_covariance, size=n, method="eigh")
        return [self.model.from_values(values) for values in np.exp(logs)]

    def to_json(self) -> str:
        """Return the fit as JSON, to be read again by `from_json`."""
        content = {
            "model": type(self.model).__name__,
            "parameters": dict(zip(self.model.names(), self.model.values.tolist(), strict=True)),
            "covariance": self.covariance.tolist(),
            "log_likelihood": self.log_likelihood,
            "n_customers": self.n_customers,
            "diagnosis": vars(self.diagnosis),
            "unit": None if self.unit is None else self.unit.name,
            "note": self.note,
        }
        return json.dumps(content, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a fit that `to_json` wrote."""
        from relmark_research.clv import MODELS

        content = json.loads(text)
        unit = content["unit"]
        return cls(
            model=MODELS[content["model"]](**content["parameters"]),
            covariance=np.array(content["covariance"]),
            log_likelihood=content["log_likelihood"],
            n_customers=content["n_customers"],
            diagnosis=Diagnosis(**content["diagnosis"]),
            unit=None if unit is None else TimeUnit(unit),
            note=content["note"],
        )

    def _index(self) -> pd.Index:
        return pd.Index(self.model.names(), name="parameter")


def normal_quantile(level: float) -> float:
    """Return z such that a standard normal lies within -+z with probability ``level``."""
    if not 0 < level < 1:
        raise ParameterError(f"a level is a probability such as 0.95; found {level!r}.")
    return float(special.ndtri(0.5 + level / 2))


def fit(
    model: type[Model],
    data: tuple[Array, ...],
    weights: Array,
    *,
    unit: TimeUnit | None = None,
    note: str = "",
) -> Fit:
    """Maximise a model's likelihood over weighted rows and return the Fit."""
    from scipy import optimize

    start = np.log(model.start(*data, weights=weights).values)
    total = weights.sum()

    def loss(logs: Array) -> tuple[float, Array]:
        value, gradient = _weighted(model, logs, data, weights)
        return -value / total, -gradient / total

    def curvature(logs: Array) -> Array:
        return -_hessian(model, logs, data, weights) / total

    found = optimize.minimize(
        loss, start, jac=True, hess=curvature, method="trust-exact", options={"gtol": 1e-9}
    )
    logs = found.x
    information = curvature(logs) * total
    value = _weighted(model, logs, data, weights)[0]
    if not np.isfinite(value):
        raise ConvergenceError(
            f"{model.__name__}'s likelihood is not a number near {np.exp(logs)}. "
            "This is a defect of ours: please report the customers' summary."
        )
    best = model.from_values(np.exp(logs))
    return Fit(
        model=best,
        covariance=_covariance(information) * np.outer(best.values, best.values),
        log_likelihood=value,
        n_customers=round(total),
        diagnosis=_diagnose(best, loss(logs)[1], information),
        unit=unit,
        note=note,
    )


def _weighted(
    model: type[Model], logs: Array, data: tuple[Array, ...], weights: Array
) -> tuple[float, Array]:
    """Return the log-likelihood and its gradient by the log-parameters."""
    with np.errstate(over="ignore"):
        at = model.from_values(np.exp(np.clip(logs, -300, 300)))
    return float(at.log_likelihood(*data) @ weights), at.values * (at.score(*data) @ weights)


def _hessian(model: type[Model], logs: Array, data: tuple[Array, ...], weights: Array) -> Array:
    """Return the Hessian by the log-parameters, from central differences of the gradient."""
    columns = [
        _weighted(model, logs + step, data, weights)[1]
        - _weighted(model, logs - step, data, weights)[1]
        for step in np.eye(len(logs)) * _STEP
    ]
    hessian = np.array(columns) / (2 * _STEP)
    return (hessian + hessian.T) / 2


def _covariance(information: Array) -> Array:
    """Invert the information; directions that it does not determine come out as infinite."""
    sizes, axes = np.linalg.eigh(information)
    with np.errstate(divide="ignore"):
        spread = np.where(sizes > sizes.max() * 1e-14, 1 / sizes, np.inf)
    return (axes * spread) @ axes.T if np.isfinite(spread).all() else np.full_like(axes, np.inf)


def _diagnose(model: Model, gradient: Array, information: Array) -> Diagnosis:
    sizes, axes = np.linalg.eigh(information)
    slope = float(np.abs(gradient).max())
    condition = float(sizes[-1] / sizes[0]) if sizes[0] > 0 else np.inf
    loose = [name for name, part in zip(model.names(), axes[:, 0], strict=True) if abs(part) > 0.3]
    if slope > 1e-5:
        grade, words = "not converged", f"the search stopped on a slope of {slope:.1e}"
    elif model.values.max() > 1e6 or condition > _FLAT * 1e3:
        grade, words = (
            "at infinity",
            f"{' and '.join(loose)} run off together; only their ratio is told by the data",
        )
    elif condition > _FLAT:
        grade, words = "flat", f"{' and '.join(loose)} are hardly told apart by the data"
    else:
        grade, words = "converged", f"the likelihood is at its maximum (slope {slope:.0e})"
    return Diagnosis(grade, words, slope, condition)  # type: ignore[arg-type]
