"""Customer profitability: a profit and loss account per customer.

    profit = revenue - goods - returns - handling - service - contacts - acquisition

Items are money; all but `returns` and `goods` are 0 or more. Costs not caused by a customer (rent,
salaries, brand) are not allocated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relmark_research.customers.log.returns import exact_sum
from relmark_research.economics.profitability import cost_rules
from relmark_research.economics.profitability.cost_rules import CostRules
from relmark_research.errors import DataError, ParameterError, first_ids, values_shown
from relmark_research.tables import sql_dialects
from relmark_research.tables.read_table import read_columns
from relmark_research.units import Period

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

COSTS = ("goods", "returns", "handling", "service", "contacts", "acquisition")
"""The cost items, in the order of the account."""

_COUNTS = ("orders", "returned")


def profit_table(
    log: TransactionLog,
    *,
    contacts: Any = None,
    customers: Any = None,
    period: str | Period | None = None,
    margin: float | None = None,
    rules: CostRules = CostRules(),  # noqa: B008  (frozen)
) -> pd.DataFrame:
    """Return the profit of each customer, item by item.

    Parameters
    ----------
    log
        Transactions; read with ``cost=`` so that the cost of goods is known.
    contacts
        customer_id, date, cost (money, >= 0)[, kind]: any source of `read_table`, or what it
        returned; None for no contact costs.
    customers
        customer_id, acquisition_date, acquisition_cost (money, >= 0), likewise; None for no
        acquisition costs.
    period
        ``"month"``, ``"quarter"``, ``"year"`` or a fiscal `Period` for one row per customer
        and period; None for one row per customer over all days of the log.
    margin
        Share of value after the cost of goods, in (0, 1], for a log without cost.
    rules
        Costs that are in no table, and the amortisation of acquisition costs.

    Returns
    -------
    DataFrame
        Index customer_id (and period, its first day). Columns orders, returned (counts of rows);
        revenue; goods (cost of goods sold); returns (refunds less the cost of returned goods);
        handling; service and contacts; acquisition; profit = revenue - the sum of these costs.
        Customers who bought, were contacted or were acquired within the days of the log have a row.
        Costs outside these days are excluded, see `cost_audit`.

    Raises
    ------
    DataError
        If costs belong to no customer, are negative or missing, most of them are dated outside the
        log, or the log has neither cost nor margin.

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
    calendar = None if period is None else Period.of(period)
    bounds = cost_rules.period_bounds(log, calendar)
    parts = [_transaction_items(log, bounds, calendar, margin, rules)]
    buyers = pd.Index(parts[0]["customer_id"].unique())
    people = None if customers is None else cost_rules.checked_customers(customers)
    acquired = None if people is None else _acquired(log, people, buyers, rules)
    if contacts is not None:
        known = buyers if people is None else buyers.union(people["customer_id"])
        parts.append(_contact_items(log, contacts, known, bounds, rules))
    if acquired is not None:
        parts.append(cost_rules.amortised_acquisition(acquired, rules, bounds))
    return _accounted(pd.concat(parts), calendar)


def _transaction_items(
    log: TransactionLog,
    bounds: list[tuple[pd.Timestamp, pd.Timestamp]],
    period: Period | None,
    margin: float | None,
    rules: CostRules,
) -> pd.DataFrame:
    """Return customer_id, period and the items of purchases and returns."""
    sums = _summed(log, period, _goods_share(log, margin))
    if period is None:
        sums["period"] = bounds[0][0]
    else:
        first = {period.number(start): start for start, _ in bounds}
        sums["period"] = sums["period"].map(first)
    handling = sums["orders"] * rules.per_order + sums["returned"] * rules.per_return
    return sums.assign(
        returns=sums.pop("refunds") - sums.pop("recovered"),
        handling=handling + sums["revenue"] * rules.fee_rate,
    )


def _goods_share(log: TransactionLog, margin: float | None) -> float | None:
    """Return the cost of goods as a share of value; None if the log has a cost per row."""
    log.require_value("a profit")
    if margin is not None and log.has_cost:
        raise ParameterError(
            f"a log with cost needs no margin; found margin={margin:g}. Use one of the two."
        )
    if margin is None and not log.has_cost:
        raise DataError(
            "profit needs the cost of goods: read the log with cost='...', or set margin=, the "
            "share of value after the cost of goods."
        )
    if margin is not None and not 0 < margin <= 1:
        raise ParameterError(
            f"margin must be a share of value in (0, 1], e.g. 0.3 for 30%; found {margin:g}."
        )
    return None if margin is None else 1 - margin


def _summed(log: TransactionLog, period: Period | None, goods_share: float | None) -> pd.DataFrame:
    """Sum orders and returns per customer (and calendar period) in the engine.

    Money is summed in whole ten-thousandths, as in `purchase_days`: the order of the rows, which
    differs from run to run, changes no sum.
    """
    rows = log.rows
    if goods_share is None:
        _check_costs_known(log)
    if log.returns == "drop":
        rows = rows.filter(rows.value >= 0)
    returned = rows.value < 0
    keys = ["customer_id"]
    if period is not None:
        rows = rows.mutate(period=sql_dialects.period_number(rows.date, period))
        keys.append("period")
    sums = {
        "orders": (rows.value > 0).sum().cast("int64"),
        "returned": returned.sum().cast("int64"),
        "revenue": exact_sum(returned.ifelse(0.0, rows.value)),
        "refunds": exact_sum(returned.ifelse(-rows.value, 0.0)),
    }
    if goods_share is None:
        sums["goods"] = exact_sum(returned.ifelse(0.0, rows.cost))
        sums["recovered"] = exact_sum(returned.ifelse(-rows.cost, 0.0))
    summed: pd.DataFrame = rows.group_by(keys).aggregate(**sums).order_by(keys).to_pandas()
    if goods_share is None:
        return summed
    return summed.assign(
        goods=summed["revenue"] * goods_share, recovered=summed["refunds"] * goods_share
    )


def _check_costs_known(log: TransactionLog) -> None:
    """Raise DataError if a row has no cost."""
    blank = log.rows.filter(log.rows.cost.isnull())
    found = int(blank.count().to_pandas())
    if found:
        first = blank.order_by("date", "customer_id").limit(3).to_pandas()
        shown = "; ".join(
            f"{who} on {day:%Y-%m-%d}" if values_shown() else f"on {day:%Y-%m-%d}"
            for who, day in zip(first["customer_id"], pd.to_datetime(first["date"]), strict=True)
        )
        raise DataError(
            f"every row needs a cost of goods; {found:,} have none, first: {shown}. Fill in the "
            "column, or read the log without cost= and set margin=."
        )


def _acquired(
    log: TransactionLog, table: pd.DataFrame, buyers: pd.Index, rules: CostRules
) -> pd.DataFrame:
    cost_rules.check_days_in_log(
        table, "acquisition_date", log, what="acquisition costs", most=rules.max_outside_log
    )
    missing = buyers.difference(pd.Index(table["customer_id"]))
    if len(missing):
        raise DataError(
            f"customers must have every customer of the log; {len(missing):,} of {len(buyers):,} "
            f"are missing, first: {first_ids(missing)}. Add them with their "
            "acquisition cost, or omit customers= and with it all acquisition costs."
        )
    return table[table["acquisition_date"] <= pd.Timestamp(log.observed_until)]


def _contact_items(
    log: TransactionLog,
    contacts: Any,
    known: pd.Index,
    bounds: list[tuple[pd.Timestamp, pd.Timestamp]],
    rules: CostRules,
) -> pd.DataFrame:
    """Return customer_id, period, service and contacts (money)."""
    table = cost_rules.checked_contacts(contacts)
    cost_rules.check_days_in_log(table, "date", log, what="contacts", most=rules.max_outside_log)
    cost_rules.check_known_customers(
        cost_rules.rows_in_log(table, "date", log), known, money="cost", table="contacts",
        advice="Use customers= if they have not bought yet; otherwise correct the ids, or remove "
        "these rows and treat them as overheads.",
    )  # fmt: skip
    table = cost_rules.rows_in_log(table, "date", log)
    starts = pd.DatetimeIndex([start for start, _ in bounds])
    index = np.searchsorted(starts.to_numpy(), table["date"].to_numpy(), side="right") - 1
    service = table["kind"].isin(rules.service)
    return pd.DataFrame(
        {
            "customer_id": table["customer_id"],
            "period": starts[index],
            "service": table["cost"].where(service, 0.0),
            "contacts": table["cost"].where(~service, 0.0),
        }
    )


def _accounted(parts: pd.DataFrame, period: Period | None) -> pd.DataFrame:
    keys = ["customer_id", "period"] if period is not None else ["customer_id"]
    items = [*_COUNTS, "revenue", *COSTS]
    table = parts.reindex(columns=[*keys, *items]).fillna(dict.fromkeys(items, 0.0))
    table = table.groupby(keys, sort=True)[items].sum()
    table = table.astype(dict.fromkeys(_COUNTS, "int64"))
    return table.assign(profit=table["revenue"] - table[list(COSTS)].sum(axis="columns"))


def profit_items(table: pd.DataFrame) -> pd.DataFrame:
    """Return the totals of a profit table by item, from revenue to profit.

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
    table = read_columns(table, dict.fromkeys(signs, "number"), name="profit table")
    money = [sign * float(table[name].sum()) + 0.0 for name, sign in signs.items()]
    revenue = money[0] or np.nan
    shares = [amount / revenue for amount in money]
    return pd.DataFrame({"item": list(signs), "money": money, "share": shares})
