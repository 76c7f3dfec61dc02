from .campaign_uplift import describe_incremental_profits, incremental_profits
from .funnel import (
    conversion_funnel,
    describe_conversion_funnel,
    describe_funnel_trend,
    funnel_trend,
)
from .mailing_cells import cell_rates, describe_cell_rates
from .qini import describe_qini_curve, qini_curve
from .subgroups import describe_subgroup_effects, subgroup_effects

__all__ = [
    "cell_rates",
    "conversion_funnel",
    "describe_cell_rates",
    "describe_conversion_funnel",
    "describe_funnel_trend",
    "describe_incremental_profits",
    "describe_qini_curve",
    "describe_subgroup_effects",
    "funnel_trend",
    "incremental_profits",
    "qini_curve",
    "subgroup_effects",
]
