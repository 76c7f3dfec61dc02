from .relationship_drivers import (
    describe_path_coefficients,
    describe_tie_effects,
    describe_weak_partners,
    path_coefficients,
    tie_effects,
    weak_partners,
)
from .scorecards import describe_response_times, describe_scorecard, response_times, scorecard

__all__ = [
    "describe_path_coefficients",
    "describe_response_times",
    "describe_scorecard",
    "describe_tie_effects",
    "describe_weak_partners",
    "path_coefficients",
    "response_times",
    "scorecard",
    "tie_effects",
    "weak_partners",
]
