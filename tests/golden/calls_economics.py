"""Economics: retention against acquisition, budgets, profits, advice, levels of relationship."""

import inspect
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.golden import made
from tests.golden.flat import Flat, flat, table
from tests.golden.public import rm
from tests.golden.registry import call, slow_call

TERMS = rm.economics.FutureTerms(draws=200, seed=5)
SEGMENTS = pd.DataFrame(
    {
        "segment": ["homes", "mills"],
        "customers": [900, 12],
        "retention": [0.6, 0.7],
        "annual_margin": [40.0, 2000.0],
    }
)


def _levels() -> list[Any]:
    level, effect = rm.economics.MarketingLevel, rm.economics.Effect
    best = level("partnership", cost=300.0, retention=effect(0.9, 0.2), margin=effect(0.18, 0.05))
    return [
        level("basic", cost=5.0),
        level("reactive", cost=20.0, retention=effect(0.2, 0.1)),
        best,
    ]


def _choice() -> Any:
    effects = rm.economics.level_effects(made.firm_years())
    return rm.relationship_levels(effects, annual_discount_rate=0.1)


def _yearly(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with annual payments, which version 0.1 took without saying so."""
    known = inspect.signature(getattr(function, "_what", function)).parameters
    given = {"payment": "year"} if "payment" in known else {}
    return lambda *arguments, **named: function(*arguments, **named, **given)


def _equity() -> Any:
    winning, keeping = rm.ResponseCurve(0.10, 0.04, 1), rm.ResponseCurve(0.80, 0.60, 8)
    return _yearly(rm.CustomerEquity)(winning, keeping, margin=50, annual_discount_rate=0.10)


@call
def margin_multiple() -> Flat:
    timings = ("just after a payment", "first margin now")
    multiple = _yearly(rm.margin_multiple)
    return flat(
        endless=[multiple(0.9, 0.1, timing=timing) for timing in timings],
        ten=[multiple(0.9, 0.1, timing=t, periods=10, growth=0.02) for t in timings],
    )


@call
def retention_value() -> Flat:
    gain = _yearly(rm.retention_value)(100, 0.90, 0.10, timing="just after a payment")
    return flat(gain=gain, more=gain.relative_gain)


@call
def break_even_retention() -> Flat:
    given = 50, 0.60, 0.10
    points = _yearly(rm.break_even_retention)(*given, retention_spend=8, points=0.05)
    spend = _yearly(rm.break_even_retention)(*given, retention_spend=8, extra_spend=3)
    return flat(points=points, spend=spend, value=points.customer_value)


@call
def payback() -> Flat:
    return flat(
        sure=rm.payback(100, 120),
        half=rm.payback(100, 120, retention_rate=0.5),
        never=rm.payback(100, 60, retention_rate=0.3, annual_discount_rate=0.1),
    )


@call
def value_elasticities() -> Flat:
    found = _yearly(rm.economics.value_elasticities)(0.8, 0.12, timing="just after a payment")
    return flat(found=found.to_dict())


@call
def constant_retention_bias() -> Flat:
    model = rm.ShiftedBetaGeometric(alpha=3.80, beta=15.20)
    cohorts = 10_000 * np.r_[1.0, model.survival(np.arange(1, 5))]
    found = rm.economics.constant_retention_bias(model, cohorts, 0.10)
    return flat(found=found, understatement=found.understatement)


@call
def response_curve() -> Flat:
    curve = rm.ResponseCurve(ceiling=0.10, rate=0.04, spend=1)
    fit = rm.ResponseCurve.fit([0.5, 1, 2, 4], [230, 400, 640, 870], [10_000] * 4)
    return flat(
        steepness=curve.steepness,
        costs=[curve.marginal_cost(1), curve.average_cost(1), curve.spend_for_slope(0.01)],
        rates=curve.rate_at(np.array([0.5, 1, 2, 4])),
        summary=fit.summary(),
        fit=[fit.log_likelihood, fit.chi_square, fit.p_value, *fit.marginal_cost(1.0)],
        draws=fit.draws(20, seed=2),
    )


@call
def logit_curve() -> Flat:
    curve = rm.economics.LogitCurve(intercept=-1, slope=0.1, spend=10)
    fit = rm.economics.LogitCurve.fit([0, 10, 20], [270, 500, 730], [1000, 1000, 1000])
    return flat(
        costs=[curve.marginal_cost(10), curve.average_cost(10), curve.rate_without_spend],
        rates=curve.rate_at(np.array([0.0, 10, 30])),
        summary=fit.summary(),
    )


@call
def customer_equity() -> Flat:
    equity = _equity()
    return flat(
        now=equity.at(),
        best=equity.optimum(),
        held=equity.optimum(budget=2),
        elasticities=equity.elasticities(),
        tornado=equity.tornado(),
    )


@call
def unit_costs() -> Flat:
    return table(made.unit_costs())


@call
def spending_position() -> Flat:
    position = made.position()
    best = position.recommend(None, level=0.95, seed=1)
    return flat(
        today=position.today,
        marginal_return=position.marginal_returns_by_purpose(draws=500),
        returns=position.marginal_returns(draws=500),
        values=position.values(draws=500),
        best=best.table,
        gain=[best.gain, best.gain_low, best.gain_high],
    )


@call
def first_year_margin() -> Flat:
    channel = made.sample("customers").set_index("customer_id")["channel"]
    return flat(
        by=rm.economics.first_year_margin(made.firm(), channel),
        all=rm.economics.first_year_margin(made.firm()),
    )


@call
def before_and_after() -> Flat:
    cdnow = rm.economics.before_and_after(made.cdnow(), at=made.CUT, margin=0.3)
    firm = rm.economics.before_and_after(made.firm(), contacts=made.sample("contacts"))
    return flat(cdnow=cdnow, firm=firm)


@call
def claims() -> Flat:
    e = rm.economics
    history = e.before_and_after(made.firm(), contacts=made.sample("contacts"))
    found = [
        e.retaining_is_cheaper(made.unit_costs(), segment="web"),
        e.loyal_are_more_profitable(history),
        e.few_bring_most(history),
    ]
    return flat(table=e.claims_table(found), **{f"n{n}": one.table for n, one in enumerate(found)})


@call
def profit_table() -> Flat:
    rules = rm.economics.CostRules(per_order=1.5, per_return=3.0, of_value=0.01)
    ruled = rm.profit_table(made.firm(), contacts=made.sample("contacts"), rules=rules)
    return flat(account=made.firm_account(), ruled=ruled,
                cdnow=rm.profit_table(made.cdnow(), margin=0.3))  # fmt: skip


@call
def profit_items() -> Flat:
    return table(rm.economics.profit_items(made.firm_account()))


@call
def cost_audit() -> Flat:
    given = {"contacts": made.sample("contacts"), "customers": made.sample("customers")}
    return table(rm.economics.cost_audit(made.firm(), **given))


@call
def whale_curve() -> Flat:
    small = rm.whale_curve(pd.Series([60.0, 70.0, -30.0, 0.0]), points=4)
    return flat(small=small, firm=rm.whale_curve(made.firm_account()))


@call
def profit_concentration() -> Flat:
    return table(rm.economics.profit_concentration(made.firm_account(), draws=300, seed=4))


@call
def profit_classes() -> Flat:
    classes = rm.profit_classes(made.firm_account()["profit"])
    return flat(classes=classes, tiers=rm.economics.tier_table(classes))


@call
def predicted_lifetime() -> Flat:
    customers = rm.CustomerSummary(made.histories(), unit="week")
    found = rm.economics.predicted_lifetime(made.fitted("ParetoNBD"), customers)
    return flat(found=found)


@call
def customer_kinds() -> Flat:
    account = made.firm_account()
    lifetime = pd.Series(np.linspace(0.1, 5, len(account)), index=account.index)
    kinds = rm.economics.customer_kinds(lifetime, account["profit"])
    return flat(kinds=kinds, table=rm.economics.kind_table(kinds))


@slow_call
def kinds_since() -> Flat:
    given = {"contacts": made.sample("contacts"), "segments": made.segment()}
    return table(rm.economics.kinds_since(made.firm(), **given))


@slow_call
def recommend() -> Flat:
    contacts, actions = made.sample("contacts"), rm.economics.Actions(grow_cost=20.0)
    advice = rm.recommend(
        made.firm(), contacts=contacts, segments=made.segment(), actions=actions, terms=TERMS
    )
    listed = rm.economics.action_list(advice)
    return flat(table=advice.table, summary=advice.summary, total=advice.total, listed=listed)


@slow_call
def check_advice() -> Flat:
    return table(
        rm.economics.check_advice(made.firm(), contacts=made.sample("contacts"), terms=TERMS)
    )


@call
def write_list() -> Flat:
    listed = pd.DataFrame({"customer_id": ["=2+5", "007"], "gain": [1.5, 2.5]})
    with tempfile.TemporaryDirectory() as folder:
        return flat(disarmed=rm.economics.write_list(listed, Path(folder) / "calls.csv"))


@call
def account_years() -> Flat:
    years = made.firm_years()
    p, n = rm.economics.level_balance(years)
    return flat(years=years, segments=rm.economics.segment_years(years), balance=[p, n])


@call
def level_effects() -> Flat:
    return table(rm.economics.level_effects(made.firm_years()).table())


@call
def assumed_effects() -> Flat:
    effects = rm.economics.assumed_effects(SEGMENTS, _levels())
    choice = rm.relationship_levels(effects, annual_discount_rate=0.1, draws=500, seed=3)
    return flat(effects=effects.table(), choice=choice)


@call
def read_levels() -> Flat:
    levels = rm.economics.read_levels()
    return flat(n=len(levels), costs=[level.cost is None for level in levels])


@call
def relationship_levels() -> Flat:
    return flat(choice=_choice())


@call
def textbook_levels() -> Flat:
    cuts = rm.economics.GridCuts(few=200)
    segments = rm.economics.segment_years(made.firm_years())
    textbook = rm.economics.textbook_levels(segments, cuts=cuts)
    return table(rm.economics.compare_with_textbook(_choice(), textbook))


@call
def experiments() -> Flat:
    sizes = [rm.economics.experiment_size(0.6, points) for points in (0.02, 0.05, 0.1)]
    return flat(sizes=sizes, planned=rm.economics.experiments(_choice(), power=0.9))
