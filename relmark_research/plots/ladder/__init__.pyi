from .first_passage_times import (
    cohort_moves,
    describe_cohort_moves,
    describe_first_passage,
    first_passage,
)
from .rung_flows import describe_rungs_and_flows, rungs_and_flows
from .rung_value import (
    describe_level_choice,
    describe_rung_values,
    describe_transition_sensitivities,
    level_choice,
    rung_values,
    transition_sensitivities,
)
from .transitions import describe_transition_matrix, transition_matrix

__all__ = [
    "cohort_moves",
    "describe_cohort_moves",
    "describe_first_passage",
    "describe_level_choice",
    "describe_rung_values",
    "describe_rungs_and_flows",
    "describe_transition_matrix",
    "describe_transition_sensitivities",
    "first_passage",
    "level_choice",
    "rung_values",
    "rungs_and_flows",
    "transition_matrix",
    "transition_sensitivities",
]
