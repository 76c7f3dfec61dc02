"""Pictures of who earns and who costs, what to do about it, and which level of care pays."""

from relmark_research.plots.profitability.customer_groups import (
    customer_kinds,
    describe_customer_kinds,
    describe_profit_tiers,
    profit_tiers,
)
from relmark_research.plots.profitability.profit_account import describe_profit_items, profit_items
from relmark_research.plots.profitability.recommended_actions import (
    action_gains,
    advice_check,
    describe_action_gains,
    describe_advice_check,
)
from relmark_research.plots.profitability.relationship_levels import (
    describe_level_effects,
    describe_level_values,
    level_effects,
    level_values,
)
from relmark_research.plots.profitability.whale_curve import describe_whale_curve, whale_curve

__all__ = [
    "action_gains",
    "advice_check",
    "customer_kinds",
    "describe_action_gains",
    "describe_advice_check",
    "describe_customer_kinds",
    "describe_level_effects",
    "describe_level_values",
    "describe_profit_items",
    "describe_profit_tiers",
    "describe_whale_curve",
    "level_effects",
    "level_values",
    "profit_items",
    "profit_tiers",
    "whale_curve",
]
