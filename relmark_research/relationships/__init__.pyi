from .campaigns.campaign_advice import campaign_advice
from .campaigns.campaign_design import CampaignColumns, campaign_balance, campaign_size
from .campaigns.campaign_table import CampaignTable, read_campaigns
from .campaigns.mailing_plan import MailingPlan, mailing_plan
from .campaigns.qini import QiniCurve, qini_curve
from .campaigns.subgroups import campaign_subgroups
from .campaigns.targeting import uplift_cells
from .campaigns.uplift import campaign_uplift
from .campaigns.uplift_scores import uplift_by_score, uplift_scores
from .funnel.conversion_funnel import Prospects, conversion_funnel, funnel_costs, funnel_trend
from .funnel.stage_conversion import stage_conversion
from .partners.partner_data import PartnerData, partner_summary, read_partners
from .partners.path_model import PathEstimate, relationship_drivers
from .partners.relationship_quality import QualityScores, relationship_quality
from .partners.reliability import discriminant_validity, scale_reliability
from .partners.scales import Scale, item_table, scales_from_items
from .partners.scorecard import Scorecards, scorecards
from .partners.structural_ties import TieEffects, WeakPartners, tie_effects, weak_partners
from .satisfaction.net_promoter_score import NetPromoterScore, net_promoter_score, nps_table
from .satisfaction.retention_link import RetentionLink, retention_link
from .satisfaction.satisfaction_drivers import satisfaction_drivers
from .satisfaction.value_of_a_point import PointValue, value_of_a_point

__all__ = [
    "CampaignColumns",
    "CampaignTable",
    "MailingPlan",
    "NetPromoterScore",
    "PartnerData",
    "PathEstimate",
    "PointValue",
    "Prospects",
    "QiniCurve",
    "QualityScores",
    "RetentionLink",
    "Scale",
    "Scorecards",
    "TieEffects",
    "WeakPartners",
    "campaign_advice",
    "campaign_balance",
    "campaign_size",
    "campaign_subgroups",
    "campaign_uplift",
    "conversion_funnel",
    "discriminant_validity",
    "funnel_costs",
    "funnel_trend",
    "item_table",
    "mailing_plan",
    "net_promoter_score",
    "nps_table",
    "partner_summary",
    "qini_curve",
    "read_campaigns",
    "read_partners",
    "relationship_drivers",
    "relationship_quality",
    "retention_link",
    "satisfaction_drivers",
    "scale_reliability",
    "scales_from_items",
    "scorecards",
    "stage_conversion",
    "tie_effects",
    "uplift_by_score",
    "uplift_cells",
    "uplift_scores",
    "value_of_a_point",
    "weak_partners",
]
