"""The text of report 03, lifetime value: single customers, their value, dropout, what to do."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.clv.prediction._inputs import spend_model
from relmark_research.clv.prediction.customer_summaries import at_risk_customers
from relmark_research.clv.prediction.spend_average import SpendAverage
from relmark_research.clv.prediction.total_forecast import TotalForecast
from relmark_research.clv.validation.holdout_score import HoldoutScore
from relmark_research.clv.validation.interpurchase_regularity import (
    PurchaseRegularity,
    purchase_regularity,
)
from relmark_research.clv.validation.model_comparison import ModelComparison, compare_models
from relmark_research.clv.validation.model_selection import ModelSelection
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.transactions import Split, TransactionLog
from relmark_research.economics.levels_of_relationship.experiment import experiment_size
from relmark_research.errors import DataError
from relmark_research.evidence import Claim, method
from relmark_research.formats import Formatter, count, day, estimate, number, share
from relmark_research.narrative.wording import counted

LOG = "transactions"
NOT_RANKED = "in the holdout the forecasts of single customers do not go with their purchases"
WITHHELD = f"{NOT_RANKED[0].upper()}{NOT_RANKED[1:]}."
_MAX_CUSTOMERS = 20  # in a table
_FEWEST = 30  # customers, for a statement about the distribution of their values
_DETECTED = 0.05  # rise of the share who buy again that the proposed test detects
_ONE_SIDED = 1.645  # standard normal quantile of 95%
_TENTHS = 10


@dataclass(frozen=True)
class SingleCustomers:
    """The models of single customers: compared on a holdout, and fitted to all customers."""

    split: Split
    compared: ModelComparison
    chosen: ModelSelection


def single_customers(
    log: TransactionLog,
    *,
    at: date | str | None,
    unit: str,
    models: Sequence[str],
    spend: type[Any] | None,
    level: float,
) -> tuple[SingleCustomers | None, str]:
    """Return the models of single customers, or None and why the log carries none.

    Parameters
    ----------
    log
        The transactions.
    at
        Last day of the calibration; None is two thirds of the log's length.
    unit, models, spend, level
        As for `log.split` and `compare_models`.
    """
    try:
        split = log.split(at=at, unit=unit)
        compared = compare_models(split, models=models, spend=spend, level=level)
        chosen = compared.refit(log.customer_summary(unit=unit))
    except DataError as error:
        return None, str(error).rstrip(".")
    return SingleCustomers(split, compared, chosen), ""


def spend_or_reason(customers: CustomerSummary) -> tuple[Fit[Any] | None, str]:
    """Return the model of spend per purchase, or None and why customers cannot be valued."""
    if len(customers) < _TENTHS:
        return None, f"the log has {count(len(customers))} customers and tenths need {_TENTHS}"
    try:
        return GammaGamma.fit(customers), ""
    except DataError as error:
        return None, str(error).rstrip(".")


def is_ranked(score: HoldoutScore, customers: int) -> bool | None:
    """Return whether forecasts of single customers go with their purchases in the holdout.

    The correlation is tested with Fisher's transformation, one-sided at 95%; None where it does
    not exist, or of fewer than 5 customers.
    """
    if customers < 5 or not math.isfinite(score.correlation):
        return None
    z = math.atanh(max(min(score.correlation, 1 - 1e-12), -1 + 1e-12))
    return z * math.sqrt(customers - 3) > _ONE_SIDED


def best_tenth_claim(tenths: pd.DataFrame, *, holdout: bool | None) -> list[Claim]:
    """Return the share of the value to come that the best tenth hold, for the answer."""
    said = f"The best tenth of customers hold {share(tenths['share'][0])} of that value."
    return [_of_values(said, tenths, float(tenths["share"][0]), holdout=holdout)]


def correlation_heading(score: HoldoutScore, customers: int) -> Claim:
    """Return the heading about forecasts of single customers in the holdout."""
    if not math.isfinite(score.correlation):
        return counted("Single customers could not be told apart in the holdout", source=LOG,
                       rows=customers)  # fmt: skip
    said = (
        "Customer by customer, forecast and purchases correlate at "
        f"{number(score.correlation)} in the holdout"
    )
    return counted(said, source=LOG, estimate=score.correlation, rows=customers)


def model_paragraph(
    found: SingleCustomers, until: date, scaling: Sequence[Claim] = ()
) -> list[Claim]:
    """Return how the models did in the holdout, and what the values of customers are."""
    said = [
        counted(f"In the holdout after {day(until)}: {found.compared.words}", source=LOG,
                rows=len(found.split.calibration))
    ]  # fmt: skip
    if found.chosen.words:
        said.append(method(found.chosen.words))
    return [*said, *scaling]


def value_heading(values: pd.DataFrame, money: Formatter, *, holdout: bool | None) -> Claim:
    """Return the heading about the median value of a customer."""
    middle = float(values["clv"].median())
    said = f"Half of the customers are worth less than {money(middle)}"
    return _of_values(said, values, middle, holdout=holdout)


def value_paragraph(
    values: pd.DataFrame, total: TotalForecast, money: Formatter, *, holdout: bool | None
) -> Claim:
    """Return the mean value of a customer, and how many are worth less."""
    mean, low, high = total.per_customer
    below = float((values["clv"] < mean).mean())
    said = (
        f"The mean is {estimate(mean, low, high, formatter=money)}; {share(below)} of customers "
        "are worth less than that. Values this uneven are poorly described by their mean."
    )
    return _of_values(said, values, mean, holdout=holdout)


def tenths_heading(tenths: pd.DataFrame, *, holdout: bool | None) -> Claim:
    """Return the heading about the share of the best tenth."""
    first = float(tenths["share"][0])
    said = f"The best tenth hold {share(first)} of the value to come"
    return _of_values(said, tenths, first, holdout=holdout)


def tenths_paragraph(tenths: pd.DataFrame, values: pd.DataFrame, *, holdout: bool | None) -> Claim:
    """Return how the best tenth compares with the middle, and the share of the lower half."""
    middle = float(values["clv"].median())
    lower = float(tenths["share"][5:].sum())
    said = f"The lower half together hold {share(lower)}."
    if middle > 0:
        ratio = float(tenths["value"][0]) / float(tenths["customers"][0]) / middle
        said = f"One of them is worth as much as {count(round(ratio))} median customers. {said}"
    return _of_values(said, tenths, lower, holdout=holdout)


def active_heading(chosen: ModelSelection, alive: Mapping[str, float], customers: int) -> Claim:
    """Return the heading about the number of customers who still buy: models infer it."""
    fewest, most = count(round(min(alive.values()))), count(round(max(alive.values())))
    everybody = count(customers)
    if chosen.no_dropout:
        said = f"All {everybody} are taken to be customers still"
    elif fewest == most:
        said = f"By the model, about {most} of {everybody} still buy"
    else:
        said = f"Models put the number who still buy between {fewest} and {most} of {everybody}"
    return Claim(statement=said, design="forecast", source=LOG, rows=customers)


def _of_values(
    statement: str, table: pd.DataFrame, estimated: float, *, holdout: bool | None
) -> Claim:
    """Return a claim about the distribution of values, which the model's ranking has to carry."""
    rows = int(table["customers"].sum()) if "customers" in table else len(table)
    return Claim(
        statement=statement,
        hint=f"By the model alone, untested: {statement[0].lower()}{statement[1:]}",
        withheld=WITHHELD,
        design="forecast",
        estimate=estimated,
        holdout=holdout,
        rows=rows,
        fewest=_FEWEST,
        source=LOG,
    )


def caveats(
    chosen: ModelSelection,
    paid: SpendAverage | None,
    regularity: PurchaseRegularity | None = None,
) -> list[Claim]:
    """Return the caveats of the answer about averages and dropout, or none.

    That no dropout is detected means little where purchases are more regular than at random.
    """
    said = []
    if paid is not None and paid.average == "median":
        said.append(
            method(
                "The values of single customers use median spend, because spend is so skewed that "
                "it has no mean; they do not add up to the total."
            )
        )
    if not chosen.no_dropout:
        return said
    if _is_regular(regularity):
        return [*said, method("Purchases are too regular for this model to detect dropout.")]
    return [*said, counted("No dropout is detected.", source=LOG)]


def calibration_paragraph(table: pd.DataFrame, until: date) -> Claim:
    """Return purchases and forecasts of customers with many, with no and with other purchases."""
    off = (table["actual"] - table["expected"]).abs()
    first, worst, last = (table.iloc[row] for row in (0, int(off.argmax()), len(table) - 1))
    said = (
        "Each point is a group of customers with the same number of repeat purchases until "
        f"{day(until)}. Those with {last['frequency']} then made {_made(last)}; those with "
        f"{first['frequency']} made {_made(first)}."
    )
    if worst["frequency"] in (first["frequency"], last["frequency"]):
        return counted(said, source=LOG)
    said += f" The error is largest for those with {worst['frequency']}: {_made(worst)}."
    return counted(said, source=LOG)


def _made(group: pd.Series) -> str:
    return f"{number(group['actual'])} each (forecast {number(group['expected'])})"


def scaled_values(
    values: pd.DataFrame, total: TotalForecast, paid: SpendAverage
) -> tuple[pd.DataFrame, float]:
    """Return customers' values scaled to add up to the total, and the factor.

    Values at the median of spend stay as they are: they are no shares of the total.
    """
    together = float(values["clv"].sum())
    if paid.average == "median" or together <= 0:
        return values, 1.0
    factor = total.expected / together
    values = values.copy()
    for name in values.columns[values.columns.str.startswith("clv")]:
        values[name] *= factor
    return values, factor


def scaling_words(factor: float, model: str) -> Claim:
    """Return how the values of customers follow from the total."""
    if factor == 1:
        return method(f"The values of single customers are those of {model}.")
    return method(
        f"The values of single customers are those of {model}, times {factor:.2f}, so that they "
        "add up to the forecast."
    )


def undefined_mean_note(paid: SpendAverage, money: Formatter) -> list[Claim]:
    """Return the explanation of values at the median of spend; empty for the mean."""
    if paid.average == "mean":
        return []
    model = spend_model(paid.spend)
    said = (
        "**Mean spend is not defined here.** The distribution of spend is so heavy-tailed that its "
        "average does not converge: each larger customer shifts it (the spend model has "
        f"{model.mean_condition or 'no mean'}). Each customer is therefore valued at the median of "
        f"what such a customer may spend, {money(float(model.median_spend()))} a purchase for a "
        "customer without repeat purchases. The median leaves out rare large purchases, so it is "
        "too low for a revenue forecast, and its interval leaves them out too. Check the largest "
        "purchases: are they errors, or of another kind, such as resale? A report on each kind "
        "separately may have a mean."
    )
    return [Claim(statement=said, design="observational", source=LOG)]


def model_heading(
    chosen: ModelSelection, models: int, regularity: PurchaseRegularity | None = None
) -> Claim:
    """Return the heading about the model of single customers."""
    if chosen.no_dropout and _is_regular(regularity):
        return method("The model without dropout is selected, but purchases are too regular for it")
    if chosen.no_dropout:
        return method("The model without dropout is selected: no dropout is detected")
    if models > 1:
        return method(f"{chosen.name} is selected from {models} models for single customers")
    return method(f"{chosen.name} is the model for single customers")


def regularity_of(log: TransactionLog) -> PurchaseRegularity | None:
    """Return the regularity of purchases; None where too few customers bought three times."""
    try:
        return purchase_regularity(log)
    except DataError:
        return None


def _is_regular(regularity: PurchaseRegularity | None) -> bool:
    """Return whether purchases are more regular than at random."""
    return regularity is not None and regularity.low > 1


def no_dropout_paragraph(
    chosen: ModelSelection,
    modelled: float,
    with_dropout: list[float],
    level: float,
    *,
    n: int,
    regularity: PurchaseRegularity | None = None,
) -> list[Claim]:
    """Return the meaning of no visible dropout, and the total at the upper dropout bound.

    Parameters
    ----------
    modelled
        Total of the model, in money or purchases.
    with_dropout
        The same at the upper bound of dropout, one per model; may be empty.
    n
        Number of customers.
    regularity
        Regularity of purchases, if it is known.
    """
    if regularity is not None and _is_regular(regularity):
        regular = (
            f"{chosen.name} counts all {count(n)} customers as active, but purchases are more "
            f"regular than it assumes (k = {regularity.k:.1f}, {regularity.low:.1f} to "
            f"{regularity.high:.1f}; k = 1 is random). Gaps that are ordinary for random "
            "purchasing are long for regular buyers, so the model may miss dropout. No upper bound "
            "of dropout is given, because it would assume random purchasing. MBG/CNBD-k, in the "
            "comparison, models regular purchases."
        )
        return [Claim(statement=regular, design="observational", source=LOG, rows=n)]
    said = (
        "Customers have bought again after gaps as long as the current ones, so inactivity is not "
        f"evidence of dropout. {chosen.name} counts all {count(n)} customers as "
        "active. This holds for the observed period, not beyond it."
    )
    found = Claim(statement=said, design="observational", source=LOG, rows=n)
    lowest = min([modelled, *with_dropout])
    if lowest >= modelled:
        return [found]
    bound = (
        f"At the upper bound of dropout ({level:.0%}), the total of the model would be "
        f"{share(1 - lowest / modelled)} lower."
    )
    return [found, Claim(statement=bound, design="observational", level=level, source=LOG, rows=n)]


def active_customers_paragraph(alive: Mapping[str, float], expected: Iterable[float]) -> Claim:
    """Return how much models differ in the number of active customers and in purchases."""
    sums = list(expected)
    each = ", ".join(f"{name} {count(round(n))}" for name, n in alive.items())
    said = (
        "In a non-contractual setting dropout is not observed but inferred, and models infer it "
        "differently, above all for customers who bought once. The estimated numbers of active "
        f"customers are: {each}. The forecasts of purchases differ by only "
        f"{share(max(sums) / min(sums) - 1)}, because customers who bought once are worth little, "
        "active or not. Do not report the number of active customers as a fact."
    )
    return Claim(statement=said, design="forecast", source=LOG)


def recency_heading(matrix: pd.DataFrame, *, holdout: bool | None = None) -> Claim:
    """Return the heading about a table of P(alive) by recency and frequency."""
    said = "Inactivity hardly indicates dropout"
    if _dropout_is_visible(matrix):
        said = "The more often a customer bought, the sooner inactivity indicates dropout"
    return Claim(statement=said, design="forecast", source=LOG, holdout=holdout,
                 withheld=WITHHELD)  # fmt: skip


def recency_paragraph(matrix: pd.DataFrame, *, holdout: bool | None = None) -> Claim:
    """Return P(alive) after half of the longest recency, for few and for many purchases."""
    silent = matrix.iloc[len(matrix) // 2 - 1]
    said = (
        "After inactivity for half of that time, P(alive) is "
        f"{share(silent[2])} with 2 repeat purchases and {share(silent[10])} with 10."
    )
    if not _dropout_is_visible(matrix):
        said += " Hardly any dropout is detected, so these data show no best time for a reminder."
    else:
        said += (
            " Whether a reminder pays, and when, no log without an experiment shows: test it among "
            "customers with an intermediate P(alive)."
        )
    return Claim(statement=said, design="forecast", source=LOG, holdout=holdout,
                 withheld=WITHHELD)  # fmt: skip


def _dropout_is_visible(matrix: pd.DataFrame) -> bool:
    """Return whether many purchases followed by inactivity make dropout likely."""
    silent = matrix.iloc[len(matrix) // 2 - 1]
    return bool(silent[10] < min(silent[2], 0.9))


def intervals_note(
    chosen: ModelSelection, interval_width: float | None, *, valued: bool = True
) -> Claim:
    """Return what the range of the total contains, and the intervals of valued customers."""
    said = (
        "The range of the total holds the uncertainty of the parameters, chance, and errors of the "
        "size that past forecasts had."
    )
    if not valued:
        return method(said)
    said += " "
    if interval_width is None:
        no = "The values of customers have no intervals: the data do not identify them."
        return method(said + no)
    held = "The intervals of customers' values hold the uncertainty of the parameters only"
    if chosen.no_dropout:
        return method(f"{said}{held}, given no dropout.")
    return method(f"{said}{held}.")


def fit_statuses(fits: Iterable[Fit]) -> list[Claim]:
    """Return the convergence status of each fit, and its note on excluded customers."""
    lines = []
    for fit in fits:
        status = "converged" if fit.diagnosis.status == "converged" else str(fit.diagnosis)
        note = fit.note.partition(":")[0]
        lines.append(method(f"{type(fit.model).__name__}: {status}.{f' {note}' if note else ''}"))
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


def most_purchases_table(future: pd.DataFrame) -> pd.DataFrame:
    """Return the customers with the most expected purchases, for a log without money."""
    names = {"expected_purchases": "Purchases", "p_alive": "Still there"}
    return future.nlargest(_MAX_CUSTOMERS, "expected_purchases")[list(names)].rename(columns=names)


def coverage_claim(within: pd.DataFrame, customers: int) -> Claim:
    """Return how many customers were within their central forecast intervals in the holdout."""
    said = (
        f"Individual customers vary more than means: {share(within['actual'][1])} were within the "
        f"central 90% of their forecast distribution, {share(within['actual'][0])} within the "
        "central 50%."
    )
    return counted(said, source=LOG, estimate=float(within["actual"][1]), rows=customers)


def best_customers_claim(best: pd.DataFrame, money: Formatter, *, holdout: bool | None) -> Claim:
    """Return what the most valuable customers are expected to bring."""
    together = float(best["Value"].sum())
    said = (
        f"1. **Know the most valuable customers.** The {len(best)} below are expected to bring "
        f"{money(together)}. The value of a customer is the most that keeping them may cost."
    )
    if "From" in best:
        said += (
            " The interval beside each is for the mean of such customers, not for the individual "
            "customer."
        )
    return _ranked(said, together, holdout)


def most_frequent_claim(best: pd.DataFrame, horizon: str, *, holdout: bool | None) -> Claim:
    """Return what the most frequent buyers are expected to buy, for a log without money."""
    together = float(best["Purchases"].sum())
    said = (
        f"1. **Know the most frequent buyers.** The {len(best)} below are expected to buy "
        f"{count(round(together))} times in the next {horizon}."
    )
    return _ranked(said, together, holdout)


def at_risk_claim(
    doubtful: pd.DataFrame, future: pd.DataFrame, money: Formatter, *, holdout: bool | None
) -> Claim:
    """Return the value at risk of dropout, and the test that would show whether contact pays."""
    together, if_there = float(doubtful["Value"].sum()), float(doubtful["Value if there"].sum())
    base = min(max(float(future["p_alive"].mean()), 0.01), 0.99 - _DETECTED)
    size = experiment_size(base, _DETECTED)
    said = (
        f"2. **Test a contact of customers at risk of dropout.** The {len(doubtful)} below are "
        f"expected to bring {money(together)}, given that they may have left; {money(if_there)} if "
        "they were certainly active. A log does not show what a contact gains: two random groups "
        f"of {count(size)} customers would detect a rise of {100 * _DETECTED:g} percentage points "
        "in the share who buy again, with a power of 80%."
    )
    return _ranked(said, together, holdout)


def final_steps(values: pd.DataFrame | None, money: Formatter, *, first: int) -> list[Claim]:
    """Return the general advice, numbered from ``first``; values is None without money."""
    steps = []
    if values is not None:
        best = float(values["clv"].quantile(0.9))
        said = (
            f"{first}. **Limit spending by value.** Customers in the top decile are worth more "
            f"than {money(best)} each. Retaining a customer should not cost more than the "
            "customer's value."
        )
        steps.append(Claim(statement=said, design="forecast", estimate=best, source=LOG))
    steps.append(
        method(
            f"{first + len(steps)}. **Check the forecast again** when a new quarter is complete, "
            "by rerunning this report: it compares the forecasts of earlier runs with what came."
        )
    )
    return steps


def _ranked(statement: str, estimated: float, holdout: bool | None) -> Claim:
    return Claim(
        statement=statement,
        withheld=WITHHELD,
        design="forecast",
        estimate=estimated,
        holdout=holdout,
        source=LOG,
    )
