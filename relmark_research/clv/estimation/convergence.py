"""Diagnosis of a fit: converged, flat likelihood, estimates at infinity, or no maximum found.

The eigenvectors of the information about the log-parameters are the directions that the data
identify well or badly. A direction with a standard deviation of 1 or more in logarithms (a factor
of e) is followed outwards. If the likelihood does not fall along it, the maximum is at infinity or
at 0, and no finite estimate exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from relmark_research.clv.estimation.likelihood import MixingDistribution, ParametricModel
from relmark_research.stats.newton import Point, SearchResult, maximise

Array = np.ndarray
Status = Literal["converged", "flat", "at infinity", "not converged", "did not move"]

_UNIDENTIFIED_SD = 1.0  # standard deviation, in logarithms, of an unidentified direction
_CONDITION = 1e8  # of the information; beyond it the smallest eigenvalue is rounding error
_LOADING = 0.3  # of a parameter on a direction, from which the direction concerns it
_OUTWARDS = float(np.log(1e4))  # distance, in logarithms, at which a limit is tried
_NO_FALL = 1e-2  # a smaller fall of the log-likelihood counts as none
_FALL = 1.92  # chi2(1, 0.95) / 2: a larger fall is outside a 95% likelihood interval
_ZERO = 35.0  # logarithms below the starting value at which a ratio is numerically 0


class Searched(Protocol):
    """A likelihood by logarithms, as far as its maximum is diagnosed."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates, whose logarithms they are."""

    @property
    def mixtures(self) -> tuple[MixingDistribution, ...]:
        """The distributions of the model's traits over customers."""

    @property
    def reference(self) -> Array:
        """The starting values."""

    @property
    def n_customers(self) -> float:
        """Customers in the likelihood."""

    @property
    def evaluate(self) -> Callable[[Array], Point]:
        """Value, gradient and Hessian at a point."""


@dataclass(frozen=True)
class Diagnosis:
    """How the maximisation of a likelihood ended.

    Attributes
    ----------
    status
        ``"converged"``; ``"flat"`` (some combination of parameters is weakly identified);
        ``"at infinity"`` (one or two parameters diverge); ``"not converged"``; ``"did not move"``
        (no step from the starting values increased the likelihood).
    message
        The status in a sentence.
    gradient
        Largest absolute derivative of the mean log-likelihood by a log-parameter at the end.
    condition
        Condition number of the information about the log-parameters.
    unidentified
        Parameters that the data do not identify individually.
    identified_ratios
        Ratios of them that the data do identify, such as ``"a / (a + b)"``.
    at_boundary
        Ratios that may be 0, such as ``"a / (a + b)"`` if a model without dropout fits as well.
    """

    status: Status
    message: str
    gradient: float
    condition: float
    unidentified: tuple[str, ...] = ()
    identified_ratios: tuple[str, ...] = ()
    at_boundary: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether no maximum was found; the estimates are then unusable."""
        return self.status in ("not converged", "did not move")

    def __str__(self) -> str:
        return f"{self.status}: {self.message}"


def diagnose(likelihood: Searched, found: SearchResult, moved: bool) -> Diagnosis:
    """Return the diagnosis of a search, from the gradient and the information at its end."""
    point, names = found.point, likelihood.names
    gradient = float(np.abs(point.gradient).max() / likelihood.n_customers)
    eigenvalues, vectors = np.linalg.eigh(-point.hessian)
    condition = float(eigenvalues[-1] / eigenvalues[0]) if eigenvalues[0] > 0 else np.inf
    axes = [vectors[:, k] for k in np.flatnonzero(_is_unidentified(eigenvalues))]
    unidentified = tuple(
        name for k, name in enumerate(names) if any(abs(axis[k]) > _LOADING for axis in axes)
    )
    if not moved:
        message = (
            "no step from the starting values increased the likelihood; "
            f"the gradient there is {gradient:.1e}"
        )
        return Diagnosis("did not move", message, gradient, condition, unidentified)
    ratios, at_boundary, limits = _divergence(likelihood, found, axes, unidentified)
    if limits:
        message = "; ".join(limits)
        return Diagnosis(
            "at infinity", message, gradient, condition, unidentified, ratios, at_boundary
        )
    if found.status != "converged":
        message = (
            f"the search stopped with a gradient of {gradient:.1e} ({found.status}), "
            "also from other starting values"
        )
        return Diagnosis("not converged", message, gradient, condition, unidentified)
    if unidentified:
        message = _flat_message(unidentified, condition)
        return Diagnosis("flat", message, gradient, condition, unidentified, ratios)
    message = f"the likelihood is at its maximum (gradient {gradient:.0e})"
    return Diagnosis("converged", message, gradient, condition)


def identified_covariance(information: Array) -> Array:
    """Return the inverse of the information, without the directions that the data do not identify.

    A direction with a standard deviation above 10 in logarithms is left out. Quantities of interest
    do not depend on it: otherwise the data would identify it.
    """
    eigenvalues, vectors = np.linalg.eigh(information)
    known = eigenvalues > max(eigenvalues[-1] / (_CONDITION * 1e3), 1e-2)
    variances = np.where(known, 1 / np.where(known, eigenvalues, 1.0), 0.0)
    inverse = (vectors * variances) @ vectors.T
    result: Array = (inverse + inverse.T) / 2
    return result


def interval_refusal(diagnosis: Diagnosis, model: ParametricModel, log_covariance: Array) -> str:
    """Return why a fit has no intervals, or an empty text if it has them.

    There are none if the search did not end at a maximum, or if parameters diverge and the data do
    not identify their ratio either: the error of a forecast is then unknown.
    """
    known = {
        name
        for mixture in identified_mixtures(diagnosis, model)
        for name in (mixture.first, mixture.second)
    }
    ratios_suffice = diagnosis.unidentified and set(diagnosis.unidentified) <= known
    diverging = diagnosis.status == "at infinity" and not ratios_suffice
    if not (diagnosis.failed or diverging) and np.isfinite(log_covariance).all():
        return ""
    limit = model.without_dropout
    remedy = (
        f"Fit {limit}, which has no dropout and does have intervals, or use level=None."
        if diagnosis.at_boundary and limit
        else "Use level=None, fit more customers or a longer period, or set a penalty."
    )
    return (
        f"no interval is available: the data do not identify the parameters of "
        f"{type(model).__name__} ({diagnosis}). {remedy}"
    )


def identified_mixtures(diagnosis: Diagnosis, model: ParametricModel) -> list[MixingDistribution]:
    """Return the mixing distributions with unidentified parameters and an identified ratio."""
    return [mixture for mixture in model.mixtures if mixture.ratio in diagnosis.identified_ratios]


def _is_unidentified(eigenvalues: Array) -> Array:
    """Return which directions have a standard deviation of 1 or more, or are rounding error."""
    result: Array = (eigenvalues < 1 / _UNIDENTIFIED_SD**2) | (
        eigenvalues < eigenvalues[-1] / _CONDITION
    )
    return result


def _divergence(
    likelihood: Searched, found: SearchResult, axes: list[Array], unidentified: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    """Return the identified ratios, the ratios that may be 0, and messages on diverging parameters.

    ``axes`` are the directions that the data do not identify.
    """
    zero = [
        mixture
        for mixture in likelihood.mixtures
        if mixture.zero_limit and _is_zero(likelihood, found, mixture, unidentified)
    ]
    ratios = tuple(
        mixture.ratio
        for mixture in _with_identified_ratio(likelihood, axes, unidentified)
        if mixture not in zero
    )
    limits = [_zero_limit(mixture) for mixture in zero]
    limits += [limit for axis in axes for limit in _limits(likelihood, found, axis, ratios)]
    at_boundary = tuple(mixture.ratio for mixture in zero)
    return ratios, at_boundary, _without_repetition(limits)


def _with_identified_ratio(
    likelihood: Searched, open_axes: list[Array], unidentified: tuple[str, ...]
) -> list[MixingDistribution]:
    """Return the pairs of unidentified parameters whose ratio no open direction changes."""
    names = likelihood.names
    pairs = [m for m in likelihood.mixtures if {m.first, m.second} <= set(unidentified)]
    return [
        m
        for m in pairs
        if all(
            abs(axis[names.index(m.first)] - axis[names.index(m.second)]) < _LOADING
            for axis in open_axes
        )
    ]


def _is_zero(
    likelihood: Searched,
    found: SearchResult,
    mixture: MixingDistribution,
    unidentified: tuple[str, ...],
) -> bool:
    """Return whether a ratio may be 0 while its starting value is rejected.

    If every ratio is equally likely, the data do not say that it is 0; they say nothing about it.
    """
    names = likelihood.names
    pair = [names.index(mixture.first), names.index(mixture.second)]
    if not {mixture.first, mixture.second} & set(unidentified):
        return False
    free = ~np.isin(np.arange(len(names)), pair)
    best, reference = found.point.at, likelihood.reference
    zero_gap = reference[pair[0]] - reference[pair[1]] - _ZERO
    at_zero = best.copy()
    at_zero[pair[0]] = min(best[pair[0]], best[pair[1]] + zero_gap)
    ends = [
        maximise(likelihood.evaluate, start, free=free).point
        for start in (at_zero, np.where(free, best, reference))
    ]
    falls = [found.point.value - end.value if end.finite else np.inf for end in ends]
    return bool(falls[0] < _NO_FALL and falls[1] > _FALL)


def _zero_limit(mixture: MixingDistribution) -> tuple[tuple[str, ...], str]:
    """Return the parameters and the message of a ratio that may be 0."""
    first, second = mixture.first, mixture.second
    return (first, second), (
        f"the likelihood is as high with {mixture.zero_limit}: {mixture.ratio} may be 0, and "
        f"{first} and {second} are otherwise unidentified"
    )


def _limits(
    likelihood: Searched, found: SearchResult, axis: Array, ratios: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the parameters that diverge along an open direction, away from the starting values."""
    k = int(np.argmax(np.abs(axis)))
    sign = 1 if found.point.at[k] >= likelihood.reference[k] else -1
    outwards = axis / axis[k] * sign
    for direction in (outwards, -outwards):
        start = found.point.at + _OUTWARDS * direction
        free = np.arange(len(axis)) != k
        end = maximise(likelihood.evaluate, start, free=free).point
        if end.finite and end.value > found.point.value - _NO_FALL:
            yield _diverging(likelihood, k, direction, ratios)
            return


def _diverging(
    likelihood: Searched, k: int, direction: Array, ratios: tuple[str, ...]
) -> tuple[tuple[str, ...], str]:
    """Return the parameters that diverge along a direction, and the message."""
    names = likelihood.names
    limit, side = ("infinity", "upper") if direction[k] > 0 else ("0", "lower")
    for mixture in likelihood.mixtures:
        first, second = names.index(mixture.first), names.index(mixture.second)
        if k in (first, second) and direction[first] * direction[second] > _LOADING**2:
            differ = "hardly differ" if limit == "infinity" else "differ as much as possible"
            known = "only" if mixture.ratio in ratios else "not even"
            return (mixture.first, mixture.second), (
                f"{mixture.first} and {mixture.second} diverge to {limit} together: customers "
                f"{differ} in their {mixture.trait}, and {known} {mixture.ratio} is identified"
            )
    return (names[k],), f"{names[k]} diverges to {limit}: the data give no {side} bound"


def _without_repetition(limits: list[tuple[tuple[str, ...], str]]) -> list[str]:
    """Return messages about pairs first, then those about parameters not mentioned yet."""
    mentioned: set[str] = set()
    messages = []
    for names, message in sorted(limits, key=lambda limit: -len(limit[0])):
        if not set(names) <= mentioned:
            messages.append(message)
            mentioned |= set(names)
    return messages


def _flat_message(unidentified: tuple[str, ...], condition: float) -> str:
    verb = "is" if len(unidentified) == 1 else "are"
    return (
        f"{' and '.join(unidentified)} {verb} weakly identified (condition number "
        f"{condition:.0e}): intervals come from the profile likelihood, and there is no "
        "standard error"
    )
