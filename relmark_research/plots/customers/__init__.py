"""Pictures of the customer base: how it grows, how often it buys, who brings the value."""

from relmark_research.plots.customers.base import (
    describe_growth,
    describe_purchase_counts,
    growth,
    purchase_counts,
)
from relmark_research.plots.customers.cohort import (
    cohort_lines,
    cohorts,
    describe_cohort_lines,
    describe_cohorts,
)
from relmark_research.plots.customers.concentrated import concentration, describe_concentration

__all__ = [
    "cohort_lines",
    "cohorts",
    "concentration",
    "describe_cohort_lines",
    "describe_cohorts",
    "describe_concentration",
    "describe_growth",
    "describe_purchase_counts",
    "growth",
    "purchase_counts",
]
