"""Pictures of the loyalty ladder: who stands where, who climbs and falls, what it is worth."""

from relmark_research.plots.ladder.first_passage import (
    cohort_moves,
    describe_cohort_moves,
    describe_way,
    way,
)
from relmark_research.plots.ladder.rung_value import (
    describe_level_choice,
    describe_pushes,
    describe_rung_values,
    level_choice,
    pushes,
    rung_values,
)
from relmark_research.plots.ladder.rungs_and_flows import describe_standing, standing
from relmark_research.plots.ladder.transition_matrix import describe_matrix, matrix

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
