"""Simulation of the sample firm: all its tables from one seed, with known parameters.

The tables agree with each other: a campaign's response, a prospect's first order and a survey's
retained customers are those of the transactions and contacts.
"""

import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from relmark_research.simulation.accounts import (
    contacts_table,
    events_table,
    satisfaction_table,
    simulate_years,
)
from relmark_research.simulation.campaigns import campaigns_table, run_campaigns
from relmark_research.simulation.firm import Truth
from relmark_research.simulation.funnel import prospects_table
from relmark_research.simulation.ledger import (
    customers_table,
    observed_books,
    simulate_books,
    simulate_people,
)
from relmark_research.simulation.orders import (
    add_preferences,
    price_orders,
    simulate_orders,
    simulate_returns,
    transactions_table,
    with_oddities,
)
from relmark_research.simulation.partners import simulate_partners, survey_table

SEED = 20240101


@dataclass(frozen=True)
class SimulatedFirm:
    """The tables of the firm and the latent variables behind them, to test estimators against.

    Parameters
    ----------
    people
        One row per customer, with latent purchase rate, value scale and margin share.
    years
        One row per customer and account year: level, answer, whether the customer renews.
    lines
        Every order with person, day, value, cost, before returns and oddities.
    addressed
        Every campaign contact, with the probability that it causes an order.
    partner_constructs
        Each partner's own part of the five constructs, standard normal.
    tables
        The observed tables, by name.
    """

    people: pd.DataFrame
    years: pd.DataFrame
    lines: pd.DataFrame
    addressed: pd.DataFrame
    partner_constructs: pd.DataFrame
    tables: dict[str, pd.DataFrame]


def simulate_crm(truth: Truth | None = None, *, seed: int = SEED) -> dict[str, pd.DataFrame]:
    """Return the tables of a simulated firm; equal parameters and seed give equal tables.

    Parameters
    ----------
    truth
        All parameters of the firm; None takes those of the sample data.
    seed
        Seed of the random numbers.

    Returns
    -------
    dict of DataFrame
        ``transactions, customers, contacts, events, prospects, campaigns, satisfaction, partners,
        partner_survey, books``; columns and units as in ``data/README.md``.

    Examples
    --------
    >>> tables = simulate_crm(seed=1)
    >>> list(tables["transactions"].columns)
    ['customer_id', 'order_id', 'date', 'value', 'cost']
    >>> bool((tables["customers"]["acquisition_cost"] > 0).all())
    True
    """
    return simulate_firm(truth, seed=seed).tables


def simulate_firm(truth: Truth | None = None, *, seed: int = SEED) -> SimulatedFirm:
    """Return the tables of `simulate_crm` with the latent variables behind them."""
    truth = truth or Truth()
    books = simulate_books(truth, _stream(seed, "books"))
    people = simulate_people(books, truth, _stream(seed, "people"))
    people = add_preferences(people, truth, _stream(seed, "tastes"))
    years = simulate_years(people, truth, _stream(seed, "years"))
    orders = simulate_orders(people, years, truth, _stream(seed, "orders"))
    addressed, orders = run_campaigns(orders, years, people, truth, _stream(seed, "campaigns"))
    lines = price_orders(orders, people, truth, _stream(seed, "prices"))
    partners, constructs = simulate_partners(
        truth.partners, int(truth.last_day[:4]) - 1, _stream(seed, "partners")
    )
    tables = {
        "transactions": _log(lines, people, truth, seed),
        "customers": customers_table(people, truth),
        "contacts": contacts_table(years, people, truth, _stream(seed, "contacts")),
        "events": events_table(years, people, truth, _stream(seed, "events")),
        "prospects": prospects_table(people, truth, _stream(seed, "prospects")),
        "campaigns": campaigns_table(addressed, lines, people, truth),
        "satisfaction": satisfaction_table(years, people, truth, _stream(seed, "satisfaction")),
        "partners": partners,
        "partner_survey": survey_table(
            partners, constructs, truth.partners, _stream(seed, "survey")
        ),
        "books": observed_books(books, truth),
    }
    return SimulatedFirm(people, years, lines, addressed, constructs, tables)


def table_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as CSV: ISO dates, money with two decimals, missing values empty."""
    counts = {
        column: values.astype("Int64") for column, values in table.items() if column == "retained"
    }
    text = table.assign(**counts).to_csv(
        index=False, float_format="%.2f", date_format="%Y-%m-%d", lineterminator="\n"
    )
    return text.encode()


def truth_bytes(truth: Truth, seed: int) -> bytes:
    """Return the parameters and the seed as JSON."""
    return (json.dumps({"seed": seed, **asdict(truth)}, indent=1) + "\n").encode()


def write_sample(folder: Path, *, truth: Truth | None = None, seed: int = SEED) -> list[Path]:
    """Write each table as ``<name>.csv``, and ``truth.json``, into ``folder``; return the paths."""
    truth = truth or Truth()
    files = {
        f"{name}.csv": table_bytes(table) for name, table in simulate_crm(truth, seed=seed).items()
    }
    files["truth.json"] = truth_bytes(truth, seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


def _stream(seed: int, subject: str) -> np.random.Generator:
    """Return a generator per subject, so that a change of one table does not affect the others."""
    return np.random.default_rng([seed, zlib.crc32(subject.encode())])


def _log(lines: pd.DataFrame, people: pd.DataFrame, truth: Truth, seed: int) -> pd.DataFrame:
    returns = simulate_returns(lines, people, truth, _stream(seed, "returns"))
    odd = with_oddities(lines, people, truth, _stream(seed, "oddities"))
    return transactions_table(pd.concat([odd, returns], ignore_index=True), people, truth)
