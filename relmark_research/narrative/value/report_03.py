"""The text of report 03, lifetime value: the forecast of the total, its record, its season."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

import pandas as pd
from scipy.stats import binom

from relmark_research.clv.calendar.calendar_design import SEASONS, TREND
from relmark_research.clv.calendar.calendar_options import CALENDAR, CalendarOptions
from relmark_research.clv.forecasting.backtest import COMBINED, Backtest
from relmark_research.clv.forecasting.expected_spend import SPEND
from relmark_research.clv.forecasting.value_bias import ValueBias
from relmark_research.clv.prediction.total_forecast import TotalForecast
from relmark_research.customers.log.left_truncation import LeftTruncation
from relmark_research.errors import check_choice
from relmark_research.evidence import Claim, Stated, method
from relmark_research.formats import (
    Formatter,
    count,
    day,
    day_or_text,
    estimate,
    interval,
    listing,
    month,
    percent,
)
from relmark_research.narrative.wording import counted
from relmark_research.reporting.record.forecast_ledger import FINISHED, OPEN, OTHER_DATA

LOG, LEDGER = "transactions", "forecasts of earlier runs"
MARGIN, DISCOUNT_RATE = 0.3, 0.1  # assumed where the user gives none
_NAMED = 0.05  # weight from which a model or a benchmark is named
_SAME = 0.005  # change of a total that is not worth telling
_LAST_FORECASTS = 12  # counted in the heading
_SHOWN_FORECASTS = 3  # in sentences
_CREDIBLE = 0.95  # past ranges that held less often than such chance allows contradict the forecast
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


def forecast_claim(
    total: TotalForecast,
    *,
    horizon: str,
    money: Formatter,
    margin: Stated,
    annual_discount_rate: Stated,
) -> Claim:
    """Return the forecast of value or purchases with its range, if its backtest supports it."""
    who = f"our {count(total.n_customers)} customers are expected to"
    when = f"By {day(total.end)}" if day_or_text(horizon) != horizon else f"In the next {horizon}"
    said = f"{when} {who} make {total_text(total, count)}."
    terms: tuple[str, ...] = ()
    if total.measure == "value":
        terms = money_terms(margin, annual_discount_rate)
        said = f"{when} {who} bring a margin of {total_text(total, money)}, at {listing(terms)}."
    return Claim(
        statement=said,
        withheld=f"No total is forecast for the horizon {horizon}: {_contradicted(total)}",
        design="forecast",
        estimate=total.expected,
        low=total.low,
        high=total.high,
        level=total.level or 0.95,
        holdout=is_supported(total.backtest),
        rows=total.n_customers,
        source=LOG,
        assumptions=terms,
    )


def money_terms(margin: Stated, annual_discount_rate: Stated) -> tuple[str, str]:
    """Return margin and discount rate in words, each marked as given or assumed."""
    return (
        f"a margin of {percent(margin.value)} of revenue ({margin.basis})",
        f"a discount rate of {percent(annual_discount_rate.value)} a year "
        f"({annual_discount_rate.basis})",
    )


def is_supported(tested: Backtest | None) -> bool | None:
    """Return whether past ranges held as often as their probability allows; None if untested.

    Not supported: if ranges of the stated probability held so seldom, or less, with a probability
    below 5%, or fewer than half of several held. Overlapping periods count as the number of periods
    without overlap.
    """
    if tested is None or not len(tested.issued):
        return None
    share_held = tested.held / len(tested.issued)
    if len(tested.issued) > 1 and share_held < 0.5:
        return False
    n = max(1, round(tested.independent_periods))
    return bool(binom.cdf(round(share_held * n), n, tested.level) >= 1 - _CREDIBLE - 1e-9)


def _contradicted(total: TotalForecast) -> str:
    tested = total.backtest
    if tested is None or not len(tested.issued):
        return "it could not be tested."
    return (
        f"ranges of {100 * tested.level:g}% held the actual total only {count(tested.held)} of "
        f"{count(len(tested.issued))} times in this log's own backtest."
    )


def record_claim(tested: Backtest) -> Claim:
    """Return how often such ranges held in the log's own past."""
    n = len(tested.issued)
    if not n:
        return counted(
            "The log is too short to test a forecast over this horizon, so the range is as wide as "
            "the errors of forecasts in other logs.",
            source=LOG,
        )
    periods = tested.independent_periods
    overlap = (
        f", in periods that overlap ({periods:.1f} without overlap)"
        if round(periods, 1) < n
        else ""
    )
    return counted(
        f"In this log's own backtest such ranges held the actual total {count(tested.held)} of "
        f"{count(n)} times{overlap}.",
        source=LOG,
        estimate=tested.held / n,
        rows=n,
    )


def total_value_meaning(horizon: str, margin: Stated) -> str:
    """Return a short explanation of the value of all customers."""
    return (
        f"margin of the next {horizon}, discounted; {percent(margin.value)} of revenue is "
        f"{margin.basis}"
    )


def last_origin(tested: Backtest) -> date | None:
    """Return the last origin of a backtest: its holdout is as long as the horizon."""
    issued = tested.issued
    return issued["origin"].max().date() if len(issued) else None


def backtest_heading(tested: Backtest) -> Claim:
    """Return the heading about the forecasts of the log's past."""
    n = len(tested.issued)
    if not n:
        return counted("The log is too short to test a forecast over this horizon", source=LOG)
    error = float(tested.summary()["error"][COMBINED])
    said = f"{count(tested.held)} of {count(n)} past ranges held the actual total"
    said += f"; the mean error was {percent(error)}" if math.isfinite(error) else ""
    return counted(said, source=LOG, estimate=tested.held / n, rows=n)


def backtest_paragraph(tested: Backtest, form: Formatter) -> list[Claim]:
    """Return how past forecasts were made, an example, and their bias."""
    issued = tested.issued
    if not len(issued):
        return [record_claim(tested)]
    last = issued.iloc[-1]
    ends = last["expected"], last["low"], last["high"]
    what = " of revenue" if tested.measure == "value" else " purchases"
    bias = float(tested.summary()["bias"][COMBINED])
    example = (
        f"Each forecast used only the purchases until its origin. On {day(last['origin'])} it was "
        f"{estimate(*ends, form)}{what} (range {interval(*ends, form)}) in the next "
        f"{tested.horizon} days; the actual total was {form(round(last['actual']))}."
    )
    said = [counted(example, source=LOG, rows=len(issued)), *_bias_claims(bias, len(issued))]
    overlap = _overlap_words(tested)
    return [*said, counted(overlap, source=LOG, rows=len(issued))] if overlap else said


def _overlap_words(tested: Backtest) -> str:
    """Return how many periods of the horizon's length the forecasts cover, if they overlap."""
    n, periods = len(tested.issued), tested.independent_periods
    if periods >= n:
        return ""
    return (
        f"The {count(n)} periods overlap: together they are {periods:.1f} times as long as one, "
        "so these are fewer independent tests than their number suggests."
    )


def _bias_claims(bias: float, rows: int) -> list[Claim]:
    """Return the mean error of past forecasts, and what it would mean if it persisted."""
    if not math.isfinite(bias):
        return [counted("The actual totals were 0.", source=LOG, rows=rows)]
    if abs(bias) < 0.02:
        said = "The forecasts were neither too low nor too high on average."
        return [counted(said, source=LOG, estimate=bias, rows=rows)]
    side, end = ("below", "upper") if bias < 0 else ("above", "lower")
    said = f"On average the forecasts were {percent(abs(bias))} {side} the actual totals."
    found = [counted(said, source=LOG, estimate=bias, rows=rows)]
    if abs(bias) < 0.05:
        return found
    persists = f"If that persists, the total will be in the {end} part of the range."
    return [*found, Claim(statement=persists, design="forecast", source=LOG, rows=rows)]


def candidates_heading(total: TotalForecast) -> Claim:
    """Return the heading about models and benchmarks: which had the smallest error."""
    tests = len(total.backtest.issued) if total.backtest else None
    return counted(_smallest_error_words(total), source=LOG, rows=tests or None)


def _smallest_error_words(total: TotalForecast) -> str:
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


def candidates_paragraph(total: TotalForecast) -> list[Claim]:
    """Return the weights of models and benchmarks, and what they follow from."""
    named = sorted(total.models.items(), key=lambda item: -item[1])
    weights = [f"{_named(name)} {percent(weight)}" for name, weight in named if weight >= _NAMED]
    said = method(
        "A benchmark is a forecast without a model. Models and benchmarks are weighed by their "
        f"errors in this log: {listing(weights)}."
    )
    if total.backtest is None or not len(total.backtest.issued):
        return [said, method("No forecast is finished, so models have most of the weight.")]
    errors = {str(name): float(error) for name, error in total.backtest.summary()["error"].items()}
    smallest = min((name for name in errors if name != COMBINED), key=lambda name: errors[name])
    if errors[COMBINED] > 1.05 * errors[smallest]:
        worse = (
            f"In the backtest the weighted forecast had an error of {percent(errors[COMBINED])}. "
            f"{_capital(_named(smallest))} alone had {percent(errors[smallest])}, but that was not "
            "known in advance."
        )
        return [said, counted(worse, source=LOG, rows=len(total.backtest.issued))]
    return [said]


def _named(name: str) -> str:
    """Return a candidate's name in a sentence."""
    return name.replace(CALENDAR, " with calendar")


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


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


def calendar_heading(total: TotalForecast) -> Claim:
    """Return the heading about the season: its clearest part or event, or that there is none."""
    table = calendar_table(total)
    if not len(table):
        return counted("No season is estimated", source=LOG)
    clear = table[(table["low"] > 1) | (table["high"] < 1)]
    season, events = (clear[(clear["group"] == "event") == is_event] for is_event in (False, True))
    if len(season):
        ordered = season.sort_values("relative")
        shown = ordered.iloc[-1] if ordered["low"].iloc[-1] > 1 else ordered.iloc[0]
        times = f"{shown['relative']:.2f} times the mean of the year"
        return _relative(f"Purchases are {times} in {shown['effect']}", shown)
    if len(events):
        top = events.sort_values("relative").iloc[-1]
        times = f"{top['relative']:.2f} times those of others"
        return _relative(f"On days of {top['effect']} purchases are {times}", top)
    parts = table.loc[table["group"] != "event", "group"]
    if not len(parts):
        return _no_difference("On days of declared events purchases are not clearly different")
    part = str(parts.iloc[0]).replace("day_of_week", "day of the week")
    return _no_difference(f"No {part} differs clearly from the mean of the year")


def _relative(statement: str, row: pd.Series) -> Claim:
    """Return a claim about a part of the year relative to its mean; 1 is no difference."""
    ends = (float(row[name]) for name in ("relative", "low", "high"))
    estimated, low, high = ends
    return Claim(
        statement=statement,
        design="observational",
        estimate=estimated,
        low=low,
        high=high,
        no_effect=1,
        source=LOG,
    )


def _no_difference(statement: str) -> Claim:
    return Claim(statement=statement, hint=statement, design="observational", no_effect=1,
                 source=LOG)  # fmt: skip


def calendar_paragraph(
    total: TotalForecast, form: Formatter, *, requested: bool = True
) -> list[Claim]:
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
        return [method(f"{reason} The forecast treats all parts of the year alike.")]
    words = total.calendar.words
    said = [
        Claim(statement=words, design="observational", source=LOG),
        method(f"Models with this calendar have {percent(total.calendar_weight)} of the weight."),
    ]
    before, after = total.expected_without_calendar, total.expected
    if before <= 0 or abs(after / before - 1) < _SAME:
        return [*said, method(f"They change the total by less than {percent(_SAME)}.")]
    more = "higher" if after > before else "lower"
    change = method(
        f"The total is {percent(abs(after / before - 1))} {more} than without a calendar "
        f"({form(round(after))} instead of {form(round(before))})."
    )
    return [*said, change]


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


def ledger_heading(scored: pd.DataFrame) -> Claim:
    """Return the heading about the forecasts of earlier runs."""
    finished = scored[scored["state"] == FINISHED].tail(_LAST_FORECASTS)
    if not len(finished):
        return counted("No stored forecast is finished yet", source=LEDGER)
    inside, n = int(finished["inside"].sum()), len(finished)
    if n == 1:
        where = "inside" if inside else "outside"
        said = f"The first stored forecast was {where} its range"
    else:
        said = f"Of the last {count(n)} forecasts, {count(inside)} were inside their ranges"
    return counted(said, source=LEDGER, estimate=inside / n, rows=n)


def ledger_paragraph(scored: pd.DataFrame, total: TotalForecast, money: Formatter) -> list[Claim]:
    """Return the last finished forecasts, or when the first will be finished."""
    finished = scored[scored["state"] == FINISHED]
    others = int((scored["state"] == OTHER_DATA).sum())
    said = [
        counted(
            f"Not compared: {count(others)} of other data, because the number of customers at the "
            "origin differs by more than 5%.",
            source=LEDGER,
            rows=others,
        )
    ] * (others > 0)
    if len(finished):
        form = money if total.measure == "value" else count
        shown = finished.tail(_SHOWN_FORECASTS)
        return [counted(_came(row, form), source=LEDGER) for _, row in shown.iterrows()] + said
    ends = [str(end)[:10] for end in scored.loc[scored["state"] == OPEN, "end"]]
    ends += [str(total.end)]
    stored = method(
        "Each run of a recipe stores its forecast. The first will be compared with the actual "
        f"total when the data reach {day(min(ends))}."
    )
    return [stored, *said]


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


def truncation_note(found: LeftTruncation) -> list[Claim]:
    """Return what it means that the log begins in the middle of the business; none if not shown."""
    if not found.detected:
        return []
    said = (
        f"{found.words} The models count their purchases from the first one in the log, so a "
        "customer of long standing is treated as new. Totals are tested in the same way and keep "
        "their record; values of these single customers are less certain than their intervals say."
    )
    return [counted(said, source=LOG, rows=found.customers)]


def value_bias_note(bias: ValueBias) -> list[Claim]:
    """Return how far expected spend was from actual spend, and what cannot be known."""
    if not len(bias.table):
        short = "Spend per purchase could not be tested: the log is too short."
        return [counted(short, source=LOG)]
    said = [
        counted(f"**Value bias in the holdout.** {bias.words}", source=LOG, rows=len(bias.table))
    ]
    worst = float(bias.table["bias"].abs().max())
    if worst > 2 * float(bias.table["se"].mean()) and worst > _LARGE_BIAS:
        changed = (
            "Spend per purchase changed after an origin by more than chance: a season that the "
            "log had not seen yet, or a change of prices or of what is bought, cannot be forecast."
        )
        said.append(counted(changed, source=LOG, rows=len(bias.table)))
    without = bias.failures["model"] == SPEND
    failed = bias.failures.loc[without, "origin"].nunique()
    if failed:
        origins = "1 origin" if failed == 1 else f"{count(failed)} origins"
        used = f"At {origins} spend had no model, and the mean of all purchases was used."
        said.append(method(used))
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


def assumption_claim(words: str) -> Claim:
    """Return the tests of the models' assumptions, as `rm.clv.describe_assumptions` words them."""
    return Claim(statement=words, design="observational", source=LOG)


def money_note(terms: Sequence[str]) -> Claim:
    """Return how values depend on margin and discount rate; terms as of `report_03.money_terms`."""
    said = f"Values use {listing(terms)}. They move in proportion to the margin."
    is_assumed = any("assumed" in term for term in terms)
    return Claim(
        statement=said,
        design="assumed" if is_assumed else "method",
        assumptions=tuple(terms),
    )
