"""``relmark check``: the audit of a source, in colour for people and as JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from relmark_research.errors import DataError

if TYPE_CHECKING:
    from relmark_research.customers.transactions import TransactionLog

_COLOURS = {"left out": "red", "kept": "yellow", "": "bold"}


def check_source(
    source: str, columns: Mapping[str, Any], options: Mapping[str, Any], *, out: Path | None = None
) -> TransactionLog:
    """Read a source as a report would, print what was done with each row, and write it as JSON.

    Parameters
    ----------
    source
        As `read_transactions` takes it.
    columns
        customer, date, value, cost and returns, as far as they are said.
    options
        `ReadOptions` by name.
    out
        A file for the audit as JSON; None for none. A refusal is written as well.

    Raises
    ------
    DataError, ParameterError
        Where the data cannot carry a report; the command line then ends with exit code 2.
    """
    from relmark_research.customers import sources
    from relmark_research.customers.transactions import read_transactions
    from relmark_research.reporting.provenance import read_options

    given = {name: value for name, value in columns.items() if value is not None}
    try:
        log = read_transactions(source, options=read_options(options), **cast(Any, given))
        audit = log.audit
        repeaters = _refuse_what_carries_no_report(log)
    except ValueError as error:
        if out is not None:
            refused = {"usable": False, "refused": str(error)}
            _write(out, {"source": sources.describe_source(source), **refused})
        raise
    if out is not None:
        _write(out, _as_json(log, audit, repeaters))
    _print(log, audit)
    return log


def _refuse_what_carries_no_report(log: TransactionLog) -> int:
    """Return how many customers bought again; nobody is nothing to learn from."""
    histories = log.distinct_histories(unit="day").table
    repeaters = int(histories.loc[histories["frequency"] > 0, "n_customers"].sum())
    if repeaters == 0:
        raise DataError(
            "the data cannot carry a report: not one of "
            f"{int(histories['n_customers'].sum()):,} customers bought on two days. "
            "Give a longer log, or another column for the customer."
        )
    return repeaters


def _as_json(log: TransactionLog, audit: pd.DataFrame, repeaters: int) -> dict[str, Any]:
    return {
        "source": log.source,
        "usable": True,
        "first_day": log.observed_from.isoformat(),
        "last_day": log.observed_until.isoformat(),
        "repeat_customers": repeaters,
        "audit": json.loads(audit.to_json(orient="records")),
    }


def _write(out: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False)
    out.write_text(text + "\n", encoding="utf-8")


def _print(log: TransactionLog, audit: pd.DataFrame) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(Text(f"{log.source}: {log.observed_from} to {log.observed_until}"))
    table = Table(box=None, pad_edge=False)
    for name in ("check", "rows", "share", "action", "examples"):
        table.add_column(name, justify="right" if name in ("rows", "share") else "left")
    for line in audit.to_dict("records"):
        colour = _COLOURS.get(line["action"], "") if line["rows"] else "dim"
        words = [line["check"], f"{line['rows']:,}", f"{line['share']:.1%}", line["action"]]
        table.add_row(*(Text(str(word), style=colour) for word in words), Text(line["examples"]))
    console.print(table)
