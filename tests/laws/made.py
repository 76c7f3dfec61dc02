"""Small data, fits and estimates behind the examples, each made once."""

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

import relmark_research as rm
from relmark_research.clv.validation.model_selection import ModelSelection
from tests.economics.budget.made_books import Truth, simulate_books
from tests.economics.response.test_acquisition_and_retention import TRAITS, prospects

CUT = "1997-09-30"  # of CDNOW: 39 weeks to fit on, 39 more
TERMS = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon": "52 weeks"}


@cache
def sample(name: str) -> pd.DataFrame:
    return rm.load_sample(name)


@cache
def small_log() -> Any:
    """Every sixth customer of CDNOW."""
    rows = rm.load_cdnow().to_pandas()
    some = sorted(rows["customer_id"].unique())[::6]
    return rm.read_transactions(rows[rows["customer_id"].isin(some)])


@cache
def split() -> Any:
    return small_log().split(at=CUT)


@cache
def full_split() -> Any:
    return rm.load_cdnow().split(at=CUT)


@cache
def bg() -> Any:
    """BG/NBD on the calibration of CDNOW, as published."""
    return rm.BGNBD.fit(full_split().calibration)


@cache
def small_bg() -> Any:
    return rm.BGNBD.fit(split().calibration)


@cache
def calendar() -> Any:
    return rm.CalendarEffects.fit(small_log(), events={"sale": [("1997-11-20", "1997-12-24")]})


@cache
def spend() -> Any:
    return rm.GammaGamma.fit(full_split().calibration)


@cache
def histories() -> Any:
    rows = [(0, 0, 38.86), (2, 30.43, 38.86), (7, 35, 37.86), (1, 1.7, 38.86)]
    table = pd.DataFrame(rows, columns=["frequency", "recency", "T"])
    return rm.CustomerSummary(table.assign(monetary_value=[0, 22.35, 30, 50]), unit="week")


@cache
def covariate_fit() -> Any:
    log = small_log().until(CUT)
    first = log.to_pandas().groupby("customer_id")["value"].first().rename("first_value")
    return rm.clv.fit_covariates(
        rm.BGNBD, log.customer_summary(), rate="np.log1p(first_value)", covariates=first.to_frame()
    )


@cache
def regular_buyers() -> pd.DataFrame:
    """Customers who buy more regularly than at random, so that nobody seems to leave."""
    rng = np.random.default_rng(3)
    rows = []
    for _ in range(150):
        days, often = rng.integers(70, 280), rng.gamma(1.2, 1 / 8.0)
        times = np.cumsum(rng.gamma(3, 7 / (3 * often), 400))
        bought = np.unique(np.ceil(times[times <= days]))
        rows.append((len(bought), bought.max(initial=0) / 7, days / 7))
    return pd.DataFrame(rows, columns=["frequency", "recency", "T"])


@cache
def boundary_fit() -> Any:
    """A fit at the boundary of no dropout."""
    fit = rm.BGNBD.fit(rm.CustomerSummary(regular_buyers(), unit="week"))
    assert fit.diagnosis.at_boundary
    return fit


@cache
def selection() -> Any:
    nbd = rm.clv.MODELS["NBD"].fit(rm.CustomerSummary(regular_buyers(), unit="week"))
    return ModelSelection("NBD", {"NBD": nbd}, boundary_fit(), "BGNBD")


@cache
def alike() -> Any:
    """A fit to customers with nearly equal dropout: only a / (a + b) is identified."""
    rng = np.random.default_rng(4)
    n = 800
    rate, T = rng.gamma(1.5, 1 / 6.0, n), np.full(n, 60.0)
    rows = []
    for own, length in zip(rate, T, strict=True):
        time, x, last = 0.0, 0, 0.0
        while True:
            time += rng.exponential(1 / own)
            if time > length:
                break
            x, last = x + 1, time
            if rng.random() < 0.15:
                break
        rows.append((x, last, length))
    table = pd.DataFrame(rows, columns=["frequency", "recency", "T"])
    return rm.BGNBD.fit(rm.CustomerSummary(table, unit="week"))


@cache
def firm() -> Any:
    return rm.read_transactions("dataset:sample", cost="cost")


@cache
def small_firm() -> Any:
    """60 customers of the sample firm, their contacts and segments."""
    rows = firm().to_pandas()
    ids = sorted(rows["customer_id"].unique())[:60]
    log = rm.read_transactions(rows[rows["customer_id"].isin(ids)], cost="cost")
    contacts = sample("contacts")
    return SimpleNamespace(
        log=log,
        contacts=contacts[contacts["customer_id"].isin(ids)].reset_index(drop=True),
        segments=sample("customers").set_index("customer_id")["segment"].reindex(ids),
    )


@cache
def advice_terms() -> dict[str, Any]:
    """Models with given parameters, so that no fit takes time."""
    return {
        "purchases": rm.ParetoNBD(r=0.8, alpha=8.0, s=0.6, beta=30.0),
        "actions": rm.economics.Actions(grow_cost=5.0),
        "terms": rm.economics.FutureTerms(draws=100, seed=5),
    }


@cache
def books() -> pd.DataFrame:
    books = sample("books")
    return books[books["channel"] == "field"]


@cache
def position() -> Any:
    margin = pd.DataFrame({"annual_margin": [1110.0], "standard_error": [60.0]}, index=["field"])
    return rm.economics.spending_position(
        books(), by="channel", recent=4, annual_margin=margin, annual_discount_rate=0.1
    )


@cache
def flow() -> Any:
    """Books with losses, whose rate is far from 1."""
    books = pd.DataFrame({
        "quarter": [f"{2023 + q // 4}Q{q % 4 + 1}" for q in range(8)],
        "opening_customers": [300, 290, 285, 288, 280, 276, 279, 270.0],
        "customers_won": [60, 66, 70, 58, 60, 67, 55, 61.0],
        "customers_lost": [70, 71, 67, 66, 64, 64, 64, 60.0],
    })  # fmt: skip
    return rm.economics.SpendLedger.from_table(books)


@cache
def memory_books() -> Any:
    truth = Truth(acquisition=0.35, retention=0.45, carry_over=0.3)
    return rm.economics.SpendLedger.from_table(simulate_books(truth, seed=3, periods=45))


@cache
def books_memory(purpose: str = "acquisition") -> Any:
    return rm.economics.books_response(memory_books(), purpose=purpose)


@cache
def memory() -> Any:
    return books_memory().fit


@cache
def joint() -> Any:
    return rm.economics.acquisition_and_retention(prospects(1)[0], **TRAITS)


@cache
def response() -> Any:
    return rm.ResponseCurve.fit([0.5, 1, 2, 4], [230, 400, 640, 870], [10_000] * 4)


@cache
def profits() -> pd.Series:
    rng = np.random.default_rng(8)
    return pd.Series(rng.gamma(0.7, 60.0, 150) - 8.0)


@cache
def profit_history() -> pd.DataFrame:
    return rm.economics.holdout_profit(small_log(), at=CUT, margin=0.3)


@cache
def assumed() -> Any:
    """Effects of three levels on two segments."""
    segments = pd.DataFrame(
        {
            "segment": ["homes", "mills"],
            "customers": [900, 12],
            "retention": [0.6, 0.7],
            "annual_margin": [40.0, 2000.0],
            "retention_se": [0.02, 0.05],
            "annual_margin_se": [1.0, 100.0],
        }
    )
    level, effect = rm.economics.RelationshipLevel, rm.economics.Effect
    levels = [
        level("basic", cost=1.0),
        level("reactive", cost=8.0, retention=effect(0.3, 0.1), annual_margin=effect(0.02, 0.02)),
        level("partnership", cost=30.0, retention=effect(0.9, 0.2),
              annual_margin=effect(0.18, 0.05)),
    ]  # fmt: skip
    return rm.economics.assumed_effects(segments, levels)


STATES = ["first", "repeat", "lost"]
COUNTS = pd.DataFrame([[60, 20, 10], [15, 70, 5], [2, 4, 90]], index=STATES, columns=STATES)
RUNG_MARGINS = {"first": 40.0, "repeat": 100.0, "lost": 0.0}


@cache
def counted() -> Any:
    """Transition probabilities from a table of counts."""
    return rm.estimate_transitions(COUNTS, off_ladder=["lost"], period="quarter")


@cache
def people() -> pd.DataFrame:
    """The rung of 250 people in nine quarters, drawn with a fixed seed."""
    rng, P = np.random.default_rng(11), COUNTS.to_numpy() / COUNTS.to_numpy().sum(axis=1)[:, None]
    state, rows = np.zeros(250, int), []
    quarters = pd.period_range("2022Q1", periods=9, freq="Q")
    for quarter in quarters:
        rungs = np.array(STATES)[state]
        rows.append(pd.DataFrame({"customer_id": range(250), "period": quarter, "rung": rungs}))
        state = np.array([rng.choice(3, p=P[one]) for one in state])
    return pd.concat(rows, ignore_index=True)


@cache
def history() -> Any:
    return rm.ladder.LadderHistory.from_table(
        people(), rungs=STATES, off_ladder=["lost"], period="quarter"
    )


@cache
def followed() -> Any:
    """Transition probabilities from people whose moves are known."""
    return rm.estimate_transitions(history())


@cache
def moves() -> pd.DataFrame:
    table = rm.ladder.moves_table(history())
    return table.assign(size=np.random.default_rng(2).normal(size=len(table)))


@cache
def observations() -> pd.DataFrame:
    """On which rung 200 people were found at four irregular times, drawn with a fixed seed."""
    rng = np.random.default_rng(7)
    rungs = np.array(["first", "repeat", "client"])
    found, time = rng.integers(0, 2, 200), np.zeros(200)
    rows = [pd.DataFrame({"customer_id": range(200), "time": time, "rung": rungs[found]})]
    for _ in range(3):
        time = time + rng.choice([0.4, 0.9, 1.6], 200)
        found = np.clip(found + rng.choice([-1, 0, 1], 200, p=[0.2, 0.5, 0.3]), 0, 2)
        rows.append(pd.DataFrame({"customer_id": range(200), "time": time, "rung": rungs[found]}))
    return pd.concat(rows, ignore_index=True)


@cache
def generator() -> Any:
    return rm.ladder.fit_generator(
        observations(),
        rungs=["first", "repeat", "client"],
        impossible=[("first", "client"), ("client", "first")],
    )


@cache
def hidden() -> Any:
    return rm.ladder.HiddenLadder(
        propensity=np.array([0.1, 0.8]),
        matrix=np.array([[0.9, 0.1], [0.2, 0.8]]),
        initial=np.array([0.7, 0.3]),
        log_likelihood=-500.0,
        customers=300,
        periods=2400,
        propensity_errors=np.array([0.01, 0.03]),
    )


@cache
def small_ladder() -> Any:
    return rm.PURCHASE_LADDER.assign(small_log(), period="month")


@cache
def campaigns() -> pd.DataFrame:
    return sample("campaigns")


@cache
def campaign_table() -> Any:
    return rm.relationships.read_campaigns(campaigns())


@cache
def mailed() -> pd.DataFrame:
    """The customers of the campaigns by mail, in cells that were fixed before."""
    run = campaigns()
    run = run[run["arm"].isin(["mail", "control"])].reset_index(drop=True)
    segment = sample("customers").set_index("customer_id")["segment"]
    place = run["customer_id"].map(segment).astype(str)
    return run.assign(cell=place + (run["pre_value"] > 50).map({True: " high", False: " low"}))


@cache
def cells() -> pd.DataFrame:
    return pd.DataFrame({"cell": list("abc"), "mailed": [500, 40, 900], "responses": [20, 1, 3]})


@cache
def answers() -> pd.DataFrame:
    return sample("satisfaction").head(300)


@cache
def link() -> Any:
    return rm.relationships.retention_link(answers())


@cache
def partners() -> Any:
    return rm.relationships.read_partners(sample("partners"), sample("partner_survey"))


@cache
def quality() -> Any:
    return rm.relationships.relationship_quality(partners())


@cache
def ties() -> Any:
    return rm.relationships.tie_effects(partners(), quality())
