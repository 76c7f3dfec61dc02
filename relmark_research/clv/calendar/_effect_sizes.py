"""Calendar effects by penalised likelihood, with the sizes of the effects estimated too.

beta_g      effects of a group: a season, events, the trend, the irregular months
sigma_g     their standard deviation, beta_g ~ N(0, sigma_g^2); ln sigma_g has a normal prior

The parameters and effects maximise the likelihood minus sum beta_g^2 / (2 sigma_g^2). The sigmas
maximise the marginal likelihood by Laplace's method: with H the information of the likelihood and P
the penalties, 0.5 (ln |P| - ln |H + P|) plus the maximum of the penalised likelihood, which is
quadratic near its maximum. Both steps alternate until the sigmas settle.

References
----------
MacKay (1992), Bayesian interpolation, Neural Computation 4(3), 415-447. Wood (2011), Fast stable
restricted maximum likelihood and marginal likelihood estimation of semiparametric generalized
linear models, Journal of the Royal Statistical Society B 73(1), 3-36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import optimize

from relmark_research.stats.newton import Point, maximise

Array = np.ndarray

_ROUNDS = 12
_SETTLED = 0.05  # change of a ln sigma below which the rounds end


@dataclass(frozen=True)
class SizePrior:
    """The prior of the standard deviation of a group's effects.

    Attributes
    ----------
    median
        Its median, > 0, in units of log s.
    log_sd
        Standard deviation of its logarithm; 0 if it is known.
    """

    median: float
    log_sd: float = 0.0


@dataclass(frozen=True, eq=False)
class PenalisedFit:
    """The maximum, the sizes of the effects, and the inverse of the penalised information.

    Attributes
    ----------
    estimates
        Log-parameters and effects.
    covariance
        Of both, shape (k, k).
    sizes
        Standard deviation of each group's effects.
    log_likelihood
        Without the penalty.
    converged
        Whether the search and the rounds ended.
    """

    estimates: Array
    covariance: Array
    sizes: dict[str, float]
    log_likelihood: float
    converged: bool


def penalised_fit(
    evaluate: Callable[[Array], Point],
    start: Array,
    groups: Sequence[str],
    priors: Mapping[str, SizePrior],
) -> PenalisedFit:
    """Return parameters and effects at the maximum, with the sizes of the effects.

    Parameters
    ----------
    evaluate
        Log-likelihood with derivatives at log-parameters and effects.
    start
        Where the search begins.
    groups
        Group of each effect; the effects are the last coordinates.
    priors
        Prior of each group's size.
    """
    names = list(dict.fromkeys(groups))
    codes = np.array([names.index(group) for group in groups], int)
    log_sizes = np.log([priors[name].median for name in names])
    estimated = [priors[name].log_sd > 0 for name in names]
    at, settled, remembered = start, False, _Remembered(evaluate)
    for _ in range(_ROUNDS):
        penalty = _penalty(len(start), codes, log_sizes)
        search = maximise(partial(_penalised, remembered, penalty), at)
        at = search.point.at
        if not any(estimated) or settled:
            break
        quadratic = _Quadratic.of(search.point, penalty, codes)
        sizes = quadratic.best_sizes(log_sizes, [priors[name] for name in names])
        settled = bool(np.abs(sizes - log_sizes).max() < _SETTLED)
        log_sizes = sizes
    information = -search.point.hessian
    plain = search.point.value + 0.5 * float(penalty @ at**2)
    return PenalisedFit(
        at,
        np.linalg.pinv(information, hermitian=True),
        dict(zip(names, np.exp(log_sizes).tolist(), strict=True)),
        plain,
        search.status == "converged" and (settled or not any(estimated)),
    )


class _Remembered:
    """A function that keeps its last few points: rounds begin where the one before ended."""

    def __init__(self, function: Callable[[Array], Point]) -> None:
        self.function = function
        self.points: list[Point] = []

    def __call__(self, at: Array) -> Point:
        for point in self.points:
            if np.array_equal(point.at, at):
                return point
        self.points = [self.function(at), *self.points[:3]]
        return self.points[0]


def _penalty(size: int, codes: Array, log_sizes: Array) -> Array:
    """Return 1 / sigma^2 of each coordinate, 0 for the parameters."""
    penalty = np.zeros(size)
    if len(codes):
        penalty[size - len(codes) :] = np.exp(-2 * log_sizes[codes])
    return penalty


def _penalised(evaluate: Callable[[Array], Point], penalty: Array, at: Array) -> Point:
    point = evaluate(at)
    return Point(
        at,
        point.value - 0.5 * float(penalty @ at**2),
        point.gradient - penalty * at,
        point.hessian - np.diag(penalty),
    )


@dataclass(frozen=True, eq=False)
class _Quadratic:
    """The likelihood near the maximum: linear'v - v'information v / 2 in effects v.

    The parameters are maximised out (and integrated out, which is the same for a quadratic).
    """

    linear: Array
    information: Array
    codes: Array

    @classmethod
    def of(cls, point: Point, penalty: Array, codes: Array) -> _Quadratic:
        k = len(point.at) - len(codes)
        information = -point.hessian - np.diag(penalty)
        corner = information[:k, :k]
        across = np.linalg.solve(corner, information[:k, k:])
        schur = information[k:, k:] - information[k:, :k] @ across
        effects = point.at[k:]
        values, vectors = np.linalg.eigh((schur + schur.T) / 2)
        schur = (vectors * np.maximum(values, 0.0)) @ vectors.T
        return cls(schur @ effects + penalty[k:] * effects, schur, codes)

    def best_sizes(self, start: Array, priors: Sequence[SizePrior]) -> Array:
        """Return the ln sigma that maximise the marginal likelihood and their prior."""
        center = np.log([prior.median for prior in priors])
        spread = np.array([prior.log_sd for prior in priors])
        free = spread > 0

        def loss(log_sizes: Array) -> float:
            every = np.where(free, 0.0, center)
            every[free] = log_sizes
            prior = float((((log_sizes - center[free]) / spread[free]) ** 2).sum())
            return -self._log_marginal(every) + 0.5 * prior

        found = optimize.minimize(loss, start[free], method="BFGS", options={"gtol": 1e-4})
        best = start.copy()
        best[free] = np.clip(found.x, np.log(1e-4), np.log(10.0))
        return best

    def _log_marginal(self, log_sizes: Array) -> float:
        each = np.exp(np.clip(log_sizes, -12.0, 3.0))[self.codes]
        scaled = self.information * np.outer(each, each) + np.eye(len(each))
        lower = np.linalg.cholesky(scaled + 1e-10 * np.eye(len(each)))
        linear = np.linalg.solve(lower, each * self.linear)
        return float(0.5 * linear @ linear - np.log(np.diag(lower)).sum())
