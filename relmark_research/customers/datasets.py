"""The bundled data: two published data sets, and the tables of a simulated firm.

`data/README.md` gives the origin, the licence and the columns of each.
"""

from __future__ import annotations

import pandas as pd

from relmark_research.customers.log.transactions import TransactionLog, read_transactions
from relmark_research.tables.sources import bundled_files


def load_cdnow(*, full: bool = False) -> TransactionLog:
    """Return the CDNOW log: 18 months of music purchases by customers acquired in early 1997.

    Parameters
    ----------
    full
        False: every tenth customer (2,357, in 6,919 rows), the set of the published figures. True:
        all 23,570 customers in 69,659 rows.

    Returns
    -------
    TransactionLog
        Value in US dollars, 1997-01-01 to 1998-06-30.

    Raises
    ------
    DataError
        Where the files are not installed.

    References
    ----------
    Fader and Hardie 2001, "Forecasting repeat sales at CDNOW: a case study", Interfaces 31.

    Examples
    --------
    >>> summary = load_cdnow().customer_summary(unit="week")
    >>> len(summary.table)
    2357
    """
    return read_transactions("dataset:cdnow_full" if full else "dataset:cdnow")


def load_donations() -> pd.DataFrame:
    """Return the donation histories of 11,104 donors over six years, one row per distinct history.

    Returns
    -------
    DataFrame
        ``frequency`` (years with a donation after the first), ``recency`` (the last of them, 0
        without any), ``T`` (6 yearly opportunities), ``n_customers`` (donors with this history).

    Raises
    ------
    DataError
        Where the file is not installed.

    References
    ----------
    Fader, Hardie and Shang 2010, "Customer-base analysis in a discrete-time noncontractual
    setting", Marketing Science 29.

    Examples
    --------
    >>> donors = load_donations()
    >>> int(donors["n_customers"].sum())
    11104
    """
    return bundled_files.donations()


def load_sample(name: str) -> pd.DataFrame:
    """Return one table of the simulated firm, with parsed dates and ids as text.

    Parameters
    ----------
    name
        ``"transactions"``, ``"customers"``, ``"contacts"``, ``"events"``, ``"prospects"``,
        ``"campaigns"``, ``"satisfaction"``, ``"partners"``, ``"partner_survey"`` or ``"books"``.

    Returns
    -------
    DataFrame
        Columns and units as in ``data/README.md``; money in euro.

    Raises
    ------
    ParameterError
        Where the name is unknown.
    DataError
        Where its file is missing.

    Examples
    --------
    >>> list(load_sample("customers")["segment"].value_counts().index)
    ['private', 'small business', 'key account']
    """
    return bundled_files.sample_table(name)
