"""The text of report 05, the loyalty ladder: what was observed, what the matrix adds, advice.

What a person did is counted. What follows from the matrix of transitions is a forecast, and is
quoted as far as the backtest of the page supports it. What a level of relationship does is
observed, or assumed; then the page gives break-evens and hints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from relmark_research.evidence import Claim, method
from relmark_research.formats import (
    Formatter,
    count,
    listing,
    number,
    percent,
    share,
    with_interval,
)
from relmark_research.stats.intervals import wilson_interval

if TYPE_CHECKING:
    from relmark_research.economics.levels_of_relationship.level_policy import LevelPolicy
    from relmark_research.ladder.estimation.homogeneity import ChainTest

FEWEST_CUSTOMERS = 20
FEWEST_PERIODS = 3  # two for an estimate, one for the backtest
_NO_LEVEL = (
    "**Test levels of relationship at random** before giving one to a whole rung: what the matrix "
    "says of them is contradicted by the backtest."
)
MOST_MISPLACED = 0.2  # share of people on the wrong rung up to which the matrix is quoted


@dataclass(frozen=True)
class Terms:
    """What the sentences of the report share.

    Attributes
    ----------
    start, target
        The rungs of the way that is followed.
    within
        How soon, in words.
    period
        Name of a period of the ladder.
    customers
        Customers of the log.
    misplaced
        Share of people that the backtest put on the wrong rung; None where none was possible.
    unchanged
        The same if the shares of the rungs stayed as at the start of the holdout.
    margin
        The assumed margin as a share of value; None where the costs of goods are known.
    cash
        Formats money.
    """

    start: str
    target: str
    within: str
    period: str
    customers: int
    misplaced: float | None
    unchanged: float | None
    margin: float | None
    cash: Formatter

    @property
    def holdout(self) -> bool | None:
        """Whether the backtest supports the matrix; None where none was possible.

        It does if the matrix puts few people on the wrong rung, and no more than shares that stay
        as they were at the start of the holdout.
        """
        if self.misplaced is None or self.unchanged is None:
            return None
        return self.misplaced <= min(MOST_MISPLACED, self.unchanged)

    @property
    def tested(self) -> str:
        """What the backtest found, in words."""
        if self.misplaced is None:
            return "the transactions are too short for a backtest"
        return f"the backtest put {percent(self.misplaced)} of the people on the wrong rung"

    @property
    def with_margin(self) -> str:
        """The assumed margin in words; empty where costs are known."""
        return "" if self.margin is None else f", with an assumed margin of {percent(self.margin)}"


def few(customers: int, periods: int) -> str:
    """Return why no ladder can be estimated, or an empty text if it can.

    Examples
    --------
    >>> few(12, 8)
    'the transactions have 12 of the 20 customers that it needs'
    >>> few(200, 1), few(200, 8)
    ('the transactions cover 1 of the 3 periods that it needs', '')
    """
    if customers < FEWEST_CUSTOMERS:
        return (
            f"the transactions have {count(customers)} of the {FEWEST_CUSTOMERS} customers that it "
            "needs"
        )
    if periods < FEWEST_PERIODS:
        return (
            f"the transactions cover {count(periods)} of the {FEWEST_PERIODS} periods that it needs"
        )
    return ""


def no_rungs(error: str) -> str:
    """Return why nobody can be placed on a ladder, from the error of its rules.

    Examples
    --------
    >>> no_rungs("no customer can reach supporter: the rules need events. Pass events=...")
    'no customer can reach supporter: the rules need events'
    """
    return error.split(". ")[0].rstrip(".")


def misplaced(tested: pd.DataFrame) -> tuple[float, float]:
    """Return the share of people put on the wrong rung, by the matrix and by unchanged shares.

    Parameters
    ----------
    tested
        As `ladder.backtest` returns it.
    """
    actual, people = tested["actual"], tested["actual"].sum()
    unchanged = tested["start"] / tested["start"].sum() * people
    found = [(each - actual).abs().sum() / people / 2 for each in (tested["expected"], unchanged)]
    return float(found[0]), float(found[1])


def reached(path: pd.DataFrame, periods: int) -> pd.Series:
    """Return the row of the observed way at a number of periods, or the last one observed.

    Parameters
    ----------
    path
        As `first_passage_table` returns it.
    periods
        How many periods were asked for.
    """
    known = path[path["periods"] <= periods]
    return (known if len(known) else path).iloc[-1]


def answer(row: pd.Series, periods: int, best: Claim | None, terms: Terms) -> list[Claim]:
    """Return the answer: the share that got to the target as observed, and the best step.

    Parameters
    ----------
    row
        The result of `reached`.
    periods
        How many periods were asked for.
    best
        The claim of `best_step`; None without money.
    terms
        The report's terms.
    """
    said = with_interval(row["observed"], row["observed_low"], row["observed_high"], share)
    seen = int(row["periods"])
    within = terms.within if seen >= periods else f"{count(seen)} {terms.period}s"
    words = f"Of {terms.start} customers, {said} became {terms.target} within {within}."
    if seen < periods:
        words += f" The data do not follow enough of them for {terms.within}."
    share_reached = Claim(
        statement=words,
        design="counted",
        estimate=float(row["observed"]),
        low=float(row["observed_low"]),
        high=float(row["observed_high"]),
        rows=int(row["at_risk"]),
        source="transactions",
    )
    return [share_reached] if best is None else [share_reached, best]


def best_step(step: pd.Series, terms: Terms) -> Claim:
    """Return the step that is worth most by the matrix; withheld where the backtest fails it."""
    gain = with_interval(step["gain"], step["low"], step["high"], terms.cash)
    move = f"from {step['origin']} to {step['destination']}"
    return _forecast(
        f"By the transition matrix the step worth most leads {move}: {gain} per "
        f"person{terms.with_margin}.",
        terms,
        numbers=step[["gain", "low", "high"]],
        no_effect=0,
        hint=f"By the transition matrix a step {move} is worth {gain} per person"
        f"{terms.with_margin}; {terms.tested}, or no gain is within the interval.",
        withheld=f"What a step is worth is not quoted from the transition matrix: {terms.tested}.",
    )


def too_few(customers: int, reason: str) -> list[Claim]:
    """Return the answer where no ladder can be estimated."""
    words = f"No ladder is estimated, because {reason}."
    return [Claim(statement=words, design="counted", rows=customers, source="transactions")]


def falls(fall: float) -> str:
    """Return the meaning of the share that climbs: what the others do."""
    return f"{share(fall)} fall, the others stay"


def step_meaning(step: pd.Series, terms: Terms) -> str:
    """Return the meaning of the best step: its rungs, and the assumed margin."""
    return f"{step['origin']} to {step['destination']}, per person{terms.with_margin}"


def largest_rung(people: pd.DataFrame) -> Claim:
    """Return the heading of the ladder: the rung with most people."""
    full = people.iloc[int(people["people"].argmax())]
    total = people["people"].sum()
    return Claim(
        statement=f"The largest group is {full['rung']}: {count(full['people'])} of {count(total)} "
        "people",
        design="counted",
        estimate=float(full["people"]),
        rows=int(total),
        source="transactions",
    )


def described(words: str, terms: Terms) -> Claim:
    """Return the description of a figure of what was counted."""
    return Claim(statement=words, design="counted", rows=terms.customers, source="transactions")


def likeliest_move(cells: pd.DataFrame, terms: Terms) -> Claim:
    """Return the heading of the matrix: the most probable move to another rung."""
    out = cells[cells["origin"] != cells["destination"]]
    top = out.iloc[int(out["probability"].argmax())]
    said = with_interval(top["probability"], top["low"], top["high"], share)
    return Claim(
        statement=f"The most frequent move is from {top['origin']} to {top['destination']}: "
        f"{said} in a {terms.period}",
        design="counted",
        estimate=float(top["probability"]),
        low=float(top["low"]),
        high=float(top["high"]),
        rows=terms.customers,
        source="transactions",
    )


def matrix_notes() -> Claim:
    """Return how the matrix is read."""
    return method(
        "Empty cells cannot happen by the rules. Below each probability is its interval, from a "
        "bootstrap of customers."
    )


def first_climb(cohorts: pd.DataFrame, terms: Terms) -> Claim:
    """Return the heading of cohorts: the share that climbs in the first period."""
    young = cohorts[cohorts["age"] == 0]
    people = young["departures"].sum()
    climbed = float((young["climb"] * young["departures"]).sum() / people) if people else 0.0
    return Claim(
        statement=f"{share(climbed)} climb in the {terms.period} after they are first seen",
        design="counted",
        estimate=climbed,
        rows=int(people),
        source="transactions",
        withheld="Climbs and falls by cohort",
    )


def cohort_notes() -> Claim:
    """Return a caution about peaks that come from the rules."""
    return method(
        "Peaks of falls at one age come from the rules: customers who stop buying lapse after the "
        "same time, as does everybody who came in the same period."
    )


def arrived(path: pd.DataFrame, terms: Terms) -> Claim:
    """Return the heading of the way: the share that got there by the last period observed."""
    last = path.iloc[-1]
    said = with_interval(last["observed"], last["observed_low"], last["observed_high"], share)
    return Claim(
        statement=f"After {count(last['periods'])} {terms.period}s {said} of {terms.start} "
        f"customers have become {terms.target}",
        design="counted",
        estimate=float(last["observed"]),
        low=float(last["observed_low"]),
        high=float(last["observed_high"]),
        rows=int(path["at_risk"].iloc[0]),
        source="transactions",
    )


def censored() -> Claim:
    """Return how people whose data end on the way are counted."""
    return method("People whose data end on the way are censored: they do not count as stuck.")


def extrapolated(ways: pd.DataFrame, loss: pd.DataFrame, end: str, terms: Terms) -> Claim:
    """Return where the matrix leads beyond what was observed: shares and times, extrapolated.

    Parameters
    ----------
    ways, loss
        First passage to the target and to the state ``end``, as `time_to` gives them.
    end
        The last state off the ladder.
    terms
        The report's terms.
    """
    way, out = _row(ways, terms.start), _row(loss, terms.start)
    words = (
        f"Extrapolated beyond the data with a constant matrix, {share(way['probability'])} of "
        f"{terms.start} customers become {terms.target} before they are {end}, after "
        f"{number(way['mean'])} {terms.period}s on average; a {terms.start} customer is {end} "
        f"after {number(out['mean'])} {terms.period}s on average."
    )
    ends = ["probability", "probability_low", "probability_high"]
    return _forecast(
        words,
        terms,
        numbers=pd.Series(way)[ends],
        hint=f"{words} This is a hint, since {terms.tested}.",
        withheld=f"Shares and times beyond the data are not quoted from the matrix: {terms.tested}."
        " The tables give them as extrapolations.",
    )


def best_rung(values: pd.DataFrame, terms: Terms) -> Claim:
    """Return the heading of values: the rung whose people are worth most."""
    best = values.iloc[int(values["value"].argmax())]
    said = with_interval(best["value"], best["low"], best["high"], terms.cash)
    words = f"A person on {best['rung']} is worth {said}{terms.with_margin}"
    return _forecast(
        words,
        terms,
        numbers=best[["value", "low", "high"]],
        hint=f"{words}, if moves stay as they were (not tested)",
        withheld="Values by rung, from a matrix that the backtest contradicts",
    )


def values_described(words: str, terms: Terms) -> Claim:
    """Return the description of the values by rung."""
    return _forecast(
        f"{words} Future margin is extrapolated with a constant matrix{terms.with_margin}.",
        terms,
        withheld=f"The picture is an extrapolation with a constant matrix{terms.with_margin}; "
        f"{terms.tested}. Compare rungs with care, and read no amounts from it.",
    )


def push_name(push: pd.Series) -> str:
    """Return a move in words, also that of staying."""
    if push["origin"] == push["destination"]:
        return f"to stay {push['origin']}"
    return f"from {push['origin']} to {push['destination']}"


def best_push(push: pd.Series, terms: Terms) -> Claim:
    """Return the heading of sensitivities; what raises a probability is assumed."""
    more = with_interval(push["total"], push["low"], push["high"], terms.cash)
    return Claim(
        statement=f"An assumed rise of one percentage point in the probability {push_name(push)} "
        f"is worth {more} over all people",
        design="assumed",
        estimate=float(push["total"]),
        low=float(push["low"]),
        high=float(push["high"]),
        rows=terms.customers,
        source="transactions",
        assumptions=("one percentage point", "a constant matrix", *_margin(terms)),
        holdout=terms.holdout,
        withheld=f"An assumed rise in a probability has most value {push_name(push)}; no amount is "
        f"quoted, since {terms.tested}",
    )


def push_notes(terms: Terms) -> list[Claim]:
    """Return how the sensitivities are computed, and that none of them is a measured effect."""
    return [
        method(
            "The point is taken from the other moves of the rung in proportion. Moves rarer than "
            "one in a hundred are left out, since a point would more than double them."
        ),
        method(
            "Nobody has measured an action that raises any of these probabilities, and the "
            f"amounts rest on a constant matrix{terms.with_margin}: they say where a test would be "
            "worth most, not what an action would bring."
        ),
    ]


def levels_heading(policy: LevelPolicy, measured: bool, base: str, terms: Terms) -> Claim:
    """Return the heading of levels: the best one on the first rung of the way, or a hint.

    Parameters
    ----------
    policy
        The best level on each rung.
    measured
        Whether costs and moves by level were observed; otherwise they are assumed.
    base
        The level that the others are compared with.
    terms
        The report's terms.
    """
    chosen = _row(policy.table, terms.start)
    gain = with_interval(chosen["gain"], chosen["gain_low"], chosen["gain_high"], terms.cash)
    name = chosen["relationship_level"]
    if not measured:
        return Claim(
            statement=f"With the assumed costs and odds, {name} is the best level for "
            f"{terms.start} customers",
            design="assumed",
            estimate=float(chosen["gain"]),
            rows=terms.customers,
            source="transactions",
            assumptions=("costs of levels", "odds of moves by level", *_margin(terms)),
            holdout=terms.holdout,
            withheld="The best level by assumed costs and odds is not quoted: " + terms.tested,
        )
    if name == base:
        return _observed(f"No level is better than {base} for {terms.start} customers", terms)
    return Claim(
        statement=f"The {name} level goes with the highest value of {terms.start} customers: "
        f"{gain} above {base}",
        hint=f"Whether {name} is better than {base} for {terms.start} customers is open: {gain}",
        design="observational",
        estimate=float(chosen["gain"]),
        low=float(chosen["gain_low"]),
        high=float(chosen["gain_high"]),
        no_effect=0,
        holdout=terms.holdout,
        rows=terms.customers,
        source="transactions, contacts",
        withheld=f"Which level goes with more value is not quoted: {terms.tested}",
        assumptions=("a constant matrix", *_margin(terms)),
    )


def levels_notes(measured: bool) -> Claim:
    """Return what the levels rest on."""
    if measured:
        return method(
            "Costs by level and moves by level are from the contacts, compared between customers "
            "who were not assigned to levels at random. A level may have been given to customers "
            "who would have climbed anyway: a test with random assignment would tell."
        )
    return method(
        "Costs and odds of the levels are assumed: no table of contacts shows what they cost and "
        "who climbed. The table of break-evens says what a level must achieve to pay for itself."
    )


def no_levels(reason: str, value: str | None, contacts: object) -> str:
    """Return why levels of relationship are not compared."""
    if reason:
        return reason
    if value is None:
        return "the transactions have no column value"
    return "there is no table of contacts" if contacts is None else ""


def policy_table(table: pd.DataFrame, measured: bool) -> pd.DataFrame:
    """Return the best levels; without a probability where it would be that of an assumption."""
    return table if measured else table.drop(columns="probability_best")


def policy_formats(table: pd.DataFrame) -> dict[str, str]:
    """Return the formats of the table of the best levels."""
    shares = {name: "share" for name in table.columns if name == "probability_best"}
    money = {name: "money" for name in table.columns if name not in ("relationship_level", *shares)}
    return money | shares


def policy_caption(measured: bool) -> str:
    """Return the caption of the table of the best levels."""
    if measured:
        return "The level that goes with most value on each rung"
    return "The level with most value on each rung, by assumed costs and odds"


def break_even_heading(table: pd.DataFrame, measured: bool, terms: Terms) -> Claim:
    """Return the heading of break-evens: the rise in the odds of climbing that pays for a level.

    Parameters
    ----------
    table
        As `break_even_climb` returns it.
    measured
        Whether the costs are from the contacts; otherwise they are assumed.
    terms
        The report's terms.
    """
    known = table.dropna(subset=["climb_odds_ratio"])
    costly = known[known["climb_odds_ratio"] > 1]
    cost = "cost" if measured else "assumed cost"
    if costly.empty:
        words = (
            f"No rise in the odds of climbing pays for a level at its {cost}, with an assumed "
            f"constant matrix{terms.with_margin}"
        )
    else:
        first = costly.iloc[0]
        words = (
            f"At its {cost} of {terms.cash(first['annual_cost'])} a year, {first.name} pays for "
            f"itself for {terms.start} customers if it raises the odds of climbing by "
            f"{percent(first['climb_odds_ratio'] - 1)} (assumed constant matrix"
            f"{terms.with_margin})"
        )
    return Claim(
        statement=words,
        design="assumed",
        rows=terms.customers,
        source="transactions, contacts" if measured else "transactions",
        assumptions=("a constant matrix", *_margin(terms)),
        holdout=terms.holdout,
        withheld="What a level must achieve, with an assumed constant matrix that the backtest "
        "contradicts",
    )


def prospects_won(won: int, prospects: int) -> Claim:
    """Return the heading of prospects: how many became customers."""
    low, high = map(float, wilson_interval(won, max(prospects, 1)))
    said = with_interval(won / max(prospects, 1), low, high, share)
    return Claim(
        statement=f"{said} of {count(prospects)} prospects have become customers so far",
        design="counted",
        estimate=won / max(prospects, 1),
        low=low,
        high=high,
        rows=prospects,
        source="prospects",
        withheld="The table of prospects has no rows",
    )


def still_open() -> Claim:
    """Return a caution about recent prospects."""
    return method("Recent prospects may still become customers; the share is not their final one.")


def kinds_of_events(kinds: pd.Series, customers: int) -> Claim:
    """Return the heading of events: customers by the kind of event.

    Parameters
    ----------
    kinds
        Customers with an event of each kind, by kind.
    customers
        Customers of the log.
    """
    top = kinds.sort_values(ascending=False)
    said = [f"{share(n / customers)} {kind}" for kind, n in top.head(3).items()]
    return Claim(
        statement=f"Share of customers with an event: {listing(said)}",
        design="counted",
        rows=int(kinds.sum()),
        source="events",
        withheld="The table of events has no rows",
    )


def answered(people: int, customers: int) -> Claim:
    """Return the heading of answers: how many customers answered a survey."""
    return Claim(
        statement=f"{share(people / customers)} of the customers have answered a survey, which "
        "places them on the ladder; of the others no satisfaction is known",
        design="counted",
        estimate=people / customers,
        rows=people,
        source="answers",
        withheld="The table of answers has no rows",
    )


def no_segments(reason: str, customers: object) -> str:
    """Return why segments are not compared."""
    if reason:
        return reason
    if customers is None:
        return "there is no table of customers"
    return "no column is named for the parameter segment"


def segment_heading(summary: pd.DataFrame, terms: Terms) -> Claim:
    """Return the heading of segments: which one climbs most, if it differs from the next."""
    top = str(summary["climb"].idxmax())
    climb = float(summary["climb"].max())
    return Claim(
        statement=f"{top} customers climb most: {share(climb)} a {terms.period}",
        design="counted",
        estimate=climb,
        rows=terms.customers,
        source="transactions, customers",
    )


def trust(words: str, terms: Terms) -> list[Claim]:
    """Return what the backtest says, and what of the page it carries."""
    verdict = {
        True: "The numbers of the matrix are quoted on this page.",
        False: "This page therefore quotes what was observed, and shows what follows from the "
        "matrix as an extrapolation only.",
        None: "Numbers of the matrix are hints.",
    }[terms.holdout]
    found = Claim(statement=words, design="counted", rows=terms.customers, source="transactions")
    if terms.unchanged is None:
        return [found, method(verdict)]
    benchmark = replace(
        found,
        statement="Shares of the rungs that stay as at the start of the holdout put "
        f"{percent(terms.unchanged)} on the wrong rung. The matrix is quoted if it is better than "
        f"that, and wrong for at most {percent(MOST_MISPLACED)}.",
    )
    return [found, benchmark, method(verdict)]


def chain_tests(found: Sequence[ChainTest], notes: Sequence[str]) -> list[Claim]:
    """Return the tests of the matrix, how to read them, and notes on the data."""
    said = [method(each.result) for each in found]
    if said:
        said.append(
            method(
                "Lasting differences between customers make such tests significant even where "
                "nobody changes: read how many points differ, not the p-value alone."
            )
        )
    words = " ".join(f"{note[0].upper()}{note[1:]}." for note in notes)
    return [*said, method(words or "Every rung was reached, and left again by some.")]


def filled(unknown: Sequence[str]) -> list[Claim]:
    """Return a caution about rungs of which no move was observed; none where there are none."""
    if not unknown:
        return []
    words = (
        f"No move from {listing(unknown)} was observed: all rows of the matrix therefore have a "
        "weak prior (half a move to each possible rung), which is assumed."
    )
    return [Claim(statement=words, design="assumed", source="transactions")]


def limits() -> Claim:
    """Return what the report cannot know."""
    return method(
        "A rung is a rule, not a feeling: change the rules and the numbers change. Customers who "
        "are silent have lapsed only by the rules. The intervals cover the error of the estimate, "
        "not a change in how people behave, nor a dependence on more than the present rung."
    )


def next_steps(
    push: pd.Series | None, policy: LevelPolicy | None, measured: bool, terms: Terms
) -> list[list[Claim]]:
    """Return the advice: a test of the most valuable move, a test of levels, a repetition.

    Parameters
    ----------
    push
        The first of the sensitivities; None without money.
    policy
        The best levels; None without money.
    measured
        Whether the levels' costs and moves were observed.
    terms
        The report's terms.
    """
    steps: list[list[Claim]] = []
    if push is not None:
        amount = f"{terms.cash(push['total'])} over all people in the base now"
        words = (
            f"**Test an action on the move {push_name(push)}**: an assumed rise of one percentage "
            f"point would be worth {amount}. Offer it to a random half first; no effect is known."
        )
        cautious = (
            f"**Test an action on the move {push_name(push)}**, which has most value by the "
            "matrix; no amount is quoted, since the backtest contradicts it. Offer it to a random "
            "half first; no effect is known."
        )
        steps.append([_assumed(words, terms, float(push["total"]), withheld=cautious)])
    if policy is not None:
        name = _row(policy.table, terms.start)["relationship_level"]
        basis = "by the customers' own moves, assumed to hold for others too"
        words = (
            f"**Test the level {name} on {terms.start} customers**, at random: it is the best "
            f"{basis if measured else 'by assumed costs and odds'}; where it is not clearly better,"
            " keep the cheaper level."
        )
        steps.append([_assumed(words, terms, None, withheld=_NO_LEVEL)])
    steps.append([method(f"**Run this report again** when the next {terms.period} is complete.")])
    return [
        [_numbered(claims[0], place), *claims[1:]] for place, claims in enumerate(steps, start=1)
    ]


def longer() -> list[Claim]:
    """Return the advice where no ladder can be estimated."""
    return [method("1. **Run this report again** with more customers, or over a longer time.")]


def _row(table: pd.DataFrame, name: str) -> dict[str, Any]:
    """Return the row of a table whose index has each name once."""
    found = table[table.index == name].iloc[0]
    return {str(column): value for column, value in found.items()}


def _numbered(claim: Claim, place: int) -> Claim:
    withheld = f"{place}. {claim.withheld}" if claim.withheld else ""
    return replace(claim, statement=f"{place}. {claim.statement}", withheld=withheld)


def _assumed(words: str, terms: Terms, estimate: float | None, *, withheld: str) -> Claim:
    return Claim(
        statement=words,
        design="assumed",
        estimate=estimate,
        rows=terms.customers,
        source="transactions",
        assumptions=("a constant matrix", *_margin(terms)),
        holdout=terms.holdout,
        withheld=withheld,
    )


def _observed(words: str, terms: Terms) -> Claim:
    return Claim(
        statement=words,
        design="observational",
        holdout=terms.holdout,
        rows=terms.customers,
        source="transactions, contacts",
        withheld=f"Which level goes with more value is not quoted: {terms.tested}",
    )


def _margin(terms: Terms) -> tuple[str, ...]:
    return () if terms.margin is None else (f"a margin of {percent(terms.margin)}",)


def _forecast(
    statement: str,
    terms: Terms,
    *,
    numbers: pd.Series | None = None,
    no_effect: float | None = None,
    hint: str = "",
    withheld: str = "",
) -> Claim:
    estimate, low, high = (None,) * 3 if numbers is None else map(float, numbers)
    return Claim(
        statement=statement,
        design="forecast",
        estimate=estimate,
        low=low,
        high=high,
        no_effect=no_effect,
        holdout=terms.holdout,
        rows=terms.customers,
        source="transactions",
        assumptions=("a constant matrix", *_margin(terms)),
        hint=hint,
        withheld=withheld,
    )
