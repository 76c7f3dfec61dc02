"""What report 08 says of partners: the answer, one partner in words, and what to do next."""

import pandas as pd

from relmark_research.formats import Formatter, count, estimate, number, share, with_interval
from relmark_research.relationships.partners.partner_tables import PartnerData
from relmark_research.relationships.partners.path_model import PathEstimate
from relmark_research.relationships.partners.scorecard import Scorecards
from relmark_research.relationships.partners.structural_ties import WeakPartners

LEVERS = {
    "social_tie": "social ties",
    "economic_tie": "economic ties",
    "technical_tie": "technical ties",
    "quality": "quality of the relationship",
}
_DO = {
    "social_tie": "**Meet more often**: name one person on each side who answers for it",
    "economic_tie": "**Bind by terms**: longer agreements, shared savings, guarantees",
    "technical_tie": "**Connect the systems**: orders, stock and invoices without retyping",
    "quality": "**Repair the relationship**: ask what went wrong, agree on it, keep to it",
}


def answer(costs: WeakPartners, money: Formatter) -> str:
    """Return the report's answer: what weak partners cost, and which lever weighs most."""
    whole = costs.levers.iloc[-1]
    return (
        f"Dealing with our {count(len(costs.table))} partners costs {money(costs.now)} a year. "
        f"{_range(whole, money)} of it goes with ties and relationships weaker than the middle "
        f"partner's. The largest part goes with {LEVERS[str(_top(costs)['lever'])]}."
    )


def weak_finding(costs: WeakPartners, money: Formatter) -> str:
    """Return the finding about weak partners: what they cost beyond the mark."""
    whole = costs.levers.iloc[-1]
    said = estimate(whole["saving"], whole["saving_low"], whole["saving_high"], money)
    return f"Weak partners cost {said} a year more than they would at the mark"


def mark_in_words(mark: float) -> str:
    """Return what the mark is, below which a partner is weak."""
    return (
        "The mark is what the middle partner has of each tie and of quality; weak are those below."
        if mark == 0.5
        else f"The mark is what {share(1 - mark)} of the partners reach of each tie and of quality;"
        " weak are those below."
    )


def lever_table(costs: WeakPartners) -> pd.DataFrame:
    """Return the table of levers with their names in words."""
    return costs.levers.assign(lever=costs.levers["lever"].replace(LEVERS))


def _top(costs: WeakPartners) -> pd.Series:
    parts = costs.levers.iloc[:-1]
    return _extreme(parts, "saving")


def _range(row: pd.Series, show: Formatter) -> str:
    return with_interval(row["saving"], row["saving_low"], row["saving_high"], show)


def reliability(scales: pd.DataFrame) -> str:
    """Return the finding about the scales: how low the least reliable is."""
    least = _extreme(scales, "alpha", least=True)
    if least["alpha"] >= 0.7:
        return f"All scales are reliable: alpha is {number(least['alpha'])} or more"
    return f"{_plain(least['scale']).capitalize()} is not reliable: alpha {number(least['alpha'])}"


def distinct(pairs: pd.DataFrame) -> str:
    """Return whether the scales measure different things."""
    alike = pairs[~pairs["distinct"]]
    nearest = _extreme(pairs, "htmt")
    if alike.empty:
        return (
            f"They measure different things: the nearest two, {_plain(nearest['a'])} and "
            f"{_plain(nearest['b'])}, have a ratio (HTMT) of {number(nearest['htmt'])}, and its "
            f"interval ends at {number(nearest['htmt_high'])}, below 0.9."
        )
    said = [f"{_plain(row['a'])} and {_plain(row['b'])}" for row in alike.to_dict("records")]
    return f"These may measure the same thing: {', '.join(said)}. Read their paths with care."


def strongest(drivers: PathEstimate) -> str:
    """Return the finding about drivers: what moves the last effect of the model most, in all."""
    goal = drivers.paths["effect"].iloc[-1]
    ways = drivers.effects[drivers.effects["effect"] == goal]
    top = _extreme(ways, "total")
    return f"{_plain(top['cause']).capitalize()} does most for {_plain(goal)}"


def through(drivers: PathEstimate) -> str:
    """Return the strongest indirect effect in words."""
    ways = drivers.effects[drivers.effects["indirect"].abs() > 0]
    if ways.empty:
        return ""
    row = _extreme(ways, "indirect")
    return (
        f"By way of others, {_plain(row['cause'])} moves {_plain(row['effect'])} by "
        f"{_two(row['indirect'])} standard deviations ({_two(row['indirect_low'])} to "
        f"{_two(row['indirect_high'])})."
    )


def of_partner(cards: Scorecards, partner: str, money: Formatter) -> str:
    """Return one partner in words: what is strong, what is weak, what it costs."""
    page, row = cards.page(partner), cards.costs.table.loc[[partner]].iloc[0]
    said = []
    for standing in ("weak", "strong"):
        names = [_plain(name) for name in page.index[page["standing"] == standing]]
        said.append(f"{standing.capitalize()}: {', '.join(names) or 'nothing'}.")
    below = f" Rather below the mark: {row['below']}." if row["below"] else ""
    return (
        f"{' '.join(said)}{below} At the mark it would save {_range(row, money)} a year, "
        f"{share(row['share'])} of the {money(row['now'])} that dealing with it costs."
    )


def savers(effects: pd.DataFrame) -> str:
    """Return the finding about ties: which lever saves most cost per transaction."""
    top = str(effects["change"].idxmin())
    what = "A standard deviation of quality" if top == "quality" else f"One point of {_plain(top)}"
    return f"{what} saves {share(-effects['change'][top])} of the cost of a transaction"


def slowest(figures: pd.DataFrame, by: str) -> str:
    """Return the finding about response times: who is slowest, who is fastest."""
    days_ = figures.set_index(by)["response_days"]
    if len(days_) == 1:
        return f"Offers are answered after {number(days_.iloc[0])} days"
    return (
        f"The typical {days_.idxmax()} answers an offer after {number(days_.max())} days, "
        f"the typical {days_.idxmin()} after {number(days_.min())}"
    )


def commitments(figures: pd.DataFrame, by: str) -> str:
    """Return length and guarantees of commitments in words, by kind of partner."""
    said = [
        f"{row[by]} {row['commitment_years']:.1f} years, {row['guarantees']:.1f} guarantees"
        for row in figures.to_dict("records")
    ]
    return f"Agreements last, on average: {'; '.join(said)}."


def days(times: WeakPartners) -> str:
    """Return what weak partners cost in days."""
    whole = times.levers.iloc[-1]
    return (
        f"An offer is answered after {number(times.now)} days on average over all transactions; "
        f"at the mark it would be sooner by {_range(whole, number)} days."
    )


def trust(data: PartnerData, drivers: PathEstimate) -> str:
    """Return how far the figures carry, and what they cannot know."""
    strange = (
        f" In {share(drivers.strange_draws)} of the samples scales could not be told apart; these "
        "were left out of the intervals."
        if drivers.strange_draws
        else ""
    )
    return (
        f"Read: {'; '.join(data.notes)}. The path model used {count(drivers.answers)} sheets and "
        f"left out {count(drivers.left_out)}.{strange} Paths and ties are what goes together, "
        "other things equal: nobody strengthened ties at random. Good partners may simply have "
        "been given more ties; then building ties saves less than is said here."
    )


def next_steps(cards: Scorecards, money: Formatter) -> list[str]:
    """Return what to do, the lever with the highest expected saving first."""
    levers = cards.costs.levers.iloc[:-1].sort_values("saving", ascending=False, kind="stable")
    steps = []
    for row in levers.to_dict("records"):
        sure = row["saving_low"] > 0
        doubt = "" if sure else " Whether it saves at all is not certain: try it with a few."
        gain = with_interval(row["saving"], row["saving_low"], row["saving_high"], money)
        steps.append(
            f"{_DO[row['lever']]}, with the {count(row['weak'])} partners below the mark: saves "
            f"{gain} a year, before what it costs.{doubt}"
        )
    return steps


def _plain(name: object) -> str:
    return str(name).replace("_", " ")


def _two(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _extreme(table: pd.DataFrame, column: str, *, least: bool = False) -> pd.Series:
    """Return the row with the highest, or the lowest, figure in a column."""
    return table.sort_values(column, ascending=least, kind="stable").iloc[0]
