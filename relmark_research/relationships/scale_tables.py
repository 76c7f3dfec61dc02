"""The survey's scales as tables: how reliable each is, and whether they can be told apart."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from relmark_research.errors import DataError
from relmark_research.relationships.checks import check_share
from relmark_research.relationships.partners import PartnerData
from relmark_research.relationships.quality import variance_components
from relmark_research.relationships.reliability import (
    alpha,
    average_variance_extracted,
    composite_reliability,
    feldt_interval,
    htmt,
    one_factor,
)
from relmark_research.relationships.resampling import (
    cluster_covariances,
    correlations_of,
    percentiles,
)
from relmark_research.relationships.scales import Scale


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
    check_share("level", level)
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
        ends = percentiles(measure(drawn), level)
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
    check_share("level", level)
    columns = [item for scale in data.scales for item in scale.items]
    known = Complete.of(data, columns)
    covariance = np.cov(known.items, rowvar=False)
    drawn = correlations_of(known.covariances(draws, seed))
    observed, rows = correlations_of(covariance), []
    for a, b in combinations(data.scales, 2):
        i, j = ([columns.index(item) for item in scale.items] for scale in (a, b))
        low, high = percentiles(htmt(drawn, i, j), level)
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
