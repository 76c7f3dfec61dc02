"""Small tables: a part of the sample firm, its customers numbered, and what is made from it."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import relmark_research as rm
from tests.economics.levels_of_relationship.made import BASIC, CARE, SEGMENTS, drawn_years

TERMS = {"margin": 0.3, "annual_discount_rate": 0.1}
AT = "2023-12-31"
FIRST = 150  # customers of the sample firm that are kept


@cache
def numbers() -> dict[str, str]:
    """A number as text for each customer that is kept."""
    ids = rm.load_sample("customers")["customer_id"].head(FIRST)
    return {one: str(1001 + 7 * place) for place, one in enumerate(ids)}


@cache
def sample(name: str) -> pd.DataFrame:
    """A table of the sample firm, cut down to the customers that are kept."""
    table = rm.load_sample(name)
    if "customer_id" in table.columns:
        ids = table["customer_id"].map(numbers())
        kept = ids.notna() | (table["customer_id"].isna() if name == "prospects" else False)
        table = table.assign(customer_id=ids)[kept]
    for name in ("prospect_id", "partner_id"):
        if name in table.columns:
            table = table.assign(**{name: table[name].str[1:].str.lstrip("0")})
    return table.reset_index(drop=True)


@cache
def rows() -> pd.DataFrame:
    return sample("transactions")


@cache
def log() -> Any:
    return rm.read_transactions(rows(), cost="cost")


@cache
def split() -> Any:
    return log().split(unit="week")


@cache
def summary() -> pd.DataFrame:
    return log().customer_summary(unit="week").table


@cache
def customers() -> pd.DataFrame:
    """frequency, recency, T and monetary_value in weeks, with customer_id as a column."""
    return summary().reset_index()


@cache
def histories() -> pd.DataFrame:
    """Frequency, recency and T without a log."""
    rows = [(0, 0, 38.5), (2, 30.25, 38.5), (7, 35, 77.75), (26, 30.5, 31), (1, 1.75, 38.5)]
    table = pd.DataFrame(rows, columns=["frequency", "recency", "T"])
    return table.assign(customer_id=["7", "12", "31", "40", "55"], monetary_value=12.5)


@cache
def calibration() -> pd.DataFrame:
    return log().until(AT).customer_summary(unit="week").table.reset_index()


@cache
def purchases() -> Any:
    return rm.MBGNBD.fit(log().customer_summary(unit="week"))


@cache
def spend() -> Any:
    return rm.GammaGamma.fit(log().customer_summary(unit="week"))


@cache
def opportunities() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    last = rng.integers(0, 7, 80)
    count = np.array([rng.integers(1, t + 1) if t else 0 for t in last])
    return pd.DataFrame({"frequency": count, "recency": last, "T": 6})


@cache
def members() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    tenure = np.minimum(rng.geometric(0.3, 90), 5)
    plan = rng.choice(["basic", "plus"], 90)
    return pd.DataFrame({"tenure": tenure, "churned": (tenure < 5).astype(int), "plan": plan})


@cache
def profits() -> pd.DataFrame:
    return rm.profit_table(log(), contacts=sample("contacts"), customers=sample("customers"))


@cache
def years() -> pd.DataFrame:
    return rm.economics.account_years(
        log(), contacts=sample("contacts"), customers=sample("customers")
    )


@cache
def segment() -> pd.Series:
    return sample("customers").set_index("customer_id")["segment"]


@cache
def forecast() -> pd.DataFrame:
    return rm.forecast(purchases(), customers(), horizon="26 weeks")


@cache
def values() -> pd.DataFrame:
    return rm.lifetime_value(purchases(), spend(), customers(), **TERMS, horizon="26 weeks")


@cache
def history() -> Any:
    found = rm.LOYALTY_LADDER.assign(
        log(),
        events=sample("events"),
        prospects=sample("prospects").head(200),
        answers=sample("satisfaction"),
        period="quarter",
    )
    return found.with_customers(sample("customers"))


@cache
def estimate() -> Any:
    return rm.estimate_transitions(history())


@cache
def counts() -> pd.DataFrame:
    names = ["first", "repeat", "lost"]
    return pd.DataFrame([[60, 20, 10], [15, 70, 5], [0, 4, 96]], index=names, columns=names)


@cache
def rung_margins() -> pd.Series:
    found = rm.ladder.rung_margins(log(), history())
    return found["annual_margin"]


@cache
def moves() -> pd.DataFrame:
    columns = ["customer_id", "date", "relationship_level"]
    return rm.ladder.moves_table(history(), sample("contacts")[columns])


@cache
def bought() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    often = rng.random(60) < 0.4
    found = []
    for _ in range(5):
        found.append(rng.random(60) < np.where(often, 0.8, 0.1))
        often = rng.random(60) < np.where(often, 0.9, 0.15)
    panel = pd.DataFrame(np.array(found, float).T)
    return panel.set_axis([str(1001 + 7 * k) for k in range(60)]).rename_axis("customer_id")


@cache
def looks() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    rungs = np.array(["first", "repeat", "client"])
    found, time = rng.integers(0, 2, 80), np.zeros(80)
    ids = [str(1001 + 7 * k) for k in range(80)]
    rows = [pd.DataFrame({"customer_id": ids, "time": time, "rung": rungs[found]})]
    for _ in range(3):
        time = time + rng.integers(1, 9, 80) / 4
        found = np.clip(found + rng.choice([-1, 0, 1], 80, p=[0.2, 0.5, 0.3]), 0, 2)
        rows.append(pd.DataFrame({"customer_id": ids, "time": time, "rung": rungs[found]}))
    return pd.concat(rows, ignore_index=True)


@cache
def mailed() -> pd.DataFrame:
    run = rm.load_sample("campaigns")
    run = run[run["arm"].isin(["mail", "control"])].head(900).reset_index(drop=True)
    ids = run["customer_id"].str[1:].str.lstrip("0")
    cell = (run["pre_value"] > 50).map({True: "high", False: "low"}).astype("str")
    return run.assign(customer_id=ids, cell=cell)


@cache
def campaigns() -> pd.DataFrame:
    run = rm.load_sample("campaigns").head(1200)
    return run.assign(customer_id=run["customer_id"].str[1:].str.lstrip("0"))


@cache
def people() -> pd.DataFrame:
    """Customers as a CRM has them, some more than once."""
    return pd.DataFrame(
        {
            "customer_id": ["7", "12", "31", "40", "55"],
            "email": ["J.Bond@Mi6.uk", " j.bond@mi6.uk ", None, "m@mi6.uk", "q@mi6.uk"],
            "phone": [None, "+44 20 7930 9007", "0044 (0)20 7930 9007", None, "+442079309008"],
        }
    )


@cache
def partners() -> Any:
    return rm.relationships.read_partners(sample("partners"), sample("partner_survey"))


@cache
def level_years() -> pd.DataFrame:
    """Account years whose level was drawn at random."""
    return drawn_years(400, seed=11).assign(
        customer_id=[str(1001 + 7 * place) for place in range(400)]
    )


@cache
def choice() -> Any:
    effects = rm.economics.assumed_effects(SEGMENTS, [BASIC, CARE])
    return rm.relationship_levels(effects, annual_discount_rate=0.1, draws=200, seed=3)


@cache
def link() -> Any:
    return rm.relationships.retention_link(answers())


@cache
def answers() -> pd.DataFrame:
    """Answers of more customers than the other tables have, and their group."""
    table = rm.load_sample("satisfaction").head(400)
    ids = table["customer_id"].str[1:].str.lstrip("0")
    shop = np.where(np.arange(len(table)) % 3, "north", "south")
    return table.assign(customer_id=ids, shop=shop)


@cache
def quadrants() -> pd.DataFrame:
    lifetime = rm.economics.predicted_lifetime(purchases(), log().customer_summary(unit="week"))
    return rm.economics.customer_quadrants(lifetime, profits()["profit"].reindex(lifetime.index))


@cache
def holdout() -> pd.DataFrame:
    return rm.economics.holdout_profit(log(), contacts=sample("contacts"))


@cache
def cells() -> pd.DataFrame:
    scores = rm.rfm_scores(log(), bins=3)
    again = np.arange(len(scores)) % 4 == 0
    return scores.assign(responded=again)


@cache
def ladder_table() -> pd.DataFrame:
    return history().to_pandas()[["customer_id", "period", "rung"]].head(700)


@cache
def contracts() -> pd.DataFrame:
    start = pd.date_range("2023-01-01", periods=30, freq="17D")
    end = (start + pd.Timedelta(days=200)).to_series().reset_index(drop=True)
    return pd.DataFrame(
        {
            "customer_id": [str(1001 + 7 * k) for k in range(30)],
            "start": start,
            "end": end.where(np.arange(30) % 3 > 0),
            "price": np.arange(30) * 0.25 + 20,
            "plan": np.where(np.arange(30) % 2, "basic", "plus"),
        }
    )


@cache
def calendar_events() -> pd.DataFrame:
    days = {"start": ["2022-11-20", "2023-11-20", "2023-03-01"],
            "end": ["2022-12-24", "2023-12-24", "2023-03-05"]}  # fmt: skip
    dated = {name: pd.to_datetime(column) for name, column in days.items()}
    return pd.DataFrame({"event": ["sale", "sale", "fair"], **dated, "strength": [1.0, 1.0, 0.5]})


@cache
def calendar_index() -> pd.Series:
    months = pd.date_range("2023-01-01", periods=12, freq="MS")
    return pd.Series(np.linspace(0.8, 1.2, 12), index=pd.Index(months, name="date"), name="rate")
