"""Scorecards of partners: survey scores and records compared with peers, and their cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.errors import NOT_SHOWN, DataError, unknown_name, values_shown
from relmark_research.relationships.partners.partner_data import TIES, PartnerData
from relmark_research.relationships.partners.relationship_quality import (
    QUALITY,
    QualityScores,
    relationship_quality,
)
from relmark_research.relationships.partners.structural_ties import WeakPartners

HIGHER_IS_BETTER = {
    "response_time_days": False, "transaction_cost": False, "commitment_years": True,
    "guarantees": True, **dict.fromkeys(TIES, True),
}  # fmt: skip
"""Measures of the record, and whether more of each is better."""

OUTER_SHARE = 0.25  # share of peers at each end that is rated weak or strong
MIN_PEERS = 8
AVERAGE = "like its peers"


@dataclass(frozen=True, repr=False)
class Scorecards:
    """Scorecards of all partners.

    Attributes
    ----------
    data
        Partners and their survey.
    scores
        Relationship quality and each scale, by name.
    costs
        The excess cost of weak partners.
    """

    data: PartnerData
    scores: dict[str, QualityScores]
    costs: WeakPartners

    @property
    def table(self) -> pd.DataFrame:
        """One row per partner, the largest saving first."""
        quality = self.scores["quality"].table
        order = self.costs.table.index
        columns = ["quality", "quality_low", "quality_high", "answers"]
        records = self.data.records[["response_time_days", "transaction_cost", "commitment_years"]]
        costs = self.costs.table[["name", "constituency", "saving", "saving_low", "saving_high"]]
        return costs.join(quality.loc[order, columns]).join(records).join(self.costs.table["below"])

    def card(self, partner: str) -> pd.DataFrame:
        """Return the scorecard of one partner.

        Parameters
        ----------
        partner
            Its partner_id.

        Returns
        -------
        DataFrame
            Index measure: value, low, high (of survey scores), peers (the mean of all partners for
            scores, the median of the same kind for records), percentile_rank (share of peers with a
            worse value, ties counted half), standing (``"strong"``, ``"weak"`` or ``"like its
            peers"``: for scores, whether the interval excludes the mean; for records, whether in
            the outer quarter of at least 8 peers).

        Raises
        ------
        DataError
            If there is no such partner.
        """
        if partner not in self.data.records.index:
            known = self.data.records.index
            words = f"no partner {NOT_SHOWN}; the records have {len(known):,}."
            if values_shown():
                words = unknown_name("partner", partner, known[:50])
            raise DataError(f"{words} Give a partner_id of the records.")
        rows = [_score_row(name, scores, partner) for name, scores in self.scores.items()]
        rows += [_record_row(self.data.records, name, partner) for name in HIGHER_IS_BETTER]
        return pd.DataFrame(rows).set_index("measure")

    def _rows(self) -> dict[str, object]:
        return {
            "partners": len(self.costs.table),
            "scores": ", ".join(self.scores),
        }

    def __repr__(self) -> str:
        return one_line("Scorecards", self._rows())

    def _repr_html_(self) -> str:
        return html_table("Scorecards", self._rows())


def scorecards(
    data: PartnerData,
    costs: WeakPartners,
    *,
    quality: Sequence[str] = QUALITY,
    level: float = 0.95,
) -> Scorecards:
    """Return the scorecards of all partners.

    Parameters
    ----------
    data
        From `read_partners`.
    costs
        From `weak_partners`, of cost.
    quality
        Scales whose mean is relationship quality.
    level
        Probability of the intervals, in (0, 1).

    Examples
    --------
    >>> import relmark_research as rm
    >>> partners, survey = rm.load_sample("partners"), rm.load_sample("partner_survey")
    >>> data = rm.relationships.read_partners(partners, survey)
    >>> quality = rm.relationships.relationship_quality(data)
    >>> ties = rm.relationships.tie_effects(data, quality)
    >>> costs = rm.relationships.weak_partners(data, quality, ties)
    >>> cards = rm.relationships.scorecards(data, costs)
    >>> cards.card("B001").loc["social_tie", "standing"]
    'strong'
    """
    scores = {"quality": relationship_quality(data, scales=quality, level=level)}
    for scale in data.scales:
        scores[scale.name] = relationship_quality(data, scales=scale.name, level=level)
    return Scorecards(data, scores, costs)


def _score_row(name: str, scores: QualityScores, partner: str) -> dict[str, object]:
    row, mean = scores.table.loc[[partner]].iloc[0], scores.components.mean
    low, high = float(row["quality_low"]), float(row["quality_high"])
    standing = "strong" if low > mean else "weak" if high < mean else AVERAGE
    peers = scores.table["quality"].drop(partner)
    return {
        "measure": name, "value": float(row["quality"]), "low": low, "high": high, "peers": mean,
        "percentile_rank": _percentile_rank(float(row["quality"]), peers), "standing": standing,
    }  # fmt: skip


def _record_row(records: pd.DataFrame, name: str, partner: str) -> dict[str, object]:
    value, kind = float(records[name][partner]), records["constituency"][partner]
    peers = records.loc[records["constituency"] == kind, name].drop(partner)
    sign = 1.0 if HIGHER_IS_BETTER[name] else -1.0
    rank = _percentile_rank(sign * value, sign * peers)
    standing = AVERAGE
    if len(peers) >= MIN_PEERS and rank >= 1 - OUTER_SHARE:
        standing = "strong"
    elif len(peers) >= MIN_PEERS and rank <= OUTER_SHARE:
        standing = "weak"
    return {
        "measure": name, "value": value, "low": np.nan, "high": np.nan,
        "peers": float(peers.median()) if len(peers) else np.nan, "percentile_rank": rank,
        "standing": standing,
    }  # fmt: skip


def _percentile_rank(value: float, peers: pd.Series) -> float:
    if peers.empty:
        return np.nan
    return float((peers < value).mean() + 0.5 * (peers == value).mean())
