"""The text of report 02, differentiation: segments, their holdout, and what letters added."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from relmark_research.customers.describe.survival_curve import RetentionCurve, retention_curve
from relmark_research.customers.log.customer_summary import Split
from relmark_research.customers.log.left_truncation import LeftTruncation
from relmark_research.customers.log.transactions import TransactionLog
from relmark_research.errors import DataError
from relmark_research.evidence import Claim, Stated, advice_verdict, method
from relmark_research.formats import Formatter, count, number, share, with_interval
from relmark_research.narrative.wording import probability_text
from relmark_research.relationships.campaigns.mailing_response import size_of_test
from relmark_research.stats.intervals import normal_quantile, wilson_interval
from relmark_research.units import Horizon, TimeUnit

_FEWEST = 30  # customers of a segment, or of a log, that a comparison needs
_LENGTHS = (180, 90, 60, 30)  # days for the second purchase, the longest that the log covers
_UNBALANCED = 0.001  # p-value below which arms are not taken as assigned at random


def extremes(behaviour: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the segments with the highest and the lowest share of buyers in the holdout.

    Segments of fewer than 30 customers are left aside where two others are left.
    """
    large = behaviour[behaviour["customers"] >= _FEWEST]
    among = large if len(large) > 1 else behaviour
    bought = among["bought"].to_numpy(float)
    return among.iloc[int(bought.argmax())], among.iloc[int(bought.argmin())]


def answer(
    behaviour: pd.DataFrame | None, scores: pd.DataFrame, *, days: float, bins: int
) -> list[Claim]:
    """Return the answer: the segment that bought most in the holdout, or the counts alone.

    The best segment is named only where the holdout shows that it differs from the worst.
    """
    total = len(scores)
    if behaviour is None:
        both = int(_best_of_both(scores, bins).sum())
        said = f"{count(both)} of {count(total)} customers buy both lately and often."
        return [Claim(statement=said, design="counted", rows=total, source="transactions")]
    differ = segments_heading(behaviour).verdict == "finding"
    return [_best_segment(behaviour, total, days) if differ else _all_segments(behaviour, days)]


def bought_again(behaviour: pd.DataFrame) -> tuple[float, float, float]:
    """Return the share of all customers who bought in the holdout, with its interval."""
    n = int(behaviour["customers"].sum())
    bought = round(float((behaviour["bought"] * behaviour["customers"]).sum()))
    low, high = wilson_interval(bought, n)
    return bought / n, float(low), float(high)


def _best_segment(behaviour: pd.DataFrame, total: int, days: float) -> Claim:
    best = extremes(behaviour)[0]
    low, high = float(best["bought_low"]), float(best["bought_high"])
    bought = with_interval(best["bought"], low, high, share)
    valued = pd.notna(best.get("value_share"))
    brought = f", and brought {share(best['value_share'])} of all the value" if valued else ""
    return Claim(
        statement=f"Of the segment {best['segment']}, {share(best['share'])} of {count(total)} "
        f"customers, {bought} bought in the {count(days)} days after they were scored{brought}.",
        design="counted", estimate=float(best["bought"]), low=low, high=high, holdout=True,
        rows=total, source="transactions",
    )  # fmt: skip


def _all_segments(behaviour: pd.DataFrame, days: float) -> Claim:
    value, low, high = bought_again(behaviour)
    total = int(behaviour["customers"].sum())
    return Claim(
        statement=f"{with_interval(value, low, high, share)} of {count(total)} customers bought "
        f"in the {count(days)} days after they were scored. The segments are not shown to differ.",
        design="counted", estimate=value, low=low, high=high, holdout=True, rows=total,
        fewest=_FEWEST, source="transactions",
        withheld=f"Too few customers to compare segments: {count(total)}.",
    )  # fmt: skip


def scores_heading(scores: pd.DataFrame, bins: int) -> Claim:
    """Return the heading about the scores: the customers with the highest R and F."""
    both = int(_best_of_both(scores, bins).sum())
    said = f"{count(both)} of {count(len(scores))} customers buy both lately and often"
    return Claim(statement=said, design="counted", rows=len(scores), source="transactions")


def scores_paragraph(words: str) -> list[Claim]:
    """Return the description of the scores, and what a score is."""
    return [
        Claim(statement=words, design="counted", source="transactions"),
        method(
            "A score compares a customer with the others: equal figures have equal scores, so "
            "that cells are not of equal size."
        ),
    ]


def _best_of_both(scores: pd.DataFrame, bins: int) -> pd.Series:
    return (scores["R"] == bins) & (scores["F"] == bins)


def segments_heading(behaviour: pd.DataFrame) -> Claim:
    """Return the heading about segments: the difference of the best and the worst in the holdout.

    The interval of the difference is Newcombe's, at a level that holds for every pair of segments.
    """
    best, worst = extremes(behaviour)
    pairs = max(len(behaviour) * (len(behaviour) - 1) / 2, 1)
    level = 1 - 0.05 / pairs
    gap, low, high = _difference(best, worst, level)
    a, b = share(best["bought"]), share(worst["bought"])
    few = int(min(best["customers"], worst["customers"]))
    return Claim(
        statement=f"{a} of the segment {best['segment']} bought again, against {b} of the segment "
        f"{worst['segment']}",
        hint=f"The segments are not shown to differ: {a} of {best['segment']} and {b} of "
        f"{worst['segment']} bought again",
        withheld="The segments have too few customers for a comparison",
        design="counted", estimate=gap, low=low, high=high, level=level, no_effect=0.0,
        holdout=True, rows=few, fewest=_FEWEST, source="transactions",
    )  # fmt: skip


def _difference(one: pd.Series, other: pd.Series, level: float) -> tuple[float, float, float]:
    """Return the difference of two shares with Newcombe's interval."""
    ends = []
    for row in (one, other):
        n = float(row["customers"])
        low, high = wilson_interval(round(float(row["bought"]) * n), n, level)
        ends.append((float(row["bought"]), float(low), float(high)))
    (a, a_low, a_high), (b, b_low, b_high) = ends
    below, above = math.hypot(a - a_low, b_high - b), math.hypot(a_high - a, b - b_low)
    return a - b, a - b - below, a - b + above


def segments_paragraph(words: str, split: Split) -> list[Claim]:
    """Return how segments were judged, and the description of their shares."""
    until = split.calibration.observed_until
    return [
        method(
            f"Segments were named by counts of the purchases until {until}, and judged by the "
            f"{count(split.length)} days after it."
        ),
        Claim(statement=words, design="counted", holdout=True, source="transactions"),
    ]


def counted_segments(segments: pd.DataFrame) -> pd.DataFrame:
    """Return the customers of each segment and their share, for a log without a holdout."""
    sizes = segments["segment"].value_counts(sort=False)
    sizes = sizes[sizes > 0]
    table = pd.DataFrame({"segment": sizes.index.astype(str), "customers": sizes.to_numpy()})
    return table.assign(share=table["customers"] / table["customers"].sum())


def concentration_claims(curve: pd.DataFrame, words: str) -> tuple[Claim, Claim]:
    """Return heading and paragraph about the concentration of value."""
    top = float(np.interp(0.2, curve["customers_share"], curve["value_share"]))
    said = f"The best fifth of the customers had brought {share(top)} of the value"
    return (
        Claim(statement=said, design="counted", estimate=top, source="transactions"),
        Claim(statement=words, design="counted", source="transactions"),
    )


def second_purchase(log: TransactionLog) -> tuple[RetentionCurve, RetentionCurve, int]:
    """Return the curves to the second purchase by cohort and of all, and their length in days.

    The length is the longest of 180, 90, 60 and 30 days that the follow-up of the log covers.

    Raises
    ------
    DataError
        The log covers fewer than 30 days.
    """
    length = (log.observed_until - log.observed_from).days
    days = next((each for each in _LENGTHS if each <= length), None)
    if days is None:
        raise DataError(f"the second purchase needs a log of 30 days; this one has {length + 1}.")
    everyone = retention_curve(log, within=f"{days} days")
    if not int(everyone.table["events"].sum() if len(everyone.table) else 0):
        raise DataError(f"no customer bought a second time within {days} days.")
    return retention_curve(log, by="cohort", within=f"{days} days"), everyone, days


def second_purchase_heading(everyone: RetentionCurve, days: int) -> Claim:
    """Return the heading: the share that bought a second time within the follow-up."""
    row = everyone.bought_again(days).iloc[0]
    value, low, high = (float(row[name]) for name in ("share", "low", "high"))
    return Claim(
        statement=f"{with_interval(value, low, high, share)} buy a second time within {days} days",
        withheld=f"How many buy a second time within {days} days is not known: no customer was "
        "followed so long",
        design="counted", estimate=value, low=_known(low), high=_known(high),
        rows=int(row["customers"]), source="transactions",
    )  # fmt: skip


def second_purchase_paragraph(
    words: str, p_value: float, truncation: LeftTruncation
) -> list[Claim]:
    """Return the description of the curves, whether cohorts differ, and left truncation."""
    claims = [Claim(statement=words, design="counted", source="transactions")]
    if math.isfinite(p_value):
        p = "p below 0.001" if p_value < 0.001 else f"p = {number(p_value)}"
        differ = "differ" if p_value < 0.05 else "are not shown to differ"
        claims.append(Claim(statement=f"The cohorts {differ} (log-rank test, {p}).",
                            design="counted", source="transactions"))  # fmt: skip
    if truncation.detected:
        claims.append(Claim(
            statement=f"{truncation.words} What is counted as the second purchase of these "
            "customers is often a later one, so the curve of the first cohort is too high.",
            design="counted", source="transactions",
        ))  # fmt: skip
    return claims


def base_response(
    log: TransactionLog, split: Split, window: str
) -> tuple[float, float, float, int]:
    """Return the share of customers who bought in a window after the split, with its interval.

    Returns
    -------
    tuple
        Share, low, high (95%, Wilson), and the length of the window in days: the holdout's where
        that is shorter.
    """
    days = int(min(Horizon.parse(window).length(TimeUnit("day")), split.length))
    start = split.calibration.observed_until
    end = pd.Timestamp(str(start)) + pd.Timedelta(days=days)
    holdout = log.until(end.date()).split(at=start, unit="day").holdout
    bought = int((holdout["purchases"] > 0).sum())
    low, high = wilson_interval(bought, len(holdout))
    return bought / len(holdout), float(low), float(high), days


def mailing_without_response(
    prices: tuple[float, float], base: tuple[float, float, float, int] | None, customers: int,
    cash: Formatter,
) -> list[Claim]:  # fmt: skip
    """Return what a letter must add, and the experiment that would show it: no advice to mail.

    Parameters
    ----------
    prices
        Assumed cost per contact and contribution per response, money.
    base
        The result of `base_response`; None without a holdout.
    customers
        Number of customers.
    cash
        Format of money.
    """
    cost, contribution = prices
    even = cost / contribution
    claims = [
        method(
            "No letter is on record here, so nothing is known of what a letter adds. Purchases in "
            "the holdout came without one and are no response."
        ),
        _break_even(cost, contribution, cash),
    ]
    if base is None or even >= 1:
        return claims
    rate, low, high, days = base
    claims.append(Claim(
        statement=f"In the {count(days)} days after they were scored, "
        f"{with_interval(rate, low, high, share)} of the customers bought, with or without a "
        "letter.",
        design="counted", estimate=rate, low=low, high=high, rows=customers, source="transactions",
    ))  # fmt: skip
    return [*claims, _experiment(rate, even, customers)]


def _break_even(cost: float, contribution: float, cash: Formatter) -> Claim:
    even = cost / contribution
    said = (
        f"A letter at an assumed cost of {cash(cost)}, with an assumed contribution of "
        f"{cash(contribution)} per response, pays for itself where it adds "
        f"{share(even)} of the customers as responses."
        if even < 1
        else f"At an assumed cost of {cash(cost)} and an assumed contribution of "
        f"{cash(contribution)} per response no response rate can pay for a letter."
    )
    return Claim(statement=said, design="assumed", estimate=even,
                 assumptions=("cost per contact", "contribution per response"))  # fmt: skip


def _experiment(rate: float, even: float, customers: int) -> Claim:
    size = size_of_test(rate, even)
    if not math.isfinite(size):
        said = "With the assumed break-even no experiment can show that a letter pays."
    elif 2 * size <= customers:
        said = (
            f"To detect the assumed break-even with a probability of 80%, an experiment needs "
            f"{count(size)} customers with a letter and {count(size)} without, drawn at random."
        )
    else:
        said = (
            f"To detect the assumed break-even with a probability of 80%, an experiment needs "
            f"{count(size)} customers per group; there are {count(customers)} in all, so pool "
            "several mailings."
        )
    return Claim(statement=said, design="assumed", estimate=size if size == size else None,
                 assumptions=("cost per contact", "contribution per response"))  # fmt: skip


def mailing_heading(measured: pd.DataFrame | None, even: float, *, randomised: bool) -> Claim:
    """Return the heading of the section on letters."""
    if measured is None:
        return Claim(
            statement=f"A letter must add {share(even)} of the customers as responses to pay, "
            "under the assumed cost and contribution",
            design="assumed", estimate=even,
            assumptions=("cost per contact", "contribution per response"),
        )  # fmt: skip
    known = measured.dropna(subset=["uplift"])
    if known.empty:
        top = measured.iloc[int(measured["response"].to_numpy(float).argmax())]
        said = f"{share(top['response'])} responded to {name_of(top)}; how many would have bought "
        return Claim(statement=f"{said}without it is not known", design="counted",
                     estimate=float(top["response"]), source="campaigns")  # fmt: skip
    if len(known) == 1:
        return _uplift(known.iloc[0], randomised=randomised, stop="")
    return _arms_heading(known, randomised=randomised)


def _arms_heading(known: pd.DataFrame, *, randomised: bool) -> Claim:
    """Return how many arms are shown to have added responses, at a level that holds for all."""
    level = 1 - 0.05 / len(known)
    wider = normal_quantile(level) / normal_quantile(0.95)
    low = known["uplift"] - wider * (known["uplift"] - known["uplift_low"])
    n, all_arms = int((low > 0).sum()), len(known)
    if not randomised:
        said = (
            f"{count(n)} of {count(all_arms)} arms go with a higher response, but the groups "
            "differed before"
        )
        return Claim(statement=said, design="observational", level=level, source="campaigns")
    said = (
        f"{count(n)} of {count(all_arms)} arms are shown to have added responses"
        if n else f"None of {count(all_arms)} arms is shown to have added responses"
    )  # fmt: skip
    return Claim(statement=said, design="randomised", level=level, source="campaigns",
                 rows=int(known["customers"].sum()))  # fmt: skip


def name_of(row: pd.Series) -> str:
    """Return the name of an arm of a campaign."""
    campaign, arm = str(row["campaign_id"]), str(row["arm"])
    if arm == "all":
        return "the contacts" if campaign == "all" else campaign
    return arm if campaign == "all" else f"{arm} ({campaign})"


def _uplift(row: pd.Series, *, randomised: bool, stop: str = ".") -> Claim:
    """Return the response that an arm added; of groups not drawn at random, their difference."""
    value, low, high = (float(row[f"uplift{end}"]) for end in ("", "_low", "_high"))
    rates = (
        f"{share(row['response'])} against {share(row['control_response'])} in the control group"
    )
    points = _points(value, low, high)
    name = name_of(row)
    name = name[:1].upper() + name[1:]
    if randomised:
        direction = "added" if value > 0 else "lost"
        said = f"{name} {direction} {points} of response ({rates})"
    else:
        direction = "higher" if value > 0 else "lower"
        said = (
            f"{name} goes with a response {points} {direction} ({rates}), but the groups differed "
            "before"
        )
    return Claim(
        statement=said + stop,
        hint=f"{name}: no added response is shown ({rates}){stop}",
        design="randomised" if randomised else "observational",
        estimate=value, low=low, high=high, no_effect=0.0,
        rows=int(row["customers"] + row["control_customers"]), source="campaigns",
    )  # fmt: skip


def _points(value: float, low: float, high: float) -> str:
    sign = -1 if value < 0 else 1
    ends = sorted((sign * low, sign * high))
    form = [f"{100 * each:.1f}" for each in (sign * value, *ends)]
    return f"{form[0]} percentage points ({form[1]} to {form[2]})"


def mailing_responses(measured: pd.DataFrame, *, randomised: bool) -> list[Claim]:
    """Return what each arm added, or the response that is only counted."""
    claims = []
    for _, row in measured.iterrows():
        if pd.notna(row["uplift"]):
            claims.append(_uplift(row, randomised=randomised))
            continue
        ends = (float(row[f"response{end}"]) for end in ("", "_low", "_high"))
        value, low, high = ends
        claims.append(Claim(
            statement=f"{with_interval(value, low, high, share)} of the {count(row['customers'])} "
            f"contacted by {name_of(row)} responded; without a control group nothing is known of "
            "what the contact added.",
            design="counted", estimate=value, low=low, high=high, rows=int(row["customers"]),
            source="campaigns",
        ))  # fmt: skip
    return claims


def mailing_advice(
    measured: pd.DataFrame | None, contribution: Stated, cash: Formatter, *, randomised: bool
) -> list[Claim]:
    """Return the advice on letters: of measured arms by their verdict, otherwise to test.

    Where the contribution of a response is assumed there is no verdict, but the contribution from
    which each arm pays.
    """
    if measured is None:
        return [method(
            "**Test before you mail.** Draw the customers who get a letter at random, and give "
            "the table of the campaign (`tables: campaigns`) to this report."
        )]  # fmt: skip
    ranked = measured.sort_values("gain", ascending=False, na_position="last", kind="stable")
    of_arm = _arm_advice if contribution.basis == "given" else _arm_break_even
    return [
        of_arm(row, contribution.value, cash, randomised=randomised) for _, row in ranked.iterrows()
    ]


def _arm_break_even(
    row: pd.Series, contribution: float, cash: Formatter, *, randomised: bool
) -> Claim:
    """Return the contribution of an added response from which an arm pays."""
    if pd.isna(row["uplift"]) or not randomised:
        return _arm_advice(row, contribution, cash, randomised=randomised)
    name, low, high = name_of(row), float(row["uplift_low"]), float(row["uplift_high"])
    cost = contribution * float(row["uplift"]) - float(row["gain"])
    shown, hint = "", ""
    if low > 0:
        even = with_interval(cost / row["uplift"], cost / high, cost / low, cash)
        shown = f"**{name[0].upper()}{name[1:]} pays if a response it adds brings {even} or more.**"
        shown += " Name the contribution of a response (contribution_per_response) for a verdict."
    else:
        hint = f"**Test {name} again, or leave it**: it is not shown to add a response."
    return Claim(
        statement=shown or hint, hint=hint, design="randomised", estimate=float(row["uplift"]),
        low=low, high=high, no_effect=0.0, source="campaigns",
    )  # fmt: skip


def _arm_advice(row: pd.Series, contribution: float, cash: Formatter, *, randomised: bool) -> Claim:
    """Return the advice on one arm: repeat, do not repeat, or test."""
    name, p = name_of(row), float(row["probability_gain"])
    if pd.isna(row["uplift"]) or not randomised:
        return method(
            f"**Repeat {name} with a control group drawn at random**, or not at all: so far "
            "nothing shows what it adds."
        )
    gain = with_interval(row["gain"], row["gain_low"], row["gain_high"], cash)
    basis = f"at a contribution of {cash(contribution)} per response"
    verdict = advice_verdict(p)
    expected = f"{basis} it gains {gain} per contact, with {probability_text(p)} of a gain."
    if verdict == "do":
        said = f"**Repeat {name}**: {expected}"
    elif verdict == "stop":
        said = f"**Do not repeat {name}**: {expected}"
    else:
        size = float(row["per_group"])
        settle = (
            f" {count(size)} customers per group would detect the break-even."
            if math.isfinite(size) else ""
        )  # fmt: skip
        said = (
            f"**Test {name} again**: {basis} its expected gain is {gain} per contact, with "
            f"{probability_text(1 - p)} of a loss.{settle}"
        )
    return Claim(
        statement=said, hint=said, design="randomised", estimate=float(row["gain"]),
        low=float(row["gain_low"]), high=float(row["gain_high"]),
        no_effect=0.0 if verdict == "test" else None, source="campaigns", probability=p,
    )  # fmt: skip


def is_randomised(measured: pd.DataFrame | None, p_value: float) -> bool:
    """Return whether arms and control groups look as if they had been drawn at random."""
    return measured is not None and not p_value < _UNBALANCED


def trust_paragraph(scores: pd.DataFrame, split: Split | None) -> list[Claim]:
    """Return what the scores saw, who is in no segment, and what the intervals hold."""
    if split is None:
        return [method("The log is too short for a holdout: segments are counted, not tested.")]
    until, new = split.calibration.observed_until, split.new_customers
    claims = [
        method(
            f"Customers were scored on what was known on {until}; what they did afterwards was "
            "not used. The intervals hold the sampling error of a segment's customers, not a "
            "change of season or offer."
        )
    ]
    if new:
        claims.append(Claim(
            statement=f"{count(new)} customers were first seen after that day and are in no "
            "segment.",
            design="counted", rows=len(scores), source="transactions",
        ))  # fmt: skip
    return claims


def balance_paragraph(measured: pd.DataFrame, p_value: float) -> list[Claim]:
    """Return whether the control group can be compared with the arms."""
    if measured["control_customers"].sum() == 0:
        return [method("The campaigns have no control group, so their response is only counted.")]
    if not math.isfinite(p_value):
        return [method(
            "Whether arms were drawn at random cannot be checked: the campaigns have no date "
            "within the log and no earlier value. They are assumed to be."
        )]  # fmt: skip
    if p_value < _UNBALANCED:
        said = (
            "Arms and control groups differed before the campaigns (p below 0.001), so they were "
            "not drawn at random and a difference in response is no effect."
        )
        return [Claim(statement=said, design="counted", source="campaigns")]
    return [Claim(
        statement="Arms and control groups did not differ in earlier purchases "
        f"(p = {number(p_value)}), as expected where they are drawn at random.",
        design="counted", source="campaigns",
    )]  # fmt: skip


def silent_segments(segments: pd.DataFrame) -> list[Claim]:
    """Return how many good customers have been silent; what would bring them back is unknown."""
    silent = int(segments["segment"].astype(str).isin(["do not lose", "at risk"]).sum())
    if not silent:
        return []
    return [Claim(
        statement=f"**Ask before you offer.** {count(silent)} customers used to buy often and "
        "have been silent; the data do not tell why, nor what would bring them back.",
        design="counted", estimate=silent, rows=len(segments), source="transactions",
    )]  # fmt: skip


def next_steps(advice: list[Claim], segments: pd.DataFrame | None) -> list[list[Claim]]:
    """Return the steps, numbered, one list of claims for each."""
    steps = [*advice, *([] if segments is None else silent_segments(segments))]
    return [[_numbered(place, step)] for place, step in enumerate(steps, start=1)]


def _numbered(place: int, claim: Claim) -> Claim:
    hint = claim.hint and f"{place}. {claim.hint}"
    return replace(claim, statement=f"{place}. {claim.statement}", hint=hint)


def _known(end: float) -> float | None:
    return end if math.isfinite(end) else None
