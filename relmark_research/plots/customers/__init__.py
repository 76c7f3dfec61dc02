"""Pictures of the customer base: how it grows, how often it buys, who brings the value."""

from relmark_research.plots.customers.cohorts import (
    cohort_lines,
    cohorts,
    describe_cohort_lines,
    describe_cohorts,
)
from relmark_research.plots.customers.concentration import concentration, describe_concentration
from relmark_research.plots.customers.customer_base import (
    describe_growth,
    describe_purchase_counts,
    growth,
    purchase_counts,
)
from relmark_research.plots.customers.rfm_segments import (
    describe_mailing_cells,
    describe_rfm_matrix,
    describe_segment_behaviour,
    mailing_cells,
    rfm_matrix,
    segment_behaviour,
)
from relmark_research.plots.customers.survival_curve import describe_retention, retention

__all__ = [
    "cohort_lines",
    "cohorts",
    "concentration",
    "describe_cohort_lines",
    "describe_cohorts",
    "describe_concentration",
    "describe_growth",
    "describe_mailing_cells",
    "describe_purchase_counts",
    "describe_retention",
    "describe_rfm_matrix",
    "describe_segment_behaviour",
    "growth",
    "mailing_cells",
    "purchase_counts",
    "retention",
    "rfm_matrix",
    "segment_behaviour",
]
