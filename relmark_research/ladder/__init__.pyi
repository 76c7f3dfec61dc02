from .answers.ladder_backtest import rehearse, rehearsed
from .answers.ladder_plot_tables import by_height, cohort_moves, flow_table, rung_table, way_table
from .answers.projection import Projection, Reach
from .answers.rung_margins import rung_margins
from .answers.rung_value import LadderValue
from .answers.transition_estimate import TransitionEstimate, estimate_transitions
from .estimation.continuous_time import GeneratorEstimate, fit_generator
from .estimation.hidden_markov import HiddenLadder, choose_rungs, fit_hidden_ladder, purchase_panel
from .estimation.move_drivers import Drivers, move_drivers, moves_table
from .history.events import read_table
from .history.ladder import LOYALTY_LADDER, PURCHASE_LADDER, LoyaltyLadder
from .history.ladder_history import LadderHistory

__all__ = [
    "LOYALTY_LADDER",
    "PURCHASE_LADDER",
    "Drivers",
    "GeneratorEstimate",
    "HiddenLadder",
    "LadderHistory",
    "LadderValue",
    "LoyaltyLadder",
    "Projection",
    "Reach",
    "TransitionEstimate",
    "by_height",
    "choose_rungs",
    "cohort_moves",
    "estimate_transitions",
    "fit_generator",
    "fit_hidden_ladder",
    "flow_table",
    "move_drivers",
    "moves_table",
    "purchase_panel",
    "read_table",
    "rehearse",
    "rehearsed",
    "rung_margins",
    "rung_table",
    "way_table",
]
