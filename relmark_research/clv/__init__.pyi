from .calendar.calendar_effects import CalendarEffects
from .calendar.calendar_options import CalendarOptions
from .calendar.spend_calendar import SpendCalendar
from .covariates.clock_model import ClockModel
from .covariates.covariate_estimation import fit_covariates
from .covariates.covariate_fit import CovariateFit, LikelihoodRatioTest
from .covariates.time_varying_fit import TimeVaryingFit
from .estimation.convergence import Diagnosis
from .estimation.dropout_bound import dropout_upper_bound
from .estimation.fit import Fit
from .estimation.likelihood import MixingDistribution
from .estimation.model import CovariateLink, Model, PurchaseModel
from .estimation.profile_likelihood import Profile
from .estimation.registry import MODELS
from .estimation.spend_model import SpendModel
from .estimation.uncertainty import supported_level
from .families.beta_discrete_weibull import BetaDiscreteWeibull
from .families.bg_bb import BGBB, BGBBSurvivor
from .families.bg_nbd import BGNBD
from .families.cnbd import BGCNBD, MBGCNBD
from .families.contractual import ContractModel, contract_tenures
from .families.gamma_gamma import GammaGamma
from .families.mbg_nbd import MBGNBD
from .families.nbd import NBD
from .families.pareto_nbd import ParetoNBD
from .families.shifted_beta_geometric import ShiftedBetaGeometric
from .forecasting.backtest import Backtest
from .forecasting.forecast_errors import ForecastErrors
from .forecasting.value_bias import ValueBias, value_bias
from .interop.lifetimes_package import (
    LifetimesComparison,
    compare_with_lifetimes,
    from_lifetimes,
    to_lifetimes,
)
from .prediction.customer_summaries import (
    alive_distribution,
    at_risk_customers,
    customer_history,
    p_alive_matrix,
    value_by_decile,
    value_distribution,
)
from .prediction.forecast import total_purchases
from .prediction.lifetime_value import lifetime_value, total_value
from .prediction.predictive_intervals import PredictionDraws
from .prediction.spend_average import SpendAverage
from .prediction.spend_dependence import SpendDependence
from .prediction.total_forecast import TotalForecast
from .validation.assumptions import describe_assumptions
from .validation.calibration import calibration, frequency_fit
from .validation.holdout_score import HoldoutScore, holdout_score
from .validation.interpurchase_regularity import PurchaseRegularity, purchase_regularity
from .validation.model_comparison import ModelComparison, compare_models
from .validation.model_selection import ModelSelection
from .validation.predictive_checks import interval_coverage, pit_histogram
from .validation.spend_frequency_independence import (
    SpendFrequencyCorrelation,
    spend_frequency_correlation,
)
from .validation.tracking import tracking

__all__ = [
    "BGBB",
    "BGCNBD",
    "BGNBD",
    "MBGCNBD",
    "MBGNBD",
    "MODELS",
    "NBD",
    "BGBBSurvivor",
    "Backtest",
    "BetaDiscreteWeibull",
    "CalendarEffects",
    "CalendarOptions",
    "ClockModel",
    "ContractModel",
    "CovariateFit",
    "CovariateLink",
    "Diagnosis",
    "Fit",
    "ForecastErrors",
    "GammaGamma",
    "HoldoutScore",
    "LifetimesComparison",
    "LikelihoodRatioTest",
    "MixingDistribution",
    "Model",
    "ModelComparison",
    "ModelSelection",
    "ParetoNBD",
    "PredictionDraws",
    "Profile",
    "PurchaseModel",
    "PurchaseRegularity",
    "ShiftedBetaGeometric",
    "SpendAverage",
    "SpendCalendar",
    "SpendDependence",
    "SpendFrequencyCorrelation",
    "SpendModel",
    "TimeVaryingFit",
    "TotalForecast",
    "ValueBias",
    "alive_distribution",
    "at_risk_customers",
    "calibration",
    "compare_models",
    "compare_with_lifetimes",
    "contract_tenures",
    "customer_history",
    "describe_assumptions",
    "dropout_upper_bound",
    "fit_covariates",
    "frequency_fit",
    "from_lifetimes",
    "holdout_score",
    "interval_coverage",
    "lifetime_value",
    "p_alive_matrix",
    "pit_histogram",
    "purchase_regularity",
    "spend_frequency_correlation",
    "supported_level",
    "to_lifetimes",
    "total_purchases",
    "total_value",
    "tracking",
    "value_bias",
    "value_by_decile",
    "value_distribution",
]
