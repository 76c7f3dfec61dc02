"""Path model of the drivers of relationship quality, in standardised units.

Ordinary least squares on standardised composites, equation by equation, with correlations corrected
for attenuation (divided by the root of the reliabilities, Spearman). The total effects of a
recursive model with direct effects B are (I - B)^-1 - I; the indirect effects are the total less
the direct effects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.errors import DataError, ParameterError, check_level, unknown_name
from relmark_research.relationships.partners.partner_data import PartnerData
from relmark_research.relationships.partners.reliability import CompleteCases, cronbach_alpha
from relmark_research.stats.bootstrap import correlations
from relmark_research.stats.intervals import percentile_interval

Model = Mapping[str, Sequence[str]]

COMMITMENT_TRUST: Model = {
    "trust": ("communication", "mutual_interest"),
    "commitment": ("trust", "mutual_interest"),
    "satisfaction": ("trust", "commitment"),
}
"""After Morgan and Hunt: causes of trust, of commitment and of satisfaction."""

_MIN_RELIABILITY = 1e-6


@dataclass(frozen=True, repr=False)
class PathEstimate:
    """A fitted path model.

    Attributes
    ----------
    paths
        Row per path: effect, cause, path (standardised path coefficient, corrected for attenuation)
        with path_low and path_high, standard_error, uncorrected.
    effects
        Row per effect and cause connected by a path: direct, indirect and total effect, each with
        _low and _high.
    r_squared
        Share of each effect's variance explained by its causes (corrected for attenuation).
    answers, left_out
        Questionnaires used, and those that lack an item.
    improper_draws
        Share of bootstrap samples with a corrected correlation of 1 or more (improper solutions).
    """

    paths: pd.DataFrame
    effects: pd.DataFrame
    r_squared: pd.Series
    answers: int
    left_out: int
    improper_draws: float

    def _rows(self) -> dict[str, object]:
        found = {
            f"{row['cause']} -> {row['effect']}": row["path"] for _, row in self.paths.iterrows()
        }
        return {"questionnaires": self.answers} | found

    def __repr__(self) -> str:
        return one_line("PathEstimate", self._rows())

    def _repr_html_(self) -> str:
        return html_table("Path coefficients", self._rows())


def relationship_drivers(
    data: PartnerData,
    *,
    model: Model = COMMITMENT_TRUST,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 1,
) -> PathEstimate:
    """Return the drivers of relationship quality, with direct and indirect effects.

    Parameters
    ----------
    data
        Partners and their survey.
    model
        Effect to its causes; each effect stands after its causes.
    level
        Probability of the intervals, in (0, 1).
    draws, seed
        Bootstrap samples of partners, and their seed.

    Returns
    -------
    PathEstimate
        In standard deviations of the effect per standard deviation of the cause, other causes of
        the same effect constant. Intervals are bootstrap percentiles.

    Raises
    ------
    ParameterError
        If the model names an unknown scale, or is not recursive.
    DataError
        If two scales lack discriminant validity: their corrected correlation is 1 or more.

    References
    ----------
    Morgan and Hunt 1994, Journal of Marketing 58; Spearman 1904; Bollen 1989, Structural Equations
    with Latent Variables (total and indirect effects).

    Examples
    --------
    >>> import relmark_research as rm
    >>> partners, survey = rm.load_sample("partners"), rm.load_sample("partner_survey")
    >>> data = rm.relationships.read_partners(partners, survey)
    >>> drivers = rm.relationships.relationship_drivers(data, draws=200)
    >>> drivers.paths.set_index(["effect", "cause"])["path"].round(2).loc["trust"].to_dict()
    {'communication': 0.38, 'mutual_interest': 0.39}
    """
    check_level(level)
    names = _causal_order(model, list(data.composites.columns))
    used = [scale for name in names for scale in data.scales if scale.name == name]
    columns = [item for scale in used for item in scale.items]
    complete = CompleteCases.from_data(data, columns)
    blocks = [[columns.index(item) for item in scale.items] for scale in used]
    covariance = np.cov(complete.items, rowvar=False)[None]
    observed, corrected = _composite_correlations(covariance, blocks)
    _check_distinct(corrected[0], names)
    drawn = _composite_correlations(complete.covariances(draws, seed), blocks)[1]
    proper = (np.abs(drawn - np.eye(len(names))) < 1).all(axis=(1, 2))
    direct, uncorrected, sampled = (
        _direct_effects(each, names, model) for each in (corrected, observed, drawn[proper])
    )
    r_squared = pd.Series(
        {name: _r_squared(corrected[0], direct[0], names.index(name)) for name in model},
        name="r_squared",
    )
    return PathEstimate(
        _path_table(names, model, (direct[0], uncorrected[0], sampled), level),
        _effect_table(names, direct[0], sampled, level),
        r_squared,
        len(complete.items),
        len(data.answers) - len(complete.items),
        float(1 - proper.mean()),
    )


def _causal_order(model: Model, known: list[str]) -> list[str]:
    """Return the scales of the model, causes before effects."""
    names = list(dict.fromkeys(cause for causes in model.values() for cause in causes))
    for name in (*names, *model):
        if name not in known:
            raise ParameterError(f"the path model: {unknown_name('scale', name, known)}")
    order = [name for name in names if name not in model]
    for effect, causes in model.items():
        late = [cause for cause in causes if cause not in order]
        if late or not causes:
            raise ParameterError(
                f"the path model: expected {effect!r} after all its causes; found "
                f"{', '.join(late) or 'no cause'} later or in a circle. Write causes first."
            )
        order.append(effect)
    return order


def _composite_correlations(
    covariances: np.ndarray, blocks: Sequence[Sequence[int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return correlations of the composites, observed and corrected, one matrix per draw."""
    means = np.zeros((covariances.shape[-1], len(blocks)))
    for column, block in enumerate(blocks):
        means[list(block), column] = 1 / len(block)
    observed = correlations(means.T @ covariances @ means)
    alphas = [cronbach_alpha(covariances[:, block][:, :, block]) for block in map(list, blocks)]
    root = np.sqrt(np.clip(np.stack(alphas, axis=-1), _MIN_RELIABILITY, None))
    corrected = observed / (root[:, :, None] * root[:, None, :])
    diagonal = np.arange(len(blocks))
    corrected[:, diagonal, diagonal] = 1.0
    return observed, corrected


def _check_distinct(corrected: np.ndarray, names: list[str]) -> None:
    i, j = np.triu_indices(len(names), 1)
    worst = int(np.abs(corrected[i, j]).argmax())
    if np.abs(corrected[i, j]).max() >= 1 or np.linalg.eigvalsh(corrected).min() <= 0:
        raise DataError(
            f"the path model: expected scales with discriminant validity; found a corrected "
            f"correlation of {corrected[i, j][worst]:.2f} between {names[i[worst]]} and "
            f"{names[j[worst]]}. Combine them, or see discriminant_validity."
        )


def _direct_effects(correlation: np.ndarray, names: list[str], model: Model) -> np.ndarray:
    """Return matrices of direct effects, row the effect and column the cause, one per draw."""
    direct = np.zeros_like(correlation)
    for effect, causes in model.items():
        row, columns = names.index(effect), [names.index(cause) for cause in causes]
        among = correlation[:, columns][:, :, columns]
        with_effect = correlation[:, columns, row][..., None]
        direct[:, row, columns] = np.linalg.solve(among, with_effect)[..., 0]
    return direct


def _r_squared(corrected: np.ndarray, direct: np.ndarray, row: int) -> float:
    return float(direct[row] @ corrected[:, row])


def _path_table(
    names: list[str],
    model: Model,
    estimates: tuple[np.ndarray, np.ndarray, np.ndarray],
    level: float,
) -> pd.DataFrame:
    estimate, uncorrected, drawn = estimates
    low, high = percentile_interval(drawn, level, skip_missing=True)
    error, rows = drawn.std(axis=0), []
    for effect, causes in model.items():
        for cause in causes:
            at = names.index(effect), names.index(cause)
            rows.append(
                {
                    "effect": effect, "cause": cause, "path": estimate[at], "path_low": low[at],
                    "path_high": high[at], "standard_error": error[at],
                    "uncorrected": uncorrected[at],
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _effect_table(
    names: list[str], direct: np.ndarray, drawn: np.ndarray, level: float
) -> pd.DataFrame:
    total, drawn_total = _total_effects(direct), _total_effects(drawn)
    kinds = {
        "direct": (direct, drawn),
        "indirect": (total - direct, drawn_total - drawn),
        "total": (total, drawn_total),
    }
    ends = {
        kind: percentile_interval(sampled, level, skip_missing=True)
        for kind, (_, sampled) in kinds.items()
    }
    rows = []
    for at in zip(*np.nonzero(total), strict=True):
        row: dict[str, object] = {"effect": names[at[0]], "cause": names[at[1]]}
        for kind, (estimate, _) in kinds.items():
            low, high = ends[kind]
            row |= {kind: estimate[at], f"{kind}_low": low[at], f"{kind}_high": high[at]}
        rows.append(row)
    return pd.DataFrame(rows)


def _total_effects(direct: np.ndarray) -> np.ndarray:
    """Return (I - B)^-1 - I."""
    identity = np.eye(direct.shape[-1])
    return np.linalg.inv(identity - direct) - identity
