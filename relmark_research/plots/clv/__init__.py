"""Pictures of what customers are worth: how well a model fits, who is alive, who brings what."""

from relmark_research.plots.clv.calibration import calibration, describe_calibration
from relmark_research.plots.clv.customer_history import customer_history, describe_customer_history
from relmark_research.plots.clv.model_fit import (
    describe_frequency_fit,
    describe_parameter_intervals,
    frequency_fit,
    parameter_intervals,
)
from relmark_research.plots.clv.p_alive import (
    alive_distribution,
    describe_alive_distribution,
    describe_p_alive_matrix,
    p_alive_matrix,
)
from relmark_research.plots.clv.tracking import describe_tracking, tracking
from relmark_research.plots.clv.value_distribution import (
    describe_value_by_decile,
    describe_value_distribution,
    value_by_decile,
    value_distribution,
)

__all__ = [
    "alive_distribution",
    "calibration",
    "customer_history",
    "describe_alive_distribution",
    "describe_calibration",
    "describe_customer_history",
    "describe_frequency_fit",
    "describe_p_alive_matrix",
    "describe_parameter_intervals",
    "describe_tracking",
    "describe_value_by_decile",
    "describe_value_distribution",
    "frequency_fit",
    "p_alive_matrix",
    "parameter_intervals",
    "tracking",
    "value_by_decile",
    "value_distribution",
]
