"""The text of report 03, lifetime value: the forecast, its record, active customers, advice."""

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal

import pandas as pd

from relmark_research.clv.calendar.calendar_design import SEASONS, TREND
from relmark_research.clv.calendar.calendar_options import CALENDAR, CalendarOptions
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.forecasting.backtest import COMBINED, Backtest
from relmark_research.clv.forecasting.expected_spend import SPEND
from relmark_research.clv.forecasting.value_bias import ValueBias
from relmark_research.clv.prediction._inputs import spend_model
from relmark_research.clv.prediction.customer_summaries import at_risk_customers
from relmark_research.clv.prediction.spend_average import SpendAverage
from relmark_research.clv.prediction.total_forecast import TotalForecast
from relmark_research.clv.validation.interpurchase_regularity import (
    PurchaseRegularity,
    purchase_regularity,
)
from relmark_research.clv.validation.model_selection import ModelSelection
from relmark_research.customers.log.transactions import TransactionLog
from relmark_research.errors import DataError, check_choice
from relmark_research.formats import (
    Formatter,
    count,
    day,
    day_or_text,
    estimate,
    interval,
    listing,
    month,
    number,
    percent,
    share,
)
from relmark_research.reporting.record.forecast_ledger import FINISHED, OPEN, OTHER_DATA

_MAX_CUSTOMERS = 20  # in a table
_NAMED = 0.05  # weight from which a model or a benchmark is named
_SAME = 0.005  # change of a total that is not worth telling
_LAST_FORECASTS = 12  # counted in the heading
_SHOWN_FORECASTS = 3  # in sentences
_LARGE_BIAS = 0.05  # of expected spend, from which its possible causes are named
VALUE_BIAS_FORMATS = {
    "Purchases": "count",
    "Expected value": "money",
    "Actual value": "money",
    "Bias": "share",
    "Standard error by chance": "share",
}


def total_text(total: TotalForecast, form: Formatter) -> str:
    """Return a forecast with its range, and the range's probability."""
    said = estimate(total.expected, total.low, total.high, form)
    said += " purchases" if total.measure == "purchases" else ""
    ends = interval(total.expected, total.low, total.high, form)
    return f"{said} ({100 * (total.level or 0):g}% range {ends})" if ends else said


def value_per_customer_text(total: TotalForecast, money: Formatter) -> str:
    """Return the value per customer, with the digits that its interval supports."""
    return estimate(*total.per_customer, formatter=money)


def forecast_sentence(
    total: TotalForecast, *, horizon: str, money: Formatter, margin: float
) -> str:
    """Return the forecast of value or purchases, with its range, in a sentence."""
    who = f"our {count(total.n_customers)} customers are expected to"
    when = f"By {day(total.end)}" if day_or_text(horizon) != horizon else f"In the next {horizon}"
    if total.measure == "purchases":
        return f"{when} {who} make {total_text(total, count)}."
    return (
        f"{when} {who} bring a margin of {total_text(total, money)}, if the margin is "
        f"{percent(margin)} of revenue, as assumed."
    )


def record_sentence(tested: Backtest) -> str:
    """Return how often such ranges held in the log's own past."""
    n = len(tested.issued)
    if not n:
        return (
            "The log is too short to test a forecast over this horizon, so the range is as wide as "
            "the errors of forecasts in other logs."
        )
    periods = tested.independent_periods
    overlap = (
        f", in periods that overlap ({periods:.1f} without overlap)"
        if round(periods, 1) < n
        else ""
    )
    return (
        f"In this log's own backtest such ranges held the actual total {count(tested.held)} of "
        f"{count(n)} times{overlap}."
    )


def total_value_meaning(horizon: str, margin: float) -> str:
    """Return a short explanation of the value of all customers."""
    return f"margin of the next {horizon}, discounted; {percent(margin)} of revenue is assumed"


def caveats(
    chosen: ModelSelection,
    paid: SpendAverage | None,
    regularity: PurchaseRegularity | None = None,
) -> str:
    """Return the caveats of the answer about averages and dropout, or an empty text.

    That no dropout is detected means little where purchases are more regular than at random.
    """
    said = ""
    if paid is not None and paid.average == "median":
        said = (
            " The values of single customers use median spend, because spend is so skewed that it "
            "has no mean; they do not add up to the total."
        )
    if not chosen.no_dropout:
        return said
    if _is_regular(regularity):
        return f"{said} Purchases are too regular for this model to detect dropout."
    return f"{said} No dropout is detected."


def last_origin(tested: Backtest) -> date | None:
    """Return the last origin of a backtest: its holdout is as long as the horizon."""
    issued = tested.issued
    return issued["origin"].max().date() if len(issued) else None


def backtest_heading(tested: Backtest) -> str:
    """Return the heading about the forecasts of the log's past."""
    n = len(tested.issued)
    if not n:
        return "The log is too short to test a forecast over this horizon"
    error = float(tested.summary()["error"][COMBINED])
    said = f"{count(tested.held)} of {count(n)} past ranges held the actual total"
    return f"{said}; the mean error was {percent(error)}" if math.isfinite(error) else said


def backtest_paragraph(tested: Backtest, form: Formatter) -> str:
    """Return how past forecasts were made, an example, and their bias."""
    issued = tested.issued
    if not len(issued):
        return record_sentence(tested)
    last = issued.iloc[-1]
    ends = last["expected"], last["low"], last["high"]
    what = " of revenue" if tested.measure == "value" else " purchases"
    bias = float(tested.summary()["bias"][COMBINED])
    return (
        f"Each forecast used only the purchases until its origin. On {day(last['origin'])} it was "
        f"{estimate(*ends, form)}{what} (range {interval(*ends, form)}) in the next "
        f"{tested.horizon} days; the actual total was {form(round(last['actual']))}. "
        f"{_bias_words(bias)}{_overlap_words(tested)}"
    )


def _overlap_words(tested: Backtest) -> str:
    """Return how many periods of the horizon's length the forecasts cover, if they overlap."""
    n, periods = len(tested.issued), tested.independent_periods
    if periods >= n:
        return ""
    return (
        f" The {count(n)} periods overlap: together they are {periods:.1f} times as long as one, "
        "so these are fewer independent tests than their number suggests."
    )


def _bias_words(bias: float) -> str:
    if not math.isfinite(bias):
        return "The actual totals were 0."
    if abs(bias) < 0.02:
        return "The forecasts were neither too low nor too high on average."
    side, end = ("below", "upper") if bias < 0 else ("above", "lower")
    said = f"On average the forecasts were {percent(abs(bias))} {side} the actual totals."
    if abs(bias) < 0.05:
        return said
    return f"{said} If that persists, the total will be in the {end} part of the range."


def candidates_heading(total: TotalForecast) -> str:
    """Return the heading about models and benchmarks: which had the smallest error."""
    best = _smallest_errors(total.backtest) if total.backtest else None
    if best is None:
        return "The forecast weighs models and benchmarks"
    model, benchmark, ratio = best
    errors = total.backtest.summary()["error"] if total.backtest else pd.Series(dtype=float)
    if not benchmark:
        return f"{_named(model)} had the smallest error, {percent(float(errors[model]))}"
    if ratio < 1:
        weight = percent(total.models.get(benchmark, 0.0))
        return (
            f"The benchmark “{benchmark}” had the smallest error, "
            f"{percent(float(errors[benchmark]))}, and has {weight} of the weight"
        )
    return (
        f"{_named(model)} had a mean error of {percent(float(errors[model]))}; that of the best "
        f"benchmark was {ratio:.1f} times as large"
    )


def candidates_paragraph(total: TotalForecast) -> str:
    """Return the weights of models and benchmarks, and what they follow from."""
    named = sorted(total.models.items(), key=lambda item: -item[1])
    weights = [f"{_named(name)} {percent(weight)}" for name, weight in named if weight >= _NAMED]
    said = (
        "A benchmark is a forecast without a model. Models and benchmarks are weighed by their "
        f"errors in this log: {listing(weights)}."
    )
    if total.backtest is None or not len(total.backtest.issued):
        return f"{said} No forecast is finished, so models have most of the weight."
    errors = {str(name): float(error) for name, error in total.backtest.summary()["error"].items()}
    smallest = min((name for name in errors if name != COMBINED), key=lambda name: errors[name])
    if errors[COMBINED] > 1.05 * errors[smallest]:
        said += (
            f" In the backtest the weighted forecast had an error of {percent(errors[COMBINED])}. "
            f"{_named(smallest)} alone had {percent(errors[smallest])}, but that was not known in "
            "advance."
        )
    return said


def _named(name: str) -> str:
    """Return a candidate's name in a sentence."""
    return name.replace(CALENDAR, " with calendar")


def calendar_options(season: str, events: Mapping[str, Any]) -> CalendarOptions | Literal[False]:
    """Return what the calendar consists of; False for neither a season nor events."""
    if season == "none" and not events:
        return False
    check_choice("season", season, (*SEASONS, "none"))
    known = next((each for each in SEASONS if each == season), None)
    return CalendarOptions(season=known, events=dict(events) or None)


def calendar_table(total: TotalForecast) -> pd.DataFrame:
    """Return the effects of the season and of events; empty without a calendar."""
    if total.calendar is None:
        return pd.DataFrame(columns=["effect", "group", "relative", "low", "high"])
    table = total.calendar.table(total.level or 0.95)
    return table[table["group"] != TREND].reset_index()


def calendar_heading(total: TotalForecast) -> str:
    """Return the heading about the season: its clearest part or event, or that there is none."""
    table = calendar_table(total)
    if not len(table):
        return "No season is estimated"
    clear = table[(table["low"] > 1) | (table["high"] < 1)]
    season, events = (clear[(clear["group"] == "event") == is_event] for is_event in (False, True))
    if len(season):
        ordered = season.sort_values("relative")
        shown = ordered.iloc[-1] if ordered["low"].iloc[-1] > 1 else ordered.iloc[0]
        return (
            f"Purchases are {shown['relative']:.2f} times the mean of the year in {shown['effect']}"
        )
    if len(events):
        top = events.sort_values("relative").iloc[-1]
        return (
            f"On days of {top['effect']} purchases are {top['relative']:.2f} times those of others"
        )
    parts = table.loc[table["group"] != "event", "group"]
    if not len(parts):
        return "No declared event changes purchases clearly"
    part = str(parts.iloc[0]).replace("day_of_week", "day of the week")
    return f"No {part} differs clearly from the mean of the year"


def calendar_paragraph(total: TotalForecast, form: Formatter, *, requested: bool = True) -> str:
    """Return what the season and the events are, and what they changed in the forecast.

    Parameters
    ----------
    requested
        Whether the report was asked for a season or events.
    """
    if total.calendar is None or total.expected_without_calendar is None:
        reason = "The report was asked for neither a season nor events."
        if requested:
            reason = "The log is shorter than a year, or its calendar could not be estimated."
        return f"{reason} The forecast treats all parts of the year alike."
    said = f"{total.calendar.words} Models with this calendar have "
    said += f"{percent(total.calendar_weight)} of the weight."
    before, after = total.expected_without_calendar, total.expected
    if before <= 0 or abs(after / before - 1) < _SAME:
        return f"{said} They change the total by less than {percent(_SAME)}."
    more = "higher" if after > before else "lower"
    return (
        f"{said} The total is {percent(abs(after / before - 1))} {more} than without a calendar "
        f"({form(round(after))} instead of {form(round(before))})."
    )


def _smallest_errors(tested: Backtest) -> tuple[str, str, float] | None:
    """Return the best model, the best benchmark, and the ratio of their errors on shared origins.

    The benchmark is empty if none could be tested; None without a model that was tested.
    """
    table = tested.comparable
    table = table[table["model"] != COMBINED]
    errors = table.assign(error=table["error"].abs())
    errors = errors.pivot_table(index="origin", columns="model", values="error")
    benchmarks = set(table.loc[table["benchmark"].astype(bool), "model"])
    models = errors[[name for name in errors if name not in benchmarks]]
    if models.shape[1] == 0:
        return None
    model = str(models.mean().idxmin())
    ratios = {}
    for name in [name for name in errors if name in benchmarks]:
        shared = errors[name].notna()
        ratios[str(name)] = float(errors[name].mean() / models[shared].mean().min())
    if not ratios:
        return model, "", float("nan")
    benchmark = min(ratios, key=lambda name: ratios[name])
    return model, benchmark, ratios[benchmark]


def calibration_paragraph(table: pd.DataFrame, until: date) -> str:
    """Return purchases and forecasts of customers with many, with no and with other purchases."""
    off = (table["actual"] - table["expected"]).abs()
    first, worst, last = (table.iloc[row] for row in (0, int(off.argmax()), len(table) - 1))
    said = (
        "Each point is a group of customers with the same number of repeat purchases until "
        f"{day(until)}. Those with {last['frequency']} then made {_made(last)}; those with "
        f"{first['frequency']} made {_made(first)}."
    )
    if worst["frequency"] in (first["frequency"], last["frequency"]):
        return said
    return f"{said} The error is largest for those with {worst['frequency']}: {_made(worst)}."


def _made(group: pd.Series) -> str:
    return f"{number(group['actual'])} each (forecast {number(group['expected'])})"


def errors_table(total: TotalForecast) -> pd.DataFrame:
    """Return models, benchmarks and their combination, with their errors in the backtest."""
    if total.backtest is None or not len(total.backtest.issued):
        rows = pd.DataFrame({"Weight": pd.Series(dict(total.models), dtype=float)})
        return rows.rename_axis("Forecast")
    found = total.backtest.summary()
    kinds = found["benchmark"].map({True: "benchmark", False: "model"})
    kinds[COMBINED] = "weighted mean"
    return pd.DataFrame(
        {
            "Kind": kinds,
            "Weight": pd.Series(dict(total.models), dtype=float).reindex(found.index),
            "Tests": found["forecasts"].astype(int),
            "Mean error": found["error"].astype(float),
            "Bias": found["bias"].astype(float),
            "Ranges that held": found["coverage"].astype(float),
        }
    ).rename_axis("Forecast")


def ledger_heading(scored: pd.DataFrame) -> str:
    """Return the heading about the forecasts of earlier runs."""
    finished = scored[scored["state"] == FINISHED].tail(_LAST_FORECASTS)
    if not len(finished):
        return "No stored forecast is finished yet"
    inside, n = int(finished["inside"].sum()), len(finished)
    if n == 1:
        return f"The first stored forecast was {'inside' if inside else 'outside'} its range"
    return f"Of the last {count(n)} forecasts, {count(inside)} were inside their ranges"


def ledger_paragraph(scored: pd.DataFrame, total: TotalForecast, money: Formatter) -> str:
    """Return the last finished forecasts, or when the first will be finished."""
    finished = scored[scored["state"] == FINISHED]
    others = int((scored["state"] == OTHER_DATA).sum())
    left_out = (
        f" Not compared: {count(others)} of other data, because the number of customers at the "
        "origin differs by more than 5%."
        if others
        else ""
    )
    if len(finished):
        form = money if total.measure == "value" else count
        lines = [_came(row, form) for _, row in finished.tail(_SHOWN_FORECASTS).iterrows()]
        return " ".join(lines) + left_out
    ends = [str(end)[:10] for end in scored.loc[scored["state"] == OPEN, "end"]]
    ends += [str(total.end)]
    return (
        "Each run of a recipe stores its forecast. The first will be compared with the actual "
        f"total when the data reach {day(min(ends))}.{left_out}"
    )


def _came(row: pd.Series, form: Formatter) -> str:
    what = " purchases" if row["measure"] == "purchases" else ""
    ends = interval(row["expected"], row["low"], row["high"], form)
    expected = estimate(row["expected"], row["low"], row["high"], form)
    return (
        f"Issued in {month(row['issued'])} for {day(row['origin'] + pd.Timedelta(days=1))} to "
        f"{day(row['end'])}: {expected}{what}, range {ends}; came: {form(round(row['actual']))}."
    )


def ledger_table(scored: pd.DataFrame) -> pd.DataFrame:
    """Return the forecasts of earlier runs, with column names for readers."""
    names = {
        "issued": "Issued",
        "origin": "Origin",
        "end": "Until",
        "model": "Models",
        "expected": "Forecast",
        "low": "From",
        "high": "To",
        "actual": "Actual",
        "inside": "Inside",
    }
    table = scored[scored["state"] != OTHER_DATA][list(names)].rename(columns=names)
    table["Inside"] = table["Inside"].map({True: "yes", False: "no"}).fillna("not finished")
    return table.set_index("Issued")


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


def scaling_words(factor: float, model: str) -> str:
    """Return how the values of customers follow from the total."""
    if factor == 1:
        return f"The values of single customers are those of {model}."
    return (
        f"The values of single customers are those of {model}, times {factor:.2f}, so that they "
        "add up to the forecast."
    )


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


def value_bias_note(bias: ValueBias) -> str:
    """Return how far expected spend was from actual spend, and what cannot be known."""
    if not len(bias.table):
        return "Spend per purchase could not be tested: the log is too short."
    said = f"**Value bias in the holdout.** {bias.words}"
    worst = float(bias.table["bias"].abs().max())
    if worst > 2 * float(bias.table["se"].mean()) and worst > _LARGE_BIAS:
        said += (
            " Spend per purchase changed after an origin by more than chance: a season that the "
            "log had not seen yet, or a change of prices or of what is bought, cannot be forecast."
        )
    without = bias.failures["model"] == SPEND
    failed = bias.failures.loc[without, "origin"].nunique()
    if failed:
        origins = "1 origin" if failed == 1 else f"{count(failed)} origins"
        said += f" At {origins} spend had no model, and the mean of all purchases was used."
    return said


def value_bias_table(bias: ValueBias) -> pd.DataFrame:
    """Return expected and actual value of the purchases that came, by origin."""
    names = {
        "origin": "Origin",
        "end": "Until",
        "purchases": "Purchases",
        "expected": "Expected value",
        "actual": "Actual value",
        "bias": "Bias",
        "se": "Standard error by chance",
    }
    return bias.table[list(names)].rename(columns=names).set_index("Origin")


def model_heading(
    chosen: ModelSelection, models: int, regularity: PurchaseRegularity | None = None
) -> str:
    """Return the heading about the model of single customers."""
    if chosen.no_dropout and _is_regular(regularity):
        return "The model without dropout is selected, but purchases are too regular for it"
    if chosen.no_dropout:
        return "The model without dropout is selected: no dropout is detected"
    if models > 1:
        return f"{chosen.name} is selected from {models} models for single customers"
    return f"{chosen.name} is better than no model"


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
) -> str:
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
        return (
            f"{chosen.name} counts all {count(n)} customers as active, but purchases are more "
            f"regular than it assumes (k = {regularity.k:.1f}, {regularity.low:.1f} to "
            f"{regularity.high:.1f}; k = 1 is random). Gaps that are ordinary for random "
            "purchasing are long for regular buyers, so the model may miss dropout. No upper bound "
            "of dropout is given, because it would assume random purchasing. MBG/CNBD-k, in the "
            "comparison, models regular purchases."
        )
    said = (
        "Customers have bought again after gaps as long as the current ones, so inactivity is not "
        f"evidence of dropout. {chosen.name} counts all {count(n)} customers as "
        "active. This holds for the observed period, not beyond it."
    )
    lowest = min([modelled, *with_dropout])
    if lowest >= modelled:
        return said
    return (
        f"{said} At the upper bound of dropout ({level:.0%}), the total of the model would be "
        f"{share(1 - lowest / modelled)} lower."
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


def intervals_note(
    chosen: ModelSelection, interval_width: float | None, *, valued: bool = True
) -> str:
    """Return what the range of the total contains, and the intervals of valued customers."""
    said = (
        "The range of the total holds the uncertainty of the parameters, chance, and errors of the "
        "size that past forecasts had."
    )
    if not valued:
        return said
    said += " "
    if interval_width is None:
        return f"{said}The values of customers have no intervals: the data do not identify them."
    held = "The intervals of customers' values hold the uncertainty of the parameters only"
    if chosen.no_dropout:
        return f"{said}{held}, given no dropout."
    return f"{said}{held}."


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


def most_purchases_table(future: pd.DataFrame) -> pd.DataFrame:
    """Return the customers with the most expected purchases, for a log without money."""
    names = {"expected_purchases": "Purchases", "p_alive": "Still there"}
    return future.nlargest(_MAX_CUSTOMERS, "expected_purchases")[list(names)].rename(columns=names)


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


def final_steps(values: pd.DataFrame | None, money: Formatter, *, first: int) -> list[str]:
    """Return the general advice, numbered from ``first``; values is None without money."""
    steps = []
    if values is not None:
        best = money(values["clv"].quantile(0.9))
        steps.append(
            f"**Spend by value.** Customers worth more than {best} are in the top decile. "
            "Retaining a customer should not cost more than the customer's value."
        )
    steps.append(
        "**Check the forecast again** when a new quarter is complete, by rerunning this report: it "
        "compares the forecasts of earlier runs with what came."
    )
    return [f"{n}. {step}" for n, step in enumerate(steps, start=first)]
