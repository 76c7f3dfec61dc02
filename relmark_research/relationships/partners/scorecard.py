"""One partner on one page: where it stands beside its peers, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, unknown_name
from relmark_research.relationships.partners.partner_tables import TIES, PartnerData
from relmark_research.relationships.partners.relationship_quality import (
    QUALITY,
    QualityScores,
    relationship_quality,
)
from relmark_research.relationships.partners.structural_ties import WeakPartners

RECORDS = {  # figure of the record, and whether more of it is better
    "response_time_days": False, "transaction_cost": False, "commitment_years": True,
    "guarantees": True, **dict.fromkeys(TIES, True),
}  # fmt: skip
OUTER = 0.25  # share of peers at each end that is called weak or strong


@dataclass(frozen=True)
class Scorecards:
    """All partners' scores: the whole, and a page for each.

    Attributes
    ----------
    data
        Partners and their survey.
    scores
        Quality and each scale, by name.
    costs
        What weak partners cost.
    """

    data: PartnerData
    scores: dict[str, QualityScores]
    costs: WeakPartners

    @property
    def table(self) -> pd.DataFrame:
        """One row per partner, the costliest weakness first."""
        quality = self.scores["quality"].table
        order = self.costs.table.index
        columns = ["quality", "quality_low", "quality_high", "answers"]
        records = self.data.records[["response_time_days", "transaction_cost", "commitment_years"]]
        left = self.costs.table[["name", "constituency", "saving", "saving_low", "saving_high"]]
        return left.join(quality.loc[order, columns]).join(records).join(
            self.costs.table["below"]
        )  # fmt: skip

    def page(self, partner: str) -> pd.DataFrame:
        """Return one partner's page.

        Parameters
        ----------
        partner
            Its partner_id.

        Returns
        -------
        DataFrame
            Index measure: value, low, high (of survey scores), peers (the mean of all partners for
            scores, the median of the same kind for records), better_than (share of peers that do
            worse, ties counted half), standing (``"strong"``, ``"weak"`` or ``"like its peers"``:
            for scores, whether the interval keeps clear of the mean; for records, whether in the
            outer quarter of at least 8 peers).

        Raises
        ------
        DataError
            If there is no such partner.
        """
        if partner not in self.data.records.index:
            words = unknown_name("partner", partner, self.data.records.index[:50])
            raise DataError(f"{words} Give a partner_id of the records.")
        rows = [_score_row(name, each, partner) for name, each in self.scores.items()]
        rows += [_record_row(self.data.records, name, partner) for name in RECORDS]
        return pd.DataFrame(rows).set_index("measure")


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
        Scales whose mean is the quality of a relationship.
    level
        Probability of the intervals.

    Examples
    --------
    >>> import relmark_research as rm
    >>> partners, survey = rm.load_sample("partners"), rm.load_sample("partner_survey")
    >>> data = rm.relationships.read_partners(partners, survey)
    >>> quality = rm.relationships.relationship_quality(data)
    >>> ties = rm.relationships.tie_effects(data, quality)
    >>> costs = rm.relationships.weak_partners(data, quality, ties)
    >>> cards = rm.relationships.scorecards(data, costs)
    >>> cards.page("B001").loc["social_tie", "standing"]
    'strong'
    """
    scores = {"quality": relationship_quality(data, of=quality, level=level)}
    for scale in data.scales:
        scores[scale.name] = relationship_quality(data, of=scale.name, level=level)
    return Scorecards(data, scores, costs)


def _score_row(name: str, scores: QualityScores, partner: str) -> dict[str, object]:
    row, mean = scores.table.loc[[partner]].iloc[0], scores.components.mean
    low, high = float(row["quality_low"]), float(row["quality_high"])
    standing = "strong" if low > mean else "weak" if high < mean else "like its peers"
    others = scores.table["quality"].drop(partner)
    return {
        "measure": name, "value": float(row["quality"]), "low": low, "high": high, "peers": mean,
        "better_than": _better(float(row["quality"]), others), "standing": standing,
    }  # fmt: skip


def _record_row(records: pd.DataFrame, name: str, partner: str) -> dict[str, object]:
    value, kind = float(records[name][partner]), records["constituency"][partner]
    others = records.loc[records["constituency"] == kind, name].drop(partner)
    sign = 1.0 if RECORDS[name] else -1.0
    better = _better(sign * value, sign * others)
    standing = "like its peers"
    if len(others) >= 8 and better >= 1 - OUTER:
        standing = "strong"
    elif len(others) >= 8 and better <= OUTER:
        standing = "weak"
    return {
        "measure": name, "value": value, "low": np.nan, "high": np.nan,
        "peers": float(others.median()) if len(others) else np.nan, "better_than": better,
        "standing": standing,
    }  # fmt: skip


def _better(value: float, others: pd.Series) -> float:
    if others.empty:
        return np.nan
    return float((others < value).mean() + 0.5 * (others == value).mean())
