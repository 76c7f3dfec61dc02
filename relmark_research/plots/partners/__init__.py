"""Pictures of partners: what drives relationships, what ties save, who is dear, one on a page."""

from relmark_research.plots.partners.relationship_drivers import (
    describe_relationship_paths,
    describe_tie_changes,
    describe_weak_partners,
    relationship_paths,
    tie_changes,
    weak_partners,
)
from relmark_research.plots.partners.scorecards import (
    describe_response_times,
    describe_scorecard,
    response_times,
    scorecard,
)

__all__ = [
    "describe_relationship_paths",
    "describe_response_times",
    "describe_scorecard",
    "describe_tie_changes",
    "describe_weak_partners",
    "relationship_paths",
    "response_times",
    "scorecard",
    "tie_changes",
    "weak_partners",
]
