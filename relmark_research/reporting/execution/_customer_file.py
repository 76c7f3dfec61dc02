"""The file with one row per customer that a recipe may ask for, beside its reports.

customer_table: parquet        # or csv, excel; with pseudonyms
customer_table:
  format: excel
  ids: clear                   # the log's own ids, to join the file to other tables
  horizon: 26 weeks
  margin: 0.3                  # otherwise values are revenue
  measured: {grow: "e-mail test of March 2024, 4,000 customers randomised"}

A file that cannot be made stops no report: the index says why it is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relmark_research.errors import RelmarkError
from relmark_research.reporting.privacy.redaction import Redactor
from relmark_research.reporting.recipe.recipe_file import Recipe
from relmark_research.reporting.record.provenance import read_options
from relmark_research.reporting.record.secrets import fill_in_secrets
from relmark_research.reporting.store.scratch import temporary_folder
from relmark_research.tables.pseudonyms import MAKE_A_KEY

if TYPE_CHECKING:
    from relmark_research.customer_tables.table_of_customers import CustomerTable
    from relmark_research.customers.log.transactions import TransactionLog

SUFFIXES = {"parquet": ".parquet", "csv": ".csv", "excel": ".xlsx"}
_NAMES = ("customer", "date", "value", "cost", "returns", "engine")


def write_customer_file(
    recipe: Recipe, folder: Path, redactor: Redactor, *, as_of: str | None
) -> dict[str, Any]:
    """Write the file of customers into the folder of a run, and return what the manifest says.

    Parameters
    ----------
    recipe
        The recipe; without customer_table nothing is written.
    folder
        The folder of the run.
    redactor
        Has the key of pseudonyms, and takes ids out of messages.
    as_of
        Last day of the data that is used; None uses all.

    Returns
    -------
    dict
        file, rows, ids, horizon, model and words; error where the file could not be made; empty
        where none is asked for.
    """
    settings = recipe.customer_table
    if settings is None:
        return {}
    if settings["ids"] == "pseudonym" and not redactor.key:
        return _failed(f"There is no key for pseudonyms. {MAKE_A_KEY}")
    try:
        with temporary_folder():
            found = _table(recipe, settings, as_of)
            if settings["ids"] == "pseudonym":
                found = found.with_pseudonyms(key=redactor.key)
            path = folder / f"customers{SUFFIXES[settings['format']]}"
            found.to(path)
    except RelmarkError as error:
        return _failed(redactor.text(str(error), error=True))
    return {
        "file": path.name,
        "rows": len(found.table),
        "ids": found.ids,
        "horizon": found.horizon,
        "model": found.model,
        "words": _words(found, settings),
    }


def _failed(why: str) -> dict[str, Any]:
    message = f"The table of customers is left out. {why}"
    print(f"relmark: {message}", file=sys.stderr, flush=True)
    return {"error": message}


def _table(recipe: Recipe, settings: dict[str, Any], as_of: str | None) -> CustomerTable:
    from relmark_research.customer_tables.table_of_customers import (
        CustomerTableOptions,
        customer_table,
    )

    log = _read_log(recipe.data, as_of)
    options = CustomerTableOptions(
        margin=settings["margin"] if log.has_value else None, measured=settings["measured"]
    )
    return customer_table(
        log,
        horizon=settings["horizon"],
        segments=_or_none(_segments, log),
        ladder=_or_none(_rungs, log),
        advice=_advice(recipe, log) if settings["measured"] else None,
        options=options,
    )


def _read_log(data: dict[str, Any], as_of: str | None) -> TransactionLog:
    from relmark_research.customers.log.transactions import read_transactions

    known = fill_in_secrets(data)
    arguments = {name: known[name] for name in _NAMES if name in known}
    options = read_options(known.get("options", {}))
    return read_transactions(known["source"], options=options, **arguments).until(as_of)


def _or_none(make: Callable[[TransactionLog], Any], log: TransactionLog) -> Any:
    """Return what a function makes of a log, or None for a log that is too small for it."""
    try:
        return make(log)
    except RelmarkError:
        return None


def _segments(log: TransactionLog) -> Any:
    from relmark_research.customers.describe.rfm import rfm_scores
    from relmark_research.customers.describe.segments import rfm_segments

    return rfm_segments(rfm_scores(log))


def _rungs(log: TransactionLog) -> Any:
    from relmark_research.ladder.history.ladder import PURCHASE_LADDER

    return PURCHASE_LADDER.assign(log)


def _advice(recipe: Recipe, log: TransactionLog) -> Any:
    from relmark_research.economics.next_action.next_best_action import recommend
    from relmark_research.tables.read_table import open_table

    contacts = recipe.tables.get("contacts")
    return recommend(log, contacts=None if contacts is None else open_table(contacts, "contacts"))


def _words(found: CustomerTable, settings: dict[str, Any]) -> str:
    """Return what the file holds, in sentences."""
    ids = "the ids of the log" if found.ids == "clear" else "pseudonyms in place of ids"
    value = "contribution margin" if settings["margin"] else "revenue"
    has_value = found.table["expected_value"].notna().any()
    sentences = [
        f"{len(found.table):,} customers with {ids}; expected purchases and value over "
        f"{found.horizon} by {found.model}, with {found.level:.0%} prediction ranges for each "
        "customer.",
        *([f"Value is {value}."] if has_value else []),
        *found.notes,
    ]
    return " ".join(sentences)
