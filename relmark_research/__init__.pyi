from . import clv, customers, economics, ladder, relationships
from .clv.beta_discrete_weibull import BetaDiscreteWeibull
from .clv.bg_bb import BGBB
from .clv.bg_nbd import BGNBD
from .clv.compare import compare_models
from .clv.fitting import Fit
from .clv.forecast import forecast
from .clv.gamma_gamma import GammaGamma
from .clv.mbg_nbd import MBGNBD
from .clv.pareto_nbd import ParetoNBD
from .clv.shifted_beta_geometric import ShiftedBetaGeometric
from .clv.validation import calibration, tracking
from .clv.value import lifetime_value, total_value
from .customers.cohorts import cohort_table
from .customers.datasets import load_cdnow, load_donations, load_sample
from .customers.linking import link_customers
from .customers.options import ReadOptions
from .customers.retention import retention_curve
from .customers.rfm import rfm_scores
from .customers.segments import rfm_segments
from .customers.summary import CustomerSummary, Split
from .customers.transactions import TransactionLog, read_transactions
from .economics.acquisition import payback, unit_costs
from .economics.equity import CustomerEquity
from .economics.level_choice import relationship_levels
from .economics.profitability import profit_table
from .economics.pyramid import profit_classes
from .economics.recommend import recommend
from .economics.response import ResponseCurve
from .economics.retention import break_even_retention, margin_multiple, retention_value
from .economics.whale import whale_curve
from .errors import (
    ConvergenceError,
    DataError,
    LadderError,
    ParameterError,
    RelmarkError,
    ReportError,
)
from .ladder.rungs import LOYALTY_LADDER, PURCHASE_LADDER, LoyaltyLadder
from .ladder.transitions import estimate_transitions
from .reporting.story import record
from .teaching.glossary import glossary
from .units import AnnualRate, Horizon, TimeUnit

__version__: str

__all__ = [
    "BGBB",
    "BGNBD",
    "LOYALTY_LADDER",
    "MBGNBD",
    "PURCHASE_LADDER",
    "AnnualRate",
    "BetaDiscreteWeibull",
    "ConvergenceError",
    "CustomerEquity",
    "CustomerSummary",
    "DataError",
    "Fit",
    "GammaGamma",
    "Horizon",
    "LadderError",
    "LoyaltyLadder",
    "ParameterError",
    "ParetoNBD",
    "ReadOptions",
    "RelmarkError",
    "ReportError",
    "ResponseCurve",
    "ShiftedBetaGeometric",
    "Split",
    "TimeUnit",
    "TransactionLog",
    "break_even_retention",
    "calibration",
    "clv",
    "cohort_table",
    "compare_models",
    "customers",
    "economics",
    "estimate_transitions",
    "forecast",
    "glossary",
    "ladder",
    "lifetime_value",
    "link_customers",
    "load_cdnow",
    "load_donations",
    "load_sample",
    "margin_multiple",
    "payback",
    "profit_classes",
    "profit_table",
    "read_transactions",
    "recommend",
    "record",
    "relationship_levels",
    "relationships",
    "retention_curve",
    "retention_value",
    "rfm_scores",
    "rfm_segments",
    "total_value",
    "tracking",
    "unit_costs",
    "whale_curve",
]
