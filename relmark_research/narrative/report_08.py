"""The text of report 08, partners: the answer, scales, drivers, one partner, advice."""

import pandas as pd

from relmark_research.formats import Formatter, count, estimate, number, share, with_interval
from relmark_research.relationships.partners.partner_data import PartnerData
from relmark_research.relationships.partners.path_model import PathEstimate
from relmark_research.relationships.partners.scorecard import Scorecards
from relmark_research.relationships.partners.structural_ties import WeakPartners

DRIVERS = {
    "social_tie": "social ties",
    "economic_tie": "economic ties",
    "technical_tie": "technical ties",
    "quality": "quality of the relationship",
}
_ADVICE = {
    "social_tie": "**Meet more often**: name one responsible person on each side",
    "economic_tie": "**Strengthen the terms**: longer agreements, shared savings, guarantees",
    "technical_tie": "**Connect the systems**: orders, stock and invoices without retyping",
    "quality": "**Repair the relationship**: ask what went wrong, agree on a remedy, keep to it",
}


def answer(costs: WeakPartners, money: Formatter) -> str:
    """Return the answer: the cost of weak partners, and the driver with the largest share."""
    whole, largest = costs.drivers.iloc[-1], DRIVERS[str(_largest_driver(costs)["driver"])]
    return (
        f"Transactions with our {count(len(costs.table))} partners cost {money(costs.current)} a "
        f"year. {_saving_text(whole, money)} of it is associated with ties and relationship "
        f"quality below the threshold. The largest part is associated with {largest}."
    )


def weak_partners_heading(costs: WeakPartners, money: Formatter) -> str:
    """Return the heading about weak partners: their extra cost."""
    whole = costs.drivers.iloc[-1]
    said = estimate(whole["saving"], whole["saving_low"], whole["saving_high"], money)
    return f"Weak partners cost {said} a year more than at the threshold"


def threshold_definition(quantile: float) -> str:
    """Return the definition of the threshold below which a partner is weak."""
    return (
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


def reliability_heading(scales: pd.DataFrame) -> str:
    """Return the heading about the scales: the lowest reliability."""
    least = _extreme(scales, "alpha", lowest=True)
    if least["alpha"] >= 0.7:
        return f"All scales are reliable: alpha is {number(least['alpha'])} or more"
    return f"{_plain(least['scale']).capitalize()} is not reliable: alpha {number(least['alpha'])}"


def discriminant_validity_sentence(pairs: pd.DataFrame) -> str:
    """Return whether the scales have discriminant validity."""
    alike = pairs[~pairs["distinct"]]
    nearest = _extreme(pairs, "htmt")
    if alike.empty:
        return (
            "The scales have discriminant validity: the closest pair, "
            f"{_plain(nearest['scale_a'])} and {_plain(nearest['scale_b'])}, has an HTMT ratio of "
            f"{number(nearest['htmt'])}, with an upper limit of {number(nearest['htmt_high'])}, "
            "below 0.9."
        )
    said = [
        f"{_plain(row['scale_a'])} and {_plain(row['scale_b'])}" for row in alike.to_dict("records")
    ]
    return f"These may measure the same construct: {', '.join(said)}. Read their paths with care."


def drivers_heading(drivers: PathEstimate) -> str:
    """Return the heading about the largest total effect on the last outcome of the path model."""
    outcome = drivers.paths["effect"].iloc[-1]
    effects = drivers.effects[drivers.effects["effect"] == outcome]
    top = _extreme(effects, "total")
    return f"{_plain(top['cause']).capitalize()} has the largest effect on {_plain(outcome)}"


def indirect_effect_sentence(drivers: PathEstimate) -> str:
    """Return the sentence about the largest indirect effect; empty if there is none."""
    effects = drivers.effects[drivers.effects["indirect"].abs() > 0]
    if effects.empty:
        return ""
    row = _extreme(effects, "indirect")
    return (
        f"The largest indirect effect is that of {_plain(row['cause'])} on "
        f"{_plain(row['effect'])}, {_two_decimals(row['indirect'])} standard deviations "
        f"({_two_decimals(row['indirect_low'])} to {_two_decimals(row['indirect_high'])})."
    )


def partner_paragraph(cards: Scorecards, partner: str, money: Formatter) -> str:
    """Return the strengths, weaknesses and possible saving of one partner."""
    page, row = cards.card(partner), cards.costs.table.loc[[partner]].iloc[0]
    said = []
    for standing in ("weak", "strong"):
        names = [_plain(name) for name in page.index[page["standing"] == standing]]
        said.append(f"{standing.capitalize()}: {', '.join(names) or 'nothing'}.")
    below = f" Below the threshold: {row['below']}." if row["below"] else ""
    return (
        f"{' '.join(said)}{below} At the threshold it would save {_saving_text(row, money)} a "
        f"year, {share(row['share'])} of its transaction cost of {money(row['current'])}."
    )


def ties_heading(effects: pd.DataFrame) -> str:
    """Return the heading about the driver that saves most cost per transaction."""
    top = str(effects["change"].idxmin())
    what = (
        "One standard deviation of quality" if top == "quality" else f"One point of {_plain(top)}"
    )
    return f"{what} saves {share(-effects['change'][top])} of the cost per transaction"


def response_time_heading(figures: pd.DataFrame, by: str) -> str:
    """Return the heading about the slowest and the fastest kind of partner."""
    days = figures.set_index(by)["response_days"]
    if len(days) == 1:
        return f"Offers are answered after {number(days.iloc[0])} days"
    return (
        f"The typical {days.idxmax()} answers an offer after {number(days.max())} days, "
        f"the typical {days.idxmin()} after {number(days.min())}"
    )


def commitments_sentence(figures: pd.DataFrame, by: str) -> str:
    """Return the mean length and guarantees of commitments by kind of partner."""
    said = [
        f"{row[by]} {row['commitment_years']:.1f} years, {row['guarantees']:.1f} guarantees"
        for row in figures.to_dict("records")
    ]
    return f"Agreements last, on average: {'; '.join(said)}."


def response_time_saving(times: WeakPartners) -> str:
    """Return the current response time, and the saving if weak partners reached the threshold."""
    whole = times.drivers.iloc[-1]
    return (
        f"An offer is answered after {number(times.current)} days on average over all "
        f"transactions; at the threshold the delay would be {_saving_text(whole, number)} days "
        "shorter."
    )


def trust_paragraph(data: PartnerData, drivers: PathEstimate) -> str:
    """Return the data used, and the limits of the conclusions."""
    improper = (
        f" In {share(drivers.improper_draws)} of the bootstrap samples the scales could not be "
        "separated; these samples are excluded from the intervals."
        if drivers.improper_draws
        else ""
    )
    return (
        f"Data: {'; '.join(data.notes)}. The path model used {count(drivers.answers)} "
        f"questionnaires and left out {count(drivers.left_out)}.{improper} The effects of ties and "
        "the paths are associations, other variables constant: ties were not randomised. Good "
        "partners may simply have been given more ties; building ties would then save less than "
        "estimated here."
    )


def next_steps(cards: Scorecards, money: Formatter) -> list[str]:
    """Return the advice, sorted by expected saving."""
    drivers = cards.costs.drivers.iloc[:-1].sort_values("saving", ascending=False, kind="stable")
    steps = []
    for row in drivers.to_dict("records"):
        sure = row["saving_low"] > 0
        doubt = "" if sure else " A saving is not certain: test it with a few partners first."
        gain = with_interval(row["saving"], row["saving_low"], row["saving_high"], money)
        steps.append(
            f"{_ADVICE[row['driver']]}, with the {count(row['weak'])} partners below the "
            f"threshold: saves {gain} a year, before its own cost.{doubt}"
        )
    return steps


def _plain(name: object) -> str:
    return str(name).replace("_", " ")


def _two_decimals(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _extreme(table: pd.DataFrame, column: str, *, lowest: bool = False) -> pd.Series:
    """Return the row with the highest (or lowest) value in a column."""
    return table.sort_values(column, ascending=lowest, kind="stable").iloc[0]
