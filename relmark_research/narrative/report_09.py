"""The text of report 09, campaigns: profit by arm, whom to address, the funnel, satisfaction.

Each function takes results and returns claims. What a campaign brought is said in words that its
design carries: a difference between groups that chance did not form is never its effect.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from relmark_research.evidence import CERTAIN, Claim, Design, method
from relmark_research.formats import (
    Formatter,
    count,
    formatter,
    listing,
    number,
    share,
    with_interval,
)
from relmark_research.narrative.wording import probability_text
from relmark_research.relationships.campaigns.campaign_table import CampaignTable
from relmark_research.relationships.campaigns.qini import QiniCurve

Kind = Literal["profit", "revenue", "responses"]
Ends = tuple[float, float, float]

_MOST_STEPS = 4  # arms of one verdict in the advice
_IMBALANCE = 0.001  # adjusted p-value below which arms were not alike before the campaign

CLASS_FORMATS = dict.fromkeys(
    ["share", "score", "uplift", "uplift_low", "uplift_high", "probability_profitable"], "share"
) | dict.fromkeys(["profit", "profit_low", "profit_high"], "money")
"""Display format of the columns of `uplift_by_score`."""


@dataclass(frozen=True)
class Basis:
    """What carries the statements about campaigns.

    Attributes
    ----------
    design
        ``"randomised"`` or ``"observational"``.
    kind
        What is measured: profit, revenue (no margin is known) or responses (no value is known).
    currency
        Code of the currency.
    terms
        What is assumed, such as ``", at an assumed margin of 30.0%"``; empty if nothing is.
    several
        Whether there are several campaigns.
    caveat
        Why the groups cannot be compared like those of an experiment; empty if they can.
    """

    design: Design
    kind: Kind
    currency: str
    terms: str = ""
    several: bool = False
    caveat: str = ""

    @property
    def money(self) -> Formatter:
        """The formatter of what is measured."""
        return number if self.kind == "responses" else formatter(self.currency)

    @property
    def measure(self) -> str:
        """The column of `campaign_uplift` that is measured."""
        return "incremental_profit" if self.kind == "profit" else "incremental_value"

    @property
    def is_randomised(self) -> bool:
        """Whether chance decided who was addressed."""
        return self.design == "randomised"

    def name(self, row: Mapping[Any, Any] | pd.Series) -> str:
        """Return the name of an arm, with its campaign if there are several."""
        return f"{row['campaign_id']} by {row['arm']}" if self.several else str(row["arm"])


def basis(
    table: CampaignTable,
    balance: pd.DataFrame,
    *,
    randomised: bool,
    margin: float | pd.Series | None,
    contact_cost: float | Mapping[str, float] | None,
    response_value: float | None,
    currency: str,
) -> Basis:
    """Return what carries the statements: an experiment whose arms were alike, or less.

    Parameters
    ----------
    table, balance
        The campaigns, and the result of `campaign_balance`.
    randomised
        Whether chance decided who was addressed, as the firm says.
    margin
        Measured margins by customer, an assumed one as a number, or None.
    contact_cost, response_value
        As for `read_campaigns`.
    currency
        Code of the currency.
    """
    money, terms = formatter(currency), []
    kind: Kind = "responses" if not table.has_value else "revenue" if margin is None else "profit"
    if kind == "profit" and isinstance(margin, (int, float)):
        terms.append(f"an assumed margin of {100 * margin:g}%")
    if kind == "profit" and table.cost_from == "assumed":
        one = isinstance(contact_cost, (int, float))
        terms.append(f"an assumed cost of {money(contact_cost)} a contact" if one
                     else "assumed costs of a contact")  # fmt: skip
    if kind != "responses" and response_value is not None:
        terms.append(f"an assumed value of {money(response_value)} a response")
    said = f", at {listing(terms)}" if terms else ""
    if kind == "profit" and table.cost_from == "none":
        said += ", without the cost of contacts"
    caveat = "" if is_balanced(balance) else "the arms were not alike before the campaigns"
    caveat = caveat if randomised else "chance did not decide who was addressed"
    several = len(set(table.frame["campaign_id"])) > 1
    return Basis("observational" if caveat else "randomised", kind, currency, said, several, caveat)


def is_balanced(balance: pd.DataFrame) -> bool:
    """Return whether the arms were alike before the campaigns, in all covariates together."""
    if balance.empty:
        return True
    return bool(balance["p_value"].fillna(1.0).min() * len(balance) >= _IMBALANCE)


def anyway_share(uplift: pd.DataFrame) -> float:
    """Return the share of the responses that the control groups show too; missing without any."""
    responses = float((uplift["response"] * uplift["customers"]).sum())
    expected = float((uplift["control_response"] * uplift["customers"]).sum())
    return expected / responses if responses else float("nan")


def answer(total: Ends, advice: pd.DataFrame, terms: Basis) -> list[Claim]:
    """Return the answer: what the campaigns brought, and how many arms pay."""
    found = _ranged(total, terms.money)
    noun = terms.kind
    if not terms.is_randomised:
        statement = (
            f"The customers addressed brought {found} more {noun} than as many of the others"
            f"{terms.terms}."
        )
        caution = f"This does not measure the campaigns, as {terms.caveat}."
        return [_compared(statement, total, terms, hint=statement), _observed(caution)]
    amount = _ranged(total, terms.money)
    if terms.kind == "profit":
        verb = "gained" if total[0] >= 0 else "lost"
        amount = (
            amount if total[0] >= 0 else _ranged((-total[0], -total[2], -total[1]), terms.money)
        )
        statement = f"The campaigns {verb} {amount} after their cost{terms.terms}."
        hint = f"Whether the campaigns pay is not certain: profit {found}{terms.terms}."
    else:
        statement = f"The campaigns brought {amount} of additional {noun}{terms.terms}."
        hint = f"The campaigns are not shown to bring more {noun}: {found}{terms.terms}."
    said = [_compared(statement, total, terms, hint=hint)]
    return said if terms.kind != "profit" else [*said, _verdicts(advice, terms)]


def no_answer() -> Claim:
    """Return the answer where no table holds a campaign, prospects or answers."""
    return method(
        "These tables hold no campaign, no prospects and no answers of customers: this report "
        "measures nothing here."
    )


def no_step() -> Claim:
    """Return the advice where nothing was measured."""
    return method("Run a campaign with a control group chosen at random, and record who was in it.")


def total_label(terms: Basis) -> tuple[str, str]:
    """Return the name of the key figure of all campaigns, and what it means."""
    what = {"profit": "Profit", "revenue": "Revenue", "responses": "Responses"}[terms.kind]
    if terms.is_randomised:
        meaning = f"against the control groups{terms.terms}"
        return f"{what} that the campaigns added", meaning
    return f"{what} of customers addressed", f"above that of as many others{terms.terms}"


def control_response(uplift: pd.DataFrame) -> float:
    """Return the mean response of the control groups, kept off 0 and 1 for a sample size."""
    return float(np.clip(uplift["control_response"].mean(), 0.001, 0.95))


def arms_heading(uplift: pd.DataFrame, advice: pd.DataFrame, terms: Basis) -> Claim:
    """Return the heading about the arms: how many pay, lose, or are undecided."""
    if terms.is_randomised and terms.kind == "profit":
        return _verdicts(advice, terms, stop="")
    clear = int((uplift[f"{terms.measure}_low"] > 0).sum())
    than = "the control group" if terms.is_randomised else "customers who were not addressed"
    said = (
        f"{count(clear)} of {count(len(uplift))} arms had clearly more {_noun(terms)} than {than}"
    )
    return Claim(statement=said, design="counted", rows=len(uplift))


def arm_paragraph(row: pd.Series, terms: Basis) -> list[Claim]:
    """Return the response of one arm, that of its control group, and the difference."""
    ends = _ends(row, "uplift")
    rates = (
        f"Of those addressed in {terms.name(row)}, {share(row['response'])} responded; of the "
        f"control group, {share(row['control_response'])}."
    )
    difference = f"{_points(ends)} percentage points"
    statement = f"The difference is {difference}."
    said = [
        Claim(statement=rates, design="counted", rows=int(row["customers"])),
        Claim(
            statement=statement,
            design=terms.design,
            estimate=ends[0],
            low=ends[1],
            high=ends[2],
            no_effect=0,
            hint=f"No difference is shown: {difference}.",
        ),
    ]
    if row.get("variance_reduction", 0) > 0.005:
        removed = share(row["variance_reduction"])
        said.append(
            method(f"Adjustment for figures from before removed {removed} of the variance.")
        )
    return said


def advice_steps(uplift: pd.DataFrame, advice: pd.DataFrame, terms: Basis) -> list[Claim]:
    """Return the advice on each arm, by verdict: repeat, do not repeat, test."""
    table = uplift.reset_index(drop=True)
    rows = [table.loc[i].to_dict() | advice.loc[i].to_dict() for i in range(len(table))]
    if not terms.is_randomised:
        rows.sort(key=lambda row: -float(row[terms.measure]) * float(row["customers"]))
        return [_test_with_control(row, terms) for row in rows[:_MOST_STEPS]]
    if terms.kind != "profit":
        return [_break_even(row, terms) for row in rows[:_MOST_STEPS]]
    steps = []
    for verdict, say in (("do", _repeat), ("stop", _stop), ("test", _test)):
        own = [row for row in rows if row["verdict"] == verdict]
        own.sort(key=lambda row: -abs(row["gain"]) if verdict != "test" else -row["gain"])
        steps += [say(row, terms) for row in own[:_MOST_STEPS]]
    return steps


def subgroups_heading(groups: pd.DataFrame, terms: Basis, *, level: float = 0.95) -> Claim:
    """Return the heading about the group whose effect differs most from that of all others."""
    top = groups.iloc[0]
    more = "larger" if top["difference"] > 0 else "smaller"
    subject = f"The effect of {terms.name(top)}" if terms.is_randomised else (
        f"The difference between those addressed in {terms.name(top)} and others")  # fmt: skip
    statement = (
        f"{subject} is {more} for customers with {_group(top)}: "
        f"{_point(top['effect'])} points of response, {_point(top['rest_effect'])} for all others"
    )
    tests = count(comparisons(groups))
    hint = f"No group of customers responds differently beyond chance ({tests} comparisons)"
    return _of_group(top, statement, hint, terms, level)


def subgroups_paragraph(groups: pd.DataFrame, terms: Basis, *, level: float = 0.95) -> list[Claim]:
    """Return, for each arm, the group that differs most, with corrected intervals."""
    said: list[Claim] = []
    for _, own in groups.groupby(["campaign_id", "arm"], sort=False):
        if len(said) == _MOST_STEPS:
            break
        top, tests = own.iloc[0], count(comparisons(groups))
        ends = (float(top["effect"]), float(top["low"]), float(top["high"]))
        others = _points(_ends(top, "rest_effect"))
        apart = (
            float(top["difference"]),
            float(top["difference_simultaneous_low"]),
            float(top["difference_simultaneous_high"]),
        )
        where = f"customers with {_group(top)}"
        statement = (
            f"{terms.name(top)}: {_points(ends)} points of response among {where}, "
            f"{others} among all others. The difference is {_points(apart)} "
            f"points, corrected for {tests} comparisons."
        )
        hint = (
            f"{terms.name(top)}: no group differs beyond chance. The largest difference is that of "
            f"{where}: {_points(apart)} points, corrected for {tests} comparisons."
        )
        said.append(_of_group(top, statement, hint, terms, level))
    return said


def groups_of_top_arm(groups: pd.DataFrame) -> pd.DataFrame:
    """Return the groups of the arm that has the clearest difference."""
    top = groups.iloc[0]
    is_own = (groups["arm"] == top["arm"]) & (groups["campaign_id"] == top["campaign_id"])
    return groups[is_own]


def comparisons(groups: pd.DataFrame) -> int:
    """Return how many differences were looked at: one for two groups, otherwise one a group."""
    sizes = groups.groupby(["campaign_id", "arm", "covariate"]).size()
    return int(sizes.where(sizes > 2, 1).sum())


def targeting_heading(curve: QiniCurve, arm: str, terms: Basis) -> Claim:
    """Return the heading about choosing customers by their score."""
    better = f"Choosing customers for {arm} by their score beats choosing at random"
    return Claim(
        statement=better,
        hint=f"Choosing customers for {arm} by their score is not shown to beat choosing at random",
        design=terms.design,
        estimate=curve.coefficient,
        low=curve.coefficient_low,
        high=curve.coefficient_high,
        no_effect=0,
    )


def targeting_paragraph(
    classes: pd.DataFrame, curve: QiniCurve, names: tuple[str, ...], terms: Basis
) -> list[Claim]:
    """Return how the score is made, and what its highest class shows."""
    made = method(
        f"The score is the expected uplift by {listing([_plain(name) for name in names])}. Each "
        "customer is scored by the outcomes of other customers only."
    )
    if len(classes) < 2:
        return [made, _counted("All scores are alike: these columns do not tell customers apart.")]
    said = [_class_sentence(row, terms) for _, row in classes.iloc[[0, -1]].iterrows()]
    redraws = share(curve.probability_positive)
    return [made, *said, _counted(f"The choice beat chance in {redraws} of the bootstrap samples.")]


def targeting_step(classes: pd.DataFrame, curve: QiniCurve, arm: str, terms: Basis) -> Claim:
    """Return whom to address with an arm: the classes that surely pay, or no choice."""
    if not terms.is_randomised:
        return method(
            "**Measure before choosing whom to address**: leave out a control group at random."
        )
    worth = curve.coefficient_low > 0
    if not worth:
        return _counted(
            f"**Do not choose among customers for {arm}** by these columns: address all or none."
        )
    if terms.kind != "profit":
        return _counted(
            f"**Address the customers with the highest score for {arm} first**, and leave out a "
            "tenth of them at random as a control group."
        )
    chance = classes["probability_profitable"]
    pays, loses = classes[chance >= CERTAIN], classes[chance <= 1 - CERTAIN]
    if pays.empty:
        return _counted(
            f"**Test {arm} on the customers with the highest score**: no class of customers pays "
            f"with a probability of 95%{terms.terms}."
        )
    part, lost = share(pays["share"].sum()), share(loses["share"].sum())
    rest = share(1 - pays["share"].sum() - loses["share"].sum())
    low = _ranged(_ends(pays.iloc[-1], "profit"), terms.money)
    return Claim(
        statement=f"**Address first the {part} of customers in the classes that pay** with {arm}: "
        f"the last of these classes gains {low} per customer{terms.terms}. For {rest} of customers "
        f"it is undecided whether they pay, and {lost} lose money: leave these out.",
        design="randomised",
        rows=int(pays["customers"].sum()),
    )


def balance_paragraph(balance: pd.DataFrame, *, randomised: bool) -> list[Claim]:
    """Return whether the arms were alike before the campaigns."""
    if balance.empty:
        return [method("No figure from before the campaigns is known to test the balance of arms.")]
    largest = balance["standardised_difference"].abs().max()
    alike = "alike" if is_balanced(balance) else "not alike"
    claims = [
        _counted(
            f"The arms were {alike} before the campaigns: the largest difference is "
            f"{largest:.2f} standard deviations."
        )
    ]
    if randomised:
        claims.append(method("Customers are analysed in the group they were assigned to."))
    if not randomised or not is_balanced(balance):
        claims.append(_observed("Differences between the groups may have been there before."))
    return claims


def sources_paragraph(table: CampaignTable) -> list[Claim]:
    """Return what the table of campaigns lacks, and the campaigns left out."""
    said = []
    if not table.has_customers:
        said.append("The campaigns name no customers, so each row counts as another customer.")
    if "date" not in table.frame:
        said.append("They have no dates, so all of them are used, whatever the last day is.")
    if table.without_control:
        names = listing(table.without_control[:4])
        said.append(f"Left out, without a control group or without another arm: {names}.")
    said.append("What worked in these campaigns need not work in another.")
    return [method(sentence) for sentence in said]


def detectable_paragraph(size: float | None) -> Claim:
    """Return the size of a test that shows three percentage points of uplift."""
    if size is None:
        return method("A larger test shows smaller differences; choose its size before it starts.")
    return method(
        f"To show an uplift of three percentage points takes {count(size)} customers in each of "
        "two groups. A smaller test may miss it."
    )


def _verdicts(advice: pd.DataFrame, terms: Basis, *, stop: str = ".") -> Claim:
    counts = advice["verdict"].value_counts()
    n = {name: int(counts.get(name, 0)) for name in ("do", "stop", "test")}
    sure = "with a probability of 95% or more"
    if len(advice) == 1:
        name, verdict = terms.name(advice.iloc[0]), str(advice["verdict"].iloc[0])
        verb = {"do": "pays", "stop": "loses money"}.get(verdict)
        said = f"{name} {verb} {sure}" if verb else f"Whether {name} pays is undecided"
    elif n["do"] + n["stop"] == 0:
        said = f"None of the {count(len(advice))} arms surely pays, and none surely loses money"
    else:
        pays, loses = ("pays" if n["do"] == 1 else "pay"), ("loses" if n["stop"] == 1 else "lose")
        said = f"{count(n['do'])} of {count(len(advice))} arms {pays}"
        said += f" and {count(n['stop'])} {loses} money" if n["stop"] else ""
        said += f", {sure}"
        open_ = "is" if n["test"] == 1 else "are"
        said += f"; {count(n['test'])} {open_} undecided" if n["test"] else ""
    return Claim(statement=said + stop, design=terms.design, rows=len(advice))


def _repeat(row: Mapping[Any, Any], terms: Basis) -> Claim:
    loss = probability_text(float(row["probability_of_loss"]))
    return _gain(f"**Repeat {terms.name(row)}**: it gains {{gain}} per customer addressed"
                 f"{terms.terms}; {loss} of a loss.", row, terms)  # fmt: skip


def _stop(row: Mapping[Any, Any], terms: Basis) -> Claim:
    gain = probability_text(float(row["probability_of_gain"]))
    return _gain(f"**Do not repeat {terms.name(row)}** in this form: profit {{gain}} per customer "
                 f"addressed{terms.terms}; {gain} of a gain.", row, terms)  # fmt: skip


def _test(row: Mapping[Any, Any], terms: Basis) -> Claim:
    name, size = terms.name(row), float(row["test_per_group"])
    if not row["enough"]:
        few = f"{count(row['responses'])} responses"
        return _gain(f"**Test {name} again, with more customers**: {few} and profits that hardly "
                     "vary do not carry a verdict. Expected profit {gain} per customer"
                     f"{terms.terms}.", row, terms)  # fmt: skip
    chance = probability_text(float(row["probability_of_loss"]))
    settles = (
        "no test of a practical size would settle a gain of this size"
        if np.isnan(size)
        else f"a test with two groups of {count(size)} customers would settle a gain of this size"
    )
    return _gain(f"**Test {name} again before deciding**: expected profit {{gain}} per customer "
                 f"addressed{terms.terms}, {chance} of a loss; {settles}.", row, terms)  # fmt: skip


def _gain(sentence: str, row: Mapping[Any, Any], terms: Basis) -> Claim:
    ends = _ends(row, "gain")
    return Claim(
        statement=sentence.replace("{gain}", _ranged(ends, terms.money)),
        design=terms.design,
        estimate=ends[0],
        low=ends[1],
        high=ends[2],
        probability=float(row["probability_of_gain"]) if row["enough"] else None,
        rows=int(row["customers"]),
    )


def _break_even(row: Mapping[Any, Any], terms: Basis) -> Claim:
    """Return the margin, or the value of a response, from which an arm pays."""
    name, cost = terms.name(row), float(row["cost"])
    ends = _ends(row, "incremental_value")
    brought = f"{_ranged(ends, terms.money)} of {_noun(terms)} per customer addressed"
    if ends[1] <= 0:
        said = f"**Test {name} again before deciding**: {brought}, which may be nothing."
    elif cost <= 0:
        said = f"**Compare {name} with its cost**, which is not known here: {brought}."
    elif terms.kind == "revenue":
        said = f"**Repeat {name} at margins above {share(cost / ends[1])}**: {brought}."
    else:
        bar = formatter(terms.currency)(cost / ends[1])
        said = f"**Repeat {name} if a response is worth more than {bar}**: {brought}."
    return Claim(
        statement=said, design=terms.design, estimate=ends[0], low=ends[1], high=ends[2],
        rows=int(row["customers"]),
    )  # fmt: skip


def _test_with_control(row: Mapping[Any, Any], terms: Basis) -> Claim:
    ends = _ends(row, terms.measure)
    size = float(row["test_per_group"])
    how = "" if np.isnan(size) else f" of {count(size)} customers"
    return _compared(
        f"**Test {terms.name(row)} with a random control group{how}**: those addressed had "
        f"{_ranged(ends, terms.money)} more {_noun(terms)} than the others{terms.terms}, and "
        f"{terms.caveat}.",
        ends,
        terms,
    )


def _class_sentence(row: pd.Series, terms: Basis) -> Claim:
    which = "highest" if row["class"] == 1 else "lowest"
    ends = _ends(row, "uplift")
    profit = ""
    if terms.kind == "profit":
        amount = _ranged(_ends(row, "profit"), terms.money)
        profit = f", profit {amount} per customer{terms.terms}"
    who = "uplift" if terms.is_randomised else "difference to the others"
    return Claim(
        statement=f"The {share(row['share'])} of customers with the {which} score: {who} "
        f"{_points(ends)} points{profit}.",
        design=terms.design,
        estimate=ends[0],
        low=ends[1],
        high=ends[2],
        rows=int(row["customers"]),
    )


def _of_group(top: pd.Series, statement: str, hint: str, terms: Basis, level: float) -> Claim:
    return Claim(
        statement=statement,
        hint=hint,
        design=terms.design,
        estimate=float(top["difference"]),
        low=float(top["difference_simultaneous_low"]),
        high=float(top["difference_simultaneous_high"]),
        level=level,
        no_effect=0,
        rows=int(top["customers"]),
    )


def _compared(statement: str, ends: Ends, terms: Basis, *, hint: str = "") -> Claim:
    return Claim(
        statement=statement, hint=hint, design=terms.design, estimate=ends[0], low=ends[1],
        high=ends[2], no_effect=0,
    )  # fmt: skip


def _ends(row: Mapping[Any, Any] | pd.Series, name: str) -> Ends:
    """Return an estimate of a row with the ends of its interval."""
    return float(row[name]), float(row[f"{name}_low"]), float(row[f"{name}_high"])


def _ranged(ends: Ends, form: Formatter) -> str:
    return with_interval(ends[0], ends[1], ends[2], form)


def _counted(statement: str) -> Claim:
    return Claim(statement=statement, design="counted")


def _observed(statement: str) -> Claim:
    return Claim(statement=statement, design="observational")


def _group(row: pd.Series) -> str:
    """Return a group in words: "womens = 1", "history above 326"."""
    group = str(row["group"])
    is_class = group.startswith(("up to ", "above ")) or " to " in group
    return f"{row['covariate']} {group}" if is_class else f"{row['covariate']} = {group}"


def _noun(terms: Basis) -> str:
    return {"profit": "profit", "revenue": "revenue", "responses": "responses"}[terms.kind]


def _points(ends: Ends) -> str:
    return with_interval(100 * ends[0], 100 * ends[1], 100 * ends[2], number)


def _point(value: float) -> str:
    return f"{100 * value:.1f}".replace("-", "−")


def _plain(name: object) -> str:
    return str(name).replace("_", " ")
