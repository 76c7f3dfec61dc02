from .budget.allocation import Allocation, BudgetLines
from .budget.book_flow import BookRetention, book_flow, book_retention, renewal_period
from .budget.books_response import BooksResponse, books_response, shift_by_response
from .budget.books_value import BooksValue, books_value
from .budget.budget_advice import BudgetRecommendation, BudgetShift
from .budget.customer_equity import CustomerEquity, EquityPoint
from .budget.first_year_margin import first_year_margin
from .budget.spend_ledger import SpendLedger
from .budget.spending_position import SpendingPosition, spending_position
from .budget.unit_costs import Payback, payback, unit_costs
from .claims import (
    Claim,
    claims_table,
    few_bring_most,
    loyal_are_more_profitable,
    retaining_is_cheaper,
)
from .levels_of_relationship.account_years import account_years, segment_years
from .levels_of_relationship.experiment import experiment_size, experiments
from .levels_of_relationship.level_choice import LevelChoice, relationship_levels
from .levels_of_relationship.level_effects import (
    LevelEffects,
    assumed_effects,
    level_balance,
    level_effects,
)
from .levels_of_relationship.level_effects_on_moves import (
    assumed_levels,
    known_levels,
    level_costs,
    level_effects_on_moves,
)
from .levels_of_relationship.level_policy import LevelPolicy, best_levels, break_even_climb
from .levels_of_relationship.relationship_level import Effect, RelationshipLevel, read_levels
from .levels_of_relationship.textbook_grid import (
    GridCuts,
    compare_with_textbook,
    textbook_levels,
)
from .next_action.actions import Actions
from .next_action.advice_backtest import advice_backtest
from .next_action.crm_export import action_list, write_list
from .next_action.next_best_action import Recommendations
from .next_action.residual_value import FutureTerms
from .profitability.cost_rules import CostRules, cost_audit
from .profitability.customer_quadrants import (
    customer_quadrants,
    predicted_lifetime,
    quadrant_table,
    quadrants_from_log,
)
from .profitability.holdout_profit import holdout_profit
from .profitability.profit_concentration import profit_concentration
from .profitability.profit_table import profit_items, profit_table
from .profitability.tiers import profit_classes, tier_table
from .profitability.whale_curve import whale_curve
from .response.acquisition_and_retention import JointResponse, acquisition_and_retention
from .response.binomial_data import BinomialData
from .response.curve_memory import CurveMemory, curve_memory
from .response.response_curves import LogitCurve, ResponseCurve
from .response.response_fit import ResponseFit
from .response.response_with_memory import (
    Memory,
    ResponseWithMemory,
    adstock,
    experiment_periods,
    response_with_memory,
)
from .value_of_retention.elasticities import value_elasticities
from .value_of_retention.heterogeneity import ConstantRetentionBias, constant_retention_bias
from .value_of_retention.payment_terms import PaymentTerms, annual_retention
from .value_of_retention.retention_value import (
    BreakEven,
    RetentionGain,
    break_even_retention,
    margin_multiple,
    retention_value,
)

__all__ = [
    "Actions",
    "Allocation",
    "BinomialData",
    "BookRetention",
    "BooksResponse",
    "BooksValue",
    "BreakEven",
    "BudgetLines",
    "BudgetRecommendation",
    "BudgetShift",
    "Claim",
    "ConstantRetentionBias",
    "CostRules",
    "CurveMemory",
    "CustomerEquity",
    "Effect",
    "EquityPoint",
    "FutureTerms",
    "GridCuts",
    "JointResponse",
    "LevelChoice",
    "LevelEffects",
    "LevelPolicy",
    "LogitCurve",
    "Memory",
    "Payback",
    "PaymentTerms",
    "Recommendations",
    "RelationshipLevel",
    "ResponseCurve",
    "ResponseFit",
    "ResponseWithMemory",
    "RetentionGain",
    "SpendLedger",
    "SpendingPosition",
    "account_years",
    "acquisition_and_retention",
    "action_list",
    "adstock",
    "advice_backtest",
    "annual_retention",
    "assumed_effects",
    "assumed_levels",
    "best_levels",
    "book_flow",
    "book_retention",
    "books_response",
    "books_value",
    "break_even_climb",
    "break_even_retention",
    "claims_table",
    "compare_with_textbook",
    "constant_retention_bias",
    "cost_audit",
    "curve_memory",
    "customer_quadrants",
    "experiment_periods",
    "experiment_size",
    "experiments",
    "few_bring_most",
    "first_year_margin",
    "holdout_profit",
    "known_levels",
    "level_balance",
    "level_costs",
    "level_effects",
    "level_effects_on_moves",
    "loyal_are_more_profitable",
    "margin_multiple",
    "payback",
    "predicted_lifetime",
    "profit_classes",
    "profit_concentration",
    "profit_items",
    "profit_table",
    "quadrant_table",
    "quadrants_from_log",
    "read_levels",
    "relationship_levels",
    "renewal_period",
    "response_with_memory",
    "retaining_is_cheaper",
    "retention_value",
    "segment_years",
    "shift_by_response",
    "spending_position",
    "textbook_levels",
    "tier_table",
    "unit_costs",
    "value_elasticities",
    "whale_curve",
    "write_list",
]
