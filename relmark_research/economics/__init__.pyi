from .account_year import account_years, segment_years
from .acquisition import payback, unit_costs
from .actions import Actions
from .advice_check import check_advice
from .before_after import before_and_after
from .claims import claims_table, few_bring_most, loyal_are_more_profitable, retaining_is_cheaper
from .costs import CostRules, cost_audit
from .crm_export import action_list, write_list
from .effect_sizes import LevelEffects, assumed_effects
from .equity import CustomerEquity
from .experiment import experiment_size, experiments
from .heterogeneity import constant_retention_bias
from .inequality import profit_concentration
from .kinds import customer_kinds, kind_table, kinds_since, predicted_lifetime
from .level_choice import compare_with_textbook, relationship_levels
from .level_regression import level_balance, level_effects
from .levels import Effect, GridCuts, MarketingLevel, read_levels, textbook_levels
from .margins import first_year_margin
from .profitability import profit_items, profit_table
from .pyramid import profit_classes, tier_table
from .residual import FutureTerms
from .response import LogitCurve, ResponseCurve
from .retention import break_even_retention, margin_multiple, retention_value
from .sensitivity import value_elasticities
from .spending import spending_position
from .whale import whale_curve

__all__ = [
    "Actions",
    "CostRules",
    "CustomerEquity",
    "Effect",
    "FutureTerms",
    "GridCuts",
    "LevelEffects",
    "LogitCurve",
    "MarketingLevel",
    "ResponseCurve",
    "account_years",
    "action_list",
    "assumed_effects",
    "before_and_after",
    "break_even_retention",
    "check_advice",
    "claims_table",
    "compare_with_textbook",
    "constant_retention_bias",
    "cost_audit",
    "customer_kinds",
    "experiment_size",
    "experiments",
    "few_bring_most",
    "first_year_margin",
    "kind_table",
    "kinds_since",
    "level_balance",
    "level_effects",
    "loyal_are_more_profitable",
    "margin_multiple",
    "payback",
    "predicted_lifetime",
    "profit_classes",
    "profit_concentration",
    "profit_items",
    "profit_table",
    "read_levels",
    "relationship_levels",
    "retaining_is_cheaper",
    "retention_value",
    "segment_years",
    "spending_position",
    "textbook_levels",
    "tier_table",
    "unit_costs",
    "value_elasticities",
    "whale_curve",
    "write_list",
]
