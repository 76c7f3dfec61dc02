"""What the tables of report 04 carry: a margin, a position with curves, or responses of books."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from relmark_research.customers.log.transactions import TransactionLog
from relmark_research.economics.budget.book_flow import BookRetention, book_retention
from relmark_research.economics.budget.books_response import (
    BooksResponse,
    books_response,
    shift_by_response,
)
from relmark_research.economics.budget.books_value import BooksValue, books_value
from relmark_research.economics.budget.budget_advice import BudgetShift
from relmark_research.economics.budget.first_year_margin import first_year_margin
from relmark_research.economics.budget.spend_ledger import ALL, PURPOSES, SPLIT, SpendLedger
from relmark_research.economics.budget.spending_position import SpendingPosition, spending_position
from relmark_research.economics.claims import (
    Claim as TextbookClaim,
)
from relmark_research.economics.claims import (
    few_bring_most,
    loyal_are_more_profitable,
)
from relmark_research.economics.profitability.holdout_profit import holdout_profit
from relmark_research.economics.value_of_retention.payment_terms import PaymentTerms
from relmark_research.errors import DataError, ParameterError, check_number
from relmark_research.formats import listing

_NO_MARGIN = (
    "the value of a customer needs a margin: parameters: annual_margin: {all: 120} (money per "
    "customer and year), or margin: 0.4 (a share of the revenue in the books). The books and "
    "the transactions of this run have none"
)


def own_data(books: Any, *others: Any) -> tuple[Any, ...]:
    """Return the other sources, None for bundled ones where the books are the reader's own."""
    if not books:
        return tuple(other or None for other in others)
    named = books.get("source", "") if isinstance(books, Mapping) else books
    if str(named).startswith("sample:"):
        return tuple(other or None for other in others)
    bundled = ("sample:", "dataset:sample")
    return tuple(None if not o or str(o).startswith(bundled) else o for o in others)


def firm_margin(margins: Any, margin: float | None) -> dict[str, float]:
    """Return the firm's margin as an argument of `books_value`: money, or a share of revenue.

    Raises
    ------
    ParameterError
        If neither or both are given, the share is none, or margins are by segment only.
    """
    if margin is not None:
        if isinstance(margins, Mapping) and margins:
            raise ParameterError(
                "expected annual_margin (money) or margin (a share of revenue), not both; found "
                f"annual_margin: {dict(margins)} and margin: {margin}. Leave one out."
            )
        rule = "must be a share of the revenue in the books, such as 0.3 for 30%"
        return {"margin": check_number("margin", margin, low=0, high=1, rule=rule)}
    if isinstance(margins, pd.DataFrame) and ALL in margins.index:
        return {"annual_margin": float(margins["annual_margin"][ALL])}
    if isinstance(margins, Mapping) and ALL in margins:
        return {"annual_margin": float(margins[ALL])}
    if isinstance(margins, Mapping) and len(margins) == 1:
        return {"annual_margin": float(next(iter(margins.values())))}
    raise ParameterError(f"{_NO_MARGIN}.")


def with_margin_source(firm: BooksValue, margins: Any) -> BooksValue:
    """Return the value with its margin named as one from transactions, where it is."""
    measured = isinstance(margins, pd.DataFrame) and firm.margin_basis == "given"
    return replace(firm, margin_basis="transactions") if measured else firm


def annual_margin_of(
    position: SpendingPosition | None, margins: Any, firm: BooksValue | None
) -> float:
    """Return the firm's annual margin, money: of the books, given, or the mean of the segments."""
    if firm is not None:
        return firm.annual_margin
    if isinstance(margins, pd.DataFrame) and ALL in margins.index:
        return float(margins["annual_margin"][ALL])
    assert position is not None
    weights = position.today.loc[position.segments, "customers_won"].to_numpy(float)
    known = position.annual_margins.loc[position.segments, "annual_margin"].to_numpy(float)
    return float(known @ weights / weights.sum())


def margin_or_reason(
    log: TransactionLog, segments: pd.Series | None, *, level: float
) -> tuple[pd.DataFrame | None, str]:
    """Return the margin of customers' first year by segment, or None and why there is none."""
    try:
        return first_year_margin(log, segments, level=level), ""
    except DataError as error:
        return None, _reason(error)


@dataclass(frozen=True, kw_only=True)
class FirmTerms:
    """The terms of a customer's value from books; as the arguments of `books_value`."""

    payment: PaymentTerms
    annual_discount_rate: float
    level: float
    acquisition_cost: float | None = None
    recent: int | None = None


def firm_or_reason(
    ledger: SpendLedger, margins: Any, margin: float | None, terms: FirmTerms
) -> tuple[BooksValue | None, str]:
    """Return the value of a customer from the books, or None and why they do not carry it."""
    if margins is None and margin is None:
        return None, _NO_MARGIN
    given = firm_margin(margins, margin)
    try:
        firm = books_value(
            ledger,
            **given,
            payment=terms.payment,
            annual_discount_rate=terms.annual_discount_rate,
            acquisition_cost=terms.acquisition_cost,
            recent=terms.recent,
            level=terms.level,
        )
    except DataError as error:
        return None, _reason(error)
    return with_margin_source(firm, margins), ""


@dataclass(frozen=True)
class RetentionOnly:
    """Books that have no margin: their retention is all that they say of a customer."""

    ledger: SpendLedger
    retention: BookRetention


def retention_or_reason(
    ledger: SpendLedger, *, recent: int | None, level: float
) -> tuple[RetentionOnly | None, str]:
    """Return the retention of the books, or None and why they do not carry it."""
    try:
        return RetentionOnly(ledger, book_retention(ledger, recent=recent, level=level)), ""
    except DataError as error:
        return None, _reason(error)


def tested_claims(
    log: TransactionLog, *, contacts: Any, margin: float | None, level: float
) -> tuple[list[TextbookClaim], str]:
    """Return the textbook claims that transactions can test, or none and why.

    Without a cost of goods, a margin stands for it; without both, revenue stands for profit.
    """
    share = None if log.has_cost else (margin or 1.0)
    try:
        history = holdout_profit(log, contacts=contacts, margin=share)
        return [
            loyal_are_more_profitable(history, level=level),
            few_bring_most(history, level=level),
        ], ""
    except DataError as error:
        return [], _reason(error)


def _reason(error: Exception) -> str:
    """Return an error's message as the end of a sentence."""
    said = str(error).rstrip(".")
    return said[:1].lower() + said[1:] if said[1:2].islower() else said


def position_or_reason(
    ledger: SpendLedger | None, margins: Any, *, annual_discount_rate: float, recent: int | None,
    payment: PaymentTerms,
) -> tuple[SpendingPosition | None, str]:  # fmt: skip
    """Return the spending position, or None and why the books do not carry one."""
    if ledger is None:
        return None, "it needs a table of books, and this run has none"
    missing = [name for name in SPLIT if not ledger.has(name)]
    if missing:
        return None, f"the books have no {listing(missing)}"
    if margins is None:
        return None, "there is no annual margin in money"
    try:
        found = spending_position(
            ledger,
            annual_margin=margins,
            annual_discount_rate=annual_discount_rate,
            recent=recent,
            payment=payment,
        )
    except DataError as error:
        return None, str(error).rstrip(".")
    return found, ""


def responses(ledger: SpendLedger) -> tuple[dict[str, BooksResponse], dict[str, str]]:
    """Return the responses that the books carry, and why others are left out, by purpose."""
    found: dict[str, BooksResponse] = {}
    left_out: dict[str, str] = {}
    for purpose in PURPOSES:
        spends = [f"{purpose}_spend"] + ["marketing_spend"] * (purpose == "acquisition")
        reason = f"the books have no {' or '.join(spends)}"
        if any(ledger.has(name) for name in spends):
            try:
                found[purpose] = books_response(ledger, purpose=purpose)
                continue
            except DataError as error:
                reason = str(error).rstrip(".")
        left_out[purpose] = reason
    return found, left_out


def shift_or_none(
    firm: BooksValue, found: Mapping[str, BooksResponse], *, level: float, seed: int
) -> BudgetShift | None:
    """Return the gain of a small shift between both budgets; None unless both are known."""
    if set(found) != set(PURPOSES) or found["acquisition"].spend_column != "acquisition_spend":
        return None
    return shift_by_response(firm, found["acquisition"], found["retention"], level=level, seed=seed)
