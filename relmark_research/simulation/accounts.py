"""Simulated accounts: level, survey answer and renewal of each year, contacts and events.

The first order opens an account. On each anniversary the firm sends the account letter, with a
level of relationship marketing drawn for the year. Renewal at the end of the year follows a logit
in segment, level and satisfaction. A customer who does not renew stops ordering on a day drawn
uniformly from the year's days after the first thirty.
"""

import numpy as np
import pandas as pd
from scipy.special import expit

from relmark_research.simulation.firm import CONTACT_KINDS, EventTruth, Truth
from relmark_research.simulation.ledger import draw_category

YEAR = 365  # days of an account year


def simulate_years(people: pd.DataFrame, truth: Truth, rng: np.random.Generator) -> pd.DataFrame:
    """Return one row per customer and account year begun by the last day.

    Columns: person (row of ``people``), tenure (full years), start, level, answer (0 to 10),
    latent_satisfaction (standard normal), renews, inactive (first day without purchases), until
    (the same, at most the end of the data).
    """
    persistent = rng.standard_normal(len(people))
    start = people["acquired"].to_numpy()
    person = np.flatnonzero(start < truth.days)
    years, tenure = [], 0
    while len(person):
        opened = start[person] + YEAR * tenure
        year = _year(
            person, opened, people["segment"].to_numpy()[person], persistent[person], truth, rng
        )
        years.append(year.assign(tenure=tenure))
        tenure += 1
        renewed = year["renews"] & (opened + YEAR < truth.days)
        person = person[renewed.to_numpy()]
    return pd.concat(years, ignore_index=True)


def _year(
    person: np.ndarray,
    start: np.ndarray,
    segment: np.ndarray,
    persistent: np.ndarray,
    truth: Truth,
    rng: np.random.Generator,
) -> pd.DataFrame:
    level = draw_category(truth.by_segment("level_shares")[segment], rng)
    share, noise = truth.satisfaction.persistence, rng.standard_normal(len(persistent))
    latent = np.sqrt(share) * persistent + np.sqrt(1 - share) * noise
    mean = truth.by_segment("satisfaction_mean")[segment]
    answer = np.clip(np.rint(mean + truth.satisfaction.sd * latent), 0, 10).astype(int)
    renews = rng.random(len(person)) < renewal_probability(segment, level, answer, truth)
    remaining = YEAR - truth.sure_days
    dropout = start + truth.sure_days + np.floor(rng.random(len(person)) * remaining).astype(int)
    inactive = np.where(renews, start + YEAR, dropout)
    return pd.DataFrame(
        {
            "person": person,
            "start": start,
            "level": level,
            "latent_satisfaction": latent,
            "answer": answer,
            "renews": renews,
            "inactive": inactive,
            "until": np.minimum(inactive, truth.days),
        }
    )


def renewal_probability(
    segment: np.ndarray, level: np.ndarray, answer: np.ndarray, truth: Truth
) -> np.ndarray:
    """Return the probability of renewal: expit(segment + level + slopes x (answer - 7))."""
    effects = np.array([one.renewal_effect for one in truth.levels])
    below = truth.satisfaction.slope_below * np.minimum(answer - 7, 0)
    above = truth.satisfaction.slope_above * np.maximum(answer - 7, 0)
    return expit(truth.by_segment("renewal_logit")[segment] + effects[level] + below + above)


def draw_events(
    years: pd.DataFrame, mean: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of ``years`` and days of a Poisson number of events, uniformly distributed.

    ``mean`` is the expected number in a full account year.
    """
    start, until = years["start"].to_numpy(), years["until"].to_numpy()
    count = rng.poisson(mean * (until - start) / YEAR)
    row = np.repeat(np.arange(len(years)), count)
    day = start[row] + np.floor(rng.random(len(row)) * (until - start)[row]).astype(int)
    return row, day


def contacts_table(
    years: pd.DataFrame, people: pd.DataFrame, truth: Truth, rng: np.random.Generator
) -> pd.DataFrame:
    """Return every contact with its cost; the first mail of an account year is its letter."""
    rows, days = [np.arange(len(years))], [years["start"].to_numpy()]
    kinds, costs = [np.full(len(years), "mail")], [np.full(len(years), truth.letter_cost)]
    unit_costs = truth.by_segment("contact_costs")
    segment, level = people["segment"].to_numpy()[years["person"]], years["level"].to_numpy()
    for position, kind in enumerate(CONTACT_KINDS):
        yearly = np.array([one.contacts[position] for one in truth.levels])
        row, day = draw_events(years, yearly[level], rng)
        spread = (
            rng.gamma(truth.cost_shape, 1 / truth.cost_shape, len(row)) if kind != "mail" else 1.0
        )
        rows.append(row)
        days.append(day)
        kinds.append(np.full(len(row), kind))
        costs.append(np.round(unit_costs[segment[row], position] * spread, 2))
    row = np.concatenate(rows)
    table = pd.DataFrame(
        {
            "customer_id": _ids(years, people)[row],
            "date": truth.dates(np.concatenate(days)),
            "kind": np.concatenate(kinds),
            "cost": np.concatenate(costs),
            "relationship_level": np.array(truth.level_names)[level[row]],
        }
    )
    return table.sort_values(["date", "customer_id"], kind="stable", ignore_index=True)


def _ids(years: pd.DataFrame, people: pd.DataFrame) -> np.ndarray:
    return people["customer_id"].to_numpy(dtype=object)[years["person"]].astype(str)


def satisfaction_table(
    years: pd.DataFrame, people: pd.DataFrame, truth: Truth, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the answered surveys; `retained` is missing where the account year is not over."""
    survey = truth.satisfaction
    day = years["start"].to_numpy() + rng.integers(*survey.days, len(years))
    answered = (rng.random(len(years)) < survey.response) & (day < truth.days)
    respondents = years[answered]
    over = respondents["start"] + YEAR < truth.days
    table = pd.DataFrame(
        {
            "customer_id": _ids(respondents, people),
            "date": truth.dates(day[answered]),
            "nps": respondents["answer"].to_numpy(),
        }
    )
    for item, loading in zip(survey.items, survey.loadings, strict=True):
        noise = np.sqrt(1 - loading**2) * rng.standard_normal(len(respondents))
        latent = loading * respondents["latent_satisfaction"].to_numpy() + noise
        scale = np.rint(survey.item_mean + survey.item_sd * latent)
        table[item] = np.clip(scale, 1, 5).astype(int)
    table["retained"] = respondents["renews"].astype(float).where(over).to_numpy()
    return table.sort_values(["date", "customer_id"], kind="stable", ignore_index=True)


def events_table(
    years: pd.DataFrame, people: pd.DataFrame, truth: Truth, rng: np.random.Generator
) -> pd.DataFrame:
    """Return referrals, reviews, memberships, partner agreements and complaints."""
    business = people["segment"].to_numpy()[years["person"]] > 0
    events = [_events_of(kind, years, business, rng) for kind in truth.events]
    found = pd.concat(events, ignore_index=True)
    table = pd.DataFrame(
        {
            "customer_id": people["customer_id"]
            .to_numpy(dtype=object)[found["person"]]
            .astype(str),
            "date": truth.dates(found["day"]),
            "kind": found["kind"],
        }
    )
    return table.sort_values(["date", "customer_id"], kind="stable", ignore_index=True)


def _events_of(
    event: EventTruth, years: pd.DataFrame, business: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    tenure, answer = years["tenure"].to_numpy(), years["answer"].to_numpy()
    log_multiplier = event.tenure_effect * tenure + event.satisfaction_effect * (answer - 7)
    mean = event.rate * np.exp(log_multiplier)
    row, day = draw_events(years, np.where(business | (not event.business_only), mean, 0.0), rng)
    found = pd.DataFrame(
        {"person": years["person"].to_numpy()[row], "day": day, "kind": event.kind}
    )
    if event.once:
        found = found.sort_values("day", kind="stable").drop_duplicates("person")
    return found
