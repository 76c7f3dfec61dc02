"""The same ladder climbed by different customers: one estimate per segment, and a test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.errors import LadderError
from relmark_research.ladder.estimation import homogeneity

if TYPE_CHECKING:
    from relmark_research.ladder.answers.transition_estimate import TransitionEstimate


@dataclass(frozen=True)
class SegmentEstimates:
    """An estimate per segment.

    Attributes
    ----------
    column
        What tells the segments apart.
    estimates
        Name of the segment to its estimate.
    test
        Whether the segments differ, with the size of the difference.
    """

    column: str
    estimates: dict[str, TransitionEstimate]
    test: homogeneity.ChainTest

    def summary(self) -> pd.DataFrame:
        """Return per segment: customers, departures, and chances of a climb and of a fall.

        Returns
        -------
        DataFrame
            climb and fall are averages over the segment's own departures.
        """
        rows = {name: _moved(one) for name, one in self.estimates.items()}
        table = pd.DataFrame.from_dict(rows, orient="index")
        return table.rename_axis(self.column)


def _moved(estimate: TransitionEstimate) -> dict[str, float]:
    height, moves = estimate.rank, estimate.moves
    up = height[None, :] > height[:, None]
    total = moves.sum()
    people = estimate.history.customers() if estimate.history is not None else float("nan")
    return {
        "customers": people,
        "departures": total,
        "climb": float(moves[up].sum() / total),
        "fall": float(moves[up.T].sum() / total),
    }


def by_segment(estimate: TransitionEstimate, column: str) -> SegmentEstimates:
    """Estimate each segment apart; a rung that a segment never reaches stays unknown in it."""
    if estimate.history is None:
        raise LadderError(
            f"to tell segments apart by {column!r} the estimate needs a history, not counts."
        )
    parts = estimate.history.split(column)
    if len(parts) < 2:
        raise LadderError(
            f"to compare segments there must be two; {column!r} has {len(parts)}: "
            f"{', '.join(parts) or 'none'}."
        )
    k = len(estimate.states)
    found = {
        name: replace(
            estimate,
            moves=homogeneity.by_period(part.source.moves(), k).sum(axis=0),
            history=part,
        )
        for name, part in parts.items()
    }
    groups = np.stack([one.moves for one in found.values()])
    question = f"the chances are the same whatever the {column}"
    return SegmentEstimates(column, found, homogeneity.between(groups, estimate.possible, question))
