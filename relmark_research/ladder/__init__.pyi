from .answers.first_passage import FirstPassage, first_passage_table
from .answers.ladder_backtest import backtest, describe_backtest
from .answers.ladder_plot_tables import cohort_moves, flow_table, rung_table, sort_by_rung
from .answers.projection import Projection
from .answers.rung_margins import rung_margins
from .answers.rung_value import LadderValue
from .answers.segment_estimates import SegmentEstimates
from .answers.transition_estimate import TransitionEstimate, estimate_transitions
from .estimation.continuous_time import GeneratorEstimate, fit_generator
from .estimation.hidden_markov import HiddenLadder, choose_rungs, fit_hidden_ladder, purchase_panel
from .estimation.homogeneity import ChainTest
from .estimation.move_drivers import Drivers, move_drivers, moves_table
from .estimation.transition_matrix import TransitionMatrix
from .history.ladder import LOYALTY_LADDER, PURCHASE_LADDER, LoyaltyLadder
from .history.ladder_history import LadderHistory
from .history.rules import Evidence, Rule, RuleSet

__all__ = [
    "LOYALTY_LADDER",
    "PURCHASE_LADDER",
    "ChainTest",
    "Drivers",
    "Evidence",
    "FirstPassage",
    "GeneratorEstimate",
    "HiddenLadder",
    "LadderHistory",
    "LadderValue",
    "LoyaltyLadder",
    "Projection",
    "Rule",
    "RuleSet",
    "SegmentEstimates",
    "TransitionEstimate",
    "TransitionMatrix",
    "backtest",
    "choose_rungs",
    "cohort_moves",
    "describe_backtest",
    "estimate_transitions",
    "first_passage_table",
    "fit_generator",
    "fit_hidden_ladder",
    "flow_table",
    "move_drivers",
    "moves_table",
    "purchase_panel",
    "rung_margins",
    "rung_table",
    "sort_by_rung",
]
