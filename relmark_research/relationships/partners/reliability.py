"""Reliability of survey scales, and their discriminant validity.

For k items with covariance matrix S, correlations r and one-factor loadings l:

    alpha = k/(k-1) (1 - tr S / sum S)       standardised alpha = k rbar / (1 + (k-1) rbar)
    CR = (sum l)^2 / ((sum l)^2 + sum(1 - l^2))                        AVE = mean l^2
    HTMT = mean |r between| / sqrt(mean |r within a| mean |r within b|)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from relmark_research.errors import DataError, ParameterError, check_level
from relmark_research.relationships.partners.partner_data import PartnerData
from relmark_research.relationships.partners.relationship_quality import variance_components
from relmark_research.relationships.partners.scales import Scale
from relmark_research.stats.bootstrap import cluster_covariances, correlations
from relmark_research.stats.intervals import percentile_interval, tail_probabilities

_MIN_COMPLETE = 10  # questionnaires
_HTMT_BOUND = 0.9
_HEYWOOD = 0.999  # communality from which a solution counts as a Heywood case


def scale_reliability(
    data: PartnerData, *, level: float = 0.95, draws: int = 1000, seed: int = 1
) -> pd.DataFrame:
    """Return the reliability of each scale.

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
        Row per scale: items, answers (complete questionnaires), alpha with alpha_low and alpha_high
        (Feldt, corrected for the clustering by partner), alpha_standardised, composite_reliability
        and average_variance_extracted with _low and _high, min_loading, design_effect =
        1 + (m - 1) icc^2 (m questionnaires per partner, icc of the sum score; 1 for independent
        answers).

    Raises
    ------
    DataError
        If there are too few complete questionnaires.

    References
    ----------
    Cronbach 1951; Feldt 1965; Fornell and Larcker 1981 (see the functions of this module).

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
    rows = [_reliability_row(data, scale, level, draws, seed) for scale in data.scales]
    return pd.DataFrame(rows)


def discriminant_validity(
    data: PartnerData, *, level: float = 0.95, draws: int = 1000, seed: int = 1
) -> pd.DataFrame:
    """Return the discriminant validity of each pair of scales.

    Parameters
    ----------
    data, level, draws, seed
        As for `scale_reliability`.

    Returns
    -------
    DataFrame
        Row per pair: scale_a, scale_b, htmt with htmt_low and htmt_high (bootstrap of partners),
        correlation (corrected for attenuation), min_root_ave (the lower square root of the two
        AVE), fornell_larcker (whether it exceeds the correlation), distinct (whether htmt_high is
        below 0.9).

    References
    ----------
    Fornell and Larcker 1981; Henseler, Ringle and Sarstedt 2015.
    """
    check_level(level)
    columns = [item for scale in data.scales for item in scale.items]
    complete = CompleteCases.from_data(data, columns)
    covariance = np.cov(complete.items, rowvar=False)
    drawn = correlations(complete.covariances(draws, seed))
    observed, rows = correlations(covariance), []
    for a, b in combinations(data.scales, 2):
        i, j = ([columns.index(item) for item in scale.items] for scale in (a, b))
        low, high = percentile_interval(htmt(drawn, i, j), level, skip_missing=True)
        correlation = _disattenuated(covariance, i, j)
        root = min(_root_ave(observed[np.ix_(at, at)]) for at in (i, j))
        rows.append(
            {
                "scale_a": a.name, "scale_b": b.name, "htmt": float(htmt(observed, i, j)),
                "htmt_low": float(low), "htmt_high": float(high), "correlation": correlation,
                "min_root_ave": root, "fornell_larcker": bool(root > abs(correlation)),
                "distinct": bool(high < _HTMT_BOUND),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class CompleteCases:
    """Questionnaires without a missing item: the items, and the partner of each as a number.

    Attributes
    ----------
    items
        Answers, shape (n, items).
    clusters
        Partner of each questionnaire, whole numbers from 0, shape (n,).
    """

    items: np.ndarray
    clusters: np.ndarray

    @classmethod
    def from_data(cls, data: PartnerData, columns: list[str]) -> CompleteCases:
        """Return the questionnaires in which all of these items are answered."""
        complete = data.answers[["partner_id", *columns]].dropna()
        if len(complete) < _MIN_COMPLETE:
            raise DataError(
                f"expected {_MIN_COMPLETE} or more complete questionnaires; found {len(complete)} "
                f"in which {', '.join(columns[:4])}{' ...' if len(columns) > 4 else ''} are all "
                "answered."
            )
        return cls(complete[columns].to_numpy(float), pd.factorize(complete["partner_id"])[0])

    def covariances(self, draws: int, seed: int) -> np.ndarray:
        """Return covariance matrices of bootstrap samples of partners."""
        return cluster_covariances(self.items, self.clusters, draws=draws, seed=seed)


def cronbach_alpha(covariance: ArrayLike) -> np.ndarray:
    """Return Cronbach's alpha, k/(k-1) (1 - trace / sum of all entries).

    Parameters
    ----------
    covariance
        Covariance matrix of the items, shape (..., k, k), k >= 2; a correlation matrix gives the
        standardised alpha.

    Raises
    ------
    ParameterError
        If there are fewer than two items.

    References
    ----------
    Cronbach 1951, Psychometrika 16.

    Examples
    --------
    >>> correlations = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    >>> round(float(cronbach_alpha(correlations)), 6)  # 4 x .5 / (1 + 3 x .5)
    0.8
    """
    matrix = np.asarray(covariance, float)
    k = matrix.shape[-1]
    if k < 2:
        raise ParameterError(f"alpha needs two or more items; found {k}. Add an item.")
    trace = np.trace(matrix, axis1=-2, axis2=-1)
    return k / (k - 1) * (1 - trace / matrix.sum(axis=(-2, -1)))


def feldt_interval(
    value: float, n: float, k: int, *, level: float = 0.95, design_effect: float = 1.0
) -> tuple[float, float]:
    """Return Feldt's interval of Cronbach's alpha, 1 - (1 - alpha) F at both quantiles.

    Parameters
    ----------
    value
        Alpha, at most 1.
    n
        Number of questionnaires, > 1.
    k
        Number of items, > 1.
    level
        Probability of the interval, in (0, 1).
    design_effect
        Variance inflation by clustered answers: the degrees of freedom between questionnaires are
        (n - 1) / design_effect; 1 for independent answers.

    Returns
    -------
    tuple of float
        With F of (n - 1) / design_effect and (n - 1)(k - 1) degrees of freedom.

    Raises
    ------
    ParameterError
        If n, k or the design effect is out of range.

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
        Positions of each scale's items, two or more.

    Returns
    -------
    ndarray
        mean |r between| / sqrt(mean |r within a| mean |r within b|); above 0.85 to 0.9 the scales
        lack discriminant validity.

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


def one_factor_loadings(correlations: ArrayLike, *, steps: int = 300) -> np.ndarray:
    """Return the loadings on one factor of many correlation matrices at once.

    Parameters
    ----------
    correlations
        Shape (..., k, k); for k = 2 both loadings are sqrt(|r|).
    steps
        Maximum number of iterations.

    Returns
    -------
    ndarray
        Loadings by iterated principal axis factoring, shape (..., k), with a positive sum. A
        communality above 1 (a Heywood case) is set to 1.
    """
    matrix = np.array(correlations, float)
    k = matrix.shape[-1]
    if k == 2:
        return np.repeat(np.sqrt(np.abs(matrix[..., :1, 1])), 2, axis=-1)
    diagonal = np.arange(k)
    communality = np.abs(matrix - np.eye(k)).max(axis=-1)
    for _ in range(steps):
        matrix[..., diagonal, diagonal] = communality
        values, vectors = np.linalg.eigh(matrix)
        loadings = vectors[..., -1] * np.sqrt(np.clip(values[..., -1:], 0, None))
        before, communality = communality, np.clip(loadings**2, 0, 1)
        if np.abs(communality - before).max() < 1e-9:
            break
    return loadings * np.where(loadings.sum(axis=-1, keepdims=True) < 0, -1, 1)


def factor_loadings(correlations: np.ndarray, n: int) -> np.ndarray:
    """Return the loadings on one factor by statsmodels' principal axis factoring.

    Two items, and Heywood cases, have the loadings of `one_factor_loadings`.
    """
    start = one_factor_loadings(correlations)
    if len(correlations) == 2 or (start**2).max() > _HEYWOOD:
        return start  # in a Heywood case statsmodels takes the root of a negative number
    from statsmodels.multivariate.factor import Factor

    fit = Factor(corr=correlations, n_factor=1, method="pa", nobs=n).fit(maxiter=500, tol=1e-10)
    loadings = np.asarray(fit.loadings)[:, 0]
    return loadings if loadings.sum() > 0 else -loadings


def _reliability_row(
    data: PartnerData, scale: Scale, level: float, draws: int, seed: int
) -> dict[str, object]:
    complete = CompleteCases.from_data(data, list(scale.items))
    n, k = complete.items.shape
    covariance = np.cov(complete.items, rowvar=False)
    effect = _design_effect(complete)
    alpha = float(cronbach_alpha(covariance))
    low, high = feldt_interval(alpha, n, k, level=level, design_effect=effect)
    loadings = factor_loadings(correlations(covariance), n)
    drawn = one_factor_loadings(correlations(complete.covariances(draws, seed)))
    row: dict[str, object] = {
        "scale": scale.name, "items": k, "answers": n,
        "alpha": alpha, "alpha_low": low, "alpha_high": high,
        "alpha_standardised": float(cronbach_alpha(correlations(covariance))),
    }  # fmt: skip
    for name, measure in (
        ("composite_reliability", composite_reliability),
        ("average_variance_extracted", average_variance_extracted),
    ):
        ends = percentile_interval(measure(drawn), level, skip_missing=True)
        row |= {name: float(measure(loadings))}
        row |= {f"{name}_low": float(ends[0]), f"{name}_high": float(ends[1])}
    return row | {"min_loading": float(loadings.min()), "design_effect": effect}


def _design_effect(complete: CompleteCases) -> float:
    """Return the variance inflation of the sum score by clustering within partners."""
    sizes = np.bincount(complete.clusters)
    if len(sizes) < 2 or len(complete.clusters) <= len(sizes):
        return 1.0
    found = variance_components(complete.items.sum(axis=1), complete.clusters)
    icc = found.between / (found.between + found.within)
    return float(1 + ((sizes**2).sum() / sizes.sum() - 1) * icc**2)


def _root_ave(correlation: np.ndarray) -> float:
    return float(np.sqrt(average_variance_extracted(one_factor_loadings(correlation))))


def _mean_within(size: np.ndarray, items: np.ndarray) -> np.ndarray:
    i, j = np.triu_indices(len(items), 1)
    return size[..., items[i], items[j]].mean(axis=-1)


def _disattenuated(covariance: np.ndarray, i: list[int], j: list[int]) -> float:
    """Return the correlation of two composites, corrected for attenuation."""
    own_i, own_j = covariance[np.ix_(i, i)], covariance[np.ix_(j, j)]
    observed = covariance[np.ix_(i, j)].sum() / np.sqrt(own_i.sum() * own_j.sum())
    return float(observed / np.sqrt(cronbach_alpha(own_i) * cronbach_alpha(own_j)))
