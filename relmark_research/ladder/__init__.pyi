from .continuous import GeneratorEstimate, fit_generator
from .drivers import Drivers, move_drivers, moves_table
from .estimate import TransitionEstimate
from .evidence import read_table
from .hidden import HiddenLadder, choose_rungs, fit_hidden_ladder, purchase_panel
from .history import LadderHistory
from .levels import assumed_levels, known_levels, level_costs, level_effects
from .margins import rung_margins
from .pictures import by_height, cohort_moves, flow_table, rung_table, way_table
from .policy import LevelPolicy, RelationshipLevel, best_levels
from .projection import Projection, Reach
from .rehearsal import rehearse, rehearsed
from .rungs import LOYALTY_LADDER, PURCHASE_LADDER, LoyaltyLadder
from .transitions import estimate_transitions
from .value import LadderValue

__all__ = [
    "LOYALTY_LADDER",
    "PURCHASE_LADDER",
    "Drivers",
    "GeneratorEstimate",
    "HiddenLadder",
    "LadderHistory",
    "LadderValue",
    "LevelPolicy",
    "LoyaltyLadder",
    "Projection",
    "Reach",
    "RelationshipLevel",
    "TransitionEstimate",
    "assumed_levels",
    "best_levels",
    "by_height",
    "choose_rungs",
    "cohort_moves",
    "estimate_transitions",
    "fit_generator",
    "fit_hidden_ladder",
    "flow_table",
    "known_levels",
    "level_costs",
    "level_effects",
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
