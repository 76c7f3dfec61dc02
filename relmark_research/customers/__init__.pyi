from .activity import concentration_table, customer_base, growth_table, purchase_counts
from .cohorts import cohort_averages, cohort_table
from .datasets import load_cdnow, load_donations, load_sample
from .linking import CustomerLinks, link_customers
from .mailing import break_even_response, mailing_cells
from .options import ReadOptions
from .pseudonym import pseudonyms
from .retention import RetentionCurve, retention_curve
from .rfm import rfm_scores
from .segments import rfm_segments, segment_behaviour, segment_rules
from .summary import CustomerSummary, Split
from .transactions import TransactionLog, read_transactions

__all__ = [
    "CustomerLinks",
    "CustomerSummary",
    "ReadOptions",
    "RetentionCurve",
    "Split",
    "TransactionLog",
    "break_even_response",
    "cohort_averages",
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
