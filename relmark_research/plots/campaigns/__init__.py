"""Pictures of prospects, campaigns and whom to mail."""

from relmark_research.plots.campaigns.campaign_uplift import arm_profits, describe_arm_profits
from relmark_research.plots.campaigns.funnel import (
    describe_funnel_steps,
    describe_funnel_trend,
    funnel_steps,
    funnel_trend,
)
from relmark_research.plots.campaigns.mailing_cells import cell_rates, describe_cell_rates
from relmark_research.plots.campaigns.qini import describe_qini, qini

__all__ = [
    "arm_profits",
    "cell_rates",
    "describe_arm_profits",
    "describe_cell_rates",
    "describe_funnel_steps",
    "describe_funnel_trend",
    "describe_qini",
    "funnel_steps",
    "funnel_trend",
    "qini",
]
