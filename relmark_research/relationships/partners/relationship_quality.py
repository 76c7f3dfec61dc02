"""A relationship's quality, per partner, with its doubt: few answers are drawn to the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError, check_level, unknown_name
from relmark_research.relationships.partners.partner_tables import PartnerData
from relmark_research.stats.intervals import normal_quantile

QUALITY = ("trust", "commitment", "satisfaction")


@dataclass(frozen=True)
class Components:
    """What answers vary by: their mean, and the variance between and within partners."""

    mean: float
    between: float
    within: float
    mean_variance: float


@dataclass(frozen=True)
class QualityScores:
    """Each partner's relationship quality, and what the scores were drawn to.

    Attributes
    ----------
    table
        Index partner_id: name, constituency, answers (sheets), observed (their mean, in points of
        the scale), quality (shrunk), quality_low, quality_high, error (standard error), reliability
        (of the partner's mean, in [0, 1)).
    components
        Mean and variances, in points of the scale.
    of
        The scales that the score is the mean of.
    """

    table: pd.DataFrame
    components: Components
    of: tuple[str, ...]

    def mean_interval(self, level: float = 0.95) -> tuple[float, float, float]:
        """Return the mean of all partners with its interval, mean -+ z sqrt(mean_variance)."""
        check_level(level)
        found = self.components
        reach = normal_quantile(level) * found.mean_variance**0.5
        return found.mean, found.mean - reach, found.mean + reach

    @property
    def standardised(self) -> pd.DataFrame:
        """Score and error in standard deviations between partners: columns value, error."""
        sd = np.sqrt(self.components.between)
        value = (self.table["quality"] - self.components.mean) / sd
        return pd.DataFrame({"value": value, "error": self.table["error"] / sd})


def variance_components(values: np.ndarray, groups: np.ndarray) -> Components:
    """Return mean and variances of a one-way layout with random groups.

    Parameters
    ----------
    values, groups
        One of each per answer; groups are whole numbers from 0, each with one answer or more.

    Returns
    -------
    Components
        within = MSW; between = max(0, (MSB - MSW) / n0), n0 = (n - sum n_i^2 / n) / (k - 1); mean
        weighted by 1 / (between + within / n_i).

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
            f"and {n} answers. With one answer each, doubt and difference cannot be told apart."
        )
    means = np.bincount(groups, values) / sizes
    within = float(((values - means[groups]) ** 2).sum() / (n - k))
    among = float((sizes * (means - values.mean()) ** 2).sum() / (k - 1))
    between = max(0.0, (among - within) / float((n - (sizes**2).sum() / n) / (k - 1)))
    weights = 1 / (between + within / sizes) if between + within > 0 else np.ones(k)
    return Components(
        float(weights @ means / weights.sum()), between, within, float(1 / weights.sum())
    )


def relationship_quality(
    data: PartnerData, *, of: str | Sequence[str] = QUALITY, level: float = 0.95
) -> QualityScores:
    """Return each partner's score, shrunk to the mean by its reliability.

    Parameters
    ----------
    data
        Partners and their survey.
    of
        Scales whose mean is the score; one name for one scale. By default trust, commitment and
        satisfaction, as relationship quality is usually understood.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    QualityScores
        quality = mean + reliability (observed - mean), reliability = between / (between + within /
        answers). The error counts the partner's few answers, the mean's error, and the error of
        the reliability itself. A partner without answers has the mean, and all the doubt.

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
    names = (of,) if isinstance(of, str) else tuple(of)
    for name in names:
        if name not in data.composites:
            raise ParameterError(unknown_name("scale", name, data.composites.columns))
    score = data.composites[list(names)].mean(axis=1, skipna=False).dropna()
    groups = data.answers.loc[score.index, "partner_id"]
    codes, known = pd.factorize(groups)
    found = variance_components(score.to_numpy(), codes)
    seen = score.groupby(groups.to_numpy()).agg(["size", "mean"]).reindex(data.records.index)
    table = _shrunk(seen, found, len(known), level)
    return QualityScores(
        pd.concat([data.records[["name", "constituency"]], table], axis=1), found, names
    )


def _shrunk(seen: pd.DataFrame, found: Components, k: int, level: float) -> pd.DataFrame:
    answers = seen["size"].fillna(0).to_numpy()
    own = seen["mean"].fillna(found.mean).to_numpy()
    known = found.between * answers
    reliability = known / (known + found.within) if found.between > 0 else 0 * answers
    quality = found.mean + reliability * (own - found.mean)
    rest = 1 - reliability
    of_reliability = 2 / max(k - 3, 1) * rest**2 * (own - found.mean) ** 2
    variance = found.between * rest + rest**2 * found.mean_variance + of_reliability
    error = np.sqrt(variance)
    reach = normal_quantile(level) * error
    return pd.DataFrame(
        {
            "answers": answers.astype(int),
            "observed": seen["mean"],
            "quality": quality,
            "quality_low": quality - reach,
            "quality_high": quality + reach,
            "error": error,
            "reliability": reliability,
        },
        index=seen.index,
    )
