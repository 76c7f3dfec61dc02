"""How a fit ended, in a word and a sentence: found, flat, run off to a limit, or not found.

The information about the log-parameters tells which of their combinations the data determine. One
that they leave open to within a factor of e or more is followed outwards: where the likelihood
does not fall however far one goes, the best parameters are at a limit, not a finite estimate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from relmark_research.stats.newton import Found, maximise

if TYPE_CHECKING:
    from relmark_research.clv.estimation.likelihood import Likelihood
    from relmark_research.clv.estimation.model import Mixture, Model

Array = np.ndarray
Grade = Literal["converged", "flat", "at infinity", "not converged", "did not move"]

_OPEN = 1.0  # standard deviation of a direction in logarithms that counts as undetermined
_CONDITION = 1e8  # of the information, beyond which its smallest direction is noise
_AWAY = float(np.log(1e4))  # how far out a limit is tried
_SAME = 1e-2  # a likelihood lower by less than this has not fallen
_FALLEN = 1.92  # and lower by more than this is out of a likelihood interval of 95%
_NONE = 35.0  # logarithms below a model's start at which a ratio is as good as 0


@dataclass(frozen=True)
class Diagnosis:
    """How a fit ended, in a word and in a sentence.

    Attributes
    ----------
    grade
        ``"converged"``; ``"flat"`` (some combination of parameters is hardly determined);
        ``"at infinity"`` (parameters run off to a limit, alone or together); ``"not converged"``;
        ``"did not move"`` (no step from the start was better).
    words
        What that means for the reader.
    gradient
        Largest slope of the mean log-likelihood by any log-parameter at the end.
    condition
        Condition number of the information in log-parameters.
    loose
        The parameters that the data do not determine one by one.
    told
        What the data tell of them nevertheless, such as ``"a / (a + b)"``.
    vanishing
        Ratios that may as well be 0, such as ``"a / (a + b)"`` where nobody leaves.
    """

    grade: Grade
    words: str
    gradient: float
    condition: float
    loose: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    vanishing: tuple[str, ...] = ()

    @property
    def lost(self) -> bool:
        """Whether no maximum was found, so that nothing should be taken from the fit."""
        return self.grade in ("not converged", "did not move")

    def __str__(self) -> str:
        return f"{self.grade}: {self.words}"


def diagnose(likelihood: Likelihood, found: Found, moved: bool) -> Diagnosis:
    """Say how a search ended, by the slope and the information where it did."""
    point, model = found.point, likelihood.model
    slope = float(np.abs(point.gradient).max() / likelihood.customers)
    sizes, axes = np.linalg.eigh(-point.hessian)
    condition = float(sizes[-1] / sizes[0]) if sizes[0] > 0 else np.inf
    away = [axes[:, k] for k in np.flatnonzero(_is_open(sizes))]
    loose = tuple(
        name for k, name in enumerate(model.names()) if any(abs(axis[k]) > 0.3 for axis in away)
    )
    if not moved:
        words = f"no step from the start was better; the slope there is {slope:.1e}"
        return Diagnosis("did not move", words, slope, condition, loose)
    gone = [m for m in model.mixtures if m.none and _vanishes(likelihood, found, m, loose)]
    vanishing = tuple(ratio_name(mixture) for mixture in gone)
    told = tuple(ratio_name(m) for m in _told(model, away, loose) if m not in gone)
    found_limits = [each for axis in away for each in _limits(likelihood, found, axis, told)]
    limits = _said_once([*map(_without, gone), *found_limits])
    if limits:
        words = "; ".join(limits)
        return Diagnosis("at infinity", words, slope, condition, loose, told, vanishing)
    if found.ending != "at a maximum":
        words = f"the search ended on a slope of {slope:.1e} ({found.ending}), also from elsewhere"
        return Diagnosis("not converged", words, slope, condition, loose)
    if loose:
        words = (
            f"{' and '.join(loose)} {'is' if len(loose) == 1 else 'are'} hardly determined by the "
            f"data (condition {condition:.0e}): intervals are from the likelihood's profile, and "
            "no standard error is given"
        )
        return Diagnosis("flat", words, slope, condition, loose, told)
    words = f"the likelihood is at its maximum (slope {slope:.0e})"
    return Diagnosis("converged", words, slope, condition)


def covariance(information: Array) -> Array:
    """Invert the information about the log-parameters, leaving out what it does not determine.

    A direction open to within a factor of exp(10) says nothing; what is asked of a fit does not
    depend on it, or would have told more of it.
    """
    sizes, axes = np.linalg.eigh(information)
    known = sizes > max(sizes[-1] / (_CONDITION * 1e3), 1e-2)
    spread = np.where(known, 1 / np.where(known, sizes, 1.0), 0.0)
    inverse = (axes * spread) @ axes.T
    return (inverse + inverse.T) / 2


def _is_open(sizes: Array) -> Array:
    """Return which directions the data leave open to within a factor of e or more."""
    return (sizes < 1 / _OPEN**2) | (sizes < sizes[-1] / _CONDITION)


def _told(model: type[Model], away: list[Array], loose: tuple[str, ...]) -> list[Mixture]:
    """Return the mixtures of two loose parameters whose ratio no open direction changes."""
    names = model.names()
    pairs = [m for m in model.mixtures if {m.first, m.second} <= set(loose)]
    return [
        m
        for m in pairs
        if all(abs(axis[names.index(m.first)] - axis[names.index(m.second)]) < 0.3 for axis in away)
    ]


def _vanishes(
    likelihood: Likelihood, found: Found, mixture: Mixture, loose: tuple[str, ...]
) -> bool:
    """Return whether a mixture's ratio may as well be 0, but not as well what the search began at.

    Where every ratio is as likely, the data do not say that it is 0: they say nothing.
    """
    names = likelihood.model.names()
    pair = [names.index(mixture.first), names.index(mixture.second)]
    if not {mixture.first, mixture.second} & set(loose):
        return False
    free = ~np.isin(np.arange(len(names)), pair)
    place, reference = found.point.at, likelihood.reference
    gap = reference[pair[0]] - reference[pair[1]] - _NONE
    nothing = place.copy()
    nothing[pair[0]] = min(place[pair[0]], place[pair[1]] + gap)
    ends = [
        maximise(likelihood.at, start, free=free).point
        for start in (nothing, np.where(free, place, reference))
    ]
    falls = [found.point.value - end.value if end.finite else np.inf for end in ends]
    return bool(falls[0] < _SAME and falls[1] > _FALLEN)


def _without(mixture: Mixture) -> tuple[tuple[str, ...], str]:
    """Say that a mixture's ratio may as well be 0."""
    pair = mixture.first, mixture.second
    return pair, (
        f"it is as likely that {mixture.none}: {ratio_name(mixture)} may be 0, and nothing else is "
        f"told of {mixture.first} and {mixture.second}"
    )


def _limits(
    likelihood: Likelihood, found: Found, axis: Array, told: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Say which parameters run off to a limit along an open direction, on from where they went."""
    k = int(np.argmax(np.abs(axis)))
    onwards = axis / axis[k] * (1 if found.point.at[k] >= likelihood.reference[k] else -1)
    for direction in (onwards, -onwards):
        start = found.point.at + _AWAY * direction
        free = np.arange(len(axis)) != k
        there = maximise(likelihood.at, start, free=free).point
        if there.finite and there.value > found.point.value - _SAME:
            yield _words(likelihood.model, k, direction, told)
            return


def _said_once(limits: list[tuple[tuple[str, ...], str]]) -> list[str]:
    """Return the words about pairs first, and of single parameters what they do not say yet."""
    said: set[str] = set()
    words = []
    for names, text in sorted(limits, key=lambda limit: -len(limit[0])):
        if not set(names) <= said:
            words.append(text)
            said |= set(names)
    return words


def _words(
    model: type[Model], k: int, direction: Array, told: tuple[str, ...]
) -> tuple[tuple[str, ...], str]:
    names = model.names()
    way = "infinity" if direction[k] > 0 else "0"
    for mixture in model.mixtures:
        one, other = names.index(mixture.first), names.index(mixture.second)
        if k in (one, other) and direction[one] * direction[other] > 0.3**2:
            kept = "only" if ratio_name(mixture) in told else "not even"
            differ = "hardly differ" if way == "infinity" else "differ as much as they can"
            return (mixture.first, mixture.second), (
                f"{mixture.first} and {mixture.second} run off to {way} together: customers "
                f"{differ} in their {mixture.meaning}, and {kept} {ratio_name(mixture)} is told "
                "by the data"
            )
    side = "upper" if way == "infinity" else "lower"
    return (names[k],), f"{names[k]} runs off to {way}: the data set it no {side} bound"


def ratio_name(mixture: Mixture) -> str:
    """Return the formula of what is still determined when both parameters run off."""
    first, second = mixture.first, mixture.second
    return f"{first} / ({first} + {second})" if mixture.kind == "share" else f"{first} / {second}"


def refusal(said: Diagnosis, model: Model, log_covariance: Array) -> str:
    """Say why a fit gives no interval, or nothing where it gives one.

    There is none where the search did not end at a maximum, nor where parameters run off to a limit
    and the data do not tell their ratio either: no telling how far off a forecast may then be.
    """
    known = {name for pair in told_pairs(said, model) for name in (pair.first, pair.second)}
    endless = said.grade == "at infinity" and not (said.loose and set(said.loose) <= known)
    if not (said.lost or endless) and np.isfinite(log_covariance).all():
        return ""
    instead = (
        "Fit NBD, in which nobody leaves and which has intervals given that, or ask for level=None."
        if said.vanishing
        else "Ask for level=None, fit more customers or a longer time, or give a penalty."
    )
    name = type(model).__name__
    return f"there is no interval: {name}'s parameters are not determined ({said}). {instead}"


def told_pairs(said: Diagnosis, model: Model) -> list[Mixture]:
    """Return the mixtures whose parameters are open while their ratio is told."""
    return [mixture for mixture in model.mixtures if ratio_name(mixture) in said.told]
