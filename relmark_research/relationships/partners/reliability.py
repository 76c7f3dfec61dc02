"""How reliable scales are, and whether they measure different things.

Formulas, for k items with covariance matrix S, correlations r and one-factor loadings l:
alpha = k/(k-1) (1 - tr S / sum S); standardised alpha = k rbar / (1 + (k-1) rbar);
CR = (sum l)^2 / ((sum l)^2 + sum(1 - l^2)); AVE = mean l^2;
HTMT = mean |r between| / sqrt(mean |r within a| mean |r within b|).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from relmark_research.errors import DataError, ParameterError, check_level
from relmark_research.relationships.partners.partner_tables import PartnerData
from relmark_research.relationships.partners.relationship_quality import variance_components
from relmark_research.relationships.partners.scales import Scale
from relmark_research.stats.bootstrap import cluster_covariances, correlations_of
from relmark_research.stats.intervals import percentile_interval, tail_probabilities


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
    check_level(level)
    if not (n > 1 and k > 1 and design_effect > 0):
        raise ParameterError(
            f"expected n > 1, k > 1 and a design effect > 0; found {n}, {k}, {design_effect}."
        )
    between, within = (n - 1) / design_effect, (n - 1) * (k - 1)
    low, high = stats.f.ppf(tail_probabilities(level), between, within)
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


# The survey's scales as tables: how reliable each is, and whether they can be told apart.


@dataclass(frozen=True)
class Complete:
    """Sheets without a hole: the items as an array, and the partner of each as a number."""

    items: np.ndarray
    clusters: np.ndarray

    @classmethod
    def of(cls, data: PartnerData, columns: list[str]) -> Complete:
        """Return the sheets in which all of these items are answered."""
        whole = data.answers[["partner_id", *columns]].dropna()
        if len(whole) < 10:
            raise DataError(
                f"expected 10 or more complete answer sheets; found {len(whole)} in which "
                f"{', '.join(columns[:4])}{' ...' if len(columns) > 4 else ''} are all answered."
            )
        return cls(whole[columns].to_numpy(float), pd.factorize(whole["partner_id"])[0])

    def covariances(self, draws: int, seed: int) -> np.ndarray:
        """Return covariance matrices of samples of partners."""
        return cluster_covariances(self.items, self.clusters, draws=draws, seed=seed)


def scale_reliability(
    data: PartnerData, *, level: float = 0.95, draws: int = 1000, seed: int = 1
) -> pd.DataFrame:
    """Return how reliable each scale is.

    Parameters
    ----------
    data
        Partners and their survey.
    level
        Probability of the intervals, in (0, 1).
    draws, seed
        Bootstrap samples of partners, and their seed, for the intervals of CR and AVE.

    Returns
    -------
    DataFrame
        Row per scale: items, answers, alpha with alpha_low and alpha_high (Feldt; answers of the
        same partner count for less), alpha_standardised, composite_reliability and
        variance_extracted with _low and _high, least_loading, design_effect = 1 + (m - 1) icc^2
        (m answers per partner, icc of the sum score; 1 for independent answers).

    Raises
    ------
    DataError
        If too few sheets are complete.

    References
    ----------
    See `reliability`.

    Examples
    --------
    >>> import relmark_research as rm
    >>> partners, survey = rm.load_sample("partners"), rm.load_sample("partner_survey")
    >>> data = rm.relationships.read_partners(partners, survey)
    >>> found = rm.relationships.scale_reliability(data, draws=200)
    >>> found.set_index("scale")["alpha"].round(2).to_dict()
    {'trust': 0.86, 'commitment': 0.86, 'satisfaction': 0.79, 'communication': 0.83,
    'mutual_interest': 0.83}
    """
    check_level(level)
    rows = [_reliability_of(data, scale, level, draws, seed) for scale in data.scales]
    return pd.DataFrame(rows)


def _reliability_of(
    data: PartnerData, scale: Scale, level: float, draws: int, seed: int
) -> dict[str, object]:
    known = Complete.of(data, list(scale.items))
    n, k = known.items.shape
    covariance = np.cov(known.items, rowvar=False)
    effect = _design_effect(known)
    value = float(alpha(covariance))
    low, high = feldt_interval(value, n, k, level=level, design_effect=effect)
    loadings = factor_loadings(correlations_of(covariance), n)
    drawn = one_factor(correlations_of(known.covariances(draws, seed)))
    row: dict[str, object] = {
        "scale": scale.name, "items": k, "answers": n,
        "alpha": value, "alpha_low": low, "alpha_high": high,
        "alpha_standardised": float(alpha(correlations_of(covariance))),
    }  # fmt: skip
    for name, measure in (
        ("composite_reliability", composite_reliability),
        ("variance_extracted", average_variance_extracted),
    ):
        ends = percentile_interval(measure(drawn), level, skip_missing=True)
        row |= {name: float(measure(loadings))}
        row |= {f"{name}_low": float(ends[0]), f"{name}_high": float(ends[1])}
    return row | {"least_loading": float(loadings.min()), "design_effect": effect}


def factor_loadings(correlations: np.ndarray, n: int) -> np.ndarray:
    """Return the loadings on one factor, by statsmodels' principal axes; two items load alike."""
    if len(correlations) == 2:
        return one_factor(correlations)
    from statsmodels.multivariate.factor import Factor

    start = one_factor(correlations)
    if (start**2).max() > 0.999:
        return start  # a Heywood case: statsmodels would take the root of a negative number
    fit = Factor(corr=correlations, n_factor=1, method="pa", nobs=n).fit(maxiter=500, tol=1e-10)
    loadings = np.asarray(fit.loadings)[:, 0]
    return loadings if loadings.sum() > 0 else -loadings


def _design_effect(known: Complete) -> float:
    """What resemblance within partners costs the variance of the sum score."""
    sizes = np.bincount(known.clusters)
    if len(sizes) < 2 or len(known.clusters) <= len(sizes):
        return 1.0
    found = variance_components(known.items.sum(axis=1), known.clusters)
    icc = found.between / (found.between + found.within)
    return float(1 + ((sizes**2).sum() / sizes.sum() - 1) * icc**2)


def discriminant_validity(
    data: PartnerData, *, level: float = 0.95, draws: int = 1000, seed: int = 1
) -> pd.DataFrame:
    """Return, for each pair of scales, whether they measure different things.

    Parameters
    ----------
    data, level, draws, seed
        As in `scale_reliability`.

    Returns
    -------
    DataFrame
        Row per pair: a, b, htmt with htmt_low and htmt_high (bootstrap of partners), correlation
        (of the factors, corrected for unreliability), root_variance (the lesser root of the two
        AVE), fornell_larcker (whether it exceeds the correlation), distinct (whether htmt_high is
        below 0.9).

    References
    ----------
    Fornell and Larcker 1981; Henseler, Ringle and Sarstedt 2015.
    """
    check_level(level)
    columns = [item for scale in data.scales for item in scale.items]
    known = Complete.of(data, columns)
    covariance = np.cov(known.items, rowvar=False)
    drawn = correlations_of(known.covariances(draws, seed))
    observed, rows = correlations_of(covariance), []
    for a, b in combinations(data.scales, 2):
        i, j = ([columns.index(item) for item in scale.items] for scale in (a, b))
        low, high = percentile_interval(htmt(drawn, i, j), level, skip_missing=True)
        together = _true_correlation(covariance, i, j)
        root = min(
            float(np.sqrt(average_variance_extracted(one_factor(observed[np.ix_(at, at)]))))
            for at in (i, j)
        )
        rows.append(
            {
                "a": a.name, "b": b.name, "htmt": float(htmt(observed, i, j)),
                "htmt_low": float(low), "htmt_high": float(high), "correlation": together,
                "root_variance": root, "fornell_larcker": bool(root > abs(together)),
                "distinct": bool(high < 0.9),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _true_correlation(covariance: np.ndarray, i: list[int], j: list[int]) -> float:
    own_i, own_j = covariance[np.ix_(i, i)], covariance[np.ix_(j, j)]
    seen = covariance[np.ix_(i, j)].sum() / np.sqrt(own_i.sum() * own_j.sum())
    return float(seen / np.sqrt(alpha(own_i) * alpha(own_j)))
