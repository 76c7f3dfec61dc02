"""The ledger of forecasts: what earlier runs of a recipe forecast, and what came.

A notebook records a forecast with ``rm.record_forecast``, and the manifest of its run stores it.
Each manifest also carries the forecasts of all earlier runs, so that none is lost when runs are
removed. The runner writes a notebook's own earlier forecasts to a file; `scored_forecasts` reads
it and compares those that are finished with the log of today.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.errors import ReportError
from relmark_research.reporting.record.manifest import (
    IssuedForecast,
    issued_forecast,
    read_manifest,
    write_atomically,
)

if TYPE_CHECKING:
    from relmark_research.customers.log.purchase_history import PurchaseHistory
    from relmark_research.customers.log.transactions import TransactionLog

LEDGER_VARIABLE = "RELMARK_LEDGER"  # environment variable with the path of the file
LEDGER_FILE = "forecasts.json"

FINISHED = "finished"
OPEN = "open"
OTHER_DATA = "other data"

_CUSTOMERS_MAY_DIFFER = 0.05  # share, by returns and customers that arrive late
_NAMED = 0.1  # weight from which a model is named
_COLUMNS = [
    "name", "issued", "origin", "end", "measure", "model", "expected", "low", "high", "level",
    "actual", "inside", "state", "unit", "customers",
]  # fmt: skip


@dataclass(frozen=True)
class Ledger:
    """Forecasts of earlier runs, the first issued first, and which runs could not be read."""

    forecasts: tuple[IssuedForecast, ...] = ()
    notes: tuple[str, ...] = ()


def read_ledger(runs: Iterable[Path]) -> Ledger:
    """Return the forecasts of stored runs, and of the removed runs that they carry.

    Forecasts of the same notebook, measure, origin and end count once, as first issued. A run that
    cannot be read is left out, with a note.

    Parameters
    ----------
    runs
        Folders of runs.
    """
    found: list[IssuedForecast] = []
    notes = []
    for run in runs:
        try:
            manifest = read_manifest(run)
        except (ReportError, OSError, ValueError) as error:  # ValueError: not UTF-8
            notes.append(f"the forecasts of run {run.name} are left out of the ledger: {error}")
            continue
        found += manifest.ledger
        for each in manifest.notebooks:
            if each.state == "done":
                found += [
                    replace(
                        forecast,
                        notebook=each.notebook,
                        run=manifest.run_id,
                        issued=manifest.started,
                    )
                    for forecast in each.forecasts
                ]
    return Ledger(_first_issued(found), tuple(notes))


def forecasts_of(
    forecasts: Sequence[IssuedForecast], notebook: str, *, before: str | None = None
) -> tuple[IssuedForecast, ...]:
    """Return the forecasts of one notebook, with origins before a day if one is given."""
    return tuple(
        each
        for each in forecasts
        if each.notebook == notebook and (before is None or each.origin < before)
    )


def write_forecasts(folder: Path, forecasts: Sequence[IssuedForecast]) -> Path:
    """Write forecasts into a folder, for `earlier_forecasts`, and return the path."""
    records = [asdict(each) for each in forecasts]
    return write_atomically(folder / LEDGER_FILE, json.dumps(records), durable=False)


def earlier_forecasts() -> tuple[IssuedForecast, ...]:
    """Return this notebook's forecasts in earlier runs; none outside of a run."""
    path = Path(os.environ.get(LEDGER_VARIABLE, ""))
    if not path.is_file():
        return ()
    return tuple(issued_forecast(each) for each in json.loads(path.read_text(encoding="utf-8")))


def scored_forecasts(
    log: "TransactionLog", forecasts: Sequence[IssuedForecast] | None = None
) -> pd.DataFrame:
    """Return earlier forecasts beside what came.

    The actual total is what the customers known at the origin bought after it until the end, by
    the log of today.

    Parameters
    ----------
    log
        The log of today.
    forecasts
        By default, those of this notebook in earlier runs of its recipe. Outside of a run, as in
        JupyterLab, there are none.

    Returns
    -------
    DataFrame
        Row per forecast with an origin before the last day of the log, by end: name, issued (day
        of the run), origin, end, measure, model (names with their weights), expected, low, high,
        level, actual (NaN unless finished), inside (whether the range held the actual; missing
        unless finished), state, unit and customers (at the origin, by the log of today). The
        state is ``"finished"``, ``"open"`` (it ends after the last day), or ``"other data"`` where
        the number of customers known at the origin differs by more than 5% from that recorded, or
        the log has no money.

    Examples
    --------
    >>> import relmark_research as rm
    >>> len(rm.reporting.scored_forecasts(rm.load_cdnow()))
    0
    """
    given = earlier_forecasts() if forecasts is None else _first_issued(forecasts)
    last = log.observed_until.isoformat()
    earlier = [each for each in given if each.origin < last]
    history = _history(log) if any(each.end <= last for each in earlier) else None
    rows = [
        _row(each, *(_score(history, each) if history and each.end <= last else _NOT_ENDED))
        for each in earlier
    ]
    types = dict.fromkeys(("issued", "origin", "end"), "datetime64[ns]")
    types |= {"inside": "boolean", "customers": "Int64"}
    types |= dict.fromkeys(("expected", "low", "high", "level", "actual"), "float64")
    table = pd.DataFrame(rows, columns=_COLUMNS).astype(types)
    return table.sort_values(["end", "origin"], kind="stable", ignore_index=True)


def _first_issued(forecasts: Iterable[IssuedForecast]) -> tuple[IssuedForecast, ...]:
    first: dict[tuple[str, ...], IssuedForecast] = {}
    for each in sorted(forecasts, key=lambda forecast: (forecast.issued, forecast.run)):
        first.setdefault((each.notebook, each.measure, each.origin, each.end), each)
    return tuple(first.values())


_Score = tuple[str, float, int | None]  # state, actual, customers
_NOT_ENDED: _Score = (OPEN, float("nan"), None)


def _history(log: "TransactionLog") -> "PurchaseHistory":
    from relmark_research.customers.log.purchase_history import PurchaseHistory

    return PurchaseHistory.of(log)


def _score(history: "PurchaseHistory", forecast: IssuedForecast) -> _Score:
    origin = date.fromisoformat(forecast.origin)
    known = history.known_at(origin)
    differ = abs(len(known) - forecast.customers) > _CUSTOMERS_MAY_DIFFER * forecast.customers
    if differ or (forecast.measure == "value" and not history.has_value):
        return OTHER_DATA, float("nan"), len(known)
    purchases, value = history.after(origin, forecast.horizon, known)
    came = purchases.sum() if forecast.measure == "purchases" else value.sum() * forecast.factor
    return FINISHED, float(came), len(known)


def _row(
    forecast: IssuedForecast, state: str, actual: float, customers: int | None
) -> dict[str, object]:
    inside = forecast.low <= actual <= forecast.high if state == FINISHED else None
    named = sorted(forecast.models.items(), key=lambda item: -item[1])
    model = ", ".join(f"{name} {weight:.0%}" for name, weight in named if weight >= _NAMED)
    row: dict[str, object] = {name: getattr(forecast, name, None) for name in _COLUMNS}
    issued = pd.Timestamp(forecast.issued[:10]) if forecast.issued else pd.NaT
    return row | {
        "issued": issued,
        "origin": pd.Timestamp(forecast.origin),
        "end": pd.Timestamp(forecast.end),
        "model": model,
        "actual": actual,
        "inside": inside,
        "state": state,
        "customers": customers,
    }
