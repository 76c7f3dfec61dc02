"""Customers' estimates in one view: who is alive, one customer's path, how value is spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.customers.log import aggregation
from relmark_research.errors import DataError, ParameterError, unknown_name
from relmark_research.units import TimeUnit

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

_DECADES = 1e5  # values further below the largest share the first step


def p_alive_matrix(
    fit: Fit | PurchaseModel, *, T: float, most: int = 20, steps: int = 40
) -> pd.DataFrame:
    """Return P(alive) over frequency and recency, for customers observed for T.

    Parameters
    ----------
    T
        Time from first purchase to the end of observation, > 0, in the fit's unit.
    most
        Highest frequency shown.
    steps
        Number of recencies shown, from 0 to T.

    Returns
    -------
    DataFrame
        Index recency, columns frequency 1 to most, values P(alive | x, t_x, T).
    """
    model = fit.model if isinstance(fit, Fit) else fit
    recency = np.linspace(T / steps, T, steps)
    frequency = np.arange(1, most + 1)
    alive = model.p_alive(frequency[None, :], recency[:, None], np.asarray(T))  # type: ignore[attr-defined]
    return pd.DataFrame(
        alive,
        index=pd.Index(recency, name="recency"),
        columns=pd.Index(frequency, name="frequency"),
    )


def customer_history(
    fit: Fit | PurchaseModel,
    log: TransactionLog,
    *,
    customer_id: str,
    unit: str | TimeUnit | None = None,
) -> pd.DataFrame:
    """Follow one customer's P(alive) day by day, from the first purchase to the end of the log.

    Parameters
    ----------
    customer_id
        As in the log, where ids are text: ``"00004"``.
    unit
        Unit of the model's times, where ``fit`` does not say it.

    Returns
    -------
    DataFrame
        Row per day: time, p_alive (as known at the end of that day), purchase (whether the
        customer bought then). On a day of purchase it is what is known after it.

    Raises
    ------
    DataError
        Where the log has no such customer.
    ParameterError
        Where the unit of the model's times is not known.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.load_cdnow()
    >>> fit = rm.BGNBD.fit(log.customer_summary())
    >>> path = rm.clv.customer_history(fit, log, customer_id="00004")
    >>> path.loc[path["purchase"], "time"].dt.strftime("%d %b").tolist()
    ['01 Jan', '18 Jan', '02 Aug', '12 Dec']
    """
    known = unit or (fit.unit if isinstance(fit, Fit) else None)
    if known is None:
        raise ParameterError(
            "the unit of the model's times is not known, so days cannot be converted to it. Say "
            "it: customer_history(..., unit='week')."
        )
    bought = aggregation.days_of(log.days, str(customer_id))
    if len(bought) == 0:
        raise DataError(
            f"the log has no customer {str(customer_id)!r}. Ids are text there, with their leading "
            "zeros: take one from log.customer_summary().table.index."
        )
    days = pd.date_range(bought[0], log.observed_until)
    x = np.searchsorted(bought, days, side="right") - 1
    length = TimeUnit.of(known).days
    t_x, T = ((day - bought[0]).days.to_numpy(float) / length for day in (bought[x], days))
    model = fit.model if isinstance(fit, Fit) else fit
    alive = model.p_alive(x.astype(float), t_x, T)  # type: ignore[attr-defined]
    return pd.DataFrame({"time": days, "p_alive": alive, "purchase": days.isin(bought)})


def alive_distribution(forecast: pd.DataFrame, *, bins: int = 20) -> pd.DataFrame:
    """Count customers by P(alive), from a table that `forecast` made: low, high, customers."""
    counts, edges = np.histogram(_column(forecast, "p_alive"), bins=bins, range=(0, 1))
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "customers": counts})


def value_distribution(values: pd.DataFrame) -> pd.DataFrame:
    """Count customers by lifetime value, in steps that widen: 1, 1.5, 2, 3, 5, 7, 10, ...

    Returns
    -------
    DataFrame
        low, high, customers; one row per step, the lowest from 0 on, which holds the least
        valuable hundredth at least. Customers worth nothing are not counted.
    """
    clv = _column(values, "clv")
    positive = clv[clv > 0]
    if len(positive) == 0:
        raise DataError("no customer has a value above 0, so there is no distribution to show.")
    least, most = np.quantile(positive, 0.01), positive.max()
    least = max(least, most / _DECADES)
    powers = 10.0 ** np.arange(np.floor(np.log10(least)), np.ceil(np.log10(most)) + 1)
    steps = np.outer(powers, [1, 1.5, 2, 3, 5, 7]).ravel().round(12)
    edges = steps[(steps > least) & (steps < most)]
    top = steps[steps >= most][0] * (1 + 1e-12)
    counts, edges = np.histogram(positive, bins=np.concatenate([[0.0], edges, [top]]))
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "customers": counts})


def value_by_decile(values: pd.DataFrame) -> pd.DataFrame:
    """Sum lifetime value by tenths of the customers, the most valuable first.

    Returns
    -------
    DataFrame
        decile (1 to 10), customers, value (money), share (of the total).
    """
    clv = np.sort(_column(values, "clv"))[::-1]
    tenth = np.arange(len(clv)) * 10 // len(clv) + 1
    value = np.bincount(tenth, weights=clv, minlength=11)[1:]
    return pd.DataFrame(
        {
            "decile": np.arange(1, 11),
            "customers": np.bincount(tenth, minlength=11)[1:],
            "value": value,
            "share": value / value.sum(),
        }
    )


def most_to_lose(values: pd.DataFrame, forecast: pd.DataFrame, *, n: int = 20) -> pd.DataFrame:
    """Return the customers for whom most money hangs on whether they are still there.

    Parameters
    ----------
    values, forecast
        What `lifetime_value` and `forecast` made of the same customers.
    n
        How many to return.

    Returns
    -------
    DataFrame
        p_alive, clv, if_alive = clv / p_alive (what the customer is worth if surely alive) and
        at_risk = clv (1 - p_alive), the largest at_risk first: neither those who are surely there
        nor those who are surely gone, however much they once bought.
    """
    alive, clv = _column(forecast, "p_alive"), _column(values, "clv")
    if_alive = np.divide(clv, alive, out=np.zeros_like(clv), where=alive > 0)
    columns = {"p_alive": alive, "clv": clv, "if_alive": if_alive, "at_risk": clv * (1 - alive)}
    return pd.DataFrame(columns, index=values.index).nlargest(n, "at_risk")


def _column(table: pd.DataFrame, name: str) -> np.ndarray:
    if name not in table.columns:
        raise DataError(unknown_name("column", name, table.columns))
    return table[name].to_numpy(float)
