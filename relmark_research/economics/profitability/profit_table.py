"""Who earns, who costs: a profit and loss account for every customer, each item visible.

    profit = revenue - goods - returns - handling - service - contacts - acquisition

Items are money, 0 or more save `returns` and `goods`; whatever a customer did not cause (rent,
salaries, brand) is not in it, and belongs to no customer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from relmark_research.economics.profitability import cost_rules
from relmark_research.economics.profitability.cost_rules import CostRules
from relmark_research.errors import DataError, ParameterError, check_choice

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

COSTS = ("goods", "returns", "handling", "service", "contacts", "acquisition")
"""What is taken from revenue, in the order in which it is shown."""

_COUNTS = ("orders", "returned")
Period = Literal["month", "quarter", "year"]


def profit_table(
    log: TransactionLog,
    *,
    contacts: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
    period: Period | None = None,
    margin: float | None = None,
    rules: CostRules = CostRules(),  # noqa: B008  (frozen)
) -> pd.DataFrame:
    """Account for each customer's profit, item by item.

    Parameters
    ----------
    log
        Purchases; read it with ``cost=`` so that the goods are known.
    contacts
        customer_id, date, cost (money, >= 0)[, kind]; None where contacts cost nothing or are not
        known.
    customers
        customer_id, acquisition_date, acquisition_cost (money, >= 0); None leaves the cost of
        winning customers out.
    period
        ``"month"``, ``"quarter"`` or ``"year"`` for a row per customer and period; None for one
        row per customer over all days of the log.
    margin
        Share of value left after the cost of goods, in (0, 1], for a log without costs.
    rules
        Costs that stand in no table, and how acquisition is written off.

    Returns
    -------
    DataFrame
        Index customer_id (and period, its first day). orders, returned (counts of rows); revenue;
        goods, their cost; returns, money paid back less what the goods that came back were worth;
        handling; service and contacts; acquisition; and profit = revenue - the sum of these.
        Everyone who bought, was contacted or was won within the log's days has a row. Costs dated
        outside these days are left out, see `cost_audit`.

    Raises
    ------
    DataError
        Where costs belong to no customer, are negative or missing, or the log has no costs and no
        margin is given.

    References
    ----------
    Kaplan & Narayanan (2001), Measuring and managing customer profitability, Journal of Cost
    Management 15(5), 5-15.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.read_transactions("dataset:sample", cost="cost")
    >>> table = profit_table(log, contacts=rm.load_sample("contacts"),
    ...                      customers=rm.load_sample("customers"))
    >>> table.loc["C00001", ["revenue", "goods", "contacts", "acquisition", "profit"]].round(2)
    revenue        1377.17
    goods           879.13
    contacts         15.15
    acquisition      57.24
    profit          397.04
    Name: C00001, dtype: float64
    """
    if period is not None:
        check_choice("period", period, ("month", "quarter", "year"))
    bounds = cost_rules.period_bounds(log, period)
    parts = [_trade(log, bounds, period, margin, rules)]
    buyers = pd.Index(parts[0]["customer_id"].unique())
    won = None if customers is None else _won(log, customers, buyers)
    if contacts is not None:
        known = buyers if customers is None else buyers.union(customers["customer_id"].astype(str))
        parts.append(_contacted(log, contacts, known, bounds, rules))
    if won is not None:
        parts.append(cost_rules.written_off(won, rules, bounds))
    return _accounted(pd.concat(parts), period)


def _trade(
    log: TransactionLog,
    bounds: list[tuple[pd.Timestamp, pd.Timestamp]],
    period: str | None,
    margin: float | None,
    rules: CostRules,
) -> pd.DataFrame:
    """Return customer_id, period and the items that purchases and returns cause."""
    sums = _summed(log, period, _goods_share(log, margin))
    if period is None:
        sums["period"] = bounds[0][0]
    first = {start.to_period(_FREQUENCY[period or "year"]): start for start, _ in bounds}
    if period is not None:
        sums["period"] = pd.to_datetime(sums["period"]).dt.to_period(_FREQUENCY[period]).map(first)
    handling = sums["orders"] * rules.per_order + sums["returned"] * rules.per_return
    return sums.assign(
        returns=sums.pop("refunds") - sums.pop("recovered"),
        handling=handling + sums["revenue"] * rules.of_value,
    )


_FREQUENCY = {"month": "M", "quarter": "Q", "year": "Y"}


def _goods_share(log: TransactionLog, margin: float | None) -> float | None:
    """Return the cost of goods as a share of value, None where the log knows it row by row."""
    if margin is not None and log.has_cost:
        raise ParameterError(
            "the log knows what its goods cost, so no margin is needed; found "
            f"margin={margin:g}. Leave one of the two out."
        )
    if margin is None and not log.has_cost:
        raise DataError(
            "profit needs to know what the goods cost: read the log with cost='...', or give "
            "margin=, the share of value that is left after it."
        )
    if margin is not None and not 0 < margin <= 1:
        raise ParameterError(
            f"a margin is a share of value in (0, 1], 0.3 for thirty percent; found {margin:g}."
        )
    return None if margin is None else 1 - margin


def _summed(log: TransactionLog, period: str | None, goods_share: float | None) -> pd.DataFrame:
    """Sum orders and returns per customer (and calendar period) in the engine."""
    rows = log.rows
    if goods_share is not None:
        rows = rows.mutate(cost=rows.value * goods_share)
    else:
        _refuse_unknown_costs(log)
    if log.returns == "drop":
        rows = rows.filter(rows.value >= 0)
    back = rows.value < 0
    keys = ["customer_id"]
    if period is not None:
        rows = rows.mutate(period=rows.date.truncate(_FREQUENCY[period]))
        keys.append("period")
    summed = rows.group_by(keys).aggregate(
        orders=(rows.value > 0).sum().cast("int64"),
        returned=back.sum().cast("int64"),
        revenue=back.ifelse(0.0, rows.value).sum().cast("float64"),
        goods=back.ifelse(0.0, rows.cost).sum().cast("float64"),
        refunds=back.ifelse(-rows.value, 0.0).sum().cast("float64"),
        recovered=back.ifelse(-rows.cost, 0.0).sum().cast("float64"),
    )
    return summed.order_by(keys).to_pandas()


def _refuse_unknown_costs(log: TransactionLog) -> None:
    blank = log.rows.filter(log.rows.cost.isnull())
    found = int(blank.count().to_pandas())
    if found:
        first = blank.order_by("date", "customer_id").limit(3).to_pandas()
        shown = "; ".join(
            f"{who} on {pd.Timestamp(day):%Y-%m-%d}"
            for who, day in zip(first["customer_id"], first["date"], strict=True)
        )
        raise DataError(
            f"every row must say what its goods cost; {found:,} do not, first: {shown}. Fill the "
            "column in, or read the log without cost= and give margin=."
        )


def _won(log: TransactionLog, customers: pd.DataFrame, buyers: pd.Index) -> pd.DataFrame:
    table = cost_rules.checked_customers(customers)
    missing = buyers.difference(pd.Index(table["customer_id"]))
    if len(missing):
        raise DataError(
            f"customers must hold everyone who bought; {len(missing):,} of {len(buyers):,} are "
            f"missing, first: {', '.join(map(repr, missing[:3]))}. Add them with what it cost to "
            "win them, or leave customers= out and so the cost of winning."
        )
    return table[table["acquisition_date"] <= pd.Timestamp(log.observed_until)]


def _contacted(
    log: TransactionLog,
    contacts: pd.DataFrame,
    known: pd.Index,
    bounds: list[tuple[pd.Timestamp, pd.Timestamp]],
    rules: CostRules,
) -> pd.DataFrame:
    """Return customer_id, period, service and contacts (money)."""
    table = cost_rules.checked_contacts(contacts)
    cost_rules.refuse_strangers(
        cost_rules.within(table, "date", log), known, money="cost", table="contacts",
        advice="Give customers= if they have not bought yet; else find whose they are, or take "
        "them out and call them overheads.",
    )  # fmt: skip
    table = cost_rules.within(table, "date", log)
    starts = pd.DatetimeIndex([start for start, _ in bounds])
    place = np.searchsorted(starts.to_numpy(), table["date"].to_numpy(), side="right") - 1
    serving = table["kind"].isin(rules.service)
    return pd.DataFrame(
        {
            "customer_id": table["customer_id"],
            "period": starts[place],
            "service": table["cost"].where(serving, 0.0),
            "contacts": table["cost"].where(~serving, 0.0),
        }
    )


def _accounted(parts: pd.DataFrame, period: str | None) -> pd.DataFrame:
    keys = ["customer_id", "period"] if period is not None else ["customer_id"]
    wanted = [*_COUNTS, "revenue", *COSTS]
    table = parts.reindex(columns=[*keys, *wanted]).fillna(dict.fromkeys(wanted, 0.0))
    table = table.groupby(keys, sort=True)[wanted].sum()
    table = table.astype(dict.fromkeys(_COUNTS, "int64"))
    return table.assign(profit=table["revenue"] - table[list(COSTS)].sum(axis="columns"))


def profit_items(table: pd.DataFrame) -> pd.DataFrame:
    """Sum a profit table by item, from revenue down to profit.

    Returns
    -------
    DataFrame
        item, money (costs negative) and share of revenue, in the order of the account.

    Examples
    --------
    >>> account = pd.DataFrame({"revenue": [100.0], "goods": [60.0], "returns": [1.0],
    ...     "handling": [0.0], "service": [4.0], "contacts": [5.0], "acquisition": [10.0],
    ...     "profit": [20.0]})
    >>> profit_items(account)["money"].to_list()
    [100.0, -60.0, -1.0, 0.0, -4.0, -5.0, -10.0, 20.0]
    """
    signs = {"revenue": 1.0, **dict.fromkeys(COSTS, -1.0), "profit": 1.0}
    money = [sign * float(table[name].sum()) + 0.0 for name, sign in signs.items()]
    revenue = money[0] or np.nan
    shares = [amount / revenue for amount in money]
    return pd.DataFrame({"item": list(signs), "money": money, "share": shares})
