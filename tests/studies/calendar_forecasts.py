"""Forecasts of totals without and with a calendar, over logs, horizons and origins.

Run it: ``RELMARK_DATA=DIR python -m tests.studies.calendar_forecasts [ORIGINS]``.
"""

import sys
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

import relmark_research as rm
from tests.studies import logs

HORIZONS = (4, 8, 13, 26, 39, 52)  # weeks
CALENDARS = {"before": False, "after": None}


def issued(
    log: rm.TransactionLog, *, horizons: Sequence[int], origins: int | Sequence[str]
) -> pd.DataFrame:
    """Return the forecasts that would have been issued, without and with a calendar."""
    found = []
    for weeks in horizons:
        for name, calendar in CALENDARS.items():
            tested = rm.backtest(log, horizon=f"{weeks} weeks", origins=origins, calendar=calendar)
            if len(tested.issued):
                found.append(tested.issued.assign(weeks=weeks, calendar=name))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def study(
    sources: Mapping[str, rm.TransactionLog], *, horizons: Sequence[int], origins: int
) -> pd.DataFrame:
    """Return the forecasts of all logs."""
    found = [
        issued(log, horizons=horizons, origins=origins).assign(log=name)
        for name, log in sources.items()
    ]
    return pd.concat(found, ignore_index=True)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return error, coverage and half-width per log, before and after."""
    table = table.assign(
        size=table["error"].abs(), half=(table["high"] - table["low"]) / 2 / table["expected"]
    )
    means = table.groupby(["log", "calendar"], sort=False)[["size", "held", "half"]].mean()
    wide = means.astype(float).unstack("calendar")
    wide["change of error", ""] = wide["size", "after"] / wide["size", "before"] - 1
    return wide


def high_season(path: str) -> pd.Series:
    """Return the share of the apparel retailer's customers in high season by day."""
    weeks = pd.read_csv(path, parse_dates=["week_begins"])
    share = weeks.groupby("week_begins")["high_season"].mean()
    days = pd.date_range(share.index[0], share.index[-1] + pd.Timedelta(days=6))
    return share.reindex(days).ffill()


def apparel_quarters(log: rm.TransactionLog, share: pd.Series) -> pd.DataFrame:
    """Return errors of forecasts of 13 weeks from each quarter's start, 2007 to 2010.

    High season is an event: the share of the customers who are in it. The forecasts of 2006 are
    made too, so that the candidates are weighed by what was finished, as they would have been.
    """
    options = rm.clv.CalendarOptions(season="month", events={"high season": share})
    starts = pd.period_range("2006Q2", "2010Q4", freq="Q").start_time - pd.Timedelta(days=1)
    latest = pd.Timestamp(log.observed_until) - pd.Timedelta(weeks=13)
    origins = [min(start, latest).date() for start in starts]
    tested = rm.backtest(log, horizon="13 weeks", origins=origins, calendar=options)
    errors = tested.table.pivot_table(index="origin", columns="model", values="error")
    ends = errors.index + pd.Timedelta(weeks=13)
    mean = [share[start:end].mean() for start, end in zip(errors.index, ends, strict=True)]
    table = errors.assign(share=mean)
    return table[table.index >= "2006-12-31"]


def main() -> None:
    """Run the study and print its tables."""
    sources = {name: read() for name, read in logs.available().items()}
    origins = int(sys.argv[1]) if sys.argv[1:] else 8
    table = study(sources, horizons=HORIZONS, origins=origins)
    if len(sys.argv) > 2:
        table.to_csv(sys.argv[2], index=False)
    print(summary(table).round(4).to_string())
    path = logs.folder() / "apparel_covariates.csv.gz"
    if "apparel" in sources and path.is_file():
        quarters = apparel_quarters(sources["apparel"], high_season(str(path)))
        print(quarters.round(2).to_string())
        high = quarters[quarters["share"] > 0.5]
        print(np.abs(high.drop(columns="share")).mean().round(3).to_string())


if __name__ == "__main__":
    main()
