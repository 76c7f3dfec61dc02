"""Effects shrunk by the variance that the data show for their group.

    b = information x effects + noise,  noise ~ N(0, V)
    effects of a group ~ N(0, scale^2)

The scales are not known. A grid of them, with 0 for no effect, is weighed by the marginal
likelihood of b, N(0, A P A + V); mean and covariance of the effects are those of the mixture. Where
nothing is seen, nearly all weight is at the scales near 0 and the effects are nearly flat; the
covariance includes that the scales are not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from scipy import linalg

Array = np.ndarray

_NEGLIGIBLE = 1e-9  # share of the largest eigenvalue of the information
_LEAST = 1e-3  # weight of a combination of scales, as a share of the largest


@dataclass(frozen=True, eq=False)
class ShrunkEffects:
    """Mean and covariance of effects, and the scales by which they are shrunk.

    Attributes
    ----------
    mean
        Shape (columns,).
    covariance
        Shape (columns, columns).
    groups
        Names of the groups of effects.
    grid
        The scales that have more than a negligible weight, one of each group, by their order.
    weights
        The weight of each.
    """

    mean: Array
    covariance: Array = field(repr=False)
    groups: tuple[str, ...]
    grid: tuple[tuple[float, ...], ...] = field(repr=False)
    weights: Array = field(repr=False)

    @property
    def scales(self) -> dict[str, float]:
        """Mean scale of each group over the grid, by its weights."""
        mean = self.weights @ np.array(self.grid)
        return {name: float(scale) for name, scale in zip(self.groups, mean, strict=True)}


def scale_grid(
    groups: Sequence[str], scales: Mapping[str, tuple[float, ...]]
) -> tuple[tuple[float, ...], ...]:
    """Return all combinations of the scales of the groups, by the order of the groups."""
    return tuple(product(*(scales[name] for name in dict.fromkeys(groups))))


def shrunk_effects(
    information: Array,
    observed: Array,
    variance: Array,
    groups: Sequence[str],
    grid: Sequence[tuple[float, ...]],
) -> ShrunkEffects:
    """Return effects shrunk by scales averaged over a grid.

    Parameters
    ----------
    information
        A, symmetric and of any rank, shape (columns, columns).
    observed
        b, shape (columns,).
    variance
        V, the covariance of b, shape (columns, columns).
    groups
        The group of each column.
    grid
        Combinations of scales to average over; see `scale_grid`.
    """
    A, b, V = _identified(information, observed, variance)
    names = tuple(dict.fromkeys(groups))
    member = np.array([[group == name for group in groups] for name in names], float)
    fits = [_given_scales(A, b, V, np.square(scales) @ member) for scales in grid]
    log_evidence = np.array([fit[0] for fit in fits])
    weights = np.exp(log_evidence - log_evidence.max())
    kept = np.flatnonzero(weights > _LEAST * weights.max())
    weights = weights[kept] / weights[kept].sum()
    means = np.array([fits[i][1] for i in kept])
    mean = weights @ means
    spread = means - mean
    covariance = (spread.T * weights) @ spread
    for weight, i in zip(weights, kept, strict=True):
        covariance += weight * fits[i][2]
    return ShrunkEffects(mean, covariance, names, tuple(grid[int(i)] for i in kept), weights)


def _identified(information: Array, observed: Array, variance: Array) -> tuple[Array, Array, Array]:
    """Return the equations in the directions of which the data know something."""
    sizes, directions = np.linalg.eigh(information)
    kept = directions[:, sizes > _NEGLIGIBLE * max(sizes.max(), 0.0)]
    return kept.T @ information, kept.T @ observed, kept.T @ variance @ kept


def _given_scales(A: Array, b: Array, V: Array, prior: Array) -> tuple[float, Array, Array]:
    """Return log evidence, mean and covariance of the effects given their prior variances."""
    AP = A * prior
    factor = linalg.cho_factor(AP @ A.T + V, lower=True)
    solved = linalg.cho_solve(factor, b)
    log_evidence = -0.5 * float(b @ solved) - float(np.log(np.diag(factor[0])).sum())
    covariance = np.diag(prior) - AP.T @ linalg.cho_solve(factor, AP)
    return log_evidence, AP.T @ solved, covariance
