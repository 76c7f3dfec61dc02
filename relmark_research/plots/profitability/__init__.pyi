from .cumulative_profit import describe_whale_curve, whale_curve
from .customer_groups import (
    customer_quadrants,
    describe_customer_quadrants,
    describe_profit_tiers,
    profit_tiers,
)
from .profit_account import describe_profit_items, profit_items
from .recommended_actions import (
    action_gains,
    advice_backtest,
    describe_action_gains,
    describe_advice_backtest,
)
from .relationship_levels import (
    describe_level_effects,
    describe_level_values,
    level_effects,
    level_values,
)

__all__ = [
    "action_gains",
    "advice_backtest",
    "customer_quadrants",
    "describe_action_gains",
    "describe_advice_backtest",
    "describe_customer_quadrants",
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
