"""Pictures of the loyalty ladder: who stands where, who climbs and falls, what it is worth."""

from relmark_research.plots.ladder.matrix import describe_matrix, matrix
from relmark_research.plots.ladder.standing import describe_standing, standing
from relmark_research.plots.ladder.ways import (
    cohort_moves,
    describe_cohort_moves,
    describe_way,
    way,
)
from relmark_research.plots.ladder.worth import (
    describe_level_choice,
    describe_pushes,
    describe_rung_values,
    level_choice,
    pushes,
    rung_values,
)

__all__ = [
    "cohort_moves",
    "describe_cohort_moves",
    "describe_level_choice",
    "describe_matrix",
    "describe_pushes",
    "describe_rung_values",
    "describe_standing",
    "describe_way",
    "level_choice",
    "matrix",
    "pushes",
    "rung_values",
    "standing",
    "way",
]
