"""The true parameters of the sample firm: segments, levels, channels, events, campaigns.

The firm is a coffee roaster that sells beans and machines to households, small businesses and key
accounts. It is fictitious. Money is in euro, a rate is a share in [0, 1], times are in days unless
stated; `r, alpha, p, q, v` are the symbols of the NBD (alpha in weeks) and Gamma-Gamma models.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from relmark_research.simulation.partners import PartnerTruth

CONTACT_KINDS = ("mail", "call", "support", "visit")


@dataclass(frozen=True)
class CurveTruth:
    """A response curve: rate = ceiling x (1 - exp(-steepness x spend))."""

    ceiling: float
    steepness: float
    spend: float

    def rate_at(self, spend: np.ndarray) -> np.ndarray:
        """Return the rate at each spend."""
        return self.ceiling * -np.expm1(-self.steepness * np.asarray(spend, dtype=float))


@dataclass(frozen=True)
class SegmentTruth:
    """Purchases, spend, margin and renewal of one segment's customers.

    Repeat orders while the account is active: Poisson, rate ~ Gamma(r, alpha) per week. Order
    value: Gamma(p, nu), nu ~ Gamma(q, v). Margin as a share of value: normal between customers.
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
    level_shares: tuple[float, ...]  # probability of each level, drawn every account year
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
    """Probability of each stage (contacted, qualified, offer, won), its mean days and its cost."""

    chances: tuple[float, ...]
    days: tuple[float, ...]
    costs: tuple[float, ...]

    @property
    def win_rate(self) -> float:
        """Probability that a prospect becomes a customer."""
        return float(np.prod(self.chances))


@dataclass(frozen=True)
class ChannelTruth:
    """An acquisition channel: two response curves, the mix of segments, the funnel."""

    name: str
    reached: int  # prospects in the first quarter
    opening_accounts: int  # due for renewal in each of the first four quarters
    acquisition: CurveTruth  # spend per prospect reached -> acquisition rate
    retention: CurveTruth  # spend per account due for renewal -> retention rate
    segment_shares: tuple[float, ...]
    funnel: FunnelTruth | None = None


@dataclass(frozen=True)
class SatisfactionTruth:
    """The survey, and the link from its answer to renewing (on the logit, per point from 7)."""

    sd: float = 2.1
    persistence: float = 0.8  # share of variance that is constant over the years
    response: float = 0.42
    days: tuple[int, int] = (20, 29)  # days from the start of the account year to the survey
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
    """One arm of a campaign: share, cost per contact, probability of an extra order by segment."""

    name: str
    share: float
    cost: float = 0.0
    extra_order: tuple[float, ...] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class CampaignTruth:
    """One campaign with its control group; arms are assigned at random."""

    campaign_id: str
    day: str
    arms: tuple[ArmTruth, ...]
    segments: tuple[str, ...] = ("private", "small business", "key account")
    quiet_days: int = 0  # only customers without an order for this many days
    size: int = 1000


@dataclass(frozen=True)
class ReturnTruth:
    """Returns: days after the order, share of the order, and share of the cost recovered."""

    days: tuple[int, int] = (3, 21)
    whole: float = 0.6  # share of returns in which the whole order is returned
    part: tuple[float, float] = (0.2, 0.8)  # otherwise, share of the order's value
    resaleable: float = 0.6  # share of the cost of returned goods that is recovered


@dataclass(frozen=True)
class OddityTruth:
    """Oddities that an audit of the transactions should find."""

    duplicates: int = 2
    free_samples: int = 3  # value 0, cost above 0
    typing_errors: int = 1  # value ten times too high
    split_orders: int = 15  # one order booked as two on the same day


SEGMENTS = (
    SegmentTruth(
        name="private",
        r=1.1,
        alpha=20.0,
        p=6.0,
        q=4.0,
        v=22.5,
        margin_share=0.46,
        margin_sd=0.06,
        return_share=0.06,
        renewal_logit=0.40,
        satisfaction_mean=7.6,
        level_shares=(0.45, 0.30, 0.15, 0.08, 0.02),
        contact_costs=(0.9, 4.0, 6.0, 35.0),
    ),
    SegmentTruth(
        name="small business",
        r=1.4,
        alpha=10.4,
        p=6.0,
        q=3.5,
        v=58.3,
        margin_share=0.36,
        margin_sd=0.08,
        return_share=0.03,
        renewal_logit=0.65,
        satisfaction_mean=7.9,
        level_shares=(0.20, 0.25, 0.25, 0.20, 0.10),
        contact_costs=(0.9, 6.0, 9.0, 60.0),
    ),
    SegmentTruth(
        name="key account",
        r=2.0,
        alpha=7.4,
        p=5.0,
        q=3.5,
        v=260.0,
        margin_share=0.26,
        margin_sd=0.12,
        return_share=0.02,
        renewal_logit=0.95,
        satisfaction_mean=8.1,
        level_shares=(0.10, 0.10, 0.20, 0.30, 0.30),
        contact_costs=(0.9, 12.0, 18.0, 120.0),
    ),
)

LEVELS = (
    LevelTruth("basic", (0.0, 0.0, 0.2, 0.0), renewal_effect=0.0, purchase_multiplier=1.0),
    LevelTruth("reactive", (0.0, 0.0, 0.8, 0.0), renewal_effect=0.15, purchase_multiplier=1.0),
    LevelTruth("accountable", (0.0, 2.0, 0.6, 0.0), renewal_effect=0.40, purchase_multiplier=1.05),
    LevelTruth("proactive", (4.0, 4.0, 0.6, 0.0), renewal_effect=0.60, purchase_multiplier=1.12),
    LevelTruth("partnership", (4.0, 6.0, 0.8, 2.0), renewal_effect=0.90, purchase_multiplier=1.2),
)

CHANNELS = (
    ChannelTruth(
        name="web",
        reached=20_500,
        opening_accounts=1_500,
        acquisition=CurveTruth(ceiling=0.080, steepness=0.62, spend=1.2),
        retention=CurveTruth(ceiling=0.75, steepness=0.122, spend=15.0),
        segment_shares=(0.88, 0.115, 0.005),
    ),
    ChannelTruth(
        name="mail",
        reached=9_300,
        opening_accounts=800,
        acquisition=CurveTruth(ceiling=0.090, steepness=0.325, spend=2.2),
        retention=CurveTruth(ceiling=0.76, steepness=0.118, spend=15.0),
        segment_shares=(0.80, 0.19, 0.01),
        funnel=FunnelTruth((0.85, 0.65, 0.75, 0.60), (4, 9, 8, 12), (1.5, 3.0, 4.0, 2.0)),
    ),
    ChannelTruth(
        name="referral",
        reached=1_650,
        opening_accounts=700,
        acquisition=CurveTruth(ceiling=0.300, steepness=0.24, spend=3.5),
        retention=CurveTruth(ceiling=0.82, steepness=0.074, spend=23.0),
        segment_shares=(0.65, 0.30, 0.05),
        funnel=FunnelTruth((0.95, 0.80, 0.85, 0.70), (3, 6, 6, 9), (1.0, 2.0, 3.0, 2.0)),
    ),
    ChannelTruth(
        name="fair",
        reached=2_200,
        opening_accounts=600,
        acquisition=CurveTruth(ceiling=0.200, steepness=0.069, spend=10.0),
        retention=CurveTruth(ceiling=0.85, steepness=0.052, spend=30.0),
        segment_shares=(0.35, 0.55, 0.10),
        funnel=FunnelTruth((0.80, 0.55, 0.70, 0.60), (6, 14, 12, 20), (5.0, 6.0, 9.0, 5.0)),
    ),
    ChannelTruth(
        name="field",
        reached=680,
        opening_accounts=450,
        acquisition=CurveTruth(ceiling=0.400, steepness=0.0089, spend=90.0),
        retention=CurveTruth(ceiling=0.90, steepness=0.024, spend=75.0),
        segment_shares=(0.05, 0.60, 0.35),
        funnel=FunnelTruth((0.90, 0.60, 0.65, 0.45), (8, 21, 20, 40), (20.0, 25.0, 30.0, 15.0)),
    ),
)

EVENTS = (
    EventTruth("referral", 0.06, tenure_effect=0.35, satisfaction_effect=0.30),
    EventTruth("review", 0.08, tenure_effect=0.20, satisfaction_effect=0.25),
    EventTruth("membership", 0.12, tenure_effect=0.25, satisfaction_effect=0.20, once=True),
    EventTruth(
        "partner_agreement",
        0.05,
        tenure_effect=0.40,
        satisfaction_effect=0.30,
        once=True,
        business_only=True,
    ),
    EventTruth("complaint", 0.12, tenure_effect=-0.10, satisfaction_effect=-0.35),
)

CAMPAIGNS = (
    CampaignTruth(
        "2023-spring",
        "2023-05-08",
        arms=(ArmTruth("control", 0.4), ArmTruth("mail", 0.6, 0.9, (0.14, 0.12, 0.03))),
    ),
    CampaignTruth(
        "2023-winter",
        "2023-11-06",
        arms=(
            ArmTruth("control", 0.34),
            ArmTruth("mail", 0.33, 0.9, (0.12, 0.10, 0.03)),
            ArmTruth("call", 0.33, 6.0, (0.16, 0.35, 0.20)),
        ),
    ),
    CampaignTruth(  # not profitable
        "2024-win-back",
        "2024-03-04",
        arms=(ArmTruth("control", 0.5), ArmTruth("mail", 0.5, 7.5, (0.01, 0.01, 0.0))),
        quiet_days=90,
    ),
    CampaignTruth(
        "2024-summer",
        "2024-06-10",
        arms=(ArmTruth("control", 0.3), ArmTruth("mail", 0.7, 0.9, (0.15, 0.08, 0.03))),
    ),
    CampaignTruth(
        "2024-business",
        "2024-10-07",
        arms=(
            ArmTruth("control", 0.34),
            ArmTruth("mail", 0.33, 0.9, (0.0, 0.10, 0.03)),
            ArmTruth("call", 0.33, 8.0, (0.0, 0.35, 0.25)),
        ),
        segments=("small business", "key account"),
    ),
)


@dataclass(frozen=True)
class Truth:
    """All parameters of the sample data.

    Examples
    --------
    >>> truth = Truth()
    >>> truth.segment_names
    ('private', 'small business', 'key account')
    >>> key = truth.segments[2]
    >>> round(key.p * key.v / (key.q - 1))  # mean order value, euro
    520
    >>> truth.days
    1096
    """

    first_day: str = "2022-01-01"
    last_day: str = "2024-12-31"
    extract_share: float = 0.1  # share of the books' customers that the CRM holds
    growth: float = 0.015  # of prospects reached, per quarter
    spend_steps: tuple[float, ...] = (0.4, 0.6, 0.8, 1.0, 1.0, 1.3, 1.6, 2.0)
    acquisition_cost_shape: float = 8.0  # Gamma spread of one customer's cost around the mean
    cost_shape: float = 40.0  # Gamma spread of one contact's cost around the mean
    letter_cost: float = 0.9  # of the letter that opens an account year
    sure_days: int = 30  # first days of an account year, without dropout
    order_margin_sd: float = 0.04  # of the margin share, between one customer's orders
    funnel_since: str = "2023-07-01"
    regions: tuple[str, ...] = ("north", "east", "south", "west")
    segments: tuple[SegmentTruth, ...] = SEGMENTS
    levels: tuple[LevelTruth, ...] = LEVELS
    channels: tuple[ChannelTruth, ...] = CHANNELS
    satisfaction: SatisfactionTruth = SatisfactionTruth()
    events: tuple[EventTruth, ...] = EVENTS
    campaigns: tuple[CampaignTruth, ...] = CAMPAIGNS
    returns: ReturnTruth = ReturnTruth()
    campaign_youngest: int = 60  # minimum days since acquisition
    campaign_window: int = 28  # days after the campaign
    campaign_pre_period: int = 182  # days before it
    # multiplier of an arm's probability by days since the last order: under 45, under 150, longer
    recency_steps: tuple[int, ...] = (45, 150)
    recency_multipliers: tuple[float, ...] = (0.3, 1.6, 0.7)
    partners: PartnerTruth = PartnerTruth()  # noqa: RUF009  (frozen)
    oddities: OddityTruth = OddityTruth()

    @property
    def days(self) -> int:
        """Number of days observed; the first is day 0."""
        return self.day(self.last_day) + 1

    @property
    def segment_names(self) -> tuple[str, ...]:
        """Names of the segments, in the order of every tuple by segment."""
        return tuple(segment.name for segment in self.segments)

    @property
    def level_names(self) -> tuple[str, ...]:
        """Names of the five levels, from the lightest to the deepest."""
        return tuple(level.name for level in self.levels)

    def day(self, day: str) -> int:
        """Return the number of days from the first day to ``day``."""
        return (date.fromisoformat(day) - date.fromisoformat(self.first_day)).days

    def dates(self, days: np.ndarray | pd.Series) -> pd.DatetimeIndex:
        """Return calendar dates for day numbers; a missing number gives a missing date."""
        elapsed = pd.to_timedelta(np.asarray(days), unit="D")
        return pd.DatetimeIndex(pd.Timestamp(self.first_day) + elapsed)

    def by_segment(self, field: str) -> np.ndarray:
        """Return one field of every segment, in order."""
        return np.array([getattr(segment, field) for segment in self.segments])
