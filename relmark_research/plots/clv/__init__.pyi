from .backtest_ranges import backtest, describe_backtest
from .calendar_season import describe_season, season
from .customer_value import (
    describe_value_by_decile,
    describe_value_distribution,
    value_by_decile,
    value_distribution,
)
from .holdout_calibration import calibration, describe_calibration
from .model_fit import (
    describe_frequency_fit,
    describe_parameter_intervals,
    frequency_fit,
    parameter_intervals,
)
from .p_alive import (
    describe_p_alive_distribution,
    describe_p_alive_matrix,
    p_alive_distribution,
    p_alive_matrix,
)
from .p_alive_history import customer_history, describe_customer_history
from .purchase_tracking import describe_tracking, tracking

__all__ = [
    "backtest",
    "calibration",
    "customer_history",
    "describe_backtest",
    "describe_calibration",
    "describe_customer_history",
    "describe_frequency_fit",
    "describe_p_alive_distribution",
    "describe_p_alive_matrix",
    "describe_parameter_intervals",
    "describe_season",
    "describe_tracking",
    "describe_value_by_decile",
    "describe_value_distribution",
    "frequency_fit",
    "p_alive_distribution",
    "p_alive_matrix",
    "parameter_intervals",
    "season",
    "tracking",
    "value_by_decile",
    "value_distribution",
]
