"""The tables that the package knows, as data: their columns, units, domains and examples.

The checks of `read_table`, its error texts, the page of the documentation, ``relmark tables`` and
``relmark template`` all come from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from relmark_research.errors import ParameterError, unknown_name

ColumnType = Literal[
    "id", "text", "date", "period", "number", "whole number", "share", "flag", "choice"
]

NUMERIC: tuple[ColumnType, ...] = ("number", "whole number", "share", "flag")
NOT_KNOWN = "not known"
"""The group of the rows whose group is blank."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name
        Its name in the package.
    type
        ``"id"``, ``"text"``, ``"date"`` (a day), ``"period"`` (2024Q1, 2024-03, 2024),
        ``"number"``, ``"whole number"``, ``"share"`` (from 0 to 1), ``"flag"`` (1 or 0) or
        ``"choice"`` (the name of a group; a blank one is "not known").
    meaning
        What it holds, in a few words.
    unit
        Unit of a number, such as ``"money"`` or ``"days"``.
    low, high
        Smallest and largest value of a number; None where there is none.
    above
        Whether ``low`` itself is outside the domain.
    required
        Whether the table must have the column, with a value in every row; a blank ``"choice"`` is
        the group "not known".
    without
        What is missing in the results without an optional column.
    example
        A value, as text.
    choices
        Usual names of a ``"choice"``; others are accepted.
    """

    name: str
    type: ColumnType
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    above: bool = False
    required: bool = False
    without: str = ""
    example: str = ""
    choices: tuple[str, ...] = ()

    @property
    def domain(self) -> str:
        """The values that the column may hold, in words."""
        if self.type == "share":
            return "from 0 to 1"
        if self.type == "flag":
            return "1 or 0"
        if self.low is None and self.high is None:
            return f"such as {', '.join(self.choices)}" if self.choices else ""
        if self.high is None:
            return f"above {self.low:g}" if self.above else f"{self.low:g} or more"
        return f"from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Schema:
    """A table that the package knows.

    Parameters
    ----------
    name
        Its name in ``read_table(schema=...)`` and on the command line.
    one_row
        What one row stands for.
    columns
        Its columns.
    key
        Columns that identify a row: no two rows have the same values.
    money
        Column whose sum tells how much of the money is left out; None where there is none.
    used_by
        Functions and reports that read it; empty where `read_table` only checks it so far.
    """

    name: str
    one_row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    money: str | None = None
    used_by: str = ""

    @property
    def use(self) -> str:
        """What reads the table, in a sentence."""
        if self.used_by:
            return f"Used by {self.used_by}."
        return "No report reads it yet: read_table and relmark check read and audit it."

    @property
    def names(self) -> list[str]:
        """Names of all columns, in order."""
        return [column.name for column in self.columns]

    @property
    def required(self) -> list[str]:
        """Names of the required columns, in order."""
        return [column.name for column in self.columns if column.required]

    def column(self, name: str) -> Column:
        """Return a column by name."""
        return next(column for column in self.columns if column.name == name)

    def requiring(self, *names: str) -> Schema:
        """Return the schema with these columns required, each with a value in every row."""
        changed = [replace(c, required=True) if c.name in names else c for c in self.columns]
        return replace(self, columns=tuple(changed))

    def relaxed(self) -> Schema:
        """Return the schema with every column optional, and blank values allowed."""
        return replace(self, columns=tuple(replace(c, required=False) for c in self.columns))

    def with_columns(self, columns: Iterable[Column]) -> Schema:
        """Return the schema with more columns; one of the same name is replaced."""
        more = {column.name: column for column in columns}
        kept = [more.pop(column.name, column) for column in self.columns]
        return replace(self, columns=(*kept, *more.values()))


def _id(
    name: str, meaning: str, example: str, *, required: bool = True, without: str = ""
) -> Column:
    return Column(name, "id", meaning, required=required, without=without, example=example)


_CUSTOMER = _id("customer_id", "the customer", "C00017")

TRANSACTIONS = Schema(
    "transactions",
    "an order, a line of an order, or a return",
    (
        _CUSTOMER,
        Column("date", "date", "day or moment of purchase", required=True, example="2024-03-31"),
        Column(
            "value", "number", "revenue, negative for a return", "money",
            without="values; purchases are only counted", example="112.15",
        ),
        Column(
            "cost", "number", "cost of the goods", "money",
            without="profits, unless a margin is given", example="81.57",
        ),
        _id("order_id", "the order", "O000017", required=False,
            without="joining of order lines dated on different days"),
        Column("currency", "choice", "code of the currency", without="check for several currencies",
               example="EUR"),
    ),
    money="value",
    used_by="read_transactions; every report but 08",
)  # fmt: skip

CUSTOMERS = Schema(
    "customers",
    "a customer",
    (
        _CUSTOMER,
        Column("acquisition_date", "date", "day on which the customer was acquired",
               without="acquisition costs, account years", example="2022-01-01"),
        Column("acquisition_cost", "number", "cost of acquiring the customer", "money", low=0,
               without="acquisition costs", example="57.24"),
        Column("channel", "choice", "channel of acquisition", without="results by channel",
               example="web"),
        Column("segment", "choice", "segment", without="results by segment", example="private"),
        Column("region", "choice", "region", without="results by region", example="east"),
    ),
    key=("customer_id",),
    money="acquisition_cost",
    used_by="profit_table, account_years; reports 04, 05, 06, 07, 09",
)  # fmt: skip

CONTACTS = Schema(
    "contacts",
    "a contact with a customer",
    (
        _CUSTOMER,
        Column("date", "date", "day of the contact", required=True, example="2024-03-31"),
        Column("cost", "number", "cost of the contact", "money", low=0, required=True,
               example="0.90"),
        Column("kind", "choice", "kind of contact", without="split of service and contacts",
               example="mail", choices=("mail", "call", "support", "visit")),
        Column("relationship_level", "choice", "level of relationship of the account year",
               without="results by relationship level", example="basic",
               choices=("basic", "reactive", "accountable", "proactive", "partnership")),
    ),
    money="cost",
    used_by="profit_table, recommend, account_years; reports 04, 05, 06, 07, 09",
)  # fmt: skip

EVENTS = Schema(
    "events",
    "an event of a customer other than a purchase",
    (
        _CUSTOMER,
        Column("date", "date", "day of the event", required=True, example="2024-03-31"),
        Column("kind", "choice", "kind of event, as the rules of the ladder name it",
               required=True, example="referral",
               choices=("referral", "review", "membership", "partner_agreement", "complaint")),
    ),
    used_by="LoyaltyLadder.assign; report 05",
)  # fmt: skip

COVARIATES = Schema(
    "covariates",
    "a customer, or all, from a date on; every further column is a covariate",
    (
        _id("customer_id", "the customer; without the column the values are those of all",
            "C00017", required=False, without="values of single customers"),
        Column("date", "date", "first day of the values, until the next date",
               without="change with time: the values are those of the customer throughout",
               example="2024-01-01"),
    ),
    key=("customer_id", "date"),
    used_by="fit_covariates; report 03",
)  # fmt: skip

_STAGES = tuple(
    Column(name, "date", f"day of the stage {name}; blank: not reached",
           without=f"stage {name}", example=example)
    for name, example in (("contacted", "2023-07-02"), ("qualified", "2023-07-08"),
                          ("offer", "2023-07-10"), ("won", "2023-07-16"))
)  # fmt: skip

PROSPECTS = Schema(
    "prospects",
    "a prospect",
    (
        _id("prospect_id", "the prospect", "P00017", required=False, without="rung of prospects"),
        Column("first_contact", "date", "day of the first contact", required=True,
               example="2023-07-01"),
        *_STAGES,
        Column("source", "choice", "where the prospect comes from", without="results by source",
               example="mail"),
        Column("cost", "number", "cost so far", "money", low=0, without="cost per customer won",
               example="11.23"),
        _id("customer_id", "the customer that the prospect became; blank: not won", "C00017",
            required=False, without="way from prospect to customer"),
    ),
    money="cost",
    used_by="LoyaltyLadder.assign, conversion_funnel; reports 05, 09",
)  # fmt: skip


def _book(name: str, meaning: str, example: str, without: str, unit: str = "people") -> Column:
    return Column(name, "number", meaning, unit, low=0, without=without, example=example)


BOOKS = Schema(
    "books",
    "a period, or a period and a channel; a blank cell is not known, and any column may be missing",
    (
        Column("quarter", "period", "the period: 2024Q1, 2024-03, 2024, or its first day",
               without="period, unless another column is named", example="2024Q1"),
        Column("channel", "choice", "channel or segment; all: the firm",
               without="results by channel", example="web"),
        _book("marketing_spend", "spend on marketing, not split", "49980.00",
              "acquisition cost, if acquisition spend is not known either", "money"),
        _book("acquisition_spend", "spend on acquisition in the period", "31980.00",
              "acquisition cost, unless all marketing is counted as its upper bound", "money"),
        _book("prospects_reached", "people it was spent on", "20500",
              "share of prospects won; the response to spend comes from the totals over time"),
        _book("customers_won", "customers acquired", "995",
              "acquisition cost, and losses where only customers are counted"),
        _book("retention_spend", "spend on retention in the period", "18000.00",
              "marginal cost of retention and the split of the budget", "money"),
        _book("customers_at_risk", "customers who could leave in the period, or up for renewal",
              "1500", "retention, unless losses or active customers are given"),
        _book("customers_kept", "those of them who stayed", "849",
              "retention, unless losses or active customers are given"),
        _book("opening_customers", "customers at the start of the period", "11420",
              "check of the flow in the first period"),
        _book("customers_lost", "customers lost", "640",
              "retention, unless it follows from customers won and closing customers"),
        _book("closing_customers", "customers at the end of the period", "11775",
              "check of the flow: opening + won - lost = closing"),
        _book("active_customers", "customers who bought in the period", "7020",
              "retention of a firm without contracts, whose customers leave unseen"),
        _book("revenue", "revenue of the period", "912000.00",
              "margin per customer, unless it is given in money", "money"),
        _book("price", "price level of the period", "19.90",
              "separation of the response to spend from that to price", "money or an index"),
        Column("published", "date", "day on which the row was published",
               without="restated periods: only one row a period is then allowed",
               example="2024-05-02"),
    ),
    money="acquisition_spend",
    used_by="SpendLedger, books_value, unit_costs, spending_position; report 04",
)  # fmt: skip

CONTRACTS = Schema(
    "contracts",
    "a contract, or a version of one with its own price",
    (
        _CUSTOMER,
        Column("start", "date", "first day", required=True, example="2023-01-01"),
        Column("end", "date", "last day; blank: it runs", without="churn", example="2023-12-31"),
        Column("price", "number", "price per month", "money a month", low=0,
               without="recurring revenue", example="49.00"),
        Column("plan", "choice", "plan", without="results by plan", example="basic"),
    ),
    money="price",
)  # fmt: skip

CAMPAIGNS = Schema(
    "campaigns",
    "a customer in a campaign, the control group included",
    (
        Column("campaign_id", "choice", "the campaign", required=True, example="2024-spring"),
        _CUSTOMER,
        Column("arm", "choice", "arm to which the customer was assigned", required=True,
               example="mail", choices=("control", "mail", "call")),
        Column("cost", "number", "cost of the contact", "money", low=0, required=True,
               example="0.90"),
        Column("responded", "flag", "whether the customer ordered in the response window",
               required=True, example="0"),
        Column("value_in_window", "number", "revenue in the response window", "money",
               required=True, example="53.02"),
        Column("date", "date", "day of the campaign", without="mailing plan",
               example="2024-05-08"),
        Column("pre_value", "number", "revenue before the campaign", "money",
               without="adjustment for earlier revenue", example="191.90"),
    ),
    money="value_in_window",
    used_by="campaign_uplift, campaign_balance; report 09",
)  # fmt: skip

ANSWERS = Schema(
    "answers",
    "an answer of a customer to a survey",
    (
        _CUSTOMER,
        Column("date", "date", "day of the answer", required=True, example="2024-01-25"),
        Column("nps", "whole number", "would recommend us", "points", low=0, high=10,
               without="Net Promoter Score", example="8"),
        *(Column(name, "whole number", f"satisfaction with the {name}",
                 "points, usually from 1 to 5", without="drivers of satisfaction", example="4")
          for name in ("quality", "service", "delivery", "price")),
        Column("retained", "flag", "whether the customer was retained; blank: not known yet",
               without="link between satisfaction and retention", example="1"),
    ),
    used_by="net_promoter_score, retention_link, LoyaltyLadder.assign; reports 05, 09",
)  # fmt: skip


def _measure(name: str, meaning: str, unit: str, example: str, *, above: bool = False) -> Column:
    return Column(name, "number", meaning, unit, low=0, above=above, required=True, example=example)


PARTNERS = Schema(
    "partners",
    "a partner of the firm",
    (
        _id("partner_id", "the partner", "B017"),
        Column("constituency", "choice", "kind of partner", required=True, example="supplier",
               choices=("supplier", "distributor", "agency", "employee", "investor")),
        _measure("commitment_years", "length of the agreement", "years", "1"),
        _measure("guarantees", "number of guarantees", "guarantees", "2"),
        _measure("social_tie", "strength of the social tie", "0 none to 5 strong", "5"),
        _measure("economic_tie", "strength of the economic tie", "0 none to 5 strong", "1"),
        _measure("technical_tie", "strength of the technical tie", "0 none to 5 strong", "2"),
        _measure("response_time_days", "time to answer an offer", "days", "2.59", above=True),
        _measure("transaction_cost", "cost of a transaction", "money", "31.68", above=True),
        _measure("transactions_per_year", "transactions a year", "transactions", "44"),
        Column("name", "text", "name", without="names; ids are shown",
               example="Ashmere Green Coffee"),
        Column("since", "date", "first day of the relationship", without="loss",
               example="2014-12-01"),
    ),
    key=("partner_id",),
    used_by="read_partners; report 08",
)  # fmt: skip

SURVEY = Schema(
    "survey",
    "a questionnaire that a partner answered",
    (
        _id("partner_id", "the partner", "B017"),
        Column("date", "date", "day of the answer", required=True, example="2023-11-13"),
        _id("respondent", "who answered for the partner", "1", required=False, without="loss"),
        *(Column(f"{scale}_{number}", "whole number", f"item {number} of the scale {scale}",
                 "points, usually from 1 to 7", without=f"scale {scale}", example="5")
          for scale, items in (("trust", 4), ("commitment", 4), ("satisfaction", 3),
                               ("communication", 3), ("mutual_interest", 3))
          for number in range(1, items + 1)),
    ),
    used_by="read_partners; report 08",
)  # fmt: skip

LADDER_HISTORY = Schema(
    "ladder_history",
    "a customer in a period",
    (
        _CUSTOMER,
        Column("period", "period",
               "the period: a whole number, 2024Q1, 2024-03, 2024, or its first day",
               required=True, example="2024Q1"),
        Column("rung", "text", "rung at the end of the period", required=True, example="client"),
    ),
    key=("customer_id", "period"),
    used_by="LadderHistory.from_table, estimate_transitions",
)  # fmt: skip

SCHEMAS: dict[str, Schema] = {
    schema.name: schema
    for schema in (
        TRANSACTIONS, CUSTOMERS, CONTACTS, EVENTS, COVARIATES, PROSPECTS, BOOKS, CONTRACTS,
        CAMPAIGNS, ANSWERS, PARTNERS, SURVEY, LADDER_HISTORY,
    )
}  # fmt: skip
"""The schemas by name."""

SAMPLE_NAMES = {"satisfaction": "answers", "partner_survey": "survey", "segments": "customers"}
"""Schemas of tables that the sample data and the notebooks call by another name."""


def schema_of(schema: str | Schema) -> Schema:
    """Return a schema by its name, or by the name of the sample's table.

    Raises
    ------
    ParameterError
        Where there is none of that name.

    Examples
    --------
    >>> schema_of("contacts").required
    ['customer_id', 'date', 'cost']
    """
    if isinstance(schema, Schema):
        return schema
    name = SAMPLE_NAMES.get(schema, schema)
    if name not in SCHEMAS:
        raise ParameterError(unknown_name("table", schema, SCHEMAS))
    return SCHEMAS[name]
