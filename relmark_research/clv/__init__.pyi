from .covariates.covariate_fit import CovariateFit, fit_covariates
from .estimation.dropout_bound import most_leaving
from .estimation.fit import Fit
from .estimation.model import Model
from .estimation.registry import MODELS
from .estimation.uncertainty import level_for
from .families.beta_discrete_weibull import BetaDiscreteWeibull
from .families.bg_bb import BGBB
from .families.bg_nbd import BGNBD
from .families.contract import contract_tenures
from .families.gamma_gamma import GammaGamma
from .families.mbg_nbd import MBGNBD
from .families.nbd import NBD
from .families.pareto_nbd import ParetoNBD
from .families.shifted_beta_geometric import ShiftedBetaGeometric
from .interop.lifetimes_package import compare_with_lifetimes, from_lifetimes, to_lifetimes
from .prediction.customer_summaries import (
    alive_distribution,
    customer_history,
    most_to_lose,
    p_alive_matrix,
    value_by_decile,
    value_distribution,
)
from .prediction.forecast import total_purchases
from .prediction.lifetime_value import lifetime_value, total_value
from .prediction.predictive_intervals import Prediction
from .prediction.spend_average import SpendAverage
from .validation.assumptions import assumptions_in_words
from .validation.holdout_validation import calibration, frequency_fit, holdout_score, tracking
from .validation.interpurchase_regularity import purchase_regularity
from .validation.model_comparison import compare_models
from .validation.predictive_checks import interval_coverage, prediction_histogram
from .validation.spend_frequency_independence import spend_frequency_correlation

__all__ = [
    "BGBB",
    "BGNBD",
    "MBGNBD",
    "MODELS",
    "NBD",
    "BetaDiscreteWeibull",
    "CovariateFit",
    "Fit",
    "GammaGamma",
    "Model",
    "ParetoNBD",
    "Prediction",
    "ShiftedBetaGeometric",
    "SpendAverage",
    "alive_distribution",
    "assumptions_in_words",
    "calibration",
    "compare_models",
    "compare_with_lifetimes",
    "contract_tenures",
    "customer_history",
    "fit_covariates",
    "frequency_fit",
    "from_lifetimes",
    "holdout_score",
    "interval_coverage",
    "level_for",
    "lifetime_value",
    "most_leaving",
    "most_to_lose",
    "p_alive_matrix",
    "prediction_histogram",
    "purchase_regularity",
    "spend_frequency_correlation",
    "to_lifetimes",
    "total_purchases",
    "total_value",
    "tracking",
    "value_by_decile",
    "value_distribution",
]
