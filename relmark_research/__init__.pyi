from .clv.assumptions import assumptions_in_words
from .clv.baseline import compare_with_lifetimes
from .clv.beta_discrete_weibull import BetaDiscreteWeibull
from .clv.bg_bb import BGBB
from .clv.bg_nbd import BGNBD
from .clv.compare import compare_models
from .clv.contracts import contract_tenures
from .clv.conversion import from_lifetimes, to_lifetimes
from .clv.covariate_fit import CovariateFit
from .clv.covariates import fit_covariates
from .clv.coverage import interval_coverage, prediction_histogram
from .clv.distributions import (
    alive_distribution,
    customer_history,
    most_to_lose,
    p_alive_matrix,
    value_by_decile,
    value_distribution,
)
from .clv.fitting import Fit
from .clv.forecast import forecast, total_purchases
from .clv.gamma_gamma import GammaGamma
from .clv.independence import spend_frequency_correlation
from .clv.mbg_nbd import MBGNBD
from .clv.pareto_nbd import ParetoNBD
from .clv.prediction import Prediction
from .clv.regularity import purchase_regularity
from .clv.shifted_beta_geometric import ShiftedBetaGeometric
from .clv.validation import calibration, frequency_fit, holdout_score, tracking
from .clv.value import lifetime_value, total_value
from .customers.activity import (
    concentration_table,
    customer_base,
    growth_table,
    purchase_counts,
)
from .customers.cohorts import cohort_averages, cohort_table
from .customers.datasets import load_cdnow, load_donations, load_sample
from .customers.linking import CustomerLinks, link_customers
from .customers.mailing import break_even_response, mailing_cells
from .customers.options import ReadOptions
from .customers.pseudonyms import pseudonyms
from .customers.retention import RetentionCurve, retention_curve
from .customers.rfm import rfm_scores
from .customers.segments import rfm_segments, segment_behaviour, segment_rules
from .customers.summary import CustomerSummary, Split
from .customers.transactions import TransactionLog, read_transactions
from .economics.account_years import account_years, segment_years
from .economics.acquisition import payback, unit_costs
from .economics.actions import Actions
from .economics.advice_check import check_advice
from .economics.before_after import before_and_after
from .economics.claims import (
    claims_table,
    few_bring_most,
    loyal_are_more_profitable,
    retaining_is_cheaper,
)
from .economics.costs import CostRules, cost_audit
from .economics.crm_export import action_list, write_list
from .economics.equity import CustomerEquity
from .economics.experiment import experiment_size, experiments
from .economics.heterogeneity import constant_retention_bias
from .economics.inequality import profit_concentration
from .economics.kinds import customer_kinds, kind_table, kinds_since, predicted_lifetime
from .economics.level_choice import compare_with_textbook, relationship_levels
from .economics.level_effects import LevelEffects, assumed_effects
from .economics.level_regression import level_balance, level_effects
from .economics.levels import Effect, GridCuts, MarketingLevel, read_levels, textbook_levels
from .economics.margins import first_year_margin
from .economics.profitability import profit_items, profit_table
from .economics.pyramid import profit_classes, tier_table
from .economics.recommend import recommend
from .economics.residual import FutureTerms
from .economics.response import LogitCurve, ResponseCurve
from .economics.retention import break_even_retention, margin_multiple, retention_value
from .economics.sensitivity import value_elasticities
from .economics.spending import spending_position
from .economics.whale import whale_curve
from .errors import (
    ConvergenceError,
    DataError,
    LadderError,
    ParameterError,
    RelmarkError,
    ReportError,
)
from .ladder.continuous import fit_generator
from .ladder.drivers import move_drivers, moves_table
from .ladder.hidden import fit_hidden_ladder
from .ladder.policy import RelationshipLevel, best_levels
from .ladder.rungs import LOYALTY_LADDER, PURCHASE_LADDER, LoyaltyLadder
from .ladder.transitions import estimate_transitions
from .relationships.campaigns import CampaignColumns, campaign_balance, campaign_size
from .relationships.drivers import satisfaction_drivers
from .relationships.funnel import conversion_funnel, funnel_costs, funnel_trend
from .relationships.mailing import mailing_plan
from .relationships.nps import net_promoter_score, nps_table
from .relationships.partners import partner_figures, read_partners
from .relationships.paths import relationship_drivers
from .relationships.qini import qini_curve
from .relationships.quality import relationship_quality
from .relationships.satisfaction import retention_link
from .relationships.satisfaction_value import value_of_a_point
from .relationships.scale_tables import discriminant_validity, scale_reliability
from .relationships.scales import Scale, item_table, scales_of
from .relationships.scorecard import scorecards
from .relationships.targeting import uplift_cells
from .relationships.ties import tie_effects, weak_partners
from .relationships.uplift import campaign_uplift
from .reporting.story import record
from .units import AnnualRate, Horizon, TimeUnit

__version__: str

__all__ = [
    "BGBB",
    "BGNBD",
    "LOYALTY_LADDER",
    "MBGNBD",
    "PURCHASE_LADDER",
    "Actions",
    "AnnualRate",
    "BetaDiscreteWeibull",
    "CampaignColumns",
    "ConvergenceError",
    "CostRules",
    "CovariateFit",
    "CustomerEquity",
    "CustomerLinks",
    "CustomerSummary",
    "DataError",
    "Effect",
    "Fit",
    "FutureTerms",
    "GammaGamma",
    "GridCuts",
    "Horizon",
    "LadderError",
    "LevelEffects",
    "LogitCurve",
    "LoyaltyLadder",
    "MarketingLevel",
    "ParameterError",
    "ParetoNBD",
    "Prediction",
    "ReadOptions",
    "RelationshipLevel",
    "RelmarkError",
    "ReportError",
    "ResponseCurve",
    "RetentionCurve",
    "Scale",
    "ShiftedBetaGeometric",
    "Split",
    "TimeUnit",
    "TransactionLog",
    "account_years",
    "action_list",
    "alive_distribution",
    "assumed_effects",
    "assumptions_in_words",
    "before_and_after",
    "best_levels",
    "break_even_response",
    "break_even_retention",
    "calibration",
    "campaign_balance",
    "campaign_size",
    "campaign_uplift",
    "check_advice",
    "claims_table",
    "cohort_averages",
    "cohort_table",
    "compare_models",
    "compare_with_lifetimes",
    "compare_with_textbook",
    "concentration_table",
    "constant_retention_bias",
    "contract_tenures",
    "conversion_funnel",
    "cost_audit",
    "customer_base",
    "customer_history",
    "customer_kinds",
    "discriminant_validity",
    "estimate_transitions",
    "experiment_size",
    "experiments",
    "few_bring_most",
    "first_year_margin",
    "fit_covariates",
    "fit_generator",
    "fit_hidden_ladder",
    "forecast",
    "frequency_fit",
    "from_lifetimes",
    "funnel_costs",
    "funnel_trend",
    "growth_table",
    "holdout_score",
    "interval_coverage",
    "item_table",
    "kind_table",
    "kinds_since",
    "level_balance",
    "level_effects",
    "lifetime_value",
    "link_customers",
    "load_cdnow",
    "load_donations",
    "load_sample",
    "loyal_are_more_profitable",
    "mailing_cells",
    "mailing_plan",
    "margin_multiple",
    "most_to_lose",
    "move_drivers",
    "moves_table",
    "net_promoter_score",
    "nps_table",
    "p_alive_matrix",
    "partner_figures",
    "payback",
    "predicted_lifetime",
    "prediction_histogram",
    "profit_classes",
    "profit_concentration",
    "profit_items",
    "profit_table",
    "pseudonyms",
    "purchase_counts",
    "purchase_regularity",
    "qini_curve",
    "read_levels",
    "read_partners",
    "read_transactions",
    "recommend",
    "record",
    "relationship_drivers",
    "relationship_levels",
    "relationship_quality",
    "retaining_is_cheaper",
    "retention_curve",
    "retention_link",
    "retention_value",
    "rfm_scores",
    "rfm_segments",
    "satisfaction_drivers",
    "scale_reliability",
    "scales_of",
    "scorecards",
    "segment_behaviour",
    "segment_rules",
    "segment_years",
    "spend_frequency_correlation",
    "spending_position",
    "textbook_levels",
    "tie_effects",
    "tier_table",
    "to_lifetimes",
    "total_purchases",
    "total_value",
    "tracking",
    "unit_costs",
    "uplift_cells",
    "value_by_decile",
    "value_distribution",
    "value_elasticities",
    "value_of_a_point",
    "weak_partners",
    "whale_curve",
    "write_list",
]
