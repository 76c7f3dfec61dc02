"""Examples: transition probabilities and what follows from them."""

from typing import Any

import relmark_research as rm
from tests.laws import made
from tests.laws.registry import case


@case("TransitionEstimate.intervals", points=("probability",))
def intervals(level: float) -> Any:
    return made.counted().intervals(level)


@case("TransitionEstimate.intervals together", points=("probability",), simultaneous=("*",))
def intervals_together(level: float) -> Any:
    return made.counted().intervals(level, simultaneous=True)


@case("TransitionEstimate.intervals prior", points=("probability",), kinds="shifted")
def intervals_with_prior(level: float) -> Any:
    return rm.estimate_transitions(made.COUNTS, prior=0.5).intervals(level)


@case("TransitionEstimate.intervals customers", points=("probability",), kinds="draws")
def intervals_of_customers(level: float) -> Any:
    return made.followed().intervals(level, basis="customers")


@case("TransitionEstimate.probability_of_reaching", points=("probability",), kinds="draws")
def probability_of_reaching(level: float) -> Any:
    return made.counted().probability_of_reaching("repeat", "12 months", level=level)


@case("TransitionEstimate.time_to", kinds="draws")
def time_to(level: float) -> Any:
    return made.counted().time_to("repeat", before="lost", level=level).table


@case("TransitionEstimate.project", points=("expected",), kinds="steps")
def project(level: float) -> Any:
    return made.counted().project({"first": 400, "repeat": 100}, periods=2, level=level)


@case("TransitionEstimate.steady_state", points=("expected",), kinds="draws")
def steady_state(level: float) -> Any:
    return made.counted().steady_state(level=level)


@case("TransitionEstimate.steady_state inflow", points=("expected",), kinds="draws")
def steady_state_with_inflow(level: float) -> Any:
    return made.counted().steady_state({"first": 10.0}, absorbing_state="lost", level=level)


@case("TransitionEstimate.value", points=("total", "value", "gain"), kinds="draws")
def value(level: float) -> Any:
    return made.counted().value(made.RUNG_MARGINS, 0.1, level=level)


@case("backtest", points=("expected",), kinds="steps")
def backtest(level: float) -> Any:
    return rm.ladder.backtest(made.followed(), level=level)


@case("first_passage_table", kinds={"expected": "draws", "*": "delta"})
def first_passage_table(level: float) -> Any:
    return rm.ladder.first_passage_table(made.followed(), "first", "repeat", level=level)


@case("move_drivers", points=("odds_ratio",))
def move_drivers(level: float) -> Any:
    return rm.ladder.move_drivers(made.moves(), ["size"], level=level).table


@case("rung_margins")
def rung_margins(level: float) -> Any:
    return rm.ladder.rung_margins(made.small_log(), made.small_ladder(), margin=0.3, level=level)


@case("GeneratorEstimate.intervals", points=("rate",))
def generator_intervals(level: float) -> Any:
    return made.generator().intervals(level)


@case("HiddenLadder.summary", points=("propensity",))
def hidden_summary(level: float) -> Any:
    return made.hidden().summary(level)
