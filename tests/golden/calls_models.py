"""Models: fits, probabilities, forecasts of single customers, and published parameters."""

from typing import Any

import numpy as np
import pandas as pd

from tests.golden import made
from tests.golden.flat import Flat, flat
from tests.golden.public import rm
from tests.golden.registry import call

TIMES = np.array([1.0, 4.0, 13.0, 39.0])
NUMBERS = np.arange(5)
RENEWED = np.arange(1, 9)
PUBLISHED = {  # Fader, Hardie & Lee 2005; Fader & Hardie 2013; Batislam and others 2007
    "BGNBD": {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881},
    "MBGNBD": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "ParetoNBD": {"r": 0.5533971, "alpha": 10.5801985, "s": 0.6060625, "beta": 11.6561767},
    "NBD": {"r": 0.385, "alpha": 12.07},
}


def _fit(fit: Any) -> Flat:
    """What a reader takes from a fit."""
    return flat(
        summary=fit.summary(),
        ratios=fit.ratios(),
        log_likelihood=fit.log_likelihood,
        criteria=[fit.aic, fit.bic],
        covariance=fit.covariance,
    )


def _purchases(model: Any) -> Flat:
    """What a model of purchases says of newcomers and of some customers with a history."""
    known = tuple(made.histories()[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    return flat(
        p_alive=model.p_alive(*known),
        likelihood=model.log_likelihood(*known),
        expected=model.expected_purchases(TIMES),
        ahead=model.conditional_expected_purchases(39.0, *known),
        pmf=model.purchase_pmf(NUMBERS, 39.0),
        pmf_ahead=model.conditional_purchase_pmf(1, 39.0, *known),
        discounted=model.discounted_expected_purchases(0.0027, *known),
        within=model.discounted_expected_purchases(0.0027, *known, horizon=52.0),
        score=model.score(*known),
        days=list(model.rescaled(7.0).values),
    )


@call
def bg_nbd() -> Flat:
    return _purchases(rm.BGNBD(**PUBLISHED["BGNBD"]))


@call
def mbg_nbd() -> Flat:
    return _purchases(rm.MBGNBD(**PUBLISHED["MBGNBD"]))


@call
def pareto_nbd() -> Flat:
    return _purchases(rm.ParetoNBD(**PUBLISHED["ParetoNBD"]))


@call
def nbd() -> Flat:
    return _purchases(rm.clv.NBD(**PUBLISHED["NBD"]))


@call
def bg_bb() -> Flat:
    donors = rm.BGBB(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783)
    known = np.array([0, 2, 6]), np.array([0, 4, 6]), np.array([6, 6, 6])
    return flat(
        p_alive=donors.p_alive(*known),
        likelihood=donors.log_likelihood(*known),
        expected=donors.expected_purchases(np.array([1, 6, 12])),
        ahead=donors.conditional_expected_purchases(5, *known),
        pmf=donors.purchase_pmf(np.arange(7), 6),
        discounted=donors.discounted_expected_purchases(0.1, *known),
    )


@call
def gamma_gamma() -> Flat:
    model = rm.GammaGamma(p=6.249349, q=3.744256, v=15.444307)
    x, m = np.array([0, 2, 7]), np.array([0.0, 30.0, 12.5])
    return flat(
        mean=model.expected_spend(),
        median=model.median_spend(),
        ahead=model.conditional_expected_spend(x, m),
        median_ahead=model.conditional_median_spend(x, m),
        likelihood=model.log_likelihood(x[1:], m[1:]),
    )


@call
def shifted_beta_geometric() -> Flat:
    return _contract(rm.ShiftedBetaGeometric(alpha=0.668, beta=3.806))


@call
def beta_discrete_weibull() -> Flat:
    return _contract(rm.BetaDiscreteWeibull(alpha=0.668, beta=3.806, c=1.2))


def _contract(model: Any) -> Flat:
    return flat(
        survival=model.survival(RENEWED),
        retention=model.retention_rate(RENEWED),
        lifetime=model.expected_residual_lifetime(RENEWED, annual_discount_rate=0.1),
        within=model.expected_residual_lifetime(RENEWED, annual_discount_rate=0.1, horizon=5.0),
    )


@call
def contract_fits() -> Flat:
    survivors = pd.Series([1000, 869, 743, 653, 593, 551, 517, 491])  # Fader & Hardie 2007
    tenures = rm.clv.contract_tenures(survivors)
    fits = {"sbg": rm.ShiftedBetaGeometric, "bdw": rm.BetaDiscreteWeibull}
    found = {f"{name}.{key}": value for name, model in fits.items()
             for key, value in _fit(model.fit(tenures)).items()}  # fmt: skip
    return flat(tenures=tenures, **found)


@call
def fit_bg_nbd() -> Flat:
    return _fit(made.fitted("BGNBD"))


@call
def fit_mbg_nbd() -> Flat:
    return _fit(made.fitted("MBGNBD"))


@call
def fit_pareto_nbd() -> Flat:
    return _fit(made.fitted("ParetoNBD"))


@call
def fit_nbd() -> Flat:
    return _fit(made.fitted("NBD"))


@call
def fit_gamma_gamma() -> Flat:
    return _fit(made.spend())


@call
def fit_bg_bb() -> Flat:
    return _fit(rm.BGBB.fit(rm.load_donations()))


@call
def fit_of_distinct_histories() -> Flat:
    fit = rm.BGNBD.fit(made.cdnow().distinct_histories(unit="week"))
    return _fit(fit) | flat(penalised=rm.BGNBD.fit(made.split().calibration, penalty=0.1).summary())


@call
def fit_intervals_and_draws() -> Flat:
    fit = made.fitted("BGNBD")
    again = type(fit).from_json(fit.to_json())
    draws = [list(model.values) for model in fit.draws(5, seed=3)]
    return flat(interval=fit.interval(0.9), draws=draws, again=again.summary())


@call
def fit_profile() -> Flat:
    found = made.fitted("BGNBD").profile("a")
    return flat(low=found.low, high=found.high)


@call
def simulate() -> Flat:
    T = np.full(50, 39.0)
    drawn = {name: rm.clv.MODELS[name](**values).simulate(T, seed=11)
             for name, values in PUBLISHED.items()}  # fmt: skip
    money = rm.GammaGamma(p=6.25, q=3.74, v=15.44).simulate(np.arange(1, 20), seed=11)
    years = rm.ShiftedBetaGeometric(alpha=0.668, beta=3.806).simulate(np.full(50, 8), seed=11)
    return flat(money=money, years=years, **drawn)


@call
def models() -> Flat:
    ours = {
        name: model for name, model in rm.clv.MODELS.items() if model.__module__.startswith("rel")
    }
    return flat(size={name: len(model.names()) for name, model in ours.items()})


@call
def to_and_from_lifetimes() -> Flat:
    model = rm.BGNBD(**PUBLISHED["BGNBD"])
    fitter = rm.clv.to_lifetimes(model)
    ahead = float(fitter.predict(39, 2, 30.43, 38.86))
    return flat(ahead=ahead, again=list(rm.clv.from_lifetimes(fitter).values))


@call
def compare_with_lifetimes() -> Flat:
    both = rm.clv.compare_with_lifetimes(made.split().calibration, horizon="39 weeks")
    ours = both.parameters["relmark"], both.predictions[["relmark", "relmark_alive"]]
    return flat(parameters=ours[0], predictions=ours[1], likelihoods=both.log_likelihoods)
