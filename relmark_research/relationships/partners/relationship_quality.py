"""Relationship quality by partner: mean of survey scales, shrunk to the mean of all partners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.errors import DataError, ParameterError, check_level, unknown_name
from relmark_research.relationships.partners.partner_data import PartnerData
from relmark_research.stats.intervals import normal_quantile

QUALITY = ("trust", "commitment", "satisfaction")


@dataclass(frozen=True)
class VarianceComponents:
    """Mean of the answers, variance between and within partners, and variance of the mean."""

    mean: float
    between: float
    within: float
    mean_variance: float


@dataclass(frozen=True, repr=False)
class QualityScores:
    """Relationship quality of each partner, and the variance components used to shrink it.

    Attributes
    ----------
    table
        Index partner_id: name, constituency, answers (questionnaires), observed (their mean, in
        points of the scale), quality (shrunken), quality_low, quality_high, standard_error,
        reliability (of the partner's mean, in [0, 1)).
    components
        Mean and variances, in points of the scale.
    scales
        The scales whose mean is the score.
    """

    table: pd.DataFrame
    components: VarianceComponents
    scales: tuple[str, ...]

    def mean_interval(self, level: float = 0.95) -> tuple[float, float, float]:
        """Return the mean of all partners with its interval, mean -+ z sqrt(mean_variance)."""
        check_level(level)
        found = self.components
        reach = normal_quantile(level) * found.mean_variance**0.5
        return found.mean, found.mean - reach, found.mean + reach

    @property
    def standardised(self) -> pd.DataFrame:
        """Score and standard error in standard deviations between partners: value, error."""
        sd = np.sqrt(self.components.between)
        value = (self.table["quality"] - self.components.mean) / sd
        return pd.DataFrame({"value": value, "error": self.table["standard_error"] / sd})

    def _rows(self) -> dict[str, object]:
        return {
            "scales": ", ".join(self.scales),
            "partners": len(self.table),
            "mean": self.components.mean,
            "sd between partners": self.components.between**0.5,
            "sd within partners": self.components.within**0.5,
            "median reliability": float(self.table["reliability"].median()),
        }

    def __repr__(self) -> str:
        return one_line("QualityScores", self._rows())

    def _repr_html_(self) -> str:
        return html_table("Relationship quality", self._rows())


def variance_components(values: np.ndarray, groups: np.ndarray) -> VarianceComponents:
    """Return the variance components of a one-way layout with random groups.

    Parameters
    ----------
    values, groups
        One of each per answer; groups are whole numbers from 0, each with one answer or more.

    Returns
    -------
    VarianceComponents
        within = MSW; between = max(0, (MSB - MSW) / n0), n0 = (n - sum n_i^2 / n) / (k - 1); mean
        weighted by 1 / (between + within / n_i).

    Raises
    ------
    DataError
        If there are fewer than two groups, or no group has two answers.

    References
    ----------
    Searle, Casella and McCulloch 1992, Variance Components (analysis-of-variance estimators).

    Examples
    --------
    >>> found = variance_components(np.array([1.0, 3, 5, 7]), np.array([0, 0, 1, 1]))
    >>> found.within, found.between, found.mean  # MSW = 2, MSB = 16, n0 = 2
    (2.0, 7.0, 4.0)
    """
    sizes = np.bincount(groups)
    n, k = sizes.sum(), len(sizes)
    if k < 2 or n <= k:
        raise DataError(
            f"expected two or more partners and more answers than partners; found {k} partners "
            f"and {n} answers. With one answer per partner, the variances within and between "
            "partners are not identified."
        )
    means = np.bincount(groups, values) / sizes
    within = float(((values - means[groups]) ** 2).sum() / (n - k))
    between_square = float((sizes * (means - values.mean()) ** 2).sum() / (k - 1))
    n0 = float((n - (sizes**2).sum() / n) / (k - 1))
    between = max(0.0, (between_square - within) / n0)
    weights = 1 / (between + within / sizes) if between + within > 0 else np.ones(k)
    return VarianceComponents(
        float(weights @ means / weights.sum()), between, within, float(1 / weights.sum())
    )


def relationship_quality(
    data: PartnerData, *, scales: str | Sequence[str] = QUALITY, level: float = 0.95
) -> QualityScores:
    """Return each partner's score, shrunk to the mean by its reliability.

    Parameters
    ----------
    data
        Partners and their survey.
    scales
        Scales whose mean is the score; one name for one scale. By default trust, commitment and
        satisfaction, the usual dimensions of relationship quality.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    QualityScores
        quality = mean + reliability (observed - mean), reliability = between / (between + within /
        answers). The standard error includes the sampling of the partner's answers, of the mean and
        of the reliability. A partner without answers has the mean of all partners.

    Raises
    ------
    ParameterError
        If there is no such scale.
    DataError
        If no partner has two answers.

    References
    ----------
    Kelley 1947 (regressed scores); Morris 1983, JASA 78 (intervals of empirical Bayes estimates);
    Crosby, Evans and Cowles 1990, Journal of Marketing 54 (relationship quality).

    Examples
    --------
    >>> import relmark_research as rm
    >>> partners, survey = rm.load_sample("partners"), rm.load_sample("partner_survey")
    >>> data = rm.relationships.read_partners(partners, survey)
    >>> quality = rm.relationships.relationship_quality(data)
    >>> float(quality.table["reliability"].median().round(2))
    0.78
    """
    check_level(level)
    names = (scales,) if isinstance(scales, str) else tuple(scales)
    for name in names:
        if name not in data.composites:
            raise ParameterError(unknown_name("scale", name, data.composites.columns))
    score = data.composites[list(names)].mean(axis=1, skipna=False).dropna()
    partner = data.answers.loc[score.index, "partner_id"]
    codes, respondents = pd.factorize(partner)
    found = variance_components(score.to_numpy(), codes)
    observed = score.groupby(partner.to_numpy()).agg(["size", "mean"]).reindex(data.records.index)
    table = _shrunken(observed, found, len(respondents), level)
    return QualityScores(
        pd.concat([data.records[["name", "constituency"]], table], axis=1), found, names
    )


def _shrunken(
    observed: pd.DataFrame, found: VarianceComponents, k: int, level: float
) -> pd.DataFrame:
    answers = observed["size"].fillna(0).to_numpy()
    mean = observed["mean"].fillna(found.mean).to_numpy()
    signal = found.between * answers
    reliability = signal / (signal + found.within) if found.between > 0 else 0 * answers
    quality = found.mean + reliability * (mean - found.mean)
    shrinkage = 1 - reliability
    of_reliability = 2 / max(k - 3, 1) * shrinkage**2 * (mean - found.mean) ** 2
    variance = found.between * shrinkage + shrinkage**2 * found.mean_variance + of_reliability
    error = np.sqrt(variance)
    reach = normal_quantile(level) * error
    return pd.DataFrame(
        {
            "answers": answers.astype(int),
            "observed": observed["mean"],
            "quality": quality,
            "quality_low": quality - reach,
            "quality_high": quality + reach,
            "standard_error": error,
            "reliability": reliability,
        },
        index=observed.index,
    )
