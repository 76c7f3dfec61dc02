"""The text of report 04 for a firm whose books are all that is known: value, cost, payback.

Every number is from the books, or one that the reader gave; what was given is named beside the
number that it moves. A section that needs a column the books do not have is left out with one
sentence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import pandas as pd

from relmark_research.economics.budget.book_flow import BookRetention, all_rates, book_flow
from relmark_research.economics.budget.books_response import (
    BooksResponse,
)
from relmark_research.economics.budget.books_value import BooksValue
from relmark_research.economics.budget.budget_advice import BudgetShift
from relmark_research.economics.budget.spend_ledger import PURPOSES, SpendLedger
from relmark_research.economics.claims import Claim as TextbookClaim
from relmark_research.economics.response.response_with_memory import experiment_periods
from relmark_research.evidence import Advice, Claim, method
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
from relmark_research.narrative.value.report_04 import BOOKS, numbered, seen, textbook_answer
from relmark_research.narrative.wording import counted, probability_text, rounded_money

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


class WithRetention(Protocol):
    """Books whose retention is known, whether the value of a customer is or not."""

    @property
    def ledger(self) -> SpendLedger:
        """The books."""

    @property
    def retention(self) -> BookRetention:
        """Their retention."""


def answer(
    firm: BooksValue,
    found: Mapping[str, BooksResponse],
    shift: BudgetShift | None,
    cash: Formatter,
) -> list[Claim]:
    """Return the answer: value, cost and payback, and what the books say of the next money."""
    worth = _value_text(firm, cash)
    said = f"A customer is worth {worth} {_assumptions(firm, cash)}."
    if firm.payback is None:
        said += " Acquiring one must cost less than that."
    elif firm.payback.never:
        said += f" Acquiring one costs {_cost(firm, cash)}, which is never paid back."
    else:
        said += f" Acquiring one costs {_cost(firm, cash)}, which is paid back in {firm.payback}."
    claims = [_of_value(firm, said, cash), _sentence(retention_heading(firm))]
    if _is_off(firm):
        off = "The books do not add up (see How far to trust this), so check them first."
        claims.append(counted(off, source=BOOKS))
    if shift is not None:
        return [*claims, _shift_claim(shift, cash)]
    if can_break_even(firm, found):
        return [*claims, _sentence(break_even_heading(firm, found, cash))]
    return [
        *claims,
        seen(
            f"{_no_comparison(firm)}, so they cannot show which of the two should get more. One "
            "percentage point more annual retention is worth "
            f"{rounded_money(firm.point_value, cash)} per customer."
        ),
    ]


def answer_without_value(
    books: WithRetention | None, claims: Sequence[TextbookClaim]
) -> list[Claim]:
    """Return the answer where neither a budget nor the value of a customer can be judged."""
    said = [
        method(
            "These data do not show whether the next money should go to acquisition or to "
            "retention: that needs books with the spend on both, and a margin."
        )
    ]
    if books is not None:
        said.append(_sentence(retention_heading(books)))
    return said + [textbook_answer(claim) for claim in claims]


def _of_value(firm: BooksValue, statement: str, cash: Formatter) -> Claim:
    """Return a claim about the value of a customer, with what it assumes."""
    low, high = firm.customer_value_interval
    return Claim(
        statement=statement, design="observational", estimate=firm.customer_value, low=low,
        high=high, source=BOOKS, assumptions=(_assumptions(firm, cash),),
    )  # fmt: skip


def _sentence(heading: Claim) -> Claim:
    """Return a heading as a sentence."""
    return replace(heading, statement=f"{heading.statement}.")


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


def conversion(firm: WithRetention) -> str:
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


def retention_heading(firm: WithRetention) -> Claim:
    """Return the heading about retention."""
    kept = firm.retention
    annual = with_interval(kept.annual, kept.low, kept.high, share)
    said = f"{annual} of customers stay for a year"
    if kept.basis == "active customers":
        said = f"Returning customers imply an annual retention rate of {annual}"
    return Claim(
        statement=said, design="observational", estimate=kept.annual, low=kept.low, high=kept.high,
        source=BOOKS,
    )  # fmt: skip


def retention_paragraph(firm: WithRetention) -> Claim:
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
    return seen(said)


def rate_lines(firm: WithRetention) -> pd.DataFrame:
    """Return every period's rate as an annual one, for `plots.simple.lines`."""
    rates = all_rates(firm.ledger)[1]["rate"].dropna()
    index = pd.Index([period.start_time.year + (period.start_time.month - 1) / 12
                      for period in rates.index], name="Year")  # fmt: skip
    return pd.DataFrame({"retention": (rates**firm.retention.period.per_year).to_numpy()},
                        index=index)  # fmt: skip


def value_heading(firm: BooksValue, cash: Formatter) -> Claim:
    """Return the heading about value, cost and payback."""
    worth = _value_text(firm, cash)
    if firm.payback is None:
        said = f"A customer is worth {worth}, the upper limit of what acquiring one may cost"
        return _of_value(firm, said, cash)
    if firm.payback.never:
        cost = rounded_money(firm.acquisition.cost, cash)
        said = f"A customer is worth {worth} and never pays back the acquisition cost of {cost}"
        return _of_value(firm, said, cash)
    ratio = number(firm.value_to_cost)
    return _of_value(
        firm,
        f"A customer is worth {ratio} times the acquisition cost, which is paid back in "
        f"{firm.payback}",
        cash,
    )


def value_paragraph(firm: BooksValue, cash: Formatter) -> Claim:
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
        return _of_value(
            firm,
            f"{said} The books have no acquisition spend, so there is no payback period.",
            cash,
        )
    cost = rounded_money(firm.acquisition.cost, cash)
    return _of_value(firm, f"{said} The acquisition cost of {cost} is {_cost_basis(firm)}.", cash)


def break_even_heading(
    firm: BooksValue, found: Mapping[str, BooksResponse], cash: Formatter
) -> Claim:
    """Return the heading about how much retention must rise for money moved to pay."""
    points, amount = _break_even(firm, found)
    return seen(
        f"Moving {rounded_money(amount, cash)} a year to retention pays if annual retention rises "
        f"by more than {_points(points)} percentage points"
    )


def break_even_paragraph(
    firm: BooksValue, found: Mapping[str, BooksResponse], cash: Formatter
) -> Claim:
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
    return seen(
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


def response_heading(found: Mapping[str, BooksResponse], cash: Formatter) -> Claim:
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
    return seen(said[0].upper() + said[1:])


def response_paragraph(response: BooksResponse, cash: Formatter) -> Claim:
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
    return Claim(
        statement=said,
        hint=f"The books do not show a response to {_spend_name(response)} spend. {said}",
        design="observational", estimate=fit.elasticity, low=low, high=high, no_effect=0,
        source=BOOKS,
    )  # fmt: skip


def identification_paragraph(response: BooksResponse) -> Claim:
    """Return why books cannot settle the response, and the experiment that would."""
    return seen(
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


def left_out(
    firm: BooksValue | None, reason: str, found: Mapping[str, str], *, no_value: str = ""
) -> dict[str, str]:
    """Return the questions without an answer, each with the reason."""
    said = {"Which split of the budget is best?": reason}
    said |= {f"What does more spend on {name} bring?": why for name, why in found.items()}
    if no_value:
        said["What is a customer worth?"] = no_value
    elif firm is not None and firm.payback is None:
        said["When does a customer pay back the cost of acquiring them?"] = (
            "the books have neither acquisition_spend nor marketing_spend, and no acquisition_cost "
            "was given"
        )
    return said


def retention_figures(books: WithRetention) -> list[dict[str, Any]]:
    """Return the arguments of `story.record` for books without a margin: annual retention."""
    rate = books.retention
    return [
        {"name": "annual_retention", "value": rate.annual, "low": rate.low, "high": rate.high,
         "unit": "share", "label": "Annual retention", "meaning": conversion(books)},
    ]  # fmt: skip


def steps_without_value(reason: str) -> list[Claim]:
    """Return what to do next where neither a budget nor a value can be judged."""
    return numbered(
        [
            method(f"**Add what is missing**: {reason}."),
            method("**Rerun this report** when it is there, and with the next period."),
        ]
    )


def flow_paragraph(firm: BooksValue) -> Claim:
    """Return how the books were checked, and what is questioned."""
    periods = len(firm.ledger.firm())
    said = f"The books cover {count_of(periods, firm.ledger.period.name)}."
    restated = firm.ledger.restated
    if restated:
        was = "was" if restated == 1 else "were"
        said += f" {count_of(restated, 'row')} {was} replaced by a later publication."
    if firm.questions:
        return seen(f"{said} {' '.join(firm.questions)}")
    return seen(f"{said} No number in them, and none that was given, is implausible.")


def limits_paragraph(firm: BooksValue) -> Claim:
    """Return what the value assumes."""
    return method(
        "The value assumes that margin and retention stay as they were in "
        f"{_periods(firm)} and are the same for all customers. Customers differ, and those with a "
        "long tenure are the more loyal ones: a single rate undervalues them and overvalues new "
        "customers. The interval covers the uncertainty of retention only; margin, discount rate "
        "and a given cost are taken as they are."
    )


def next_steps(
    firm: BooksValue, found: Mapping[str, BooksResponse], shift: BudgetShift | None, cash: Formatter
) -> list[Claim]:
    """Return what to do next, in the order of what it settles."""
    steps: list[Claim] = []
    if shift is not None:
        steps.append(_shift_advice(shift, found, cash))
    if firm.payback is not None and firm.payback.never:
        steps.append(
            seen(
                "**Do not spend more on acquisition at this cost**: the margins never cover it. "
                "Check the margin first, because the result depends on it most."
            )
        )
    unidentified = [name for name in PURPOSES if name not in found
                    or found[name].fit.grade != "identified"]  # fmt: skip
    if unidentified:
        steps.append(
            seen(
                f"**Run an experiment on {listing(unidentified)} spend**: raise and lower it in "
                "regions chosen at random. The books alone do not identify what it brings."
            )
        )
    lacking = [
        name for name in ("acquisition_spend", "retention_spend") if not firm.ledger.has(name)
    ]
    if lacking:
        steps.append(
            seen(
                f"**Add {listing(lacking)} to the books**: the report can then compare acquisition "
                "with retention."
            )
        )
    if not firm.ledger.has("prospects_reached"):
        steps.append(
            method("**Count the prospects reached**: the report can then fit response curves.")
        )
    steps.append(
        method("**Rerun this report with the next period** and compare retention with this one.")
    )
    return numbered(steps)


def value_table(firm: BooksValue) -> pd.DataFrame:
    """Return the table of figures and their sources, with its index as a column."""
    return firm.table().reset_index()


def rate_formats(firm: WithRetention) -> dict[str, str]:
    """Return the formats of the columns of `rate_table`."""
    return {name: form for name, form in RATE_FORMATS.items() if name in firm.retention.rates}


def rate_table(firm: WithRetention) -> pd.DataFrame:
    """Return the period rates with their period as text."""
    table = firm.retention.rates.reset_index()
    return table.assign(period=table["period"].astype(str))


def _shift_advice(shift: BudgetShift, found: Mapping[str, BooksResponse], cash: Formatter) -> Claim:
    """Return the small shift as advice; books without an experiment carry a test of it only."""
    share_ = f"{100 * shift.share:g}% of the budget"
    periods = max(experiment_periods(response.fit) for response in found.values())
    forward = shift.probability >= 0.5
    source, target = ("acquisition", "retention") if forward else ("retention", "acquisition")
    advice = Advice(
        do=f"Move {share_} from acquisition to retention",
        stop=f"Do not move {share_} from acquisition to retention",
        test=f"Test a move of {share_} from {source} to {target} in regions chosen at random",
        gain=with_interval(shift.gain, shift.gain_low, shift.gain_high, cash)
        + " a year for a move to retention",
        probability=shift.probability,
        settled_by=f"{count_of(periods, 'region-period')} of varied spend",
    )
    return advice.claim(
        "observational", estimate=shift.gain, low=shift.gain_low, high=shift.gain_high,
        source=BOOKS,
    )  # fmt: skip


def _sure(shift: BudgetShift) -> str:
    return probability_text(shift.probability)


def _shift_claim(shift: BudgetShift, cash: Formatter) -> Claim:
    gain = with_interval(shift.gain, shift.gain_low, shift.gain_high, cash)
    said = (
        f"Moving {100 * shift.share:g}% of the budget, {rounded_money(shift.amount, cash)}, from "
        f"acquisition to retention would gain {gain}: it pays with {_sure(shift)}, if spend did "
        "not follow expected demand."
    )
    return Claim(
        statement=said, design="observational", estimate=shift.gain, low=shift.gain_low,
        high=shift.gain_high, probability=shift.probability, source=BOOKS,
    )  # fmt: skip


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
