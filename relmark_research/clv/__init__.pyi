from .assumptions import assumptions_in_words
from .average_spend import SpendAverage
from .base import Model
from .baseline import compare_with_lifetimes
from .beta_discrete_weibull import BetaDiscreteWeibull
from .bg_bb import BGBB
from .bg_nbd import BGNBD
from .compare import compare_models
from .contracts import contract_tenures
from .conversion import from_lifetimes, to_lifetimes
from .covariate_fit import CovariateFit
from .covariates import fit_covariates
from .coverage import interval_coverage, prediction_histogram
from .distributions import (
    alive_distribution,
    customer_history,
    most_to_lose,
    p_alive_matrix,
    value_by_decile,
    value_distribution,
)
from .fitting import Fit
from .forecast import total_purchases
from .gamma_gamma import GammaGamma
from .independence import spend_frequency_correlation
from .mbg_nbd import MBGNBD
from .models import MODELS
from .nbd import NBD
from .pareto_nbd import ParetoNBD
from .prediction import Prediction
from .regularity import purchase_regularity
from .sensitivity import level_for
from .shifted_beta_geometric import ShiftedBetaGeometric
from .staying import most_leaving
from .validation import calibration, frequency_fit, holdout_score, tracking
from .value import lifetime_value, total_value

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
