"""The maximum of a likelihood by a model's log-parameters and the effects of covariates.

A search runs on centred and scaled columns. Where it ends is diagnosed as without covariates
(`convergence`): a direction that the data do not identify is followed outwards, and parameters that
diverge with an identified ratio leave the covariance of everything else as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from relmark_research.clv.estimation.convergence import Diagnosis, diagnose
from relmark_research.clv.estimation.likelihood import MixingDistribution
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.stats.newton import Point, SearchResult

Array = np.ndarray

_DIVERGED = 1e-4  # share of an effect's initial curvature below which the effect has diverged
_WEAK = 1.0  # standard error of an effect per standard deviation of its column: weakly identified
_SHARE = 0.02  # of the initial curvature by a centred column, below which it is so too
_UNKNOWN = 1e-2  # information, in logarithms, below which a direction is not identified
_CONDITION = 1e11  # of the information, beyond which a direction is rounding error
_LOADING = 0.3  # of an effect on a direction, from which the direction concerns it


@dataclass(frozen=True)
class Maximum:
    """The maximum of the likelihood.

    Attributes
    ----------
    logs
        Log-parameters of the base, then the effects.
    covariance
        Covariance of the same, without directions of the base that the data do not identify.
    log_likelihood
        At the maximum.
    diagnosis
        How the search ended.
    curvature_share
        Curvature by each effect, divided by the curvature at an effect of 0; NaN if that is 0.
    weak
        Effects that the data hardly identify, with the reason.
    """

    logs: Array
    covariance: Array
    log_likelihood: float
    diagnosis: Diagnosis
    curvature_share: Array
    weak: Mapping[str, str]


@dataclass(frozen=True)
class ScaledLikelihood:
    """A log-likelihood by the base's log-parameters and the effects of centred, scaled columns.

    Attributes
    ----------
    model
        The model of the base.
    labels
        Names of the effects, such as ``"rate: campaign"``.
    evaluate
        The log-likelihood with its derivatives.
    reference
        The starting values of the base, and effects of 0.
    n_customers
        Customers in the likelihood.
    back
        The linear map to the effects of the columns themselves.
    """

    model: type[PurchaseModel]
    labels: tuple[str, ...]
    evaluate: Callable[[Array], Point] = field(repr=False)
    followed: Callable[[Array], Point] = field(repr=False)
    reference: Array = field(repr=False)
    n_customers: float
    back: Array = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates, whose logarithms they are."""
        return (*self.model.names(), *(f"the multiplier of {label}" for label in self.labels))

    @property
    def mixtures(self) -> tuple[MixingDistribution, ...]:
        """The distributions of the base's traits."""
        return self.model.mixtures

    def maximum(self, found: SearchResult, initial: Point) -> Maximum:
        """Return the maximum that a search has found.

        Parameters
        ----------
        found
            The search.
        initial
            The likelihood at the maximum without effects.
        """
        k, point = len(self.model.names()), found.point
        sizes, axes = np.linalg.eigh(-point.hessian)
        logs, curvatures = self.back @ point.at, [self._curvature(p) for p in (initial, point)]
        concerned = np.abs(self.back[k:]).sum(axis=1) > 0
        share = np.full(len(logs) - k, np.nan)
        share[concerned] = _ratio(*curvatures)
        covariance = self.back @ _covariance(sizes, axes, k) @ self.back.T
        return Maximum(
            logs=logs,
            covariance=covariance,
            log_likelihood=point.value,
            diagnosis=self._diagnosis(found),
            curvature_share=share,
            weak=self._weak(initial, point, covariance[k:, k:][np.ix_(concerned, concerned)]),
        )

    def _diagnosis(self, found: SearchResult) -> Diagnosis:
        moved = found.status == "converged" or bool((found.point.at != self.reference).any())
        made = diagnose(replace(self, evaluate=self.followed), found, moved)
        if made.status != "flat":
            return made
        text = f"{' and '.join(made.unidentified)}: weakly identified, intervals are approximate"
        return replace(made, message=text)

    def _curvature(self, point: Point) -> Array:
        """Return the curvature by the effect of each column itself, neither centred nor scaled."""
        rows = np.abs(self.back).sum(axis=1) > 0
        into = np.linalg.inv(self.back[rows])
        result: Array = np.einsum("ai,ab,bi->i", into, point.hessian, into, optimize=True)
        return result[len(self.model.names()) :]

    def _weak(self, initial: Point, point: Point, covariance: Array) -> dict[str, str]:
        """Return the effects that the data hardly identify, with the reason."""
        k, weak = len(self.model.names()), {}
        scale = 1 / np.abs(self.back[k:]).sum(axis=1)[np.abs(self.back[k:]).sum(axis=1) > 0]
        share = np.diag(point.hessian)[k:] / np.minimum(np.diag(initial.hessian)[k:], -1e-300)
        errors, estimates = np.sqrt(np.diag(covariance)), point.at[k:] / scale
        for place, label in enumerate(self.labels):
            if errors[place] * scale[place] > _WEAK or share[place] < _SHARE:
                weak[label] = (
                    f"its estimate {estimates[place]:.2f} has a standard error of "
                    f"{errors[place]:.2f}, and the likelihood is almost flat there"
                )
        return weak


def diverging_effects(
    found: Maximum, labels: tuple[str, ...], evidence: Callable[[int], str]
) -> dict[str, str]:
    """Return the effects whose maximum likelihood estimate is infinite, with the reason.

    Parameters
    ----------
    found
        The maximum.
    labels
        Name of each effect.
    evidence
        Returns what the data have of an effect, such as "of 6 customers with it ...".
    """
    k, reasons = len(found.logs) - len(found.curvature_share), {}
    for effect, label in enumerate(labels):
        share = found.curvature_share[effect]
        if share > _DIVERGED:
            continue
        limit = "minus infinity" if found.logs[k + effect] < 0 else "infinity"
        what = "the likelihood is flat" if np.isnan(share) else f"it diverges to {limit}"
        reasons[label] = f"{what}; {evidence(effect)}"
    return reasons


def diagnosis_of(found: Maximum, unidentified: Mapping[str, str]) -> Diagnosis:
    """Return the diagnosis of a search, with the effects that diverge."""
    diverging = [name for name, reason in unidentified.items() if "infinity" in reason]
    if found.diagnosis.failed or not diverging:
        return found.diagnosis
    message = f"the effect of {', '.join(diverging)} diverges"
    return replace(found.diagnosis, status="at infinity", message=message)


def _covariance(sizes: Array, axes: Array, k: int) -> Array:
    """Return the inverse of the information, without unidentified directions of the base alone.

    Quantities of interest do not depend on such a direction: otherwise the data would identify it.
    """
    unknown = sizes < max(sizes[-1] / _CONDITION, _UNKNOWN)
    dropped = unknown & (np.abs(axes[k:]).max(axis=0, initial=0.0) < _LOADING)
    variances = np.where(dropped, 0.0, 1 / np.maximum(sizes, sizes[-1] * 1e-16))
    result: Array = (axes * variances) @ axes.T
    return result


def _ratio(initial: Array, final: Array) -> Array:
    """Return final / initial, NaN if the initial value is 0."""
    positive = np.abs(initial) > 1e-12 * np.abs(initial).max(initial=0.0)
    result: Array = np.divide(final, initial, out=np.full(len(initial), np.nan), where=positive)
    return result
