"""What report 03 says of lifetime values: how sure they are, who is left, what to do next."""

from collections.abc import Iterable, Mapping

import pandas as pd

from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.prediction._inputs import spend_model
from relmark_research.clv.prediction.customer_summaries import most_to_lose
from relmark_research.clv.prediction.lifetime_value import TotalValue
from relmark_research.clv.prediction.spend_average import SpendAverage
from relmark_research.clv.validation.holdout_validation import HoldoutScore
from relmark_research.clv.validation.model_selection import Selection
from relmark_research.customers.log.customer_summary import Split
from relmark_research.formats import Formatter, count, estimate, number, share, with_interval

_MANY = 20  # customers in a list


def worth(total: TotalValue, money: Formatter) -> str:
    """Return the value of all customers, with its range where there is one."""
    return with_interval(total.value, total.low, total.high, money)


def of_each(total: TotalValue, money: Formatter) -> str:
    """Return the value per customer, with no more digits than its range supports."""
    return estimate(*total.each, formatter=money)


def meaning(horizon: str, paid: SpendAverage) -> str:
    """Return in a few words what the value of all customers is."""
    counted = ", at the median of spend" if paid.average == "median" else ""
    return f"discounted margin of the next {horizon}{counted}"


def condition(chosen: Selection, sure: float | None, paid: SpendAverage) -> str:
    """Return what an answer has to add on what it counts and how sure it is, or nothing."""
    said = ""
    if paid.average == "median":
        said = (
            " The values count what is usual (the median): spend is so uneven that it has no "
            "mean, and a few large purchases can bring much more."
        )
    if sure is None:
        return f"{said} How sure that is cannot be said: these purchases do not tell it."
    if chosen.nobody_leaves:
        return f"{said} Nobody can be seen to leave; the range holds if nobody does."
    return said


def without_a_mean(paid: SpendAverage, money: Formatter) -> list[str]:
    """Return what it means that values are made of the median of spend; nothing for the mean."""
    if paid.average == "mean":
        return []
    model = spend_model(paid.spend)
    return [
        "**Spend has no mean here.** A few customers spend so much more than the others that no "
        "average settles: every larger customer who comes moves it (the model of spend has "
        f"q = {number(float(model.q))}; a mean needs more than 1). So every customer is valued at "
        "the median of what such a customer may spend, "
        f"{money(float(model.median_spend()))} a purchase for one who never came back. That "
        "counts no rare large purchase, so it is too low for a forecast of revenue, and its range "
        "does not hold them. Look at the largest purchases: are they errors, or of another kind, "
        "such as resale? A report on each kind by itself may have a mean."
    ]


def of_the_test(
    score: HoldoutScore, split: Split, model: str, unit: str, *, banded: float | None
) -> str:
    """Return what a model expected of the months kept back, and what the picture of it shows."""
    until = split.calibration.observed_until
    side = "cautious" if score.bias < 0 else "generous"
    when = f"{until.day} {until:%B %Y}" if until is not None else "the cut"
    band = (
        "The band is what the estimates leave open. Where the solid line leaves it,"
        if banded is not None
        else "How much the estimates leave open cannot be said. Where the lines part for long,"
    )
    return (
        f"Fitted until {when}, {model} expected {count(round(score.expected))} purchases in the "
        f"{number(split.length)} {unit}s after it; {count(score.actual)} were made. {band} "
        "customers changed in a way that their histories did not show: a season, a campaign, a "
        f"rival. If that lasts, the values here are {side}."
    )


def at_tested_pace(total: TotalValue, score: HoldoutScore, money: Formatter) -> str:
    """Return what the value would be if purchases stayed as far off as in the test."""
    low, high = (None if end is None else end / (1 + score.bias) for end in (total.low, total.high))
    pace = estimate(total.value / (1 + score.bias), low, high, money)
    return f"At the pace of those months they would come to {pace}."


def finding_of_models(chosen: Selection, models: int) -> str:
    """Return the finding about the models that were compared."""
    if chosen.nobody_leaves:
        return "The plainest model is the one to use: nobody seems to leave"
    if models > 1:
        return f"Of {models} models {chosen.name} is the one to use here"
    return f"{chosen.name} is better than no model"


def nobody_leaves(
    chosen: Selection, total: TotalValue, some_leave: list[float], level: float, money: Formatter
) -> str:
    """Return what it means that nobody seems to leave, and what it would cost if some did.

    ``some_leave`` are values if as many leave as the data allow; none where that was not asked.
    """
    said = (
        "Customers were silent for as long as some are now, and bought again: who buys seldom is "
        f"not gone. So {chosen.name} takes all {count(total.customers)} to be customers still. "
        "That holds for the time that was seen, and is no promise for a longer one. Where people "
        "buy more regularly than at random, the models see less leaving than there is."
    )
    least = min([total.value, *some_leave])
    if least >= total.value:
        return said
    return (
        f"{said} Were as many to leave as these data allow ({level:.0%}), their value would be "
        f"{money(least)}, {share(1 - least / total.value)} less."
    )


def of_who_is_left(alive: Mapping[str, float], expected: Iterable[float]) -> str:
    """Return how far models differ on who is still a customer, and on what they will buy."""
    sums = list(expected)
    each = ", ".join(f"{name} {count(round(n))}" for name, n in alive.items())
    return (
        "Nobody says goodbye: whether a silent customer has left is inferred, and models infer it "
        f"differently, most of all for those who bought once. By {each} are still there. Their "
        f"forecasts of purchases differ by {share(max(sums) / min(sums) - 1)} only: one who bought "
        "once is worth little, there or not. Do not report active customers as a fact."
    )


def finding_of_silence(matrix: pd.DataFrame) -> str:
    """Return the finding of a table of P(alive) by recency and frequency."""
    if _tells(matrix):
        return "The more often somebody bought, the sooner silence means goodbye"
    return "Silence hardly tells who has left"


def of_silence(matrix: pd.DataFrame) -> str:
    """Return what half of the longest silence means, for few purchases and for many."""
    silent = matrix.iloc[len(matrix) // 2 - 1]
    said = (
        "After a silence of half of that time the chance that a customer is still there is "
        f"{share(silent[2])} with 2 repeat purchases, {share(silent[10])} with 10."
    )
    if not _tells(matrix):
        return f"{said} Hardly anybody can be seen to leave, so a reminder has no best moment."
    return (
        f"{said} A reminder is worth most where the colour is in between: before it is not needed, "
        "after it is late."
    )


def _tells(matrix: pd.DataFrame) -> bool:
    """Whether many purchases and then silence make it likely that a customer has left."""
    silent = matrix.iloc[len(matrix) // 2 - 1]
    return bool(silent[10] < min(silent[2], 0.9))


def ranges(chosen: Selection, sure: float | None) -> str:
    """Return what the ranges beside the figures hold, or why there are none."""
    if sure is None:
        return "There are no ranges beside the figures, since the purchases do not tell them."
    held = "The ranges beside the figures hold the uncertainty of the estimates of purchases and "
    if chosen.nobody_leaves:
        return f"{held}spend, if nobody leaves; that some may leave is not in them."
    return f"{held}spend."


def endings(fits: Iterable[Fit]) -> list[str]:
    """Return how each fit ended, and whom it left out."""
    said = []
    for fit in fits:
        ended = "converged" if fit.diagnosis.grade == "converged" else str(fit.diagnosis)
        note = fit.note.partition(":")[0]
        said.append(f"{type(fit.model).__name__}: {ended}.{f' {note}' if note else ''}")
    return said


def best_customers(values: pd.DataFrame, future: pd.DataFrame) -> pd.DataFrame:
    """Return the most valuable customers, under a reader's names, with what is known of each."""
    names = {"clv": "Value", "clv_low": "From", "clv_high": "To", "p_alive": "Still there"}
    table = values.nlargest(_MANY, "clv").join(future["p_alive"])
    known = [name for name in names if name in table and not (table[name] == 1).all()]
    return table[known].rename(columns=names)


def doubtful_customers(values: pd.DataFrame, future: pd.DataFrame) -> pd.DataFrame:
    """Return the customers whose value hangs most on whether they are still there, if any."""
    names = {"p_alive": "Still there", "clv": "Value", "if_alive": "Value if there"}
    table = most_to_lose(values, future, n=_MANY).rename(columns=names | {"at_risk": "In doubt"})
    return table[table["In doubt"] > 0]


def look_after(best: pd.DataFrame, money: Formatter) -> str:
    """Return the advice about the best customers."""
    said = f"should bring {money(best['Value'].sum())}."
    if "From" in best:
        said += (
            " The range beside each is of the estimate: what such customers bring on average, not "
            "what this one will do."
        )
    return f"**Look after the best.** The {len(best)} below {said}"


def win_back(doubtful: pd.DataFrame, money: Formatter) -> str:
    """Return the advice about customers who may have left."""
    return (
        f"**Call those who may be slipping away.** The {len(doubtful)} below should bring "
        f"{money(doubtful['Value'].sum())}, as they may have left; were they surely there, it "
        f"would be {money(doubtful['Value if there'].sum())}."
    )


def last_steps(values: pd.DataFrame, money: Formatter, *, first: int) -> list[str]:
    """Return what to do whoever the customers are, numbered from ``first``."""
    best = money(values["clv"].quantile(0.9))
    return [
        f"{first}. **Spend by value.** Above {best} a customer belongs to the best tenth; no more "
        "than the value itself is worth spending to keep one.",
        f"{first + 1}. **Check the forecast again** when a new quarter is in, by running this "
        "report anew.",
    ]
