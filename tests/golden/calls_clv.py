"""Lifetime value: forecasts, values, tests on a holdout, covariates, assumptions."""

import pandas as pd

from tests.golden import made
from tests.golden.flat import Flat, flat, table
from tests.golden.public import rm
from tests.golden.registry import call

TERMS = {"margin": 0.3, "annual_discount_rate": 0.1}


def _values() -> pd.DataFrame:
    given = made.fitted("BGNBD"), made.spend(), made.split().calibration
    return rm.lifetime_value(*given, **TERMS, horizon="52 weeks")


def _forecast() -> pd.DataFrame:
    return rm.forecast(made.fitted("BGNBD"), made.split().calibration, horizon="39 weeks")


@call
def forecast() -> Flat:
    given = made.split().calibration
    names = ("MBGNBD", "ParetoNBD", "NBD")
    others = {name: rm.forecast(made.fitted(name), given, horizon="39 weeks") for name in names}
    until = rm.forecast(made.fitted("BGNBD"), given, horizon="1998-06-30")
    return flat(BGNBD=_forecast(), until=until, **others)


@call
def forecast_with_interval() -> Flat:
    customers = rm.CustomerSummary(made.histories(), unit="week")
    fit = made.fitted("BGNBD")
    mean = rm.forecast(fit, customers, horizon="39 weeks", level=0.9)
    draws = rm.clv.PredictionDraws(200, 4)
    own = rm.forecast(fit, customers, horizon="39 weeks", level=0.9, kind=draws)
    return flat(mean=mean, own=own)


@call
def total_purchases() -> Flat:
    given = made.split().calibration
    return flat(
        found=rm.clv.total_purchases(made.fitted("BGNBD"), given, horizon="39 weeks"),
        pareto=rm.clv.total_purchases(made.fitted("ParetoNBD"), given, horizon="39 weeks"),
    )


@call
def lifetime_value() -> Flat:
    given = made.fitted("ParetoNBD"), made.spend(), made.split().calibration
    return flat(year=_values(), endless=rm.lifetime_value(*given, **TERMS))


@call
def lifetime_value_with_interval() -> Flat:
    given = made.fitted("BGNBD"), made.spend(), made.split().calibration
    return table(rm.lifetime_value(*given, **TERMS, horizon="12 months", level=0.95))


@call
def total_value() -> Flat:
    given = made.spend(), made.split().calibration
    terms = {**TERMS, "horizon": "12 months"}
    bg = rm.total_value(made.fitted("BGNBD"), *given, **terms)
    pareto = rm.total_value(made.fitted("ParetoNBD"), *given, **terms, level=0.9)
    return flat(bg=bg, each=bg.per_customer, pareto=pareto)


@call
def spend_average() -> Flat:
    heavy = rm.GammaGamma(p=6.25, q=0.9, v=15.44)
    median = rm.clv.SpendAverage(heavy, "median").conditional_spend(x=2, m=30)
    existing = rm.clv.SpendAverage.default_for(made.spend()).conditional_spend(x=2, m=30)
    return flat(median=float(median), existing=float(existing))


@call
def holdout_score() -> Flat:
    names = ("BGNBD", "MBGNBD", "ParetoNBD", "NBD")
    scores = {name: rm.clv.holdout_score(made.fitted(name), made.split()) for name in names}
    return flat(**scores)


@call
def compare_models() -> Flat:
    found = rm.compare_models(made.split(), spend=rm.GammaGamma)
    selection = found.refit(made.cdnow().customer_summary())
    fits = {name: fit.summary() for name, fit in selection.fits.items()}
    return flat(table=found.table.drop(columns="seconds"), **fits)


@call
def calibration() -> Flat:
    return flat(
        plain=rm.calibration(made.fitted("BGNBD"), made.split()),
        banded=rm.calibration(made.fitted("BGNBD"), made.split(), max_count=5, level=0.9),
    )


@call
def tracking() -> Flat:
    fit = made.fitted("BGNBD")
    return flat(
        plain=rm.tracking(fit, made.cdnow(), at=made.CUT),
        banded=rm.tracking(fit, made.cdnow(), at=made.CUT, level=0.95),
    )


@call
def frequency_fit() -> Flat:
    return table(rm.clv.frequency_fit(made.fitted("BGNBD"), made.split().calibration))


@call
def interval_coverage() -> Flat:
    return table(rm.clv.interval_coverage(made.fitted("BGNBD"), made.split(), levels=[0.5, 0.9]))


@call
def prediction_histogram() -> Flat:
    return table(rm.clv.pit_histogram(made.fitted("BGNBD"), made.split()))


@call
def value_tables() -> Flat:
    values = _values()
    return flat(
        deciles=rm.clv.value_by_decile(values),
        distribution=rm.clv.value_distribution(values),
        most_to_lose=rm.clv.at_risk_customers(values, _forecast()),
    )


@call
def alive_distribution() -> Flat:
    return table(rm.clv.alive_distribution(_forecast()))


@call
def p_alive_matrix() -> Flat:
    return table(rm.clv.p_alive_matrix(made.fitted("BGNBD"), T=39.0, max_frequency=10, steps=13))


@call
def customer_history() -> Flat:
    fit = rm.BGNBD.fit(made.cdnow().customer_summary())
    return table(rm.clv.customer_history(fit, made.cdnow(), customer_id="00004"))


@call
def fit_covariates() -> Flat:
    log = made.cdnow().until(made.CUT)
    first = log.to_pandas().groupby("customer_id")["value"].first().rename("first_value")
    customers, given = log.customer_summary(), first.to_frame()
    fit = rm.clv.fit_covariates(rm.BGNBD, customers, rate="np.log1p(first_value)", covariates=given)
    test = fit.likelihood_ratio_test(made.fitted("BGNBD"))
    joined = rm.CustomerSummary(customers.table.join(given), unit="week")
    ahead = rm.forecast(fit, joined, horizon="39 weeks")
    return flat(summary=fit.summary(), effects=fit.effects(), test=test, ahead=ahead)


@call
def level_for() -> Flat:
    return flat(level=rm.clv.supported_level(0.95, made.fitted("BGNBD"), made.spend()))


@call
def most_leaving() -> Flat:
    fit = rm.BGNBD.fit(rm.CustomerSummary(made.regular_buyers(), unit="week"))
    found = rm.clv.dropout_upper_bound(fit, level=0.95)
    return flat(fit=fit.log_likelihood, models=[list(model.values) for model in found])


@call
def purchase_regularity() -> Flat:
    return flat(found=rm.clv.purchase_regularity(made.cdnow()))


@call
def spend_frequency_correlation() -> Flat:
    return flat(found=rm.clv.spend_frequency_correlation(made.split().calibration))


@call
def assumptions_in_words() -> Flat:
    words = rm.clv.describe_assumptions(made.cdnow(), made.cdnow().customer_summary())
    return flat(said=len(words) > 100)
