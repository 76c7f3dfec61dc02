"""Simulated partners and their survey, from a commitment-trust path model with known paths.

Communication and mutual interest affect trust; trust and mutual interest affect commitment; trust
and commitment affect satisfaction (after Morgan and Hunt 1994). Constructs are standard normal; a
share of each one's variance lies between partners, the rest between answers.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class ConstituencyTruth:
    """One kind of partner: their number, typical cost and time, transactions a year."""

    name: str
    count: int
    transaction_cost: float
    response_days: float
    transactions: float


@dataclass(frozen=True)
class PartnerTruth:
    """Partners and their survey: a commitment-trust path model on standardised constructs."""

    constituencies: tuple[ConstituencyTruth, ...] = (
        ConstituencyTruth("supplier", 30, 60.0, 6.0, 40),
        ConstituencyTruth("distributor", 26, 45.0, 4.0, 90),
        ConstituencyTruth("agency", 12, 120.0, 8.0, 12),
        ConstituencyTruth("employee", 14, 15.0, 2.5, 150),
        ConstituencyTruth("investor", 10, 200.0, 12.0, 6),
    )
    exogenous_correlation: float = 0.3  # communication with mutual interest
    # effect, cause, path
    paths: tuple[tuple[str, str, float], ...] = (
        ("trust", "communication", 0.45),
        ("trust", "mutual_interest", 0.30),
        ("commitment", "trust", 0.50),
        ("commitment", "mutual_interest", 0.20),
        ("satisfaction", "trust", 0.40),
        ("satisfaction", "commitment", 0.35),
    )
    items: tuple[tuple[str, int], ...] = (
        ("trust", 4),
        ("commitment", 4),
        ("satisfaction", 3),
        ("communication", 3),
        ("mutual_interest", 3),
    )
    loading: float = 0.80
    reversed_item: str = "trust_4"
    item_mean: float = 4.7
    item_sd: float = 1.25
    partner_share: float = 0.5  # share of every construct's variance that lies between partners
    survey_days: tuple[str, ...] = ("2023-11-13", "2024-11-11")
    respondents: int = 3
    years_mean: float = 2.0  # length of an agreement, and its rise per sd of commitment
    years_effect: float = 1.2
    guarantees_log_mean: float = 0.2
    guarantees_effect: float = 0.4
    ties: tuple[str, ...] = ("social", "economic", "technical")
    # effect on the logarithm, per point of each tie (0 to 5) and per sd of the partner's trust
    cost_effects: tuple[float, ...] = (-0.06, -0.08, -0.12)
    cost_trust_effect: float = -0.12
    cost_sd: float = 0.20
    time_effects: tuple[float, ...] = (-0.12, -0.05, -0.08)
    time_trust_effect: float = -0.15
    time_sd: float = 0.30


EXOGENOUS = ("communication", "mutual_interest")
PLACES = (
    "Ashmere", "Brackwater", "Cinderford Quay", "Dunvale", "Elmreach", "Farrowby", "Gullhaven",
    "Hartsund", "Inverley", "Jarnvik", "Kestrel Bay", "Larkholm", "Millrace",
)  # fmt: skip
TRADES = {
    "supplier": ("Green Coffee", "Packaging", "Machines", "Logistics"),
    "distributor": ("Wholesale", "Foodservice", "Retail"),
    "agency": ("Media", "Design"),
    "employee": ("team",),
    "investor": ("Capital", "Savings"),
}


def disturbance_variances(truth: PartnerTruth) -> dict[str, float]:
    """Return the disturbance variance of each endogenous construct, so that its variance is 1."""
    names = list(EXOGENOUS)
    covariance = np.array([[1.0, truth.exogenous_correlation], [truth.exogenous_correlation, 1.0]])
    variances = {}
    for effect in dict.fromkeys(path[0] for path in truth.paths):
        causes = {cause: value for to, cause, value in truth.paths if to == effect}
        weights = np.array([causes.get(name, 0.0) for name in names])
        with_others = covariance @ weights
        variances[effect] = 1.0 - float(weights @ with_others)
        covariance = np.block(
            [[covariance, with_others[:, None]], [with_others[None, :], np.ones((1, 1))]]
        )
        names.append(effect)
    return variances


def draw_constructs(truth: PartnerTruth, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return ``n`` draws of the five constructs, each of mean 0 and variance 1."""
    rho = truth.exogenous_correlation
    drawn = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], n)
    constructs = pd.DataFrame(drawn, columns=list(EXOGENOUS))
    for effect, variance in disturbance_variances(truth).items():
        causes = {cause: value for to, cause, value in truth.paths if to == effect}
        mean = sum(value * constructs[cause] for cause, value in causes.items())
        constructs[effect] = mean + np.sqrt(variance) * rng.standard_normal(n)
    return constructs


def simulate_partners(
    truth: PartnerTruth, first_year: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the partner records and each partner's own part of the constructs."""
    kinds = np.repeat(np.arange(len(truth.constituencies)), [c.count for c in truth.constituencies])
    n = len(kinds)
    constructs = draw_constructs(truth, n, rng)
    table = pd.DataFrame(
        {
            "partner_id": [f"B{number:03d}" for number in range(1, n + 1)],
            "constituency": [truth.constituencies[kind].name for kind in kinds],
            "name": [name for kind in truth.constituencies for name in _names(kind)],
            "since": _since(first_year, n, rng),
            "commitment_years": _commitment_years(constructs["commitment"], truth, rng),
            "guarantees": rng.poisson(
                np.exp(
                    truth.guarantees_log_mean + truth.guarantees_effect * constructs["commitment"]
                )
            ),
        }
    )
    for tie in truth.ties:
        table[f"{tie}_tie"] = rng.integers(0, 6, n)
    return table.assign(
        **_times_and_costs(table, kinds, constructs["trust"], truth, rng)
    ), constructs


def _names(kind: ConstituencyTruth) -> list[str]:
    trades = TRADES[kind.name]
    return [
        f"{PLACES[number % len(PLACES)]} {trades[number // len(PLACES) % len(trades)]}"
        + (f" {1 + number // (len(PLACES) * len(trades))}" * (number >= len(PLACES) * len(trades)))
        for number in range(kind.count)
    ]


def _since(first_year: int, n: int, rng: np.random.Generator) -> pd.DatetimeIndex:
    years = first_year - rng.integers(0, 15, n)
    months = rng.integers(1, 13, n)
    return pd.to_datetime([f"{y}-{m:02d}-01" for y, m in zip(years, months, strict=True)])


def _commitment_years(
    commitment: pd.Series, truth: PartnerTruth, rng: np.random.Generator
) -> np.ndarray:
    years = np.rint(
        truth.years_mean + truth.years_effect * commitment + rng.standard_normal(len(commitment))
    )
    return np.clip(years, 0, 8).astype(int)


def _times_and_costs(
    table: pd.DataFrame,
    kinds: np.ndarray,
    trust: pd.Series,
    truth: PartnerTruth,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return response time and transaction cost, log-linear in the ties and in trust."""
    ties = table[[f"{tie}_tie" for tie in truth.ties]].to_numpy()
    kind = [truth.constituencies[position] for position in kinds]
    noise = rng.standard_normal((2, len(table)))
    time = ties @ np.array(truth.time_effects) + truth.time_trust_effect * trust
    cost = ties @ np.array(truth.cost_effects) + truth.cost_trust_effect * trust
    base_time = np.array([one.response_days for one in kind])
    base_cost = np.array([one.transaction_cost for one in kind])
    return {
        "response_time_days": np.round(base_time * np.exp(time + truth.time_sd * noise[0]), 2),
        "transaction_cost": np.round(base_cost * np.exp(cost + truth.cost_sd * noise[1]), 2),
        "transactions_per_year": rng.poisson([one.transactions for one in kind]),
    }


def survey_table(
    partners: pd.DataFrame,
    constructs: pd.DataFrame,
    truth: PartnerTruth,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the answers (1 to 7) of every respondent and wave; one item is reversed."""
    waves, persons = len(truth.survey_days), truth.respondents
    row = np.tile(np.repeat(np.arange(len(partners)), persons), waves)
    own = draw_constructs(truth, len(row), rng)
    share = truth.partner_share
    latent = np.sqrt(share) * constructs.iloc[row].reset_index(drop=True) + np.sqrt(1 - share) * own
    table = pd.DataFrame(
        {
            "partner_id": partners["partner_id"].to_numpy()[row],
            "date": pd.to_datetime(np.repeat(truth.survey_days, len(partners) * persons)),
            "respondent": np.tile(np.arange(1, persons + 1), len(partners) * waves),
        }
    )
    for construct, count in truth.items:
        for number in range(1, count + 1):
            table[f"{construct}_{number}"] = _answers(latent[construct].to_numpy(), truth, rng)
    table[truth.reversed_item] = 8 - table[truth.reversed_item]
    return table


def _answers(latent: np.ndarray, truth: PartnerTruth, rng: np.random.Generator) -> np.ndarray:
    noise = np.sqrt(1 - truth.loading**2) * rng.standard_normal(len(latent))
    scale = np.rint(truth.item_mean + truth.item_sd * (truth.loading * latent + noise))
    return np.clip(scale, 1, 7).astype(int)
