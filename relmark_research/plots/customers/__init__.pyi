from .cohort_retention import cohort_lines, cohorts, describe_cohort_lines, describe_cohorts
from .customer_base import describe_growth, describe_purchase_counts, growth, purchase_counts
from .rfm_segments import (
    describe_mailing_cells,
    describe_rfm_matrix,
    describe_segment_behaviour,
    mailing_cells,
    rfm_matrix,
    segment_behaviour,
)
from .survival_curve import describe_retention_curve, retention_curve
from .value_concentration import concentration, describe_concentration

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
    "describe_retention_curve",
    "describe_rfm_matrix",
    "describe_segment_behaviour",
    "growth",
    "mailing_cells",
    "purchase_counts",
    "retention_curve",
    "rfm_matrix",
    "segment_behaviour",
]
