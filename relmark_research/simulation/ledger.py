"""The simulated ledger by quarter and channel, and the customers of the CRM extract.

Acquisition and retention rates follow Blattberg and Deighton's curve, ceiling x (1 - exp(-k x
spend)), and spends vary by design, so that the curves can be estimated.
"""

import numpy as np
import pandas as pd

from relmark_research.simulation.firm import ChannelTruth, Truth

QUARTERS_AFTER = 4  # simulated after the last day, when offers still open then may be won
BOOK_COLUMNS = [
    "quarter",
    "channel",
    "acquisition_spend",
    "prospects_reached",
    "customers_won",
    "retention_spend",
    "customers_at_risk",
    "customers_kept",
]


def all_quarters(truth: Truth) -> pd.PeriodIndex:
    """Return the observed quarters and `QUARTERS_AFTER` more."""
    observed = pd.period_range(truth.first_day, truth.last_day, freq="Q")
    return pd.period_range(observed[0], periods=len(observed) + QUARTERS_AFTER, freq="Q")


def simulate_books(truth: Truth, rng: np.random.Generator) -> pd.DataFrame:
    """Return spends and counts per quarter and channel, for all quarters of `all_quarters`."""
    quarters = all_quarters(truth)
    books = [_channel_books(channel, quarters, truth, rng) for channel in truth.channels]
    return pd.concat(books).sort_values("quarter", kind="stable", ignore_index=True)


def observed_books(books: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Return the books as of the last day."""
    last = pd.Period(truth.last_day, freq="Q")
    seen = books[books["quarter"] <= last]
    return seen.assign(quarter=seen["quarter"].astype(str))[BOOK_COLUMNS].reset_index(drop=True)


def _channel_books(
    channel: ChannelTruth, quarters: pd.PeriodIndex, truth: Truth, rng: np.random.Generator
) -> pd.DataFrame:
    n = len(quarters)
    reached = np.rint(channel.reached * (1 + truth.growth) ** np.arange(n)).astype(int)
    spend = np.round(channel.acquisition.spend * _spend_multipliers(n, truth, rng), 2)
    won = rng.binomial(reached, channel.acquisition.rate_at(spend))
    retention_spend = np.round(channel.retention.spend * _spend_multipliers(n, truth, rng), 2)
    at_risk, renewed = _renewals(won, channel, retention_spend, rng)
    return pd.DataFrame(
        {
            "quarter": quarters,
            "channel": channel.name,
            "acquisition_spend": np.round(spend * reached, 2),
            "prospects_reached": reached,
            "customers_won": won,
            "retention_spend": np.round(retention_spend * at_risk, 2),
            "customers_at_risk": at_risk,
            "customers_kept": renewed,
        }
    )


def _spend_multipliers(n: int, truth: Truth, rng: np.random.Generator) -> np.ndarray:
    """Return the spend multipliers of the firm's budget experiment: a balanced random order."""
    return rng.permutation(np.resize(np.array(truth.spend_steps), n))


def _renewals(
    won: np.ndarray, channel: ChannelTruth, spend: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return accounts due for renewal and renewed; won and renewed ones are due a year later."""
    at_risk, renewed = np.zeros_like(won), np.zeros_like(won)
    rate = channel.retention.rate_at(spend)
    for quarter in range(len(won)):
        before = quarter - 4
        at_risk[quarter] = channel.opening_accounts if before < 0 else won[before] + renewed[before]
        renewed[quarter] = rng.binomial(at_risk[quarter], rate[quarter])
    return at_risk, renewed


def simulate_people(books: pd.DataFrame, truth: Truth, rng: np.random.Generator) -> pd.DataFrame:
    """Return one row per customer of the extract, by day of acquisition.

    `segment` and `channel` are positions in the parameters. Customers acquired after the last day,
    whose offers were open on it, have no `customer_id`.
    """
    won = rng.binomial(books["customers_won"].to_numpy(), truth.extract_share)
    cell = books.loc[np.repeat(books.index, won)].reset_index(drop=True)
    names = [channel.name for channel in truth.channels]
    channel = cell["channel"].map(names.index).to_numpy()
    mean_cost = (cell["acquisition_spend"] / cell["customers_won"]).to_numpy()
    shape = truth.acquisition_cost_shape
    people = pd.DataFrame(
        {
            "acquired": _days_within(cell["quarter"], truth, rng),
            "acquisition_cost": np.round(mean_cost * rng.gamma(shape, 1 / shape, len(cell)), 2),
            "channel": channel,
            "segment": _segments(channel, truth, rng),
            "region": rng.choice(truth.regions, len(cell)),
        }
    ).sort_values("acquired", kind="stable", ignore_index=True)
    ids = np.array([f"C{number:05d}" for number in range(1, len(people) + 1)], dtype=object)
    ids[people["acquired"] >= truth.days] = None
    people.insert(0, "customer_id", ids)
    return people


def _days_within(quarters: pd.Series, truth: Truth, rng: np.random.Generator) -> np.ndarray:
    start = (quarters.dt.start_time - pd.Timestamp(truth.first_day)).dt.days.to_numpy()
    length = (quarters.dt.end_time - quarters.dt.start_time).dt.days.to_numpy() + 1
    return start + np.floor(rng.random(len(quarters)) * length).astype(int)


def _segments(channel: np.ndarray, truth: Truth, rng: np.random.Generator) -> np.ndarray:
    shares = np.array([one.segment_shares for one in truth.channels])
    return draw_category(shares[channel], rng)


def draw_category(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return for each row of ``shares`` a position drawn with these probabilities."""
    steps = np.cumsum(shares, axis=1)[:, :-1]
    return (rng.random((len(shares), 1)) > steps).sum(axis=1)


def customers_table(people: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Return the table of customers as the CRM holds it."""
    known = people[people["customer_id"].notna()]
    channels = np.array([channel.name for channel in truth.channels])
    return pd.DataFrame(
        {
            "customer_id": known["customer_id"].astype(str),
            "acquisition_date": truth.dates(known["acquired"]),
            "acquisition_cost": known["acquisition_cost"],
            "channel": channels[known["channel"]],
            "segment": np.array(truth.segment_names)[known["segment"]],
            "region": known["region"].astype(str),
        }
    )
