"""Relationship marketing, measured: who customers are, what they are worth, what to spend on them.

A log of transactions is read (`read_transactions`), summed up per customer, fitted by a model
(`BGNBD.fit`, `GammaGamma.fit`), and turned into forecasts and lifetime values with intervals.
"""

from relmark_research.clv.bg_nbd import BGNBD
from relmark_research.clv.distributions import (
    alive_distribution,
    p_alive_matrix,
    value_by_decile,
    value_distribution,
)
from relmark_research.clv.fitting import Fit
from relmark_research.clv.forecast import forecast
from relmark_research.clv.gamma_gamma import GammaGamma
from relmark_research.clv.validation import calibration, frequency_fit, holdout_score, tracking
from relmark_research.clv.value import lifetime_value, total_value
from relmark_research.customers.activity import concentration_table, growth_table, purchase_counts
from relmark_research.customers.cleaning import ReadOptions
from relmark_research.customers.cohorts import cohort_table
from relmark_research.customers.datasets import load_cdnow, load_donations, load_sample
from relmark_research.customers.summary import CustomerSummary, Split
from relmark_research.customers.transactions import TransactionLog, read_transactions
from relmark_research.errors import (
    ConvergenceError,
    DataError,
    LadderError,
    ParameterError,
    RelmarkError,
    ReportError,
)
from relmark_research.reporting.story import record
from relmark_research.units import AnnualRate, Horizon, TimeUnit

__version__ = "0.1.0"

__all__ = [
    "BGNBD",
    "AnnualRate",
    "ConvergenceError",
    "CustomerSummary",
    "DataError",
    "Fit",
    "GammaGamma",
    "Horizon",
    "LadderError",
    "ParameterError",
    "ReadOptions",
    "RelmarkError",
    "ReportError",
    "Split",
    "TimeUnit",
    "TransactionLog",
    "alive_distribution",
    "calibration",
    "cohort_table",
    "concentration_table",
    "forecast",
    "frequency_fit",
    "growth_table",
    "holdout_score",
    "lifetime_value",
    "load_cdnow",
    "load_donations",
    "load_sample",
    "p_alive_matrix",
    "purchase_counts",
    "read_transactions",
    "record",
    "total_value",
    "tracking",
    "value_by_decile",
    "value_distribution",
]
