"""Doors to reading, customers and their value."""

from datetime import date
from typing import Any

import pandas as pd

import relmark_research as rm
from tests.metamorphic import made
from tests.metamorphic.door import door

MAILED = {"cost_per_contact": 0.9, "contribution_per_response": 25.0}


def _log(source: Any) -> tuple[Any, ...]:
    log = rm.read_transactions(source, cost="cost")
    return log.to_pandas(), log.customer_summary(unit="day").table, log.observed_until


door("read_transactions", lambda: {"source": made.rows().head(300)}, _log, any_source=True)

for name, table in {
    "customers": lambda: made.sample("customers"),
    "contacts": lambda: made.sample("contacts").head(200),
    "events": lambda: made.sample("events"),
    "prospects": lambda: made.sample("prospects").head(200),
    "books": lambda: made.sample("books"),
    "contracts": made.contracts,
    "campaigns": lambda: made.campaigns().head(200),
    "answers": lambda: made.answers().head(200),
    "partners": lambda: made.sample("partners"),
    "survey": lambda: made.sample("partner_survey"),
    "ladder_history": lambda: made.ladder_table().head(200),
}.items():
    door(
        f"read_table {name}",
        lambda table=table: {"source": table()},
        lambda source, name=name: rm.read_table(source, schema=name).frame,
        any_source=True,
    )

for model in (rm.BGNBD, rm.MBGNBD, rm.ParetoNBD, rm.clv.NBD, rm.GammaGamma):
    face = "clv." if model is rm.clv.NBD else ""
    door(
        f"{face}{model.__name__}.fit",
        lambda: {"customers": made.customers()},
        lambda customers, model=model: model.fit(customers).log_likelihood,
    )
door("BGBB.fit", lambda: {"customers": made.opportunities()},
     lambda customers: rm.BGBB.fit(customers).log_likelihood, slow=True)  # fmt: skip
for name in ("ShiftedBetaGeometric", "BetaDiscreteWeibull"):
    door(
        f"{name}.fit",
        lambda: {"customers": made.members().drop(columns="plan")},
        lambda customers, name=name: _found(name).fit(customers).log_likelihood,
    )


def _found(name: str) -> Any:
    return getattr(rm.clv, name.rpartition(".")[2])


def _summary(summary: Any) -> tuple[Any, ...]:
    return summary.table, summary.weights, summary.n_customers


door("CustomerSummary", lambda: {"table": made.customers()},
     lambda table: _summary(rm.CustomerSummary(table, unit="week")))  # fmt: skip
door("CustomerSummary.of", lambda: {"customers": made.customers()},
     lambda customers: _summary(rm.CustomerSummary.of(customers)))  # fmt: skip
door("CustomerSummary.of made", lambda: {"customers": made.histories()},
     lambda customers: _summary(rm.CustomerSummary.of(customers)))  # fmt: skip
door("CustomerSummary.with_rows", lambda: {"table": made.customers()},
     lambda table: _summary(rm.CustomerSummary(
         made.customers(), unit="week").with_rows(table)))  # fmt: skip
door("forecast", lambda: {"customers": made.customers()},
     lambda customers: rm.forecast(made.purchases(), customers, horizon="26 weeks"))  # fmt: skip
door("CalendarEffects.fit", lambda: {"events": made.calendar_events()},
     lambda events: rm.CalendarEffects.fit(made.log(), events=events).table(),
     any_source=True, order=False)  # fmt: skip
door("CalendarEffects.fit index", lambda: {"index": made.calendar_index()},
     lambda index: rm.CalendarEffects.fit(
         made.log(), season=None, index=index).log_likelihood, index=("index",))  # fmt: skip
door("CalendarEffects.of_index", lambda: {"index": made.calendar_index()},
     lambda index: rm.CalendarEffects.of_index(
         index, until=date(1998, 6, 30)).by_day(date(1998, 1, 1), date(1998, 3, 1)),
     index=("index",))  # fmt: skip
door("clv.total_purchases", lambda: {"customers": made.customers()},
     lambda customers: rm.clv.total_purchases(
         made.purchases(), customers, horizon="26 weeks"))  # fmt: skip
door("clv.frequency_fit", lambda: {"customers": made.customers()},
     lambda customers: rm.clv.frequency_fit(made.purchases(), customers))  # fmt: skip
door("clv.spend_frequency_correlation", lambda: {"customers": made.customers()},
     lambda customers: rm.clv.spend_frequency_correlation(customers))  # fmt: skip
door("clv.SpendDependence.fit", lambda: {"customers": made.customers()},
     lambda customers: rm.clv.SpendDependence.fit(
         customers, made.purchases(), rm.GammaGamma).low)  # fmt: skip
door("lifetime_value", lambda: {"customers": made.customers()},
     lambda customers: rm.lifetime_value(
         made.purchases(), made.spend(), customers, **made.TERMS, horizon="26 weeks"))  # fmt: skip
door("total_value", lambda: {"customers": made.customers()},
     lambda customers: rm.total_value(
         made.purchases(), made.spend(), customers, **made.TERMS, horizon="26 weeks",
         level=None))  # fmt: skip
door("tracking", lambda: {"customers": made.calibration()},
     lambda customers: rm.tracking(
         made.purchases(), made.log(), at=made.AT, customers=customers))  # fmt: skip
door("clv.fit_covariates", lambda: {"customers": made.customers(), "covariates": _covariates()},
     lambda customers, covariates: rm.clv.fit_covariates(
         rm.BGNBD, customers, rate="segment + paid", covariates=covariates
     ).summary(), index=("covariates",), typed=("paid", "segment"))  # fmt: skip
door("clv.CovariateFit.model_for",
     lambda: {"customers": made.customers(), "covariates": _covariates()},
     lambda customers, covariates: rm.forecast(
         _with_covariates().model_for(customers, covariates=covariates), rm.CustomerSummary(
             made.customers(), unit="week"), horizon="26 weeks"),
     order=False, index=("covariates",), typed=("paid",))  # fmt: skip
door("clv.ModelComparison.refit", lambda: {"customers": made.customers()},
     lambda customers: {
         name: fit.log_likelihood for name, fit in _comparison().refit(customers).fits.items()
     })  # fmt: skip
door("clv.alive_distribution", lambda: {"forecast": made.forecast()},
     lambda forecast: rm.clv.alive_distribution(forecast), index=("forecast",))  # fmt: skip
door("clv.at_risk_customers", lambda: {"values": made.values(), "forecast": made.forecast()},
     lambda values, forecast: rm.clv.at_risk_customers(values, forecast),
     index=("values", "forecast"))  # fmt: skip
door("clv.value_by_decile", lambda: {"values": made.values()},
     lambda values: rm.clv.value_by_decile(values), index=("values",))  # fmt: skip
door("clv.value_distribution", lambda: {"values": made.values()},
     lambda values: rm.clv.value_distribution(values), index=("values",))  # fmt: skip
door("clv.contract_tenures", lambda: {"survivors": pd.Series([1000, 869, 743, 653, 593])},
     lambda survivors: rm.clv.contract_tenures(survivors), order=False)  # fmt: skip


def _covariates() -> pd.DataFrame:
    table = made.sample("customers").set_index("customer_id")[["segment"]]
    return table.assign(paid=[k % 7 / 4 for k in range(len(table))])


def _joined() -> pd.DataFrame:
    return made.customers().join(_covariates(), on="customer_id")


_KEPT: dict[str, Any] = {}


def _with_covariates() -> Any:
    if "fit" not in _KEPT:
        _KEPT["fit"] = rm.clv.fit_covariates(rm.BGNBD, _joined(), rate="segment + paid")
    return _KEPT["fit"]


def _comparison() -> Any:
    if "comparison" not in _KEPT:
        _KEPT["comparison"] = rm.compare_models(made.split(), models=[rm.clv.NBD])
    return _KEPT["comparison"]


door("link_customers", lambda: {"table": made.people()},
     lambda table: _links(rm.link_customers(table)))  # fmt: skip
door("customers.CustomerLinks.apply", lambda: {"customer_ids": made.people()["customer_id"]},
     lambda customer_ids: rm.link_customers(made.people()).apply(customer_ids))  # fmt: skip
door("retention_curve", lambda: {"customers": made.members()},
     lambda customers: rm.retention_curve(customers, by="plan").table)  # fmt: skip
door("retention_curve by", lambda: {"by": made.segment()},
     lambda by: rm.retention_curve(made.log(), by=by).table, index=("by",))  # fmt: skip
door("rfm_scores", lambda: {"customers": made.customers()},
     lambda customers: rm.rfm_scores(customers, bins=3))  # fmt: skip
door("rfm_segments", lambda: {"scores": rm.rfm_scores(made.log())},
     lambda scores: rm.rfm_segments(scores), index=("scores",))  # fmt: skip
door("customers.segment_behaviour", lambda: {"segments": _segments()},
     lambda segments: rm.customers.segment_behaviour(segments, made.split()),
     index=("segments",))  # fmt: skip
door("customers.mailing_cells", lambda: {"cells": made.cells()},
     lambda cells: rm.customers.mailing_cells(cells, **MAILED), index=("cells",))  # fmt: skip
door("customers.cohort_averages", lambda: {"table": rm.cohort_table(made.log())},
     lambda table: rm.customers.cohort_averages(table), index=("table",))  # fmt: skip
door("customers.cohort_shares", lambda: {"table": rm.cohort_table(made.log())},
     lambda table: rm.customers.cohort_shares(table), index=("table",))  # fmt: skip
door("customers.pseudonyms", lambda: {"ids": made.rows()["customer_id"].head(20)},
     lambda ids: rm.customers.pseudonyms(ids, key="a secret"), order=False)  # fmt: skip
door("customers.pseudonyms made", lambda: {"ids": made.people()["customer_id"]},
     lambda ids: rm.customers.pseudonyms(ids, key="a secret"), order=False)  # fmt: skip
door("Period.parse", lambda: {"labels": pd.Series(["2024Q1", "2024Q2", "2024Q1"])},
     lambda labels: rm.Period.parse(labels).astype("str").tolist(), order=False)  # fmt: skip


def _segments() -> pd.DataFrame:
    return rm.rfm_segments(rm.rfm_scores(made.log().until(made.split().calibration.observed_until)))


def _links(links: Any) -> tuple[Any, ...]:
    """Who is joined with whom; a person has the name of their first id in order."""
    people = links.people.groupby(links.people).transform(lambda one: min(one.index))
    return people.sort_index(), links.audit.drop(columns="examples"), len(links.merged)


def _total() -> Any:
    expected = pd.Series([3.0, 1.5, 4.0], index=pd.Index(["7", "12", "31"], name="customer_id"))
    return rm.clv.TotalForecast(
        8.5, 4.0, 15.0, 0.95, 3, "prediction", origin=date(2024, 6, 30), end=date(2024, 9, 29),
        errors=rm.clv.ForecastErrors.of_other_logs("purchases"), per_customer_expected=expected,
    )  # fmt: skip


door("clv.TotalForecast.by",
     lambda: {"groups": pd.Series([1, 2, 1], index=pd.Index([7, 12, 31], name="customer_id"))},
     lambda groups: _total().by(groups), index=("groups",))  # fmt: skip
