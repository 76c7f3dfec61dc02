"""What a firm's books alone say: retention, customer value, acquisition cost and payback.

For a firm that publishes customers won and lost, and perhaps its total marketing spend. Every
number is from the books or given by the user; nothing is taken from elsewhere. `spending_position`
says more for a firm that also knows its prospects and its retention spend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.economics.budget.book_flow import (
    BookRetention,
    book_flow,
    book_retention,
    renewal_gaps,
)
from relmark_research.economics.budget.spend_ledger import ALL, SpendLedger
from relmark_research.economics.budget.unit_costs import Payback, net_payback
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.economics.value_of_retention.payment_terms import PaymentTerms
from relmark_research.economics.value_of_retention.retention_value import (
    Payment,
    check_annual_margin,
    implausible,
    question_share,
)
from relmark_research.errors import DataError, ParameterError, check_level, check_number
from relmark_research.units import AnnualRate

CostBasis = Literal["given", "acquisition spend", "marketing spend", "not known"]
MarginBasis = Literal["given", "share of revenue", "transactions"]
_HIGHEST_RATE = 0.9999
_ALL = 0.05  # difference of customers at risk from all customers, as a share, that is none


@dataclass(frozen=True)
class MarginSource:
    """The annual margin of a customer: money, or a share of the revenue in the books.

    Parameters
    ----------
    annual_margin
        Money per customer and year, > 0; None if ``margin`` is given.
    margin
        Contribution margin as a share of revenue, in (0, 1]; None if ``annual_margin`` is given.
    """

    annual_margin: float | None = None
    margin: float | None = None

    def __post_init__(self) -> None:
        if (self.annual_margin is None) == (self.margin is None):
            raise ParameterError(
                "expected exactly one of annual_margin (money per customer and year) and margin (a "
                f"share of revenue); found annual_margin={self.annual_margin!r}, "
                f"margin={self.margin!r}."
            )
        if self.annual_margin is not None:
            check_annual_margin(self.annual_margin)
            return
        rule = "must be a share of revenue in (0, 1], e.g. 0.4 for 40%"
        share = check_number("margin", self.margin, low=0, high=1, rule=rule)
        if share == 0:
            raise ParameterError(f"margin {rule}; found {self.margin!r}.")

    @property
    def basis(self) -> MarginBasis:
        """Where the margin comes from."""
        return "given" if self.margin is None else "share of revenue"

    def of(self, ledger: SpendLedger, retention: BookRetention) -> tuple[float, float]:
        """Return annual margin and annual revenue per customer (missing if not in the books)."""
        revenue = per_customer_and_year(ledger, "revenue", retention)
        if self.margin is None:
            assert self.annual_margin is not None
            return float(self.annual_margin), revenue
        if not np.isfinite(revenue):
            raise DataError(
                "a margin as a share of revenue needs the columns revenue and closing_customers, "
                "opening_customers or active_customers. Add them, or give annual_margin in money."
            )
        return float(self.margin) * revenue, revenue


@dataclass(frozen=True)
class AcquisitionCost:
    """What a customer costs to acquire: money, missing if not known, and its source."""

    cost: float
    basis: CostBasis

    @classmethod
    def of(cls, ledger: SpendLedger, given: float | None) -> AcquisitionCost:
        """Return the cost that is given, or that of the books over all their periods."""
        if given is not None:
            rule = "must be money per customer acquired, above 0"
            cost = check_number("acquisition_cost", given, low=0, rule=rule)
            if cost == 0 or not np.isfinite(cost):
                raise ParameterError(f"acquisition_cost {rule}; found {given!r}.")
            return cls(float(cost), "given")
        firm = ledger.firm()
        bases: tuple[tuple[str, CostBasis], ...] = (
            ("acquisition_spend", "acquisition spend"), ("marketing_spend", "marketing spend"),
        )  # fmt: skip
        for name, basis in bases:
            if {name, "customers_won"} <= set(firm):
                known = firm[[name, "customers_won"]].dropna()
                spent, won = known[name].sum(), known["customers_won"].sum()
                if won > 0 and spent > 0:
                    return cls(float(spent / won), basis)
        return cls(np.nan, "not known")


@short_repr
@dataclass(frozen=True, repr=False)
class BooksValue:
    """Value, cost and payback of a customer, from the books of a firm.

    Attributes
    ----------
    ledger, latest
        The books, and the periods of them that make today.
    retention
        The annual retention rate and the period rates it is the product of.
    annual_margin, annual_revenue
        Money per customer and year; revenue is missing if the books have none.
    margin_basis
        ``"given"``, ``"share of revenue"`` or, where the caller says so, ``"transactions"``.
    acquisition
        Cost of a customer: cost (money) and basis: ``"given"``, ``"acquisition spend"``,
        ``"marketing spend"`` (all of it, an upper bound) or ``"not known"``.
    payment, annual_discount_rate
        As given.
    """

    ledger: SpendLedger
    latest: SpendLedger
    retention: BookRetention
    annual_margin: float
    annual_revenue: float
    margin_basis: MarginBasis
    acquisition: AcquisitionCost
    payment: PaymentTerms
    annual_discount_rate: float

    @property
    def retention_spend(self) -> float:
        """Retention spend, money per customer and year; 0 if the books have none."""
        spend = per_customer_and_year(self.ledger, "retention_spend", self.retention)
        return spend if np.isfinite(spend) else 0.0

    @property
    def customer_value(self) -> float:
        """Money per customer on the day of acquisition, net of retention spend."""
        return float(self.value_at(self.retention.annual))

    @property
    def customer_value_interval(self) -> tuple[float, float]:
        """Customer value at both ends of the interval of retention."""
        low, high = sorted(self.value_at(np.array([self.retention.low, self.retention.high])))
        return float(low), float(high)

    @property
    def value_to_cost(self) -> float:
        """Customer value over acquisition cost (LTV : CAC); missing without a cost."""
        return self.customer_value / self.acquisition.cost

    @property
    def payback(self) -> Payback | None:
        """The payback period, from margins net of retention spend; None without a cost."""
        return self._payback(self.acquisition.cost)

    @property
    def point_value(self) -> float:
        """Increase in customer value by one percentage point of annual retention, money."""
        more = self.retention.annual + 0.01
        return float(self.value_at(more)) - self.customer_value

    @property
    def customers(self) -> float:
        """Customers at the end of the books, or active in the last period; missing if not known."""
        closing = book_flow(self.ledger)["closing"]
        mean = mean_customers(self.ledger.firm(), self.retention.period_ratio(self.ledger))
        for column in (closing, closing if mean is None else mean):
            known = column.dropna()
            if len(known):
                return float(known.iloc[-1])
        return np.nan

    @property
    def channels(self) -> pd.DataFrame:
        """Cost by channel: spend, won, acquisition_cost, value_to_cost, payback_months.

        Both last are missing for a channel without spend.
        """
        rows = {}
        if self.latest.has("acquisition_spend", "customers_won") and self.ledger.segments != [ALL]:
            for segment, rest in self.latest.totals().drop(index=ALL).iterrows():
                spend, won = float(rest["acquisition_spend"]), float(rest["customers_won"])
                cost = spend / won if won else np.inf
                if cost == 0:  # customers who came without acquisition spend
                    rows[segment] = [spend, won, cost, np.nan, np.nan]
                    continue
                period = self._payback(cost) if np.isfinite(cost) else None
                months = np.inf if period is None else period.months
                rows[segment] = [spend, won, cost, self.customer_value / cost, months]
        names = ["spend", "won", "acquisition_cost", "value_to_cost", "payback_months"]
        table = pd.DataFrame.from_dict(rows, orient="index", columns=names)
        return table.rename_axis("channel").dropna(subset=["acquisition_cost"])

    @property
    def questions(self) -> tuple[str, ...]:
        """What is implausible about the books or the numbers given, as sentences."""
        said = implausible(self.annual_margin, self.retention.annual, self.retention_spend)
        return (*said, *_questions_of_money(self), *_questions_of_books(self))

    def draws(self, n: int = 2000, *, seed: int = 0) -> Array:
        """Return n draws of the annual retention rate, shape (n,)."""
        normal = np.random.default_rng(seed).standard_normal(n)
        rate = self.retention.annual * np.exp(self.retention.standard_error * normal)
        drawn: Array = np.minimum(rate, _HIGHEST_RATE)
        return drawn

    def value_at(self, retention_rate: float | Array) -> Array:
        """Return customer value at annual retention rates."""
        return self.payment.value(
            np.asarray(self.annual_margin),
            np.minimum(retention_rate, _HIGHEST_RATE),
            self.annual_discount_rate,
            retention_spend=np.asarray(self.retention_spend),
        )

    def break_even_points(self, spend: float) -> float:
        """Return the rise in annual retention that pays for more retention spend, as a share.

        Parameters
        ----------
        spend
            Additional retention spend, money per year for the whole firm, >= 0.

        Returns
        -------
        float
            (r^(1/k) + s / (k V))^k - r, with s the spend per customer and year and k the occasions
            a year on which a customer may leave; missing if the number of customers is not known.
        """
        check_number("spend", spend, low=0, rule="must be money, 0 or more")
        k, rate = self.payment.renewals_per_year, self.retention.annual
        rise = spend / self.customers / (k * self.customer_value)
        return float((rate ** (1 / k) + rise) ** k - rate)

    def table(self) -> pd.DataFrame:
        """Return the figures with their sources: measure, value, low, high, source."""
        kept, cost = self.retention, self.acquisition
        low, high = self.customer_value_interval
        margin = {"share of revenue": "margin given x revenue of the books"}
        source = margin.get(self.margin_basis, self.margin_basis)
        rows = [
            ("annual retention", kept.annual, kept.low, kept.high, f"{kept.basis}, books"),
            ("annual margin", self.annual_margin, np.nan, np.nan, source),
            ("retention spend", self.retention_spend, np.nan, np.nan, "books"),
            ("customer value", self.customer_value, low, high, "margin, retention, discount rate"),
        ]
        if not self.ledger.has("retention_spend"):
            del rows[2]
        if self.payback is not None:
            ratio = self.value_to_cost, low / cost.cost, high / cost.cost
            where = "given" if cost.basis == "given" else f"{cost.basis} / customers won, books"
            rows += [
                ("acquisition cost", cost.cost, np.nan, np.nan, where),
                ("value to cost", *ratio, "the rows above"),
                ("payback months", self.payback.months, np.nan, np.nan, "the rows above"),
            ]
        columns = ["measure", "value", "low", "high", "source"]
        return pd.DataFrame(rows, columns=columns).set_index("measure")

    def _payback(self, cost: float) -> Payback | None:
        if not np.isfinite(cost):
            return None
        return net_payback(
            cost,
            self.annual_margin - self.retention_spend,
            min(self.retention.annual, _HIGHEST_RATE),
            self.annual_discount_rate,
            self.payment,
        )

    def _summary(self) -> dict[str, object]:
        return {
            "annual retention": self.retention.annual,
            "customer value": self.customer_value,
            "acquisition cost": self.acquisition.cost,
            "payback": "not known" if self.payback is None else str(self.payback),
        }


def books_value(
    table: Any,
    *,
    annual_discount_rate: float,
    annual_margin: float | None = None,
    margin: float | None = None,
    acquisition_cost: float | None = None,
    payment: Payment = "month",
    recent: int | None = None,
    level: float = 0.95,
) -> BooksValue:
    """Return the value of a customer, what they cost and when they pay back, from a firm's books.

    Parameters
    ----------
    table
        A `SpendLedger`, or a table that it reads.
    annual_discount_rate
        In [0, 1).
    annual_margin, margin
        Exactly one: money per customer and year, > 0; or a share of the revenue in the books.
    acquisition_cost
        Money per customer acquired, > 0; None: from the books, acquisition spend (or all marketing
        spend, an upper bound) over customers won.
    payment
        Time between two payments, ``"month"`` by default, or `PaymentTerms`.
    recent
        Number of most recent periods that make today; None for the last year.
    level
        Probability of the intervals.

    Returns
    -------
    BooksValue
        The value of `PaymentTerms` at the books' annual retention, with `payback`.

    Raises
    ------
    DataError
        If the books do not show retention, or no margin.
    ParameterError
        If an argument is outside its domain, or the margin looks like a share.

    Examples
    --------
    >>> books = pd.DataFrame({
    ...     "quarter": ["2024Q1", "2024Q2", "2024Q3", "2024Q4"],
    ...     "customers_won": [70, 90, 80, 60], "customers_lost": [40, 50, 45, 55],
    ...     "closing_customers": [1030, 1070, 1105, 1110],
    ...     "marketing_spend": [21_000, 27_000, 24_000, 18_000]})
    >>> found = books_value(books, annual_margin=240, annual_discount_rate=0.10)
    >>> round(found.retention.annual, 3), round(found.customer_value), str(found.payback)
    (0.837, 888, '19 months')
    """
    check_level(level)
    ledger, terms = SpendLedger.from_table(table), PaymentTerms.of(payment)
    rate = AnnualRate(annual_discount_rate).value
    retention = book_retention(ledger, recent=recent, level=level, terms=terms)
    if retention.renews:
        terms = terms.renewing(retention.period)
    used = ledger.at(retention.rates.index)
    source = MarginSource(annual_margin, margin)
    money, revenue = source.of(ledger, retention)
    cost = AcquisitionCost.of(used, acquisition_cost)
    if source.basis == "given" and np.isfinite(revenue):
        question_share(money, revenue, "annual revenue per customer")
    if money < 1 and cost.basis != "not known":
        question_share(money, cost.cost, "an acquisition cost")
    return BooksValue(ledger, used, retention, money, revenue, source.basis, cost, terms, rate)


def mean_customers(firm: pd.DataFrame, ratio: float = 1.0) -> pd.Series | None:
    """Return the mean number of customers in each period of the firm's books, or None.

    It is the mean of opening and closing customers where both are known, otherwise the one that is;
    or active customers; or customers at risk times ``ratio``, the periods of the books between two
    renewals.
    """
    ends = [firm[name] for name in ("opening_customers", "closing_customers") if name in firm]
    if ends:
        if len(ends) == 1 and "closing_customers" in firm:
            before = ends[0].reindex(firm.index - 1).set_axis(firm.index)
            return (ends[0] + before.fillna(ends[0])) / 2
        return pd.concat(ends, axis=1).mean(axis=1, skipna=False)
    if "active_customers" in firm:
        return firm["active_customers"]
    return firm["customers_at_risk"] * ratio if "customers_at_risk" in firm else None


def per_customer_and_year(ledger: SpendLedger, column: str, retention: BookRetention) -> float:
    """Return money per customer and year in the periods of the rates; missing if not known."""
    firm = ledger.firm()
    customers = mean_customers(firm, retention.period_ratio(ledger))
    if customers is None or column not in firm:
        return np.nan
    today = firm.index.isin(retention.rates.index)
    known = today & firm[column].notna() & (customers > 0)
    if not known.any():
        return np.nan
    per_period = firm[column][known].sum() / customers[known].sum()
    return float(per_period * ledger.periods_per_year)


def _questions_of_money(found: BooksValue) -> list[str]:
    said = []
    if found.annual_margin > found.annual_revenue:
        said.append(
            f"The annual margin of {found.annual_margin:,.4g} per customer is more than their "
            f"annual revenue in the books, {found.annual_revenue:,.4g}. Are both in one currency "
            "and unit, and of one year?"
        )
    ratio = found.value_to_cost
    if ratio > 50 or 0 <= ratio < 0.02:
        said.append(
            f"A customer is worth {ratio:,.3g} times the acquisition cost. Are margin and cost in "
            "one unit (thousands?), and is the margin that of a year?"
        )
    lifetime = 1 / -np.log(found.retention.annual) if 0 < found.retention.annual < 1 else np.inf
    if lifetime < 1 / found.payment.payments_per_year:
        said.append(
            f"Customers stay for {lifetime:.2g} years on average, less than the payment period of "
            f"a {found.payment.period}: the first payment outweighs all others. Is the payment "
            "period right?"
        )
    return said


def _questions_of_books(found: BooksValue) -> list[str]:
    said = [*_questions_of_columns(found), *_questions_of_periods(found)]
    flow = book_flow(found.ledger)
    off = flow[~flow["agrees"]]
    if len(off):
        first = off.iloc[0]
        said.append(
            f"In {len(off)} of {len(flow)} periods opening + won - lost differs from closing "
            f"customers by more than 0.5%, first in {off.index[0]} by {first['gap']:,.4g}. "
            "Customers bought or restated with another firm would explain it."
        )
    return said


def _questions_of_columns(found: BooksValue) -> list[str]:
    """Return columns that were not read although their name is close to one that is, and zeros."""
    said = [
        f"The column {theirs} of the books was not read. Is it {ours}?"
        for theirs, ours in found.ledger.misspelt
    ]
    for name in ("acquisition_spend", "marketing_spend"):
        if found.latest.has(name) and not (found.latest.table[name] > 0).any():
            said.append(
                f"The books have {name} of 0 in all the latest periods, which gives no acquisition "
                "cost. Leave cells blank where spend is not known."
            )
    return said


def _questions_of_periods(found: BooksValue) -> list[str]:
    """Return what is doubtful about the periods of the annual rate."""
    said, kept, name = [], found.retention, found.ledger.period.name
    missing = found.ledger.missing_periods
    if missing:
        several = "1 period is" if len(missing) == 1 else f"{len(missing)} periods are"
        said.append(
            f"{several} missing from the books, first {missing[0]}; the annual rate is that of the "
            "periods there are."
        )
    stamps = pd.PeriodIndex(kept.rates.index)
    seasons = set((stamps.quarter if name == "quarter" else stamps.month).to_list())
    if name != "year" and not kept.renews and len(seasons) < round(kept.period.per_year):
        said.append(
            f"The annual rate is computed from {len(seasons)} of the {kept.period.per_year:g} "
            f"{name}s of a year ({', '.join(map(str, stamps))}). If churn has a season, the rate "
            "is biased."
        )
    if kept.basis == "customers kept" and found.payment.renewal is None:
        said += _questions_of_renewal(found, name)
    return said


def _questions_of_renewal(found: BooksValue, name: str) -> list[str]:
    """Return whether the books leave open how often a customer may leave."""
    agreeing = renewal_gaps(found.ledger)
    if name == "year" or list(agreeing) == [name] or _all_are_at_risk(found.ledger.firm()):
        return []
    joined = ("both", "and") if agreeing else ("neither", "nor")
    why = f"{joined[0]} a renewal every {name} {joined[1]} a longer one"
    return [
        f"The books do not show how often a customer may leave: the customers at risk fit {why}. "
        f"Each rate is taken to be that of a {name}. If contracts run for a year, state it as the "
        "renewal of the payment terms; the annual rate is then higher."
    ]


def _all_are_at_risk(firm: pd.DataFrame) -> bool:
    """Return whether the customers at risk are about all those at the start of a period."""
    if "opening_customers" in firm:
        opening = firm["opening_customers"]
    elif "closing_customers" in firm:
        closing = firm["closing_customers"]
        opening = closing.reindex(firm.index - 1).set_axis(firm.index)
    else:
        return False
    return bool(((firm["customers_at_risk"] - opening).abs() / opening).median() <= _ALL)
