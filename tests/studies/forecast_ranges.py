"""How often ranges of totals held the actual, over logs, horizons and origins.

Every range is as it would have been issued: `rm.backtest` uses only forecasts that were finished.
Run it: ``RELMARK_DATA=DIR python -m tests.studies.forecast_ranges``.
"""

import sys
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

import relmark_research as rm
from relmark_research.clv.forecasting.backtest import COMBINED
from relmark_research.stats.forecasting.forecast_scores import interval_score
from tests.studies import logs

HORIZONS = (4, 8, 13, 26, 39, 52)  # weeks
LEVELS = (0.8, 0.95)


def issued(
    log: rm.TransactionLog, *, horizons: Sequence[int], measure: str, origins: int
) -> pd.DataFrame:
    """Return every forecast of a log, a row per origin, horizon and candidate."""
    found = []
    for weeks in horizons:
        tested = rm.backtest(log, horizon=f"{weeks} weeks", measure=measure, origins=origins)
        wide = tested.at_level(LEVELS[1]).table
        if not len(wide):
            continue
        narrow = tested.at_level(LEVELS[0]).table
        score = interval_score(wide["low"], wide["high"], wide["actual"], LEVELS[1])
        found.append(
            wide.assign(weeks=weeks, held_80=narrow["held"], interval_score=score).drop(
                columns=["log_score", "mean_absolute_error", "crps"]
            )
        )
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def study(
    sources: Mapping[str, rm.TransactionLog], *, horizons: Sequence[int], origins: int
) -> pd.DataFrame:
    """Return the forecasts of all logs, of purchases and of value."""
    found = []
    for name, log in sources.items():
        for measure in ("purchases", "value") if log.has_value else ("purchases",):
            table = issued(log, horizons=horizons, measure=measure, origins=origins)
            found.append(table.assign(log=name, measure=measure))
            print(name, measure, len(table), file=sys.stderr, flush=True)
    return pd.concat(found, ignore_index=True)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return coverage, error and interval score per measure and log, and over all logs."""
    rows = {}
    for measure, part in table.groupby("measure"):
        for log, own in [*part.groupby("log"), ("all", part)]:
            rows[measure, log] = _row(own)
    return pd.DataFrame(rows).T


def _row(table: pd.DataFrame) -> dict[str, object]:
    ours = table[table["model"] == COMBINED]
    best, least = _smallest_error(table)
    benchmark, ratio = _best_benchmark(table)
    return {
        "forecasts": len(ours),
        "origins": ours.groupby("log")["origin"].nunique().sum() if "log" in ours else len(ours),
        "held 95%": ours["held"].mean(),
        "held 80%": ours["held_80"].mean(),
        "half-width": ((ours["high"] - ours["low"]) / 2 / ours["expected"]).mean(),
        "error": ours["error"].abs().mean(),
        "best candidate": best,
        "its error": least,
        "best benchmark": benchmark,
        "score / its score": ratio,
    }


def _smallest_error(table: pd.DataFrame) -> tuple[str, float]:
    """Return the candidate with the smallest mean error among those with all forecasts."""
    alone = table[table["model"] != COMBINED]
    count = (table["model"] == COMBINED).sum()
    errors = alone.groupby("model")["error"].agg(
        mean=lambda values: values.abs().mean(), count="count"
    )
    errors = errors.loc[errors["count"] >= 0.95 * count, "mean"]
    return (str(errors.idxmin()), float(errors.min())) if len(errors) else ("none", np.nan)


def _best_benchmark(table: pd.DataFrame) -> tuple[str, float]:
    """Return the benchmark that comes closest in interval score, and the ratio to its score.

    A benchmark's range is Student's t times its past errors at the same origins; the scores are
    compared where it has one, as shares of the actual total.
    """
    keys = ["log", "measure", "weeks", "origin"]
    keys = [key for key in keys if key in table]
    share = table.assign(share=table["interval_score"] / table["actual"].clip(lower=1))
    ours = share[share["model"] == COMBINED].set_index(keys)["share"]
    found = {}
    for name, part in share[share["benchmark"] & share["low"].notna()].groupby("model"):
        if len(part) >= 10:
            theirs = part.set_index(keys)["share"]
            found[str(name)] = float(ours.loc[theirs.index].mean() / theirs.mean())
    name = max(found, key=lambda key: found[key]) if found else "none"
    return name, found.get(name, np.nan)


def main() -> None:
    """Run the whole study and print its table."""
    sources = {name: read() for name, read in logs.available().items()}
    table = study(sources, horizons=HORIZONS, origins=int(sys.argv[1]) if sys.argv[1:] else 20)
    if len(sys.argv) > 2:
        table.to_csv(sys.argv[2], index=False)
    with pd.option_context("display.width", 200, "display.max_columns", 20):
        print(summary(table).to_string(float_format=lambda value: f"{value:.3f}"))
    if absent := logs.missing():
        print(f"not there: {', '.join(absent)}")


if __name__ == "__main__":
    main()
