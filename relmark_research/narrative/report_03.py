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
            " The values use median spend, because spend is so skewed that it has no mean; a few "
            "large purchases can bring much more."
        )
    if interval_width is None:
        return f"{said} No interval is available: the data do not identify it."
    if chosen.no_dropout:
        return f"{said} No dropout is detected; the interval assumes that there is none."
    return said


def undefined_mean_note(paid: SpendAverage, money: Formatter) -> list[str]:
    """Return the explanation of values at the median of spend; empty for the mean."""
    if paid.average == "mean":
        return []
    model = spend_model(paid.spend)
    return [
        "**Mean spend is not defined here.** The distribution of spend is so heavy-tailed that its "
        "average does not converge: each larger customer shifts it (the spend model has "
        f"{model.mean_condition or 'no mean'}). Each customer is therefore valued at the median of "
        f"what such a customer may spend, {money(float(model.median_spend()))} a purchase for a "
        "customer without repeat purchases. The median leaves out rare large purchases, so it is "
        "too low for a revenue forecast, and its interval leaves them out too. Check the largest "
        "purchases: are they errors, or of another kind, such as resale? A report on each kind "
        "separately may have a mean."
    ]


def holdout_paragraph(
    score: HoldoutScore, split: Split, model: str, unit: str, *, band_level: float | None
) -> str:
    """Return the forecast for the holdout, the actual purchases, and how to read the figure."""
    until = split.calibration.observed_until
    side = "low" if score.bias < 0 else "high"
    when = f"{until.day} {until:%B %Y}" if until is not None else "the cut"
    band = (
        "The band shows the uncertainty of the estimates. Where the solid line leaves it,"
        if band_level is not None
        else "No uncertainty band is available. Where the lines diverge for long,"
    )
    return (
        f"Fitted to data until {when}, {model} forecast {count(round(score.expected))} purchases "
        f"in the following {number(split.length)} {unit}s; there were {count(score.actual)}. "
        f"{band} customers behaved differently than in calibration, for example because of a "
        f"season, a campaign or a competitor. If that persists, the values here are too {side}."
    )


def value_at_holdout_bias(total: TotalForecast, score: HoldoutScore, money: Formatter) -> str:
    """Return the value if the bias of the holdout forecast persists."""
    low, high = (
        None if bound is None else bound / (1 + score.bias) for bound in (total.low, total.high)
    )
    pace = estimate(total.expected / (1 + score.bias), low, high, money)
    return f"If the forecast error of the holdout persists, they total {pace}."


def model_heading(chosen: ModelSelection, models: int) -> str:
    """Return the heading about the comparison of models."""
    if chosen.no_dropout:
        return "The model without dropout is selected: no dropout is detected"
    if models > 1:
        return f"{chosen.name} is selected from {models} models"
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
        "Customers have bought again after gaps as long as the current ones, so inactivity is not "
        f"evidence of dropout. {chosen.name} counts all {count(total.n_customers)} customers as "
        "active. This holds for the observed period, not beyond it. If purchases are more regular "
        "than random, the models underestimate dropout."
    )
    lowest = min([total.expected, *values_with_dropout])
    if lowest >= total.expected:
        return said
    return (
        f"{said} At the upper bound of dropout ({level:.0%}), their value would be "
        f"{money(lowest)}, {share(1 - lowest / total.expected)} less."
    )


def active_customers_paragraph(alive: Mapping[str, float], expected: Iterable[float]) -> str:
    """Return how much models differ in the number of active customers and in purchases."""
    sums = list(expected)
    each = ", ".join(f"{name} {count(round(n))}" for name, n in alive.items())
    return (
        "In a non-contractual setting dropout is not observed but inferred, and models infer it "
        "differently, above all for customers who bought once. The estimated numbers of active "
        f"customers are: {each}. The forecasts of purchases differ by only "
        f"{share(max(sums) / min(sums) - 1)}, because customers who bought once are worth little, "
        "active or not. Do not report the number of active customers as a fact."
    )


def recency_heading(matrix: pd.DataFrame) -> str:
    """Return the heading about a table of P(alive) by recency and frequency."""
    if _dropout_is_visible(matrix):
        return "The more often a customer bought, the sooner inactivity indicates dropout"
    return "Inactivity hardly indicates dropout"


def recency_paragraph(matrix: pd.DataFrame) -> str:
    """Return P(alive) after half of the longest recency, for few and for many purchases."""
    silent = matrix.iloc[len(matrix) // 2 - 1]
    said = (
        "After inactivity for half of that time, P(alive) is "
        f"{share(silent[2])} with 2 repeat purchases and {share(silent[10])} with 10."
    )
    if not _dropout_is_visible(matrix):
        return f"{said} Hardly any dropout is detected, so a reminder has no best time."
    return (
        f"{said} A reminder is worth most at intermediate P(alive): earlier it is not needed, "
        "later it is too late."
    )


def _dropout_is_visible(matrix: pd.DataFrame) -> bool:
    """Return whether many purchases followed by inactivity make dropout likely."""
    silent = matrix.iloc[len(matrix) // 2 - 1]
    return bool(silent[10] < min(silent[2], 0.9))


def intervals_note(chosen: ModelSelection, interval_width: float | None) -> str:
    """Return what the intervals contain, or why there are none."""
    if interval_width is None:
        return "The figures have no intervals, because the data do not identify them."
    held = "The intervals include the uncertainty of the estimates of purchases and "
    if chosen.no_dropout:
        return f"{held}spend, given no dropout; the uncertainty about dropout is not included."
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
    said = f"are expected to bring {money(best['Value'].sum())}."
    if "From" in best:
        said += (
            " The interval beside each is for the mean of such customers, not for the individual "
            "customer."
        )
    return f"**Look after the most valuable customers.** The {len(best)} below {said}"


def at_risk_advice(doubtful: pd.DataFrame, money: Formatter) -> str:
    """Return the advice about customers at risk of dropout."""
    return (
        f"**Contact customers at risk of dropout.** The {len(doubtful)} below are expected to "
        f"bring {money(doubtful['Value'].sum())}, given that they may have left; if they were "
        f"certainly active, it would be {money(doubtful['Value if there'].sum())}."
    )


def final_steps(values: pd.DataFrame, money: Formatter, *, first: int) -> list[str]:
    """Return the general advice, numbered from ``first``."""
    best = money(values["clv"].quantile(0.9))
    return [
        f"{first}. **Spend by value.** Customers worth more than {best} are in the top decile. "
        "Retaining a customer should not cost more than the customer's value.",
        f"{first + 1}. **Check the forecast again** when a new quarter is complete, by rerunning "
        "this report.",
    ]
