"""The text of report 03, lifetime value: uncertainty, active customers, advice."""

from collections.abc import Iterable, Mapping

import pandas as pd

from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.prediction._inputs import spend_model
from relmark_research.clv.prediction.customer_summaries import at_risk_customers
from relmark_research.clv.prediction.spend_average import SpendAverage
from relmark_research.clv.prediction.total_forecast import TotalForecast
from relmark_research.clv.validation.holdout_score import HoldoutScore
from relmark_research.clv.validation.model_selection import ModelSelection
from relmark_research.customers.log.customer_summary import Split
from relmark_research.formats import Formatter, count, estimate, number, share, with_interval

_MAX_CUSTOMERS = 20  # in a table


def total_value_text(total: TotalForecast, money: Formatter) -> str:
    """Return the value of all customers, with its interval if there is one."""
    return with_interval(total.expected, total.low, total.high, money)


def value_per_customer_text(total: TotalForecast, money: Formatter) -> str:
    """Return the value per customer, with the digits that its interval supports."""
    return estimate(*total.per_customer, formatter=money)


def total_value_meaning(horizon: str, paid: SpendAverage) -> str:
    """Return a short explanation of the value of all customers."""
    average = ", at the median of spend" if paid.average == "median" else ""
    return f"discounted margin of the next {horizon}{average}"


def caveats(chosen: ModelSelection, interval_width: float | None, paid: SpendAverage) -> str:
    """Return the caveats of the answer about averages and uncertainty, or an empty text."""
    said = ""
    if paid.average == "median":
        said = (
            " The values count what is usual (the median): spend is so uneven that it has no "
            "mean, and a few large purchases can bring much more."
        )
    if interval_width is None:
        return f"{said} How sure that is cannot be said: these purchases do not tell it."
    if chosen.no_dropout:
        return f"{said} Nobody can be seen to leave; the range holds if nobody does."
    return said


def undefined_mean_note(paid: SpendAverage, money: Formatter) -> list[str]:
    """Return the explanation of values at the median of spend; empty for the mean."""
    if paid.average == "mean":
        return []
    model = spend_model(paid.spend)
    return [
        "**Spend has no mean here.** A few customers spend so much more than the others that no "
        "average settles: every larger customer who comes moves it (the model of spend has "
        f"{model.mean_condition or 'no mean'}). So every customer is valued at "
        "the median of what such a customer may spend, "
        f"{money(float(model.median_spend()))} a purchase for one who never came back. That "
        "counts no rare large purchase, so it is too low for a forecast of revenue, and its range "
        "does not hold them. Look at the largest purchases: are they errors, or of another kind, "
        "such as resale? A report on each kind by itself may have a mean."
    ]


def holdout_paragraph(
    score: HoldoutScore, split: Split, model: str, unit: str, *, band_level: float | None
) -> str:
    """Return the forecast for the holdout, the actual purchases, and how to read the figure."""
    until = split.calibration.observed_until
    side = "cautious" if score.bias < 0 else "generous"
    when = f"{until.day} {until:%B %Y}" if until is not None else "the cut"
    band = (
        "The band is what the estimates leave open. Where the solid line leaves it,"
        if band_level is not None
        else "How much the estimates leave open cannot be said. Where the lines part for long,"
    )
    return (
        f"Fitted until {when}, {model} expected {count(round(score.expected))} purchases in the "
        f"{number(split.length)} {unit}s after it; {count(score.actual)} were made. {band} "
        "customers changed in a way that their histories did not show: a season, a campaign, a "
        f"rival. If that lasts, the values here are {side}."
    )


def value_at_holdout_bias(total: TotalForecast, score: HoldoutScore, money: Formatter) -> str:
    """Return the value if the bias of the holdout forecast persists."""
    low, high = (
        None if bound is None else bound / (1 + score.bias) for bound in (total.low, total.high)
    )
    pace = estimate(total.expected / (1 + score.bias), low, high, money)
    return f"At the pace of those months they would come to {pace}."


def model_heading(chosen: ModelSelection, models: int) -> str:
    """Return the heading about the comparison of models."""
    if chosen.no_dropout:
        return "The plainest model is the one to use: nobody seems to leave"
    if models > 1:
        return f"Of {models} models {chosen.name} is the one to use here"
    return f"{chosen.name} is better than no model"


def no_dropout_paragraph(
    chosen: ModelSelection,
    total: TotalForecast,
    values_with_dropout: list[float],
    level: float,
    money: Formatter,
) -> str:
    """Return the meaning of no visible dropout, and the value at the upper dropout bound.

    Parameters
    ----------
    values_with_dropout
        Values of all customers at the upper bound of dropout, one per model; may be empty.
    """
    said = (
        "Customers were silent for as long as some are now, and bought again: who buys seldom is "
        f"not gone. So {chosen.name} takes all {count(total.n_customers)} to be customers still. "
        "That holds for the time that was seen, and is no promise for a longer one. Where people "
        "buy more regularly than at random, the models see less leaving than there is."
    )
    lowest = min([total.expected, *values_with_dropout])
    if lowest >= total.expected:
        return said
    return (
        f"{said} Were as many to leave as these data allow ({level:.0%}), their value would be "
        f"{money(lowest)}, {share(1 - lowest / total.expected)} less."
    )


def active_customers_paragraph(alive: Mapping[str, float], expected: Iterable[float]) -> str:
    """Return how much models differ in the number of active customers and in purchases."""
    sums = list(expected)
    each = ", ".join(f"{name} {count(round(n))}" for name, n in alive.items())
    return (
        "Nobody says goodbye: whether a silent customer has left is inferred, and models infer it "
        f"differently, most of all for those who bought once. By {each} are still there. Their "
        f"forecasts of purchases differ by {share(max(sums) / min(sums) - 1)} only: one who bought "
        "once is worth little, there or not. Do not report active customers as a fact."
    )


def recency_heading(matrix: pd.DataFrame) -> str:
    """Return the heading about a table of P(alive) by recency and frequency."""
    if _dropout_is_visible(matrix):
        return "The more often somebody bought, the sooner silence means goodbye"
    return "Silence hardly tells who has left"


def recency_paragraph(matrix: pd.DataFrame) -> str:
    """Return P(alive) after half of the longest recency, for few and for many purchases."""
    silent = matrix.iloc[len(matrix) // 2 - 1]
    said = (
        "After a silence of half of that time the chance that a customer is still there is "
        f"{share(silent[2])} with 2 repeat purchases, {share(silent[10])} with 10."
    )
    if not _dropout_is_visible(matrix):
        return f"{said} Hardly anybody can be seen to leave, so a reminder has no best moment."
    return (
        f"{said} A reminder is worth most where the colour is in between: before it is not needed, "
        "after it is late."
    )


def _dropout_is_visible(matrix: pd.DataFrame) -> bool:
    """Return whether many purchases followed by inactivity make dropout likely."""
    silent = matrix.iloc[len(matrix) // 2 - 1]
    return bool(silent[10] < min(silent[2], 0.9))


def intervals_note(chosen: ModelSelection, interval_width: float | None) -> str:
    """Return what the intervals contain, or why there are none."""
    if interval_width is None:
        return "There are no ranges beside the figures, since the purchases do not tell them."
    held = "The ranges beside the figures hold the uncertainty of the estimates of purchases and "
    if chosen.no_dropout:
        return f"{held}spend, if nobody leaves; that some may leave is not in them."
    return f"{held}spend."


def fit_statuses(fits: Iterable[Fit]) -> list[str]:
    """Return the convergence status of each fit, and its note on excluded customers."""
    lines = []
    for fit in fits:
        status = "converged" if fit.diagnosis.status == "converged" else str(fit.diagnosis)
        note = fit.note.partition(":")[0]
        lines.append(f"{type(fit.model).__name__}: {status}.{f' {note}' if note else ''}")
    return lines


def best_customers_table(values: pd.DataFrame, future: pd.DataFrame) -> pd.DataFrame:
    """Return the most valuable customers, with column names for readers."""
    names = {"clv": "Value", "clv_low": "From", "clv_high": "To", "p_alive": "Still there"}
    table = values.nlargest(_MAX_CUSTOMERS, "clv").join(future["p_alive"])
    known = [name for name in names if name in table and not (table[name] == 1).all()]
    return table[known].rename(columns=names)


def at_risk_table(values: pd.DataFrame, future: pd.DataFrame) -> pd.DataFrame:
    """Return the customers with the most value at risk of dropout, if any."""
    names = {"p_alive": "Still there", "clv": "Value", "clv_if_alive": "Value if there"}
    names |= {"clv_at_risk": "In doubt"}
    table = at_risk_customers(values, future, n=_MAX_CUSTOMERS).rename(columns=names)
    return table[table["In doubt"] > 0]


def best_customers_advice(best: pd.DataFrame, money: Formatter) -> str:
    """Return the advice about the most valuable customers."""
    said = f"should bring {money(best['Value'].sum())}."
    if "From" in best:
        said += (
            " The range beside each is of the estimate: what such customers bring on average, not "
            "what this one will do."
        )
    return f"**Look after the best.** The {len(best)} below {said}"


def at_risk_advice(doubtful: pd.DataFrame, money: Formatter) -> str:
    """Return the advice about customers at risk of dropout."""
    return (
        f"**Call those who may be slipping away.** The {len(doubtful)} below should bring "
        f"{money(doubtful['Value'].sum())}, as they may have left; were they surely there, it "
        f"would be {money(doubtful['Value if there'].sum())}."
    )


def final_steps(values: pd.DataFrame, money: Formatter, *, first: int) -> list[str]:
    """Return the general advice, numbered from ``first``."""
    best = money(values["clv"].quantile(0.9))
    return [
        f"{first}. **Spend by value.** Above {best} a customer belongs to the best tenth; no more "
        "than the value itself is worth spending to keep one.",
        f"{first + 1}. **Check the forecast again** when a new quarter is in, by running this "
        "report anew.",
    ]
