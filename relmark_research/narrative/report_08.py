"""The text of report 08, partners: the answer, scales, drivers, one partner, advice."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from relmark_research.evidence import Claim, method
from relmark_research.formats import Formatter, count, estimate, number, share, with_interval
from relmark_research.relationships.partners.partner_data import PartnerData
from relmark_research.relationships.partners.path_model import PathEstimate
from relmark_research.relationships.partners.relationship_quality import QualityScores
from relmark_research.relationships.partners.scorecard import Scorecards
from relmark_research.relationships.partners.structural_ties import WeakPartners

DRIVERS = {
    "social_tie": "social ties",
    "economic_tie": "economic ties",
    "technical_tie": "technical ties",
    "quality": "quality of the relationship",
}
_ADVICE = {
    "social_tie": "**Test meeting more often**, with one responsible person on each side",
    "economic_tie": "**Test better terms**: longer agreements, shared savings, guarantees",
    "technical_tie": "**Test connecting the systems**: orders, stock and invoices without retyping",
    "quality": "**Test repairing relationships**: ask what went wrong and agree on a remedy",
}


def answer(costs: WeakPartners, money: Formatter) -> list[Claim]:
    """Return the answer: the cost of weak partners, and the driver with the largest share."""
    whole, largest = costs.drivers.iloc[-1], DRIVERS[str(_largest_driver(costs)["driver"])]
    partners = count(len(costs.table))
    saving = _saving_text(whole, money)
    return [
        Claim(
            statement=f"Transactions with our {partners} partners cost {money(costs.current)} a "
            "year.",
            design="counted",
            rows=len(costs.table),
        ),
        _saving(
            whole,
            f"{saving} of it goes with ties and relationship quality below the threshold, most of "
            f"it with {largest}.",
            f"Whether weak ties go with a higher cost is not certain: {saving} a year.",
        ),
    ]


def quality_answer(quality: QualityScores, scale: Sequence[float], level: float) -> Claim:
    """Return the answer from a survey alone: the mean relationship quality."""
    return _counted(_quality_text(quality, scale, level) + ".")


def records_answer(figures: pd.DataFrame, by: str) -> Claim:
    """Return the answer from partner records alone."""
    partners = count(figures["partners"].sum())
    if "response_days" in figures:
        return _counted(f"{partners} partners. {response_time_heading(figures, by).text}.")
    return _counted(f"{partners} partners; their records hold no response times.")


def no_answer() -> Claim:
    """Return the answer where there are neither partners nor a survey of them."""
    return method("There are no records of partners and no survey of them: nothing is measured.")


def quality_heading(quality: QualityScores, scale: Sequence[float], level: float) -> Claim:
    """Return the heading about relationship quality."""
    return _counted(_quality_text(quality, scale, level))


def quality_paragraph(quality: QualityScores) -> list[Claim]:
    """Return the lowest score, and how the scores are made."""
    known = quality.table[quality.table["answers"] > 0].sort_values("quality", kind="stable")
    low = known.iloc[0]
    score = with_interval(low["quality"], low["quality_low"], low["quality_high"], number)
    names = ", ".join(_plain(name) for name in quality.scales)
    return [
        method(f"The score of a partner is the mean of {names}, shrunk towards the mean of all."),
        _counted(f"The lowest score is that of {low['name']}: {score}."),
    ]


def known_items(items: Mapping[str, Sequence[str]], columns: Sequence[str]) -> dict[str, list[str]]:
    """Return the scales all of whose items are columns of the survey."""
    return {name: list(own) for name, own in items.items() if set(own) <= set(columns)}


def known_model(model: Mapping[str, Sequence[str]], scales: Sequence[str]) -> dict[str, list[str]]:
    """Return the paths between scales of the survey."""
    paths = {
        effect: [cause for cause in causes if cause in scales]
        for effect, causes in model.items()
        if effect in scales
    }
    return {effect: causes for effect, causes in paths.items() if causes}


def described(words: str) -> Claim:
    """Return a description of a comparison of partners as a claim."""
    return Claim(statement=words, design="observational")


def weak_partners_heading(costs: WeakPartners, money: Formatter) -> Claim:
    """Return the heading about weak partners: their extra cost."""
    whole = costs.drivers.iloc[-1]
    said = estimate(whole["saving"], whole["saving_low"], whole["saving_high"], money)
    return _saving(
        whole,
        f"Transactions with weak partners cost {said} a year more than at the threshold",
        "Transactions with weak partners are not shown to cost more than at the threshold",
    )


def threshold_definition(quantile: float) -> Claim:
    """Return the definition of the threshold below which a partner is weak."""
    return method(
        "The threshold is the median of each tie and of quality; partners below it are weak."
        if quantile == 0.5
        else f"The threshold is the level of each tie and of quality that {share(1 - quantile)} of "
        "the partners reach; partners below it are weak."
    )


def driver_table(costs: WeakPartners) -> pd.DataFrame:
    """Return the table of drivers with their names in words."""
    return costs.drivers.assign(driver=costs.drivers["driver"].replace(DRIVERS))


def _largest_driver(costs: WeakPartners) -> pd.Series:
    parts = costs.drivers.iloc[:-1]
    return _extreme(parts, "saving")


def _saving_text(row: pd.Series, show: Formatter) -> str:
    return with_interval(row["saving"], row["saving_low"], row["saving_high"], show)


def reliability_heading(scales: pd.DataFrame) -> Claim:
    """Return the heading about the scales: the lowest reliability."""
    least = _extreme(scales, "alpha", lowest=True)
    if least["alpha"] >= 0.7:
        return _counted(f"All scales are reliable: alpha is {number(least['alpha'])} or more")
    name = _plain(least["scale"]).capitalize()
    return _counted(f"{name} is not reliable: alpha {number(least['alpha'])}")


def discriminant_validity_sentence(pairs: pd.DataFrame) -> Claim:
    """Return whether the scales have discriminant validity."""
    alike = pairs[~pairs["distinct"]]
    nearest = _extreme(pairs, "htmt")
    if alike.empty:
        return _counted(
            "The scales have discriminant validity: the closest pair, "
            f"{_plain(nearest['scale_a'])} and {_plain(nearest['scale_b'])}, has an HTMT ratio of "
            f"{number(nearest['htmt'])}, with an upper limit of {number(nearest['htmt_high'])}, "
            "below 0.9."
        )
    said = [
        f"{_plain(row['scale_a'])} and {_plain(row['scale_b'])}" for row in alike.to_dict("records")
    ]
    return _counted(
        f"These may measure the same construct: {', '.join(said)}. Read their paths with care."
    )


def drivers_heading(drivers: PathEstimate) -> Claim:
    """Return the heading about what goes most with the last outcome of the path model."""
    outcome = drivers.paths["effect"].iloc[-1]
    effects = drivers.effects[drivers.effects["effect"] == outcome]
    top = _extreme(effects, "total")
    name = _plain(top["cause"]).capitalize()
    return Claim(
        statement=f"{name} goes most with {_plain(outcome)}",
        hint=f"No scale is shown to go with {_plain(outcome)}",
        design="observational",
        estimate=float(top["total"]),
        low=float(top["total_low"]),
        high=float(top["total_high"]),
        no_effect=0,
    )


def indirect_effect_sentence(drivers: PathEstimate) -> list[Claim]:
    """Return the sentence about the largest indirect path; empty if there is none."""
    effects = drivers.effects[drivers.effects["indirect"].abs() > 0]
    if effects.empty:
        return []
    row = _extreme(effects, "indirect")
    said = (
        f"The largest indirect path leads from {_plain(row['cause'])} to "
        f"{_plain(row['effect'])}: {_two_decimals(row['indirect'])} standard deviations "
        f"({_two_decimals(row['indirect_low'])} to {_two_decimals(row['indirect_high'])})."
    )
    return [described(said)]


def partner_heading(data: PartnerData, partner: str) -> Claim:
    """Return the heading of one partner: its name and kind."""
    record = data.records.loc[partner]
    return _counted(f"{record['name']}, {record['constituency']}")


def partner_paragraph(cards: Scorecards, partner: str, money: Formatter) -> list[Claim]:
    """Return the strengths, weaknesses and cost below the threshold of one partner."""
    page, row = cards.card(partner), cards.costs.table.loc[[partner]].iloc[0]
    said = []
    for standing in ("weak", "strong"):
        names = [_plain(name) for name in page.index[page["standing"] == standing]]
        said.append(f"{standing.capitalize()}: {', '.join(names) or 'nothing'}.")
    below = f" Below the threshold: {row['below']}." if row["below"] else ""
    return [
        _counted(f"{' '.join(said)}{below}"),
        _saving(
            row,
            f"What lies below goes with {_saving_text(row, money)} of cost a year, "
            f"{share(row['share'])} of its transaction cost of {money(row['current'])}.",
        ),
    ]


def ties_heading(effects: pd.DataFrame) -> Claim:
    """Return the heading about the driver that goes with the lowest cost per transaction."""
    row = effects.iloc[int(effects["change"].argmin())]
    top = str(row.name)
    what = (
        "One standard deviation of quality" if top == "quality" else f"One point of {_plain(top)}"
    )
    return Claim(
        statement=f"{what} goes with {share(-row['change'])} less cost per transaction",
        hint="No tie is shown to go with a lower cost per transaction",
        design="observational",
        estimate=float(row["change"]),
        low=float(row["change_low"]),
        high=float(row["change_high"]),
        no_effect=0,
    )


def response_time_heading(figures: pd.DataFrame, by: str) -> Claim:
    """Return the heading about the slowest and the fastest kind of partner."""
    days = figures.set_index(by)["response_days"]
    if len(days) == 1:
        return _counted(f"Offers are answered after {number(days.iloc[0])} days")
    return _counted(
        f"The typical {days.idxmax()} answers an offer after {number(days.max())} days, "
        f"the typical {days.idxmin()} after {number(days.min())}"
    )


def commitments_sentence(figures: pd.DataFrame, by: str) -> list[Claim]:
    """Return the mean length and guarantees of commitments by kind of partner, if known."""
    if not {"commitment_years", "guarantees"} <= set(figures):
        return []
    said = [
        f"{row[by]} {row['commitment_years']:.1f} years, {row['guarantees']:.1f} guarantees"
        for row in figures.to_dict("records")
    ]
    return [_counted(f"Agreements last, on average: {'; '.join(said)}.")]


def figure_formats(figures: pd.DataFrame) -> dict[str, str]:
    """Return the display format of the money among the figures by kind of partner."""
    return {"annual_cost": "money"} if "annual_cost" in figures else {}


def response_time_saving(times: WeakPartners) -> Claim:
    """Return the current response time, and what weak partners' ties go with."""
    whole = times.drivers.iloc[-1]
    return _saving(
        whole,
        f"An offer is answered after {number(times.current)} days on average over all "
        f"transactions; {_saving_text(whole, number)} days of it go with ties and quality below "
        "the threshold.",
    )


def trust_paragraph(data: PartnerData, drivers: PathEstimate | None) -> list[Claim]:
    """Return the data used, and the limits of the conclusions."""
    said = [f"Data: {'; '.join(data.notes)}."]
    if drivers is not None:
        said.append(
            f"The path model used {count(drivers.answers)} questionnaires and left out "
            f"{count(drivers.left_out)}."
        )
        if drivers.improper_draws:
            said.append(
                f"In {share(drivers.improper_draws)} of the bootstrap samples the scales could not "
                "be separated; these samples are excluded from the intervals."
            )
    said.append(
        "Ties and paths are associations, other variables constant: ties were not randomised, and "
        "good partners may have been given more of them."
    )
    return [method(sentence) for sentence in said]


def scores_paragraph() -> list[Claim]:
    """Return how scores are shrunk, and what the amounts leave out."""
    return [
        method("Scores are shrunk to the mean, more so the fewer answers a partner gave."),
        method("Amounts are gross: what it costs to build ties is not in these tables."),
    ]


def next_steps(cards: Scorecards, money: Formatter) -> list[Claim]:
    """Return the advice, sorted by what the driver goes with: tests, as nothing was tried."""
    drivers = cards.costs.drivers.iloc[:-1].sort_values("saving", ascending=False, kind="stable")
    steps = []
    for row in drivers.to_dict("records"):
        cost = with_interval(row["saving"], row["saving_low"], row["saving_high"], money)
        weak = count(row["weak"])
        steps.append(
            _saving(
                row,
                f"{_ADVICE[row['driver']]}, with a random half of the {weak} partners below the "
                f"threshold: being below goes with {cost} of cost a year.",
                f"Do not act on {DRIVERS[row['driver']]} yet: whether being below the threshold "
                f"goes with a cost is not certain ({cost} a year).",
            )
        )
    return steps


def no_step() -> Claim:
    """Return the advice where the costs of ties are not known."""
    return method(
        "Record what a transaction with each partner costs, and how strong the ties are, to see "
        "which ties go with lower costs."
    )


def _saving(row: Mapping[Any, Any] | pd.Series, statement: str, hint: str = "") -> Claim:
    return Claim(
        statement=statement,
        hint=hint,
        design="observational",
        estimate=float(row["saving"]),
        low=float(row["saving_low"]),
        high=float(row["saving_high"]),
        no_effect=0,
    )


def _quality_text(quality: QualityScores, scale: Sequence[float], level: float) -> str:
    mean, low, high = quality.mean_interval(level)
    return (
        f"Relationship quality is {with_interval(mean, low, high, number)} on a scale from "
        f"{scale[0]:g} to {scale[1]:g}"
    )


def _counted(statement: str) -> Claim:
    return Claim(statement=statement, design="counted")


def _plain(name: object) -> str:
    return str(name).replace("_", " ")


def _two_decimals(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _extreme(table: pd.DataFrame, column: str, *, lowest: bool = False) -> pd.Series:
    """Return the row with the highest (or lowest) value in a column."""
    return table.sort_values(column, ascending=lowest, kind="stable").iloc[0]
