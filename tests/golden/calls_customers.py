"""Customers: reading, cohorts, retention, recency-frequency-money, linking."""

import pandas as pd

from tests.golden import made
from tests.golden.flat import Flat, flat, table
from tests.golden.public import rm
from tests.golden.registry import call

PRICES = {"cost_per_contact": 2.0, "contribution_per_response": 10.0}


def _scores() -> pd.DataFrame:
    return rm.rfm_scores(made.cdnow().until(made.CUT))


@call
def load_cdnow() -> Flat:
    return table(made.cdnow().to_pandas())


@call
def load_cdnow_full() -> Flat:
    return table(rm.load_cdnow(full=True).to_pandas())


@call
def load_donations() -> Flat:
    return table(rm.load_donations())


@call
def load_sample() -> Flat:
    names = ("customers", "contacts", "books", "campaigns", "satisfaction", "partners")
    return flat(**{name: made.sample(name) for name in names})


@call
def read_transactions() -> Flat:
    log = made.firm()
    return flat(rows=log.to_pandas(), audit=log.audit, until=log.observed_until)


@call
def read_transactions_with_options() -> Flat:
    rows = pd.DataFrame(
        {
            "id": ["007", "007", "a", "a", "b"],
            "day": ["01.02.2024", "05.03.2024", "07.02.2024", "07.02.2024", "09.04.2024"],
            "paid": ["5,25", "-2,5", "9", "9", "0"],
            "number": [2, 1, 1, 1, 3],
        }
    )
    options = rm.ReadOptions(
        decimal=",", date_format="%d.%m.%Y", duplicates="drop", zero_values="drop"
    )
    names = {"customer": "id", "date": "day", "value": "paid * number"}
    log = rm.read_transactions(rows, **names, returns="drop", options=options)
    return flat(rows=log.to_pandas(), audit=log.audit)


@call
def customer_summary() -> Flat:
    weeks = made.cdnow().until(made.CUT).customer_summary(unit="week")
    days = made.firm().customer_summary(unit="day")
    return flat(weeks=weeks.table, days=days.table)


@call
def distinct_histories() -> Flat:
    return table(made.cdnow().distinct_histories(unit="week").table)


@call
def customer_summary_of_a_table() -> Flat:
    customers = rm.CustomerSummary(made.histories(), unit="week")
    return flat(n=customers.n_customers, T=customers.T, weights=customers.weights)


@call
def split() -> Flat:
    found = made.split()
    parts = {"length": found.length, "new_customers": found.new_customers}
    return flat(calibration=found.calibration.table, holdout=found.holdout, **parts)


@call
def window() -> Flat:
    log = made.cdnow().window(observed_from="1997-03-01", observed_until="1998-02-28")
    return flat(kept=log.to_pandas(), after=made.cdnow().after("1998-01-31").to_pandas())


@call
def customer_base() -> Flat:
    base = rm.customers.customer_base
    return flat(cdnow=base(made.cdnow()), firm=base(made.firm()))


@call
def growth_table() -> Flat:
    growth = rm.customers.growth_table
    return flat(cdnow=growth(made.cdnow()), firm=growth(made.firm()))


@call
def purchase_counts() -> Flat:
    return table(rm.customers.purchase_counts(made.cdnow(), most=7))


@call
def concentration_table() -> Flat:
    return table(rm.customers.concentration_table(made.cdnow()))


@call
def cohort_table() -> Flat:
    cohorts = rm.cohort_table(made.cdnow())
    return flat(
        cohorts=cohorts,
        averages=rm.customers.cohort_averages(cohorts),
        quarters=rm.cohort_table(made.firm(), period="quarter"),
    )


@call
def retention_curve() -> Flat:
    curve = rm.retention_curve(made.cdnow(), by="cohort", within="180 days")
    return flat(curve=curve, at=curve.at(60), again=curve.bought_again(180))


@call
def retention_curve_of_members() -> Flat:
    members = pd.DataFrame({"tenure": [1, 2, 2, 3, 3, 5], "churned": [1, 1, 0, 1, 0, 1]})
    return flat(curve=rm.retention_curve(members, level=0.9))


@call
def rfm_scores() -> Flat:
    nested = rm.rfm_scores(made.cdnow(), method="nested", ties="split")
    return flat(independent=_scores(), nested=nested, thirds=rm.rfm_scores(made.firm(), bins=3))


@call
def rfm_segments() -> Flat:
    segments = rm.rfm_segments(_scores())
    counts = segments["segment"].value_counts(sort=False)
    return flat(counts=counts.to_dict(), rules=rm.customers.segment_rules())


@call
def segment_behaviour() -> Flat:
    split = made.cdnow().split(at=made.CUT, unit="day")
    return table(rm.customers.segment_behaviour(rm.rfm_segments(_scores()), split))


@call
def mailing_cells() -> Flat:
    nested = rm.rfm_scores(made.cdnow().until(made.CUT), method="nested", ties="split")
    nested["responded"] = made.split().holdout["purchases"] > 0
    return table(rm.customers.mailing_cells(nested, **PRICES))


@call
def break_even_response() -> Flat:
    low = rm.customers.break_even_response(cost_per_contact=0.55, contribution_per_response=40)
    return flat(low=low, high=rm.customers.break_even_response(**PRICES))


@call
def link_customers() -> Flat:
    crm = pd.DataFrame(
        {
            "customer_id": ["007", "12", "31", "40"],
            "email": ["J.Bond@Mi6.uk", " j.bond@mi6.uk ", None, "m@mi6.uk"],
            "phone": [None, "+44 20 7930 9007", "0044 (0)20 7930 9007", "1"],
        }
    )
    links = rm.link_customers(crm)
    people = {name: int(person) for name, person in links.people.items()}
    applied = links.apply(pd.Series(["31", "40", "12"])).astype(int)
    return flat(people=people, audit=links.audit, merged=links.merged, applied=applied)


@call
def pseudonyms() -> Flat:
    names = rm.customers.pseudonyms(["007", "008", "007"], key="a secret")
    return flat(lengths=[len(name) for name in names], letters=[sum(map(ord, n)) for n in names])


@call
def units() -> Flat:
    year, week = rm.Horizon.parse("12 months"), rm.TimeUnit("week")
    rate, start = rm.AnnualRate(0.15), made.cdnow().observed_until
    return flat(
        continuous=rate.continuous(week),
        force=rate.force,
        days=week.days,
        per_year=week.per_year,
        length=year.length(week, start=start),
        end=year.end(start),
        fixed=rm.Horizon.parse("52 weeks").length(rm.TimeUnit("day")),
    )


@call
def glossary() -> Flat:
    terms = rm.glossary()
    return flat(rows=len(terms), columns=terms.shape[1])


@call
def errors() -> Flat:
    kinds = (
        rm.ConvergenceError,
        rm.DataError,
        rm.LadderError,
        rm.ParameterError,
        rm.ReportError,
    )
    refused = 0
    try:
        rm.payback(-1, 120)
    except rm.ParameterError:
        refused = 1
    return flat(ours=[issubclass(kind, rm.RelmarkError) for kind in kinds], refused=refused)
