"""How reliable scales are, and whether they measure different things.

Formulas, for k items with covariance matrix S, correlations r and one-factor loadings l:
alpha = k/(k-1) (1 - tr S / sum S); standardised alpha = k rbar / (1 + (k-1) rbar);
CR = (sum l)^2 / ((sum l)^2 + sum(1 - l^2)); AVE = mean l^2;
HTMT = mean |r between| / sqrt(mean |r within a| mean |r within b|).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from relmark_research.errors import ParameterError
from relmark_research.relationships.checks import check_share


def alpha(covariance: ArrayLike) -> np.ndarray:
    """Return Cronbach's alpha, k/(k-1) (1 - trace / sum of all entries).

    Parameters
    ----------
    covariance
        Covariance matrix of the items, shape (..., k, k); of correlations, alpha is the
        standardised one.

    References
    ----------
    Cronbach 1951, Psychometrika 16.

    Examples
    --------
    >>> correlations = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    >>> round(float(alpha(correlations)), 6)  # 4 x .5 / (1 + 3 x .5)
    0.8
    """
    matrix = np.asarray(covariance, float)
    k = matrix.shape[-1]
    if k < 2:
        raise ParameterError(f"alpha needs two or more items; found {k}. Ask more than one.")
    trace = np.trace(matrix, axis1=-2, axis2=-1)
    return k / (k - 1) * (1 - trace / matrix.sum(axis=(-2, -1)))


def feldt_interval(
    value: float, n: float, k: int, *, level: float = 0.95, design_effect: float = 1.0
) -> tuple[float, float]:
    """Return Feldt's interval of alpha: 1 - (1 - alpha) F at the two ends.

    Parameters
    ----------
    value
        Alpha, at most 1.
    n
        Number of answer sheets, > 1.
    k
        Number of items, > 1.
    level
        Probability of the interval, in (0, 1).
    design_effect
        What answers of the same partner cost: the degrees of freedom between answer sheets are
        (n - 1) / design_effect; 1 for independent answers.

    Returns
    -------
    tuple
        With F of (n - 1) / design_effect and (n - 1)(k - 1) degrees of freedom.

    References
    ----------
    Feldt 1965, Psychometrika 30; Feldt, Woodruff and Salih 1987, Applied Psychological
    Measurement 11.

    Examples
    --------
    >>> low, high = feldt_interval(0.8, n=100, k=4)
    >>> round(low, 3), round(high, 3)
    (0.727, 0.857)
    """
    check_share("level", level)
    if not (n > 1 and k > 1 and design_effect > 0):
        raise ParameterError(
            f"expected n > 1, k > 1 and a design effect > 0; found {n}, {k}, {design_effect}."
        )
    between, within = (n - 1) / design_effect, (n - 1) * (k - 1)
    low, high = stats.f.ppf([0.5 - level / 2, 0.5 + level / 2], between, within)
    return float(1 - (1 - value) * high), float(1 - (1 - value) * low)


def composite_reliability(loadings: ArrayLike) -> np.ndarray:
    """Return (sum l)^2 / ((sum l)^2 + sum(1 - l^2)) of standardised loadings, shape (..., k).

    References
    ----------
    Werts, Linn and Joereskog 1974; Fornell and Larcker 1981, Journal of Marketing Research 18.

    Examples
    --------
    >>> round(float(composite_reliability([0.8, 0.8, 0.8])), 4)  # 5.76 / 6.84
    0.8421
    """
    load = np.asarray(loadings, float)
    common = load.sum(axis=-1) ** 2
    return common / (common + (1 - load**2).sum(axis=-1))


def average_variance_extracted(loadings: ArrayLike) -> np.ndarray:
    """Return the mean of the squared standardised loadings, shape (..., k).

    Examples
    --------
    >>> round(float(average_variance_extracted([0.9, 0.7])), 4)  # (.81 + .49) / 2
    0.65
    """
    return (np.asarray(loadings, float) ** 2).mean(axis=-1)


def htmt(correlations: ArrayLike, a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """Return the heterotrait-monotrait ratio of two scales.

    Parameters
    ----------
    correlations
        Of all items, shape (..., p, p).
    a, b
        Places of each scale's items, two or more.

    Returns
    -------
    ndarray
        mean |r between| / sqrt(mean |r within a| mean |r within b|); near or above 0.85 to 0.9 the
        scales measure hardly different things.

    References
    ----------
    Henseler, Ringle and Sarstedt 2015, Journal of the Academy of Marketing Science 43; with
    absolute correlations.

    Examples
    --------
    >>> r = np.array([[1, .64, .3, .3], [.64, 1, .3, .3], [.3, .3, 1, .36], [.3, .3, .36, 1]])
    >>> float(htmt(r, [0, 1], [2, 3]).round(6))  # .3 / (.8 x .6)
    0.625
    """
    size, a, b = np.abs(np.asarray(correlations, float)), np.asarray(a), np.asarray(b)
    between = size[..., a[:, None], b[None, :]].mean(axis=(-2, -1))
    return between / np.sqrt(_mean_within(size, a) * _mean_within(size, b))


def _mean_within(size: np.ndarray, items: np.ndarray) -> np.ndarray:
    i, j = np.triu_indices(len(items), 1)
    return size[..., items[i], items[j]].mean(axis=-1)


def one_factor(correlations: ArrayLike, *, steps: int = 300) -> np.ndarray:
    """Return the loadings on one factor of many correlation matrices at once.

    Parameters
    ----------
    correlations
        Shape (..., k, k); k = 2 is taken to load alike, sqrt(|r|).
    steps
        Iterations at most.

    Returns
    -------
    ndarray
        Principal axis factoring to its fixed point, shape (..., k), the sum positive. Where a
        communality passes 1 (a Heywood case) it is held at 1.
    """
    matrix = np.array(correlations, float)
    k = matrix.shape[-1]
    if k == 2:
        return np.repeat(np.sqrt(np.abs(matrix[..., :1, 1])), 2, axis=-1)
    diagonal = np.arange(k)
    shared = np.abs(matrix - np.eye(k)).max(axis=-1)
    for _ in range(steps):
        matrix[..., diagonal, diagonal] = shared
        values, vectors = np.linalg.eigh(matrix)
        loadings = vectors[..., -1] * np.sqrt(np.clip(values[..., -1:], 0, None))
        before, shared = shared, np.clip(loadings**2, 0, 1)
        if np.abs(shared - before).max() < 1e-9:
            break
    return loadings * np.where(loadings.sum(axis=-1, keepdims=True) < 0, -1, 1)
