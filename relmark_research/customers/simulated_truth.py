"""The parts of a truth: which parameters make customers, channels, campaigns and answers.

`simulated_firm` fills them in. Money is in euro, a rate is a share in [0, 1], time in days unless
said; `r, alpha, p, q, v` are the symbols of the NBD (alpha in weeks) and of the Gamma-Gamma model.
"""

from dataclasses import dataclass

import numpy as np

CONTACT_KINDS = ("mail", "call", "support", "visit")


@dataclass(frozen=True)
class CurveTruth:
    """Rate bought by a spend, rate = ceiling x (1 - exp(-steepness x spend))."""

    ceiling: float
    steepness: float
    spend: float

    def rate_at(self, spend: np.ndarray) -> np.ndarray:
        """Return the rate that each spend buys."""
        return self.ceiling * -np.expm1(-self.steepness * np.asarray(spend, dtype=float))


@dataclass(frozen=True)
class SegmentTruth:
    """How customers of one segment buy, what they leave, and why they stay.

    Repeat orders while the account is open: Poisson, rate ~ Gamma(r, alpha) per week. Order value:
    Gamma(p, nu), nu ~ Gamma(q, v). Share of value that is margin: Normal between customers.
    """

    name: str
    r: float
    alpha: float
    p: float
    q: float
    v: float
    margin_share: float
    margin_sd: float
    return_share: float
    renewal_logit: float  # at the basic level and an answer of 7
    satisfaction_mean: float
    level_shares: tuple[float, ...]  # chance of each level, drawn anew every account year
    contact_costs: tuple[float, ...]  # per contact, in the order of CONTACT_KINDS


@dataclass(frozen=True)
class LevelTruth:
    """One of the five levels of relationship marketing: its contacts a year and its effects."""

    name: str
    contacts: tuple[float, ...]  # per year, in the order of CONTACT_KINDS, the letter apart
    renewal_effect: float  # on the logit of renewing
    purchase_multiplier: float  # on the purchase rate of that year


@dataclass(frozen=True)
class FunnelTruth:
    """Chance of each step (contacted, qualified, offer, won), its mean days and its cost."""

    chances: tuple[float, ...]
    days: tuple[float, ...]
    costs: tuple[float, ...]

    @property
    def win_rate(self) -> float:
        """Chance that a prospect becomes a customer in the end."""
        return float(np.prod(self.chances))


@dataclass(frozen=True)
class ChannelTruth:
    """Where customers come from: two response curves, the mix of segments, the funnel."""

    name: str
    reached: int  # prospects in the first quarter
    opening_accounts: int  # up for renewal in each of the first four quarters
    acquisition: CurveTruth  # spend per prospect reached -> share won
    retention: CurveTruth  # spend per account up for renewal -> share kept
    segment_shares: tuple[float, ...]
    funnel: FunnelTruth | None = None


@dataclass(frozen=True)
class SatisfactionTruth:
    """The survey, and the link from its answer to renewing (on the logit, per point from 7)."""

    sd: float = 2.1
    persistence: float = 0.8  # share of variance that a customer keeps over the years
    response: float = 0.42
    days: tuple[int, int] = (20, 29)  # sent so long after the account year began
    slope_below: float = 0.55
    slope_above: float = 0.25
    items: tuple[str, ...] = ("quality", "service", "delivery", "price")
    loadings: tuple[float, ...] = (0.80, 0.85, 0.70, 0.55)
    item_mean: float = 3.7
    item_sd: float = 0.95


@dataclass(frozen=True)
class EventTruth:
    """Events a year: rate x exp(tenure_effect x full years + satisfaction_effect x (nps - 7))."""

    kind: str
    rate: float
    tenure_effect: float
    satisfaction_effect: float
    once: bool = False
    business_only: bool = False


@dataclass(frozen=True)
class ArmTruth:
    """One arm of a campaign: its share, cost per head, chance of an extra order by segment."""

    name: str
    share: float
    cost: float = 0.0
    extra_order: tuple[float, ...] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class CampaignTruth:
    """One campaign with its control group; arms are drawn at random."""

    campaign_id: str
    day: str
    arms: tuple[ArmTruth, ...]
    segments: tuple[str, ...] = ("private", "small business", "key account")
    quiet_days: int = 0  # only customers without an order for so long
    size: int = 1000


@dataclass(frozen=True)
class ReturnTruth:
    """How goods come back: after how many days, how much of an order, and what they are worth."""

    days: tuple[int, int] = (3, 21)
    whole: float = 0.6  # of returns, the share in which everything comes back
    part: tuple[float, float] = (0.2, 0.8)  # of the order's value, where not
    resaleable: float = 0.6  # of the cost of returned goods, the share recovered


@dataclass(frozen=True)
class OddityTruth:
    """What an audit of the transactions should find."""

    duplicates: int = 2
    free_samples: int = 3  # value 0, cost above 0
    typing_errors: int = 1  # value ten times too high
    split_orders: int = 15  # one order booked as two on the same day
