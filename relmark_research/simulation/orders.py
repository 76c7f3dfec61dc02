"""Simulated orders: days, values, costs of goods, returns, and the oddities of real logs.

While an account is active, orders follow a Poisson process (rate ~ Gamma(r, alpha) between
customers, multiplied by the effect of the year's level), and values the Gamma-Gamma model.
"""

import numpy as np
import pandas as pd

from relmark_research.simulation.accounts import YEAR, draw_events
from relmark_research.simulation.firm import Truth


def add_preferences(people: pd.DataFrame, truth: Truth, rng: np.random.Generator) -> pd.DataFrame:
    """Return ``people`` with each one's purchase rate (per week), value scale and margin share.

    The value of an order is Gamma(p, spend_rate), with mean p / spend_rate euro.
    """
    segment = people["segment"].to_numpy()
    parameter = {name: truth.by_segment(name)[segment] for name in ("r", "alpha", "q", "v")}
    mean, sd = truth.by_segment("margin_share"), truth.by_segment("margin_sd")
    return people.assign(
        rate=rng.gamma(parameter["r"], 1 / parameter["alpha"]),
        spend_rate=rng.gamma(parameter["q"], 1 / parameter["v"]),
        margin_share=mean[segment] + sd[segment] * rng.standard_normal(len(people)),
    )


def simulate_orders(
    people: pd.DataFrame, years: pd.DataFrame, truth: Truth, rng: np.random.Generator
) -> pd.DataFrame:
    """Return person and day of every order: the first, which opened the account, and repeats."""
    multiplier = np.array([level.purchase_multiplier for level in truth.levels])
    rate = people["rate"].to_numpy()[years["person"]] * multiplier[years["level"]]
    row, day = draw_events(years, rate * YEAR / 7, rng)
    first = years[years["tenure"] == 0]
    person = np.concatenate([first["person"], years["person"].to_numpy()[row]])
    days = np.concatenate([first["start"], day])
    orders = pd.DataFrame({"person": person, "day": days})
    return orders.sort_values(["day", "person"], kind="stable", ignore_index=True)


def price_orders(
    orders: pd.DataFrame, people: pd.DataFrame, truth: Truth, rng: np.random.Generator
) -> pd.DataFrame:
    """Return ``orders`` in order of day with order_id, value and cost of goods (euro)."""
    lines = orders.sort_values(["day", "person"], kind="stable", ignore_index=True)
    buyer = people.iloc[lines["person"]]
    p = truth.by_segment("p")[buyer["segment"]]
    value = np.maximum(np.round(rng.gamma(p, 1 / buyer["spend_rate"]), 2), 1.0)
    noise = truth.order_margin_sd * rng.standard_normal(len(lines))
    margin = np.clip(buyer["margin_share"].to_numpy() + noise, -0.3, 0.8)
    ids = [f"O{number:06d}" for number in range(1, len(lines) + 1)]
    return lines.assign(order_id=ids, value=value, cost=np.round(value * (1 - margin), 2))


def simulate_returns(
    lines: pd.DataFrame, people: pd.DataFrame, truth: Truth, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the returns: R instead of O in the order's id, negative value and cost."""
    probability = truth.by_segment("return_share")[people["segment"].to_numpy()[lines["person"]]]
    returns = lines[rng.random(len(lines)) < probability]
    part = rng.uniform(*truth.returns.part, len(returns))
    share = np.where(rng.random(len(returns)) < truth.returns.whole, 1.0, part)
    returns = returns.assign(
        day=returns["day"] + rng.integers(*truth.returns.days, len(returns)),
        order_id="R" + returns["order_id"].str[1:],
        value=-np.round(returns["value"] * share, 2),
        cost=-np.round(returns["cost"] * share * truth.returns.resaleable, 2),
    )
    return returns[returns["day"] < truth.days]


def with_oddities(
    lines: pd.DataFrame, people: pd.DataFrame, truth: Truth, rng: np.random.Generator
) -> pd.DataFrame:
    """Return ``lines`` with the oddities of real logs, which an audit should find.

    Duplicate rows, free samples (value 0), a value ten times too high, orders booked in two parts.
    """
    odd = truth.oddities
    private = np.flatnonzero(people["segment"].to_numpy()[lines["person"]] == 0)
    count = odd.duplicates + odd.free_samples + odd.typing_errors + odd.split_orders
    chosen = np.split(
        lines.index[rng.choice(private, count, replace=False)],
        np.cumsum([odd.duplicates, odd.free_samples, odd.typing_errors]),
    )
    twice, free, typed, split = chosen
    lines = lines.copy()
    lines.loc[typed, "value"] = np.round(lines.loc[typed, "value"] * 10, 2)
    samples = lines.loc[free].assign(value=0.0, order_id="S" + lines.loc[free, "order_id"].str[1:])
    second = lines.loc[split].assign(order_id=lines.loc[split, "order_id"] + "b")
    for column in ("value", "cost"):
        half = np.round(lines.loc[split, column] / 2, 2)
        second[column] = np.round(lines.loc[split, column] - half, 2)
        lines.loc[split, column] = half
    return pd.concat([lines, lines.loc[twice], samples, second], ignore_index=True)


def transactions_table(lines: pd.DataFrame, people: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Return the log as the CRM shows it, by date and order."""
    table = pd.DataFrame(
        {
            "customer_id": people["customer_id"]
            .to_numpy(dtype=object)[lines["person"]]
            .astype(str),
            "order_id": lines["order_id"].to_numpy(),
            "date": truth.dates(lines["day"]),
            "value": lines["value"].to_numpy(),
            "cost": lines["cost"].to_numpy(),
        }
    )
    return table.sort_values(["date", "order_id"], kind="stable", ignore_index=True)
