from .datasets import load_cdnow, load_donations, load_sample
from .describe.base_profile import (
    CustomerBase,
    concentration_table,
    customer_base,
    growth_table,
    purchase_counts,
)
from .describe.cohorts import cohort_averages, cohort_shares, cohort_table
from .describe.mailing_cells import break_even_response, mailing_cells
from .describe.rfm import rfm_scores
from .describe.segments import rfm_segments, segment_behaviour, segment_rules
from .describe.survival_curve import RetentionCurve, retention_curve
from .log.customer_summary import CustomerSummary, Split
from .log.left_truncation import LeftTruncation
from .log.record_linkage import CustomerLinks, link_customers, pseudonyms
from .log.transactions import ReadOptions, TransactionLog, read_transactions

__all__ = [
    "CustomerBase",
    "CustomerLinks",
    "CustomerSummary",
    "LeftTruncation",
    "ReadOptions",
    "RetentionCurve",
    "Split",
    "TransactionLog",
    "break_even_response",
    "cohort_averages",
    "cohort_shares",
    "cohort_table",
    "concentration_table",
    "customer_base",
    "growth_table",
    "link_customers",
    "load_cdnow",
    "load_donations",
    "load_sample",
    "mailing_cells",
    "pseudonyms",
    "purchase_counts",
    "read_transactions",
    "retention_curve",
    "rfm_scores",
    "rfm_segments",
    "segment_behaviour",
    "segment_rules",
]
