"""The text of report 04 for a firm whose books are all that is known: value, cost, payback.

Every number is from the books, or one that the reader gave; what was given is named beside the
number that it moves. A section that needs a column the books do not have is left out with one
sentence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from relmark_research.economics.budget.book_flow import all_rates, book_flow
from relmark_research.economics.budget.books_response import (
    BooksResponse,
    books_response,
    shift_by_response,
)
from relmark_research.economics.budget.books_value import BooksValue
from relmark_research.economics.budget.budget_advice import BudgetShift
from relmark_research.economics.budget.spend_ledger import ALL, PURPOSES, SPLIT, SpendLedger
from relmark_research.economics.budget.spending_position import SpendingPosition, spending_position
from relmark_research.economics.response.response_with_memory import experiment_periods
from relmark_research.economics.value_of_retention.payment_terms import PaymentTerms
from relmark_research.errors import DataError, ParameterError, check_number
from relmark_research.formats import (
    Detail,
    Formatter,
    count_of,
    formatter,
    listing,
    number,
    share,
    with_interval,
)
from relmark_research.narrative.wording import probability_text, rounded_money

SAMPLE = "sample:books"
VALUE_FORMATS = {"value": "number", "low": "number", "high": "number"}
RATE_FORMATS = {"at_risk": "count", "won": "count", "lost": "count", "rate": "share"}
CHANNEL_FORMATS = {
    "spend": "money", "won": "count", "acquisition_cost": "money", "value_to_cost": "number",
    "payback_months": "count",
}  # fmt: skip
RESPONSE_FORMATS = {"estimate": "number", "low": "number", "high": "number"}
RESPONSE_AXES = {
    "acquisition": "Customers won in the period",
    "retention": "Hazard of losing a customer in the period",
}
_COUNTED = {
    "customers kept": "the customers who could leave and those who stayed",
    "customers lost": "customers lost; customers acquired in the period may leave in it as well",
    "active customers": "returning customers, over those active in the period before",
}


def own_data(books: Any, *others: Any) -> tuple[Any, ...]:
    """Return the other sources, None for bundled ones where the books are the reader's own."""
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
    raise ParameterError(
        "the value of a customer needs a margin: parameters: annual_margin: {all: 120} (money per "
        "customer and year), or margin: 0.4 (a share of the revenue in the books). The books and "
        "the transactions of this run have none."
    )


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


def position_or_reason(
    ledger: SpendLedger, margins: Any, *, annual_discount_rate: float, recent: int | None,
    payment: PaymentTerms,
) -> tuple[SpendingPosition | None, str]:  # fmt: skip
    """Return the spending position, or None and why the books do not carry one."""
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


def responses(ledger: SpendLedger) -> tuple[dict[str, BooksResponse], list[str]]:
    """Return the responses that the books can be asked for, and why others are left out."""
    found: dict[str, BooksResponse] = {}
    left_out = []
    for purpose in PURPOSES:
        spends = [f"{purpose}_spend"] + ["marketing_spend"] * (purpose == "acquisition")
        reason = f"the books have no {' or '.join(spends)}"
        if any(ledger.has(name) for name in spends):
            try:
                found[purpose] = books_response(ledger, purpose=purpose)
                continue
            except DataError as error:
                reason = str(error).rstrip(".")
        left_out.append(f"What more spend on {purpose} would bring is left out: {reason}.")
    return found, left_out


def shift_or_none(
    firm: BooksValue, found: Mapping[str, BooksResponse], *, level: float, seed: int
) -> BudgetShift | None:
    """Return the gain of a small shift between both budgets; None unless both are known."""
    if set(found) != set(PURPOSES) or found["acquisition"].spend_column != "acquisition_spend":
        return None
    return shift_by_response(firm, found["acquisition"], found["retention"], level=level, seed=seed)


def answer(
    firm: BooksValue,
    found: Mapping[str, BooksResponse],
    shift: BudgetShift | None,
    cash: Formatter,
) -> str:
    """Return the answer: value, cost and payback, and what the books say of the next money."""
    worth = _value_text(firm, cash)
    said = f"A customer is worth {worth} {_assumptions(firm, cash)}. "
    if firm.payback is None:
        said += "Acquiring one must cost less than that. "
    elif firm.payback.never:
        said += f"Acquiring one costs {_cost(firm, cash)}, which is never paid back. "
    else:
        said += f"Acquiring one costs {_cost(firm, cash)}, which is paid back in {firm.payback}. "
    said += f"{retention_heading(firm)}. "
    if _is_off(firm):
        said += "The books do not add up (see How far to trust this), so check them first. "
    if shift is not None:
        return said + _shift_text(shift, cash)
    if can_break_even(firm, found):
        return f"{said}{break_even_heading(firm, found, cash)}."
    return (
        f"{said}{_no_comparison(firm)}, so they cannot show which of the two should get more. One "
        "percentage point more annual retention is worth "
        f"{rounded_money(firm.point_value, cash)} per customer."
    )


def _no_comparison(firm: BooksValue) -> str:
    """Return why the books do not compare acquisition with retention."""
    lacking = [name for name in PURPOSES if not firm.ledger.has(f"{name}_spend")]
    if not lacking:
        return "The books do not show what more spend on acquisition and on retention brings"
    return f"The books do not show the spend on {' and on '.join(lacking)}"


def _value_text(firm: BooksValue, cash: Formatter) -> str:
    return with_interval(firm.customer_value, *firm.customer_value_interval, cash)


def _is_off(firm: BooksValue) -> bool:
    """Whether the flow of customers does not add up in most of the periods of the rates."""
    flow = book_flow(firm.latest)
    return firm.retention.basis == "customers lost" and not flow["agrees"].mean() > 0.5


def key_figures(firm: BooksValue, shift: BudgetShift | None, currency: str) -> list[dict[str, Any]]:
    """Return the arguments of `story.record`: value, cost, payback, retention, probability."""
    low, high = firm.customer_value_interval
    cash, kept = formatter(currency), firm.retention
    found: list[dict[str, Any]] = [
        {"name": "customer_value", "value": firm.customer_value, "low": low, "high": high,
         "unit": currency, "label": "Customer value", "meaning": _assumptions(firm, cash)},
        {"name": "annual_retention", "value": kept.annual, "low": kept.low, "high": kept.high,
         "unit": "share", "label": "Annual retention", "meaning": conversion(firm)},
    ]  # fmt: skip
    if firm.payback is not None:
        months = None if firm.payback.never else firm.payback.months
        meaning = (
            "the margins never cover the cost" if months is None else "after churn and discounting"
        )
        found += [
            {"name": "acquisition_cost", "value": firm.acquisition.cost, "unit": currency,
             "label": "Acquisition cost", "meaning": _cost_basis(firm)},
            {"name": "payback", "value": months, "unit": "months", "label": "Payback period",
             "meaning": meaning},
        ]  # fmt: skip
    if shift is not None:
        found.append(
            {"name": "shift_probability", "value": shift.probability, "unit": "share",
             "label": f"Probability that moving {100 * shift.share:g}% to retention pays",
             "meaning": "with trend, season, carry-over and price taken into account"}
        )  # fmt: skip
    return found


def conversion(firm: BooksValue) -> str:
    """Return how the period rates make the annual one."""
    kept = firm.retention
    rates = kept.rates["rate"].to_list()
    name = str(kept.period.name)
    if kept.renews or name == "year":
        return f"the rate of one {name}"
    if len(rates) == round(kept.period.per_year) and len(rates) <= 4:
        return f"{' × '.join(share(rate) for rate in rates)}, one rate per {name}"
    return (
        f"the product of {len(rates)} {name}ly rates between {share(min(rates))} and "
        f"{share(max(rates))}"
    )


def retention_heading(firm: BooksValue) -> str:
    """Return the heading about retention."""
    kept = firm.retention
    annual = with_interval(kept.annual, kept.low, kept.high, share)
    if kept.basis == "active customers":
        return f"Returning customers imply an annual retention rate of {annual}"
    return f"{annual} of customers stay for a year"


def retention_paragraph(firm: BooksValue) -> str:
    """Return what the rate is counted from, its conversion, and what it leaves open."""
    kept = firm.retention
    said = (
        f"Each rate is computed from {_COUNTED[kept.basis]}. The annual rate of "
        f"{share(kept.annual)} is {conversion(firm)}."
    )
    if kept.basis == "active customers":
        said += (
            " Customers do not tell this firm that they leave. A customer who skips a period and "
            "returns later counts as returning, so the rate describes activity; it is not the "
            "share of customers who ever buy again."
        )
    return said


def rate_lines(firm: BooksValue) -> pd.DataFrame:
    """Return every period's rate as an annual one, for `plots.simple.lines`."""
    rates = all_rates(firm.ledger)[1]["rate"].dropna()
    index = pd.Index([period.start_time.year + (period.start_time.month - 1) / 12
                      for period in rates.index], name="Year")  # fmt: skip
    return pd.DataFrame({"retention": (rates**firm.retention.period.per_year).to_numpy()},
                        index=index)  # fmt: skip


def value_heading(firm: BooksValue, cash: Formatter) -> str:
    """Return the heading about value, cost and payback."""
    worth = _value_text(firm, cash)
    if firm.payback is None:
        return f"A customer is worth {worth}, the upper limit of what acquiring one may cost"
    if firm.payback.never:
        cost = rounded_money(firm.acquisition.cost, cash)
        return f"A customer is worth {worth} and never pays back the acquisition cost of {cost}"
    ratio = number(firm.value_to_cost)
    return (
        f"A customer is worth {ratio} times the acquisition cost, which is paid back in "
        f"{firm.payback}"
    )


def value_paragraph(firm: BooksValue, cash: Formatter) -> str:
    """Return the terms of the value, and where the margin and the cost come from."""
    said = (
        f"The value of {_value_text(firm, cash)} is the present value of "
        f"{firm.payment}, the first one now, {_assumptions(firm, cash)}"
    )
    if firm.retention_spend:
        said += (
            f"; {rounded_money(firm.retention_spend, cash)} of retention spend a year, from the "
            "books, is deducted"
        )
    said += "."
    if firm.payback is None:
        return f"{said} The books have no acquisition spend, so there is no payback period."
    cost = rounded_money(firm.acquisition.cost, cash)
    return f"{said} The acquisition cost of {cost} is {_cost_basis(firm)}."


def break_even_heading(
    firm: BooksValue, found: Mapping[str, BooksResponse], cash: Formatter
) -> str:
    """Return the heading about how much retention must rise for money moved to pay."""
    points, amount = _break_even(firm, found)
    return (
        f"Moving {rounded_money(amount, cash)} a year to retention pays if annual retention rises "
        f"by more than {_points(points)} percentage points"
    )


def break_even_paragraph(
    firm: BooksValue, found: Mapping[str, BooksResponse], cash: Formatter
) -> str:
    """Return how the break-even is counted, and from which cost."""
    response = found.get("acquisition")
    _, amount = _break_even(firm, found)
    identified = response is not None and response.fit.grade == "identified"
    cost = "marginal" if identified else "average"
    why = (
        "" if identified else
        " The books do not identify the marginal cost; it is usually higher than the average, and "
        "then a smaller rise is enough."
    )  # fmt: skip
    return (
        f"That is 1% of {_spend_name(response)} spend. At the {cost} acquisition cost of "
        f"{cash(_acquisition_cost(firm, response))} it acquires "
        f"{count_of(round(amount / _acquisition_cost(firm, response)), 'customer')} a year, whom "
        f"the firm would then do without. Among its {count_of(firm.customers, 'customer')}, that "
        f"rise in retention gains the same value.{why} One percentage point more is worth "
        f"{rounded_money(firm.point_value, cash)} per customer."
    )


def can_break_even(firm: BooksValue, found: Mapping[str, BooksResponse]) -> bool:
    """Return whether the books have a budget, a number of customers and a positive value."""
    known = firm.acquisition.basis in ("acquisition spend", "marketing spend")
    return known and "acquisition" in found and firm.customers > 0 and firm.customer_value > 0


def response_heading(found: Mapping[str, BooksResponse], cash: Formatter) -> str:
    """Return the heading about marginal costs."""
    parts = []
    for purpose, response in found.items():
        cost, low, high = response.marginal_cost()
        what = "acquired" if purpose == "acquisition" else "kept for a period"
        if response.fit.grade == "identified":
            parts.append(f"one more customer {what} costs {with_interval(cost, low, high, cash)}")
        else:
            parts.append(f"the books do not identify what one more customer {what} costs")
    said = " and ".join(parts)
    return said[0].upper() + said[1:]


def response_paragraph(response: BooksResponse, cash: Formatter) -> str:
    """Return elasticity, carry-over, the average beside the marginal cost, and their doubt."""
    fit = response.fit
    low, high = fit.elasticity_interval()
    effect = (
        "more customers acquired" if response.purpose == "acquisition"
        else "less risk of losing a customer"
    )  # fmt: skip
    carry = with_interval(fit.carry_over, *fit.carry_over_interval(), share)
    removed = _explained(response).lower()
    said = (
        f"Over {count_of(len(fit.table), 'period')}, 1% more {_spend_name(response)} spend goes "
        f"with {with_interval(fit.elasticity / 100, low / 100, high / 100, share)} {effect}, after "
        f"adjustment for {removed}. The carry-over to later periods is {carry} of the effect. The "
        f"average cost is {rounded_money(response.average_cost, cash)}."
    )
    if response.spend_column == "marketing_spend":
        said += " All marketing spend is counted, because the books do not split it."
    return said


def identification_paragraph(response: BooksResponse) -> str:
    """Return why books cannot settle the response, and the experiment that would."""
    return (
        f"{_explained(response)} explain {share(1 - response.fit.spend_variation)} of the "
        "variation in spend, and the rest was not assigned at random. If more is spent when more "
        "customers are expected anyway, the estimate is too high. An experiment would settle it: "
        "raise spend by 20% in some regions and lower it by 20% in others, chosen at random; "
        f"{count_of(experiment_periods(response.fit), 'region-period')} give the marginal cost "
        "to within 25%."
    )


def _explained(response: BooksResponse) -> str:
    return (
        "Trend, season and price" if "price" in response.fit.effects.index else ("Trend and season")
    )


def response_lines(response: BooksResponse) -> pd.DataFrame:
    """Return customers won by period, actual and expected, for `plots.simple.lines`."""
    table = response.fit.table
    index = pd.Index([period.start_time.year + (period.start_time.month - 1) / 12
                      for period in table.index], name="Year")  # fmt: skip
    return pd.DataFrame(
        {"actual": table["customers"].to_numpy(), "model": table["expected"].to_numpy()},
        index=index,
    )


def left_out(firm: BooksValue, reason: str, found: Sequence[str], *, transactions: bool) -> str:
    """Return the sections that are left out, each with what it needs."""
    said = [f"Response curves and the best split of the budget are left out: {reason}."]
    said += list(found)
    if firm.payback is None:
        said.append(
            "Cost and payback are left out: the books have neither acquisition_spend nor "
            "marketing_spend, and no acquisition_cost was given."
        )
    if not transactions:
        said.append(
            "The claims about loyal customers and about the most profitable few are left out: they "
            "need transactions, which this run does not have."
        )
    return " ".join(said)


def flow_paragraph(firm: BooksValue) -> str:
    """Return how the books were checked, and what is questioned."""
    periods = len(firm.ledger.firm())
    said = f"The books cover {count_of(periods, firm.ledger.period.name)}."
    restated = firm.ledger.restated
    if restated:
        was = "was" if restated == 1 else "were"
        said += f" {count_of(restated, 'row')} {was} replaced by a later publication."
    if firm.questions:
        return f"{said} {' '.join(firm.questions)}"
    return f"{said} No number in them, and none that was given, is implausible."


def limits_paragraph(firm: BooksValue) -> str:
    """Return what the value assumes."""
    return (
        "The value assumes that margin and retention stay as they were in "
        f"{_periods(firm)} and are the same for all customers. Customers differ, and those with a "
        "long tenure are the more loyal ones: a single rate undervalues them and overvalues new "
        "customers. The interval covers the uncertainty of retention only; margin, discount rate "
        "and a given cost are taken as they are."
    )


def next_steps(
    firm: BooksValue, found: Mapping[str, BooksResponse], shift: BudgetShift | None
) -> list[str]:
    """Return what to do next, in the order of what it settles."""
    steps = []
    if shift is not None:
        steps.append(_verdict(shift))
    if firm.payback is not None and firm.payback.never:
        steps.append(
            "**Do not spend more on acquisition at this cost**: the margins never cover it. Check "
            "the margin first, because the result depends on it most."
        )
    unidentified = [name for name in PURPOSES if name not in found
                    or found[name].fit.grade != "identified"]  # fmt: skip
    if unidentified:
        steps.append(
            f"**Run an experiment on {listing(unidentified)} spend**: raise and lower it in "
            "regions chosen at random. The books alone do not identify what it brings."
        )
    lacking = [
        name for name in ("acquisition_spend", "retention_spend") if not firm.ledger.has(name)
    ]
    if lacking:
        steps.append(
            f"**Add {listing(lacking)} to the books**: the report can then compare acquisition "
            "with retention."
        )
    if not firm.ledger.has("prospects_reached"):
        steps.append("**Count the prospects reached**: the report can then fit response curves.")
    steps.append("**Rerun this report with the next period** and compare retention with this one.")
    return [f"{place}. {step}" for place, step in enumerate(steps, start=1)]


def value_table(firm: BooksValue) -> pd.DataFrame:
    """Return the table of figures and their sources, with its index as a column."""
    return firm.table().reset_index()


def rate_formats(firm: BooksValue) -> dict[str, str]:
    """Return the formats of the columns of `rate_table`."""
    return {name: form for name, form in RATE_FORMATS.items() if name in firm.retention.rates}


def rate_table(firm: BooksValue) -> pd.DataFrame:
    """Return the period rates with their period as text."""
    table = firm.retention.rates.reset_index()
    return table.assign(period=table["period"].astype(str))


def _verdict(shift: BudgetShift) -> str:
    share_ = f"{100 * shift.share:g}% of the budget"
    if shift.probability >= 0.95:
        return (
            f"**Move {share_} from acquisition to retention**, in some regions first: it pays with "
            f"{_sure(shift)} if spend in the books did not follow expected demand."
        )
    if shift.probability <= 0.05:
        back = probability_text(1 - shift.probability)
        return (
            f"**Move {share_} from retention to acquisition**, in some regions first: it pays with "
            f"{back} if spend in the books did not follow expected demand."
        )
    return (
        f"**Do not move the budget on this evidence**: moving {share_} to retention pays with "
        f"{_sure(shift)}. An experiment would settle it."
    )


def _sure(shift: BudgetShift) -> str:
    return probability_text(shift.probability)


def _shift_text(shift: BudgetShift, cash: Formatter) -> str:
    gain = with_interval(shift.gain, shift.gain_low, shift.gain_high, cash)
    return (
        f"Moving {100 * shift.share:g}% of the budget, {rounded_money(shift.amount, cash)}, from "
        f"acquisition to retention would gain {gain}: it pays with {_sure(shift)}, if spend did "
        "not follow expected demand."
    )


def _assumptions(firm: BooksValue, cash: Formatter) -> str:
    return (
        f"at {_margin(firm, cash)} and an assumed discount rate of "
        f"{_stated(firm.annual_discount_rate)} a year"
    )


def _margin(firm: BooksValue, cash: Formatter) -> str:
    amount = f"margin of {rounded_money(firm.annual_margin, cash)} a year"
    if firm.margin_basis == "transactions":
        return f"a {amount} (mean of customers' first year in the transactions)"
    if firm.margin_basis == "given":
        return f"an assumed {amount}"
    return f"an assumed {amount} ({_stated(firm.annual_margin / firm.annual_revenue)} of revenue)"


def _stated(rate: float) -> str:
    """Return a share that somebody stated, with its own digits: 10%, 12.5%."""
    return f"{100 * rate:.6g}%"


def _cost(firm: BooksValue, cash: Formatter) -> str:
    amount = rounded_money(firm.acquisition.cost, cash)
    return {
        "given": f"{amount} (given, not from the books)",
        "marketing spend": f"at most {amount} (all marketing spend per customer acquired)",
    }.get(firm.acquisition.basis, amount)


def _cost_basis(firm: BooksValue) -> str:
    return {
        "given": "given, not from the books",
        "acquisition spend": "acquisition spend per customer acquired, from the books",
        "marketing spend": "all marketing spend per customer acquired, an upper bound",
    }.get(firm.acquisition.basis, "not known")


def _spend_name(response: BooksResponse | None) -> str:
    name = "acquisition_spend" if response is None else response.spend_column
    return name.removesuffix("_spend")


def _acquisition_cost(firm: BooksValue, response: BooksResponse | None) -> float:
    if response is not None and response.fit.grade == "identified":
        return response.marginal_cost()[0]
    return firm.acquisition.cost


def _break_even(firm: BooksValue, found: Mapping[str, BooksResponse]) -> tuple[float, float]:
    """Return the rise of retention, as a share, at which 1% of the budget moved breaks even."""
    response = found["acquisition"]
    amount = 0.01 * response.annual_spend
    lost = amount * firm.customer_value / _acquisition_cost(firm, response)
    return firm.break_even_points(lost), amount


def _points(rise: float) -> str:
    return number(100 * rise, detail=Detail(digits=2))


def _periods(firm: BooksValue) -> str:
    periods = firm.retention.rates.index
    first, last = str(periods[0]), str(periods[-1])
    return first if first == last else f"{first} to {last}"
