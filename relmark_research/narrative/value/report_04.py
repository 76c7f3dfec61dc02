"""The text of report 04, retention versus acquisition: costs, budget, curves, limits."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from relmark_research.economics.budget.budget_advice import BudgetRecommendation, BudgetShift
from relmark_research.economics.budget.customer_equity import CustomerEquity
from relmark_research.economics.budget.spend_ledger import ALL
from relmark_research.economics.budget.spending_position import SpendingPosition
from relmark_research.economics.claims import Claim as TextbookClaim
from relmark_research.evidence import CERTAIN, Advice, Claim, Design, method, settling_size
from relmark_research.formats import (
    Formatter,
    count,
    count_of,
    estimate,
    formatter,
    number,
    share,
    with_interval,
)
from relmark_research.narrative.wording import counted, probability_text, range_text, rounded_money

PURPOSES = ("acquisition", "retention")
BOOKS = "books"


def answer(
    costs: pd.DataFrame, best: BudgetRecommendation, cash: Formatter, *, discount_rate: float
) -> list[Claim]:
    """Return the answer: marginal costs, and the gain of a better budget at an assumed rate."""
    won = _cost_text(costs, "marginal_acquisition_cost", cash)
    kept = _cost_text(costs, "marginal_retention_cost", cash)
    said = f"The marginal cost is {won} per customer acquired and {kept} per customer retained."
    return [
        seen(said),
        _gain_claim(best, cash, f"an assumed discount rate of {100 * discount_rate:.6g}% a year"),
    ]


def _gain_claim(best: BudgetRecommendation, cash: Formatter, terms: str) -> Claim:
    """Return the gain of the best allocation: books without an experiment only suggest it."""
    gain = with_interval(best.gain, best.gain_low, best.gain_high, cash)
    between = "between channels and " if len(best.table) > 2 else ""
    if best.probability < CERTAIN:
        said = (
            "No allocation is clearly better than today's: the best one found would gain "
            f"{gain} of customer equity, at {terms}."
        )
    elif best.s_shaped:
        said = (
            f"A better split of the budget may gain {gain} of customer equity, at {terms}, but "
            f"test it first: {s_shape_sentence(best)}"
        )
    else:
        said = (
            f"By the response curves, reallocating the same budget {between}between acquisition "
            f"and retention would gain {gain} of customer equity, at {terms}; spend was not "
            "assigned at random, so an experiment has to confirm it."
        )
    return Claim(
        statement=said, design="observational", estimate=best.gain, low=best.gain_low,
        high=best.gain_high, probability=best.probability, source=BOOKS,
        assumptions=(terms,),
    )  # fmt: skip


def gain_meaning(best: BudgetRecommendation) -> str:
    """Return the meaning of the gain, with the probability that it is positive."""
    probability = probability_text(best.probability)
    return f"annual customer equity at the same budget; positive with {probability}"


def key_figures(costs: pd.DataFrame, shift: BudgetShift, currency: str) -> list[dict[str, Any]]:
    """Return the arguments of `story.record` for marginal costs and a small budget shift."""
    cash = formatter(currency)
    found: list[dict[str, Any]] = []
    for purpose, name in (("acquisition", "won"), ("retention", "kept")):
        value, low, high = _with_bounds(costs.loc[ALL], f"marginal_{purpose}_cost")
        average = rounded_money(float(costs[f"{purpose}_cost"][ALL]), cash)
        found.append(
            {
                "name": f"next_customer_{name}", "value": value, "low": low, "high": high,
                "unit": currency, "label": f"Marginal {purpose} cost",
                "meaning": f"per customer; the average {purpose} cost is {average}",
            }
        )  # fmt: skip
    found.append(
        {
            "name": "shift_probability", "value": shift.probability, "unit": "share",
            "label": f"Probability that moving {100 * shift.share:g}% to retention pays",
            "meaning": "with the channels' shares unchanged",
        }
    )  # fmt: skip
    return found


def costs_heading(costs: pd.DataFrame, cash: Formatter) -> Claim:
    """Return the heading about average and marginal cost."""
    ratio, low, high = _with_bounds(costs.loc[ALL], "marginal_cost_ratio")
    average = float(costs["cost_ratio"][ALL])
    higher, lower = reversed(PURPOSES) if ratio < 1 else PURPOSES
    turned = (ratio < 1) != (average < 1)
    start = f"On average {lower} costs more, but " if turned else ""
    amounts = {
        purpose: rounded_money(float(costs[f"marginal_{purpose}_cost"][ALL]), cash)
        for purpose in PURPOSES
    }
    said = (
        f"{start}the marginal {higher} cost ({amounts[higher]}) exceeds the marginal {lower} cost "
        f"({amounts[lower]})"
    )
    return Claim(
        statement=said[0].upper() + said[1:],
        hint="The marginal costs of acquisition and retention do not differ clearly",
        design="observational", estimate=ratio, low=low, high=high, no_effect=1, source=BOOKS,
    )  # fmt: skip


def costs_paragraph(costs: pd.DataFrame) -> Claim:
    """Return the average and marginal cost ratios, and why they differ."""
    row = costs.loc[ALL]
    average, marginal = (
        with_interval(*_with_bounds(row, name)) for name in ("cost_ratio", "marginal_cost_ratio")
    )
    return seen(
        f"The average acquisition cost is {average} times the average retention cost; at the "
        f"margin the ratio is {marginal}. The average includes the spend with the highest returns. "
        "If a channel already retains nearly all customers that spend can retain, each further one "
        "is expensive, whatever the average; budgets should follow marginal, not average, cost."
    )


def unit_costs_table(costs: pd.DataFrame) -> pd.DataFrame:
    """Return the table of costs with its index as a column; an empty note column is dropped."""
    table = costs.reset_index()
    return table if table["note"].str.len().any() else table.drop(columns="note")


def unit_costs_formats(costs: pd.DataFrame) -> dict[str, str]:
    """Return the format of each column of the table of costs."""
    return {
        name: "number" if "ratio" in name else "money" for name in costs.columns if name != "note"
    }


def returns_heading(returned: pd.DataFrame, cash: Formatter) -> Claim:
    """Return the heading about the highest and the lowest marginal return."""
    most, least = _highest_and_lowest_return(returned, cash)
    unit = rounded_money(1, cash)
    return seen(
        f"An additional {unit} goes with {most[0]} of value in {most[1]} and {least[0]} in "
        f"{least[1]}"
    )


def returns_paragraph(returned: pd.DataFrame, shift: BudgetShift, cash: Formatter) -> list[Claim]:
    """Return the marginal return by budget line, and the gain of a small shift."""
    pays = int((returned["marginal_return_low"] > 1).sum())
    said = (
        "Each dot is the customer value (the year's margin and that of later years) per additional "
        f"unit of money beyond today's spend. On {pays} of {len(returned)} lines the interval is "
        "above break-even. Large differences between lines suggest that the budget is misallocated."
    )
    return [seen(said), shift_claim(shift, cash)]


def _highest_and_lowest_return(returned: pd.DataFrame, cash: Formatter) -> list[tuple[str, str]]:
    ranked = returned.sort_values("marginal_return", ascending=False)
    return [
        (estimate(*_with_bounds(row, "marginal_return"), cash), _line(line))
        for line, row in ranked.iloc[[0, -1]].iterrows()
    ]


def shift_claim(shift: BudgetShift, cash: Formatter) -> Claim:
    """Return the gain of a small shift from acquisition to retention."""
    gain = with_interval(shift.gain, shift.gain_low, shift.gain_high, cash)
    said = (
        f"Moving {100 * shift.share:g}% of the budget, {rounded_money(shift.amount, cash)}, from "
        f"acquisition to retention, each line in proportion, goes with a change of customer equity "
        f"by {gain}; it pays with {probability_text(shift.probability)}, if spend in the books did "
        "not follow expected demand."
    )
    return Claim(
        statement=said, design="observational", estimate=shift.gain, low=shift.gain_low,
        high=shift.gain_high, probability=shift.probability, source=BOOKS,
    )  # fmt: skip


def allocation_heading(best: BudgetRecommendation, cash: Formatter) -> Claim:
    """Return the heading about the gain of the best allocation."""
    gain = estimate(best.gain, best.gain_low, best.gain_high, cash)
    said = f"By the response curves, reallocating the same budget gains {gain}"
    if best.s_shaped:
        said = f"Reallocating the same budget may gain {gain}, which a test has to show"
    if best.probability < CERTAIN:
        said = f"No allocation is clearly better than today's; the best one found gains {gain}"
    return Claim(
        statement=said, design="observational", estimate=best.gain, low=best.gain_low,
        high=best.gain_high, probability=best.probability, source=BOOKS,
    )  # fmt: skip


def allocation_paragraph(best: BudgetRecommendation, cash: Formatter) -> Claim:
    """Return sums by purpose, probability of a gain, regret and shadow price."""
    sums = best.by_purpose()
    moved = rounded_money(float(best.table["change"].clip(lower=0).sum()), cash)
    purposes = " and ".join(
        f"{purpose} from {rounded_money(sums['today'][purpose], cash)} to "
        f"{rounded_money(sums['best'][purpose], cash)}"
        for purpose in PURPOSES
    )
    return seen(
        f"The optimum by the curves reallocates {moved} of the budget; in total, {purposes}. "
        "Customer equity is the value of the customers acquired and retained in a year, net of "
        f"that spend; the reallocation gains with {probability_text(best.probability)}. Compared "
        "with the optimum under known response curves, the expected loss (regret) is "
        f"{rounded_money(best.regret_today, cash)} for today's allocation and "
        f"{rounded_money(best.regret, cash)} for this one. An additional {rounded_money(1, cash)} "
        f"of budget goes with {cash(best.shadow_price)} net of itself."
    )


def next_steps(
    best: BudgetRecommendation,
    fitted: pd.DataFrame,
    cash: Formatter,
    *,
    rows: int,
    design: Design = "observational",
) -> list[Claim]:
    """Return the advice, sorted by gain, with the money that each step moves.

    Parameters
    ----------
    best
        The recommended allocation.
    fitted
        The table of how well the books identify each curve.
    cash
        The format of money.
    rows
        Number of rows of the books, from which the size of the test follows.
    design
        What carries the response curves: ``"randomised"`` where spend was assigned at random.
    """
    table = best.table
    advice = [_reallocate(best, cash, rows).claim(
        design, estimate=best.gain, low=best.gain_low, high=best.gain_high, rows=rows, source=BOOKS
    )]  # fmt: skip
    if best.s_shaped:
        advice += _test_steps(best)
    elif best.probability >= CERTAIN:
        more = table[table["change"] > 0].sort_values("gain", ascending=False).iloc[:3]
        less = table[table["change"] < 0].sort_values("change").iloc[:3]
        gained, lost = more["gain"].sum(), -less["gain"].sum()
        advice += [
            seen(f"**Largest increases of the tested allocation**: {_lines(more, cash)}. By the "
                 f"curves they gain {rounded_money(gained, cash)} of customer equity."),
            seen(f"**Largest cuts of the tested allocation**: {_lines(less, cash)}. By the curves "
                 f"they cost {rounded_money(lost, cash)}."),
        ]  # fmt: skip
    at_bound = table[table["at_bound"] & (table["change"] > 0)]
    unidentified = fitted[fitted["identification"] != "identified"]
    if len(at_bound) or len(unidentified):
        lines = line_names(pd.concat([at_bound, unidentified]))
        advice.append(
            seen(f"**Test higher spend than observed so far on {lines}**, in a few places first: "
                 "the data do not show where it stops paying.")
        )  # fmt: skip
    advice.append(
        method("**Rerun this report with the next two quarters**: varied spend identifies the "
               "curves.")
    )  # fmt: skip
    return numbered(advice)


def numbered(steps: Sequence[Claim]) -> list[Claim]:
    """Return steps with their numbers."""
    return [
        replace(step, statement=f"{place}. {step.statement}",
                hint=f"{place}. {step.hint or step.statement}")
        for place, step in enumerate(steps, start=1)
    ]  # fmt: skip


def _reallocate(best: BudgetRecommendation, cash: Formatter, rows: int) -> Advice:
    """Return the reallocation as advice; the size of its test follows from its interval."""
    error = (best.gain_high - best.gain_low) / (2 * 1.96)
    size = settling_size(best.gain, error, rows)
    return Advice(
        do="Reallocate the budget",
        stop="Keep the current allocation",
        test="Test the reallocation in regions chosen at random and keep the others as they are",
        gain=f"{with_interval(best.gain, best.gain_low, best.gain_high, cash)} a year",
        probability=best.probability,
        settled_by="" if size is None else f"{count(max(size, 8))} region-periods of varied spend",
    )


def _lines(table: pd.DataFrame, cash: Formatter) -> str:
    return "; ".join(_step(line, row, cash) for line, row in table.iterrows())


def seen(statement: str) -> Claim:
    """Return a claim that the books carry: a comparison of spends that chance did not assign."""
    return Claim(statement=statement, design="observational", source=BOOKS)


def _test_steps(best: BudgetRecommendation) -> list[Claim]:
    """Return the advice where an S-shaped curve fits better: spend varied before any change."""
    lines = " and ".join(_line(line) for line in best.s_shaped)
    return [
        seen(f"**Do not let the budget follow the new split before the test**: "
             f"{s_shape_sentence(best)}"),
        method(f"**Vary spend on {lines}** in places chosen at random, below and above today's, "
               "and rerun this report: the shape of the curve is then known."),
    ]  # fmt: skip


def s_shape_sentence(best: BudgetRecommendation) -> str:
    """Return why the best split is a hint where an S-shaped curve fits better; or nothing."""
    if not best.s_shaped:
        return ""
    lines = " and ".join(_line(line) for line in best.s_shaped)
    return (
        f"the split assumes diminishing returns, but an S-shaped curve fits {lines} better, and "
        "under it another split may be the best."
    )


def _step(line: Any, row: Any, cash: Formatter) -> str:
    today, best = rounded_money(row["today"], cash), rounded_money(row["best"], cash)
    return f"{_line(line)} from {today} to {best}"


def _line(line: Any) -> str:
    return _line_name(*line)


def _line_name(segment: str, purpose: str) -> str:
    return purpose if segment == ALL else f"{segment} {purpose}"


def line_names(table: pd.DataFrame) -> str:
    """Return the names of budget lines: web acquisition, fair retention and field retention."""
    names = [_line_name(*line) for line in table.index.unique()]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _cost_text(costs: pd.DataFrame, name: str, cash: Formatter) -> str:
    return estimate(*_with_bounds(costs.loc[ALL], name), cash)


def _with_bounds(row: Any, name: str) -> tuple[float, float, float]:
    return float(row[name]), float(row[f"{name}_low"]), float(row[f"{name}_high"])


RETURNS_FORMATS = {
    "spend": "money", "people": "count", "spend_per_head": "money", "rate": "share",
    "marginal_cost": "money", "customer_value": "money", "marginal_return": "money",
    "marginal_return_low": "money", "marginal_return_high": "money",
}  # fmt: skip
VALUE_FORMATS = {
    "annual_margin": "money", "retention_rate": "share", "customer_value": "money",
    "customer_value_low": "money", "customer_value_high": "money", "acquisition_cost": "money",
    "value_to_cost": "number", "value_to_marginal_cost": "number", "payback_months": "count",
}  # fmt: skip
ALLOCATION_FORMATS = {
    "people": "count", "today": "money", "best": "money", "best_low": "money", "best_high": "money",
    "change": "money", "gain": "money", "spend_per_head_today": "money", "spend_per_head": "money",
}  # fmt: skip
SENSITIVITY_FORMATS = {
    "equity_today": "money", "equity_at_low": "money", "equity_at_high": "money", "swing": "money",
    "elasticity": "number",
}  # fmt: skip
RETENTION_FORMATS = {
    "retention_rate": "share", "customer_value": "money", "relative_gain": "share",
    "spend_today": "money", "extra_spend": "money", "required_spend": "money",
}  # fmt: skip
FIT_FORMATS = {
    "ceiling": "share", "ceiling_low": "share", "ceiling_high": "share", "steepness": "number",
    "p_value": "number", "dispersion": "number", "logit_aic_difference": "number",
}  # fmt: skip


def payback_heading(values: pd.DataFrame) -> Claim:
    """Return the heading about the payback period."""
    months = values["payback_months"]
    never = months[months == float("inf")]
    if len(never):
        where = " and ".join(map(str, never.index))
        return seen(f"In {where} a customer never pays back the acquisition cost")
    if months.min() == months.max():
        within = count_of(months.max(), "month")
        return seen(f"A customer pays back the acquisition cost within {within}")
    return seen(
        f"A customer pays back the acquisition cost within {count(months.min())} to "
        f"{count_of(months.max(), 'month')}"
    )


def payback_paragraph(values: pd.DataFrame, cash: Formatter) -> Claim:
    """Return the range of value to acquisition cost, average and marginal."""
    average = range_text(values["value_to_cost"], number)
    marginal = range_text(values["value_to_marginal_cost"], number)
    return seen(
        f"Customer value is {average} times the average acquisition cost and {marginal} times the "
        "marginal acquisition cost. Payback accounts for churn and an assumed discount rate; value "
        "is the first year's margin plus that of later years at today's margins and retention "
        "rates."
    )


def curves_heading(fitted: pd.DataFrame) -> Claim:
    """Return the heading about the number of identified response curves."""
    identified = int((fitted["identification"] == "identified").sum())
    if identified == len(fitted):
        return seen(f"The data identify all {identified} response curves, including their ceilings")
    of_all = f"{identified} of {len(fitted)}"
    return seen(f"The data identify {of_all} response curves; the others are a matter of judgement")


def curves_paragraph(fitted: pd.DataFrame) -> Claim:
    """Return the curves that fit badly or are not identified."""
    poor = fitted[fitted["p_value"] < 0.01]
    unidentified = fitted[fitted["identification"] != "identified"]
    said = ["The curves have diminishing returns, so the marginal cost exceeds the average cost."]
    if len(poor):
        said.append(
            f"The counts of {line_names(poor)} vary more than the model allows (overdispersion); "
            "their intervals are widened accordingly."
        )
    if len(unidentified):
        said.append(
            f"For {line_names(unidentified)} the data do not identify the ceiling of the curve: "
            "vary spend more, above all upwards."
        )
    return seen(" ".join(said))


def segment_with_largest_change(best: BudgetRecommendation) -> str:
    """Return the segment with the largest change of budget."""
    moved = best.table["change"].abs().groupby("segment").sum()
    return str(moved.idxmax())


def equity_points(equity: CustomerEquity) -> pd.DataFrame:
    """Return the current and the unconstrained best point for `plots.economics.equity_surface`."""
    points = {"today": equity.at(), "best": equity.optimum()}
    columns = ["acquisition_spend", "retention_spend", "customer_equity"]
    rows = [
        [name, *(getattr(point, column) for column in columns)] for name, point in points.items()
    ]
    return pd.DataFrame(rows, columns=["label", *columns])


def surface_heading(segment: str, marked: pd.DataFrame, cash: Formatter) -> Claim:
    """Return the heading about customer equity in one segment."""
    today, best = marked["customer_equity"]
    who = "A prospect" if segment == ALL else f"In {segment} a prospect"
    return seen(
        f"{who} is worth {rounded_money(today, cash)} today and would be worth "
        f"{rounded_money(best, cash)} without a budget limit"
    )


def surface_paragraph(marked: pd.DataFrame, cash: Formatter) -> Claim:
    """Return the current and the best spend in one segment, and how to read the surface."""
    won, kept = (
        [rounded_money(float(spend), cash) for spend in marked[f"{purpose}_spend"]]
        for purpose in ("acquisition", "retention")
    )
    return seen(
        f"Current spend is {won[0]} per prospect and {kept[0]} per customer and year. Without a "
        f"budget limit {won[1]} and {kept[1]} would be optimal, which may be far beyond the "
        "observed spend. At the optimum the marginal acquisition cost and the marginal retention "
        "cost both equal customer value. The surface is flat near the optimum, so small deviations "
        "cost little."
    )


def sensitivity_heading(sensitivity: pd.DataFrame) -> Claim:
    """Return the heading about the driver with the largest effect."""
    first = sensitivity.iloc[0]
    change = abs(first["equity_at_high"] / first["equity_today"] - 1)
    return method(
        f"Customer equity is most sensitive to the {sensitivity.index[0]}: a 10% increase "
        f"{'raises' if first['equity_at_high'] > first['equity_today'] else 'lowers'} it by "
        f"{share(change)}"
    )


def retention_sentence(retention: pd.DataFrame) -> Claim:
    """Return the value of five points of retention, and the segments where they pay."""
    gained = range_text(retention["relative_gain"], share)
    pays = [str(segment) for segment in retention.index[retention["pays"]]]
    where = f"According to the curves they pay in {', '.join(pays)}"
    if len(pays) in (0, len(retention)):
        where = f"According to the curves they pay in {'every' if pays else 'no'} segment"
    rest = [str(segment) for segment in retention.index[~retention["pays"]]]
    others = f" and not in {', '.join(rest)}" if pays and rest else ""
    return seen(
        f"Five percentage points more retention would raise customer value by {gained} if they "
        f"were free. {where}{others}."
    )


def claims_heading(claims: Sequence[TextbookClaim]) -> Claim:
    """Return the heading about the number of claims that hold."""
    held = sum(claim.verdict == "holds" for claim in claims)
    claimed = "claim holds" if len(claims) == 1 else "claims hold"
    said = f"{held} of {len(claims)} textbook {claimed} here"
    return counted(said, source="books and transactions", estimate=held)


def textbook_claim(claim: TextbookClaim) -> Claim:
    """Return the test of a textbook's claim: on the holdout, or from the curves of the books."""
    return _textbook(claim, f"**{claim.claim.capitalize()}: {claim.verdict}.** {claim.sentence}")


def textbook_answer(claim: TextbookClaim) -> Claim:
    """Return the test of a textbook's claim in plain text, for an answer."""
    return _textbook(claim, claim.sentence)


def claims_note(*, has_cost: bool, margin: float | None) -> list[Claim]:
    """Return what stands for profit in a log without the cost of goods; none with it."""
    if has_cost:
        return []
    if margin is None:
        return [method("The log has no cost of goods, so revenue stands for profit.")]
    return [method(f"Profit is revenue times the margin given, {share(margin)}.")]


def _textbook(claim: TextbookClaim, said: str) -> Claim:
    return Claim(
        statement=said, hint=said, design="observational", estimate=claim.estimate, low=claim.low,
        high=claim.high, no_effect=claim.threshold, withheld=said,
        source="transactions" if "holdout" in claim.measure + claim.sentence else BOOKS,
    )  # fmt: skip


def trust_paragraph(
    position: SpendingPosition, fitted: pd.DataFrame, margins: pd.DataFrame | object
) -> Claim:
    """Return the tests of the curves and the basis of the margins."""
    worse = int((fitted["logit_aic_difference"] > 2).sum())
    fine = int((fitted["p_value"] >= 0.05).sum())
    said = (
        f"{fine} of {len(fitted)} curves pass a goodness-of-fit test at 5%, and {worse} fit better "
        "than an S-shaped alternative in which customers stay without any spend. "
    )
    if isinstance(margins, pd.DataFrame):
        one = list(margins.index) == [ALL]
        used = margins.loc[[ALL] if one else position.segments, "customers"].astype(float)
        each = f", between {count(used.min())} and {count(used.max())} per segment"
        said += (
            f"Margins are those of {count(used.sum())} customers' first years"
            f"{', the same for every segment' if one else each}; every interval here includes "
            "their uncertainty. "
        )
    return seen(
        said
        + (
            "No spend outside the observed range is recommended: where the optimum is at the "
            "lowest or highest observed spend (at_bound in its table), the true optimum may lie "
            "beyond."
        )
    )


def memory_paragraph(position: SpendingPosition) -> Claim:
    """Return on how many lines trend, season or carry-over matter, and that results contain it."""
    chances = {line: memory.probability for line, memory in position.memories.items()}
    likely = [line for line, chance in chances.items() if chance > 0.5]
    contained = (
        "Marginal costs, the best split and the probability that moving money pays contain this "
        "chance."
    )
    if not likely:
        return seen(
            "No curve needs a trend, a season or carry-over of earlier spend beside it; the "
            f"largest probability that one does is {share(max(chances.values()))}. {contained}"
        )
    names = ", ".join(_line_name(*line) for line in likely)
    return seen(
        f"On {len(likely)} of {len(chances)} lines ({names}) trend, season or carry-over of "
        "earlier spend explain part of what looks like a response, and their curves were corrected "
        f"for it. {contained}"
    )


def limits_paragraph(position: SpendingPosition) -> Claim:
    """Return the assumptions and limits of the model."""
    per = {"year": "of a year"}.get(position.period.name, f"per {position.period.name}, compounded")
    return method(
        f"The model assumes {position.payment}, an assumed discount rate of "
        f"{share(position.annual_discount_rate)}, one margin and one retention rate ({per}) per "
        "segment for all years, and customers whose quality does not depend on the spend on "
        "acquiring them. It assumes that spend varied independently of the quality of the "
        "period's prospects; if more was spent on better prospects, the curves are too steep, and "
        "only spend that is raised and lowered at random would show it. A single rate for "
        "heterogeneous customers undervalues those with a long tenure."
    )
