"""Tables of the customers' estimates: P(alive), one customer's path, the distribution of value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv.prediction._inputs import (
    PurchaseInput,
    calendar_of,
    common_purchase_model,
    model_unit,
)
from relmark_research.customers.log import aggregation
from relmark_research.customers.operational_time import elapsed
from relmark_research.errors import DataError, id_text
from relmark_research.tables.given_tables import frame_in_memory
from relmark_research.tables.read_table import read_columns, read_ids
from relmark_research.units import TimeUnit

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

_VALUE_RANGE = 1e5  # values smaller than the largest by more than this share the first bin
_BIN_STEPS = (1, 1.5, 2, 3, 5, 7)  # bin edges within a power of ten


def p_alive_matrix(
    fit: PurchaseInput, *, T: float, max_frequency: int = 20, steps: int = 40
) -> pd.DataFrame:
    """Return P(alive) by frequency and recency, for customers observed for T.

    Parameters
    ----------
    fit
        A fit or a model of purchases, the same for all customers.
    T
        Time from first purchase to the end of observation, > 0, in the fit's unit.
    max_frequency
        Highest frequency in the table.
    steps
        Number of recencies in the table, from T / steps to T.

    Returns
    -------
    DataFrame
        Index recency, columns frequency 1 to max_frequency, values P(alive | x, t_x, T).
    """
    recency = np.linspace(T / steps, T, steps)
    frequency = np.arange(1, max_frequency + 1)
    reason = (
        "the matrix is about a customer with any history. Pass the model of one customer: "
        "fit.model_for(customers.table.head(1))."
    )
    model = common_purchase_model(fit, reason=reason)
    alive = model.p_alive(frequency[None, :], recency[:, None], np.asarray(T))
    return pd.DataFrame(
        alive,
        index=pd.Index(recency, name="recency"),
        columns=pd.Index(frequency, name="frequency"),
    )


def customer_history(
    fit: PurchaseInput,
    log: TransactionLog,
    *,
    customer_id: str | int,
    unit: str | TimeUnit | None = None,
) -> pd.DataFrame:
    """Return one customer's P(alive) per day, from the first purchase to the end of the log.

    Parameters
    ----------
    fit
        A fit or a model of purchases, the same for all customers.
    customer_id
        As in the log, where ids are text: ``"00004"``; a number such as 7 is ``"7"``.
    unit
        Unit of the model's times; required if ``fit`` has none.

    Returns
    -------
    DataFrame
        Row per day: time, p_alive (given the history to the end of that day), purchase (whether the
        customer bought on that day).

    Raises
    ------
    DataError
        If the log has no such customer.
    ParameterError
        If the unit of the model's times is not known.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.load_cdnow()
    >>> fit = rm.BGNBD.fit(log.customer_summary())
    >>> path = rm.clv.customer_history(fit, log, customer_id="00004")
    >>> path.loc[path["purchase"], "time"].dt.strftime("%d %b").tolist()
    ['01 Jan', '18 Jan', '02 Aug', '12 Dec']
    """
    customer_id = str(read_ids(pd.Index([customer_id]))[0])
    reason = (
        "the log does not have the columns of the formulas. Pass the model of this customer: "
        "fit.model_for(customers.table.loc[[customer_id]]), and its unit."
    )
    model = common_purchase_model(fit, reason=reason)
    length = model_unit(fit, unit, function="customer_history").days
    purchases = aggregation.purchase_dates(log.days, customer_id)
    if len(purchases) == 0:
        raise DataError(
            f"the log has no customer {id_text(customer_id)}. Ids are text and keep their leading "
            "zeros: take one from log.customer_summary().table.index."
        )
    days = pd.date_range(purchases[0], log.observed_until)
    x = np.searchsorted(purchases, days, side="right") - 1
    since = (days - purchases[0]).days.to_numpy()
    clock = since.astype(float)
    calendar = calendar_of(fit)
    if calendar is not None:
        to_end = elapsed(calendar, since, np.zeros_like(since), log.observed_until)
        clock = to_end[-1] - to_end[::-1]
    t_x, T = clock[(purchases[x] - purchases[0]).days] / length, clock / length
    alive = model.p_alive(x.astype(float), t_x, T)
    return pd.DataFrame({"time": days, "p_alive": alive, "purchase": days.isin(purchases)})


def alive_distribution(forecast: pd.DataFrame, *, bins: int = 20) -> pd.DataFrame:
    """Return a histogram of P(alive) in a table made by `forecast`: low, high, customers."""
    counts, edges = np.histogram(_column(forecast, "p_alive"), bins=bins, range=(0, 1))
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "customers": counts})


def value_distribution(values: pd.DataFrame) -> pd.DataFrame:
    """Return a histogram of lifetime value with edges at 1, 1.5, 2, 3, 5, 7, 10, ...

    Returns
    -------
    DataFrame
        low, high, customers. The first bin starts at 0 and holds at least the lowest 1% of the
        positive values. Customers with a value of 0 are not counted.
    """
    clv = _column(values, "clv")
    positive = clv[clv > 0]
    if len(positive) == 0:
        raise DataError("no customer has a value above 0, so there is no distribution.")
    lowest, highest = np.quantile(positive, 0.01), positive.max()
    lowest = max(lowest, highest / _VALUE_RANGE)
    powers = 10.0 ** np.arange(np.floor(np.log10(lowest)), np.ceil(np.log10(highest)) + 1)
    steps = np.outer(powers, _BIN_STEPS).ravel().round(12)
    inner = steps[(steps > lowest) & (steps < highest)]
    last = steps[steps >= highest][0] * (1 + 1e-12)
    counts, edges = np.histogram(positive, bins=np.concatenate([[0.0], inner, [last]]))
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "customers": counts})


def value_by_decile(values: pd.DataFrame) -> pd.DataFrame:
    """Return lifetime value by decile of the customers, the most valuable decile first.

    Returns
    -------
    DataFrame
        decile (1 to 10), customers, value (money), share (of the total).
    """
    clv = np.sort(_column(values, "clv"))[::-1]
    decile = np.arange(len(clv)) * 10 // len(clv) + 1
    value = np.bincount(decile, weights=clv, minlength=11)[1:]
    return pd.DataFrame(
        {
            "decile": np.arange(1, 11),
            "customers": np.bincount(decile, minlength=11)[1:],
            "value": value,
            "share": value / value.sum(),
        }
    )


def at_risk_customers(values: pd.DataFrame, forecast: pd.DataFrame, *, n: int = 20) -> pd.DataFrame:
    """Return the customers with the most lifetime value at risk of dropout.

    Parameters
    ----------
    values, forecast
        Tables of the same customers, made by `lifetime_value` and `forecast`.
    n
        Number of customers to return.

    Returns
    -------
    DataFrame
        p_alive, clv, clv_if_alive = clv / p_alive and clv_at_risk = clv (1 - p_alive), sorted by
        clv_at_risk, the highest first. Customers who are almost surely alive or almost surely
        inactive have little value at risk, whatever they bought.
    """
    values = frame_in_memory(values, "values")
    forecast = _aligned(frame_in_memory(forecast, "forecast"), values.index)
    alive, clv = _column(forecast, "p_alive"), _column(values, "clv")
    if_alive = np.divide(clv, alive, out=np.zeros_like(clv), where=alive > 0)
    columns = {
        "p_alive": alive,
        "clv": clv,
        "clv_if_alive": if_alive,
        "clv_at_risk": clv * (1 - alive),
    }
    return pd.DataFrame(columns, index=values.index).nlargest(n, "clv_at_risk")


def _column(table: pd.DataFrame, name: str) -> np.ndarray:
    return read_columns(table, {name: "number"}, name="customers")[name].to_numpy(float)


def _aligned(table: pd.DataFrame, labels: pd.Index) -> pd.DataFrame:
    """Return the rows of a table in the order of other labels of the same customers."""
    ours, theirs = read_ids(table.index), read_ids(labels)
    if ours.equals(theirs):
        return table
    if not (ours.is_unique and theirs.is_unique and len(ours) == len(theirs)):
        raise DataError("values and forecast must have the same customers, each in one row.")
    place = ours.get_indexer(theirs)
    if (place < 0).any():
        raise DataError(
            "values and forecast must have the same customers; found "
            f"{int((place < 0).sum()):,} of {len(labels):,} in values only, first "
            f"{labels[place < 0][0]!r}. Make both tables for the same customers."
        )
    return table.iloc[place]
