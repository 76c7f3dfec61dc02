from . import (
    clv,
    customer_tables,
    customers,
    economics,
    ladder,
    plots,
    relationships,
    reporting,
    simulation,
    teaching,
)
from .clv.calendar.calendar_effects import CalendarEffects
from .clv.estimation.fit import Fit
from .clv.families.beta_discrete_weibull import BetaDiscreteWeibull
from .clv.families.bg_bb import BGBB
from .clv.families.bg_nbd import BGNBD
from .clv.families.cnbd import BGCNBD, MBGCNBD
from .clv.families.gamma_gamma import GammaGamma
from .clv.families.mbg_nbd import MBGNBD
from .clv.families.pareto_nbd import ParetoNBD
from .clv.families.shifted_beta_geometric import ShiftedBetaGeometric
from .clv.forecasting.backtest import backtest
from .clv.forecasting.forecast_total import forecast_total
from .clv.prediction.forecast import forecast
from .clv.prediction.lifetime_value import lifetime_value, total_value
from .clv.validation.calibration import calibration
from .clv.validation.model_comparison import compare_models
from .clv.validation.tracking import tracking
from .customer_tables.table_of_customers import customer_table
from .customers.datasets import load_cdnow, load_donations, load_sample
from .customers.describe.cohorts import cohort_table
from .customers.describe.rfm import rfm_scores
from .customers.describe.segments import rfm_segments
from .customers.describe.survival_curve import retention_curve
from .customers.log.customer_summary import CustomerSummary, Split
from .customers.log.record_linkage import link_customers
from .customers.log.transactions import TransactionLog, read_transactions
from .economics.budget.customer_equity import CustomerEquity
from .economics.budget.unit_costs import payback, unit_costs
from .economics.levels_of_relationship.level_choice import relationship_levels
from .economics.next_action.next_best_action import recommend
from .economics.profitability.profit_table import profit_table
from .economics.profitability.tiers import profit_classes
from .economics.profitability.whale_curve import whale_curve
from .economics.response.response_curves import ResponseCurve
from .economics.value_of_retention.retention_value import (
    break_even_retention,
    margin_multiple,
    retention_value,
)
from .errors import (
    ConvergenceError,
    DataError,
    LadderError,
    MissingMethodError,
    ParameterError,
    RelmarkError,
    ReportError,
)
from .ladder.answers.transition_estimate import estimate_transitions
from .ladder.history.ladder import LOYALTY_LADDER, PURCHASE_LADDER, LoyaltyLadder
from .reporting.display.story import record, record_forecast
from .tables.options import ReadOptions
from .tables.read_table import Table, read_table
from .teaching.glossary import glossary
from .units import AnnualRate, Horizon, Period, TimeUnit

__version__: str

__all__ = [
    "BGBB",
    "BGCNBD",
    "BGNBD",
    "LOYALTY_LADDER",
    "MBGCNBD",
    "MBGNBD",
    "PURCHASE_LADDER",
    "AnnualRate",
    "BetaDiscreteWeibull",
    "CalendarEffects",
    "ConvergenceError",
    "CustomerEquity",
    "CustomerSummary",
    "DataError",
    "Fit",
    "GammaGamma",
    "Horizon",
    "LadderError",
    "LoyaltyLadder",
    "MissingMethodError",
    "ParameterError",
    "ParetoNBD",
    "Period",
    "ReadOptions",
    "RelmarkError",
    "ReportError",
    "ResponseCurve",
    "ShiftedBetaGeometric",
    "Split",
    "Table",
    "TimeUnit",
    "TransactionLog",
    "backtest",
    "break_even_retention",
    "calibration",
    "clv",
    "cohort_table",
    "compare_models",
    "customer_table",
    "customer_tables",
    "customers",
    "economics",
    "estimate_transitions",
    "forecast",
    "forecast_total",
    "glossary",
    "ladder",
    "lifetime_value",
    "link_customers",
    "load_cdnow",
    "load_donations",
    "load_sample",
    "margin_multiple",
    "payback",
    "plots",
    "profit_classes",
    "profit_table",
    "read_table",
    "read_transactions",
    "recommend",
    "record",
    "record_forecast",
    "relationship_levels",
    "relationships",
    "reporting",
    "retention_curve",
    "retention_value",
    "rfm_scores",
    "rfm_segments",
    "simulation",
    "teaching",
    "total_value",
    "tracking",
    "unit_costs",
    "whale_curve",
]
