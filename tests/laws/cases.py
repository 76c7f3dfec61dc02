"""All examples, one module per room of the package."""

from tests.laws import (
    cases_clv,
    cases_economics,
    cases_ladder,
    cases_relationships,
    cases_stats,
)
from tests.laws.registry import CASES

ROOMS = (cases_clv, cases_economics, cases_ladder, cases_relationships, cases_stats)

__all__ = ["CASES", "ROOMS"]
