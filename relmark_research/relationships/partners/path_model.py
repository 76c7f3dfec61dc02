"""What makes trust, commitment and satisfaction: a path model of the scales, in standard units.

Ordinary least squares on standardised composites, equation by equation, with correlations divided
by the root of the reliabilities (Spearman's correction for attenuation). Total effects of a
recursive model with direct effects B are (I - B)^-1 - I, indirect ones the total less the direct.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError, check_level, unknown_name
from relmark_research.relationships.partners.partner_tables import PartnerData
from relmark_research.relationships.partners.reliability import Complete, alpha
from relmark_research.stats.bootstrap import correlations_of
from relmark_research.stats.intervals import percentile_interval

COMMITMENT_TRUST: Mapping[str, Sequence[str]] = {
    "trust": ("communication", "mutual_interest"),
    "commitment": ("trust", "mutual_interest"),
    "satisfaction": ("trust", "commitment"),
}
"""After Morgan and Hunt: what makes trust makes commitment, and both make satisfaction."""


@dataclass(frozen=True)
class PathEstimate:
    """A fitted path model.

    Attributes
    ----------
    paths
        Row per path: effect, cause, path (corrected) with path_low and path_high, error (standard
        error), uncorrected.
    effects
        Row per effect and cause with a way between them: direct, indirect and total, each with
        _low and _high.
    explained
        Share of each effect's variance that its causes explain (corrected).
    answers, left_out
        Sheets used, and those that lack an item.
    strange_draws
        Share of bootstrap samples in which a corrected correlation passed 1.
    """

    paths: pd.DataFrame
    effects: pd.DataFrame
    explained: pd.Series
    answers: int
    left_out: int
    strange_draws: float


def relationship_drivers(
    data: PartnerData,
    *,
    model: Mapping[str, Sequence[str]] = COMMITMENT_TRUST,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 1,
) -> PathEstimate:
    """Return what drives the quality of relationships, with direct and indirect effects.

    Parameters
    ----------
    data
        Partners and their survey.
    model
        Effect to its causes; effects in an order in which each stands after its causes.
    level
        Probability of the intervals, in (0, 1).
    draws, seed
        Bootstrap samples of whole partners, and their seed.

    Returns
    -------
    PathEstimate
        In standard deviations of the effect per standard deviation of the cause, other causes of
        the same effect held. Intervals are percentiles of the bootstrap.

    Raises
    ------
    ParameterError
        If the model names a scale that there is not, or runs in a circle.
    DataError
        If two scales cannot be told apart: their corrected correlation is 1 or more.

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
    names = _order(model, list(data.composites.columns))
    used = [scale for name in names for scale in data.scales if scale.name == name]
    columns = [item for scale in used for item in scale.items]
    known = Complete.of(data, columns)
    blocks = [[columns.index(item) for item in scale.items] for scale in used]
    covariance = np.cov(known.items, rowvar=False)[None]
    seen, true = _correlations(covariance, blocks)
    _check_apart(true[0], names)
    drawn = _correlations(known.covariances(draws, seed), blocks)[1]
    proper = (np.abs(drawn - np.eye(len(names))) < 1).all(axis=(1, 2))
    found, plain, sampled = (_direct(each, names, model) for each in (true, seen, drawn[proper]))
    explained = pd.Series(
        {name: _explained(true[0], found[0], names.index(name)) for name in model},
        name="explained",
    )
    return PathEstimate(
        _path_table(names, model, (found[0], plain[0], sampled), level),
        _effect_table(names, found[0], sampled, level),
        explained,
        len(known.items),
        len(data.answers) - len(known.items),
        float(1 - proper.mean()),
    )


def _order(model: Mapping[str, Sequence[str]], known: list[str]) -> list[str]:
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


def _correlations(
    covariances: np.ndarray, blocks: Sequence[Sequence[int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return correlations of the composites, as seen and corrected, one matrix per draw."""
    means = np.zeros((covariances.shape[-1], len(blocks)))
    for place, block in enumerate(blocks):
        means[list(block), place] = 1 / len(block)
    seen = correlations_of(means.T @ covariances @ means)
    own = [alpha(covariances[:, block][:, :, block]) for block in map(list, blocks)]
    root = np.sqrt(np.clip(np.stack(own, axis=-1), 1e-6, None))
    true = seen / (root[:, :, None] * root[:, None, :])
    places = np.arange(len(blocks))
    true[:, places, places] = 1.0
    return seen, true


def _check_apart(true: np.ndarray, names: list[str]) -> None:
    i, j = np.triu_indices(len(names), 1)
    worst = int(np.abs(true[i, j]).argmax())
    if np.abs(true[i, j]).max() >= 1 or np.linalg.eigvalsh(true).min() <= 0:
        raise DataError(
            f"the path model: expected scales that can be told apart; found a corrected "
            f"correlation of {true[i, j][worst]:.2f} between {names[i[worst]]} and "
            f"{names[j[worst]]}. Put them together, or look at discriminant_validity."
        )


def _direct(
    correlations: np.ndarray, names: list[str], model: Mapping[str, Sequence[str]]
) -> np.ndarray:
    """Return the matrices of direct effects, row the effect and column the cause."""
    direct = np.zeros_like(correlations)
    for effect, causes in model.items():
        to, at = names.index(effect), [names.index(cause) for cause in causes]
        among = correlations[:, at][:, :, at]
        direct[:, to, at] = np.linalg.solve(among, correlations[:, at, to][..., None])[..., 0]
    return direct


def _explained(true: np.ndarray, direct: np.ndarray, to: int) -> float:
    return float(direct[to] @ true[:, to])


def _path_table(
    names: list[str],
    model: Mapping[str, Sequence[str]],
    found: tuple[np.ndarray, np.ndarray, np.ndarray],
    level: float,
) -> pd.DataFrame:
    point, plain, drawn = found
    (low, high), error = percentile_interval(drawn, level, skip_missing=True), drawn.std(axis=0)
    rows = []
    for effect, causes in model.items():
        for cause in causes:
            at = names.index(effect), names.index(cause)
            rows.append(
                {
                    "effect": effect, "cause": cause, "path": point[at], "path_low": low[at],
                    "path_high": high[at], "error": error[at], "uncorrected": plain[at],
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _effect_table(
    names: list[str], point: np.ndarray, drawn: np.ndarray, level: float
) -> pd.DataFrame:
    kinds = {"direct": (point, drawn)}
    whole = tuple(np.linalg.inv(np.eye(len(names)) - each) - np.eye(len(names)) for each in
                  (point, drawn))  # fmt: skip
    kinds["total"] = (whole[0], whole[1])
    kinds["indirect"] = (whole[0] - point, whole[1] - drawn)
    ends = {
        kind: percentile_interval(sampled, level, skip_missing=True)
        for kind, (_, sampled) in kinds.items()
    }
    rows = []
    for to, at in zip(*np.nonzero(whole[0]), strict=True):
        row: dict[str, object] = {"effect": names[to], "cause": names[at]}
        for kind in ("direct", "indirect", "total"):
            row[kind] = kinds[kind][0][to, at]
            row |= {f"{kind}_low": ends[kind][0][to, at], f"{kind}_high": ends[kind][1][to, at]}
        rows.append(row)
    return pd.DataFrame(rows)
