"""Transition estimates by segment of customers, and a test whether the segments differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
import pandas as pd

from relmark_research._repr import html_table
from relmark_research.errors import LadderError
from relmark_research.ladder.estimation import homogeneity
from relmark_research.ladder.estimation.transition_matrix import TransitionMatrix

Estimate = TypeVar("Estimate", bound=TransitionMatrix)


@dataclass(frozen=True)
class SegmentEstimates(Generic[Estimate]):
    """An estimate per segment.

    Attributes
    ----------
    column
        Column of the customers that defines the segments.
    estimates
        Segment to estimate.
    test
        Test of equal matrices, with the size of the difference.
    """

    column: str
    estimates: dict[str, Estimate]
    test: homogeneity.ChainTest

    def summary(self) -> pd.DataFrame:
        """Return customers, departures, and the shares of departures that climb and that fall.

        Returns
        -------
        DataFrame
            A row per segment; climb and fall are shares of the segment's own departures.
        """
        rows = {name: _summary(one) for name, one in self.estimates.items()}
        table = pd.DataFrame.from_dict(rows, orient="index")
        return table.rename_axis(self.column)

    def __repr__(self) -> str:
        names = ", ".join(self.estimates)
        return f"<SegmentEstimates by {self.column}: {names}; p = {self.test.p_value:.3g}>"

    def _repr_html_(self) -> str:
        rows: list[tuple[object, ...]] = [(self.column, "customers", "departures", "climb", "fall")]
        rows += [
            (name, row["customers"], row["departures"], f"{row['climb']:.1%}", f"{row['fall']:.1%}")
            for name, row in self.summary().iterrows()
        ]
        return html_table(f"SegmentEstimates, p = {self.test.p_value:.3g}", rows)


def estimate_segments(estimate: Estimate, column: str) -> SegmentEstimates[Estimate]:
    """Estimate each segment; a rung that a segment never reaches stays unknown in it."""
    if estimate.history is None:
        raise LadderError(
            f"segments by {column!r} need an estimate from a history, not from counts."
        )
    parts = estimate.history.split(column)
    if len(parts) < 2:
        raise LadderError(
            f"a comparison needs at least two segments; {column!r} has {len(parts)}: "
            f"{', '.join(parts) or 'none'}."
        )
    k = len(estimate.states)
    found = {
        name: replace(
            estimate,
            moves=homogeneity.counts_by_period(part.source.moves(), k).sum(axis=0),
            history=part,
        )
        for name, part in parts.items()
    }
    groups = np.stack([one.moves for one in found.values()])
    hypothesis = f"the transition probabilities do not depend on {column}"
    test = homogeneity.equal_matrices(groups, estimate.possible, hypothesis)
    return SegmentEstimates(column, found, test)


def _summary(estimate: TransitionMatrix) -> dict[str, float]:
    rank, moves = estimate.rank, estimate.moves
    up = rank[None, :] > rank[:, None]
    total = moves.sum()
    customers = estimate.history.customers() if estimate.history is not None else float("nan")
    return {
        "customers": customers,
        "departures": total,
        "climb": float(moves[up].sum() / total),
        "fall": float(moves[up.T].sum() / total),
    }
