from .campaigns.campaign_design import CampaignColumns, campaign_balance, campaign_size
from .campaigns.mailing_plan import mailing_plan
from .campaigns.qini import qini_curve
from .campaigns.targeting import uplift_cells
from .campaigns.uplift import campaign_uplift
from .funnel.conversion_funnel import conversion_funnel, funnel_costs, funnel_trend
from .partners.partner_tables import partner_figures, read_partners
from .partners.path_model import relationship_drivers
from .partners.relationship_quality import relationship_quality
from .partners.reliability import discriminant_validity, scale_reliability
from .partners.scales import Scale, item_table, scales_of
from .partners.scorecard import scorecards
from .partners.structural_ties import tie_effects, weak_partners
from .satisfaction.net_promoter_score import net_promoter_score, nps_table
from .satisfaction.retention_link import retention_link
from .satisfaction.satisfaction_drivers import satisfaction_drivers
from .satisfaction.value_of_a_point import value_of_a_point

__all__ = [
    "CampaignColumns",
    "Scale",
    "campaign_balance",
    "campaign_size",
    "campaign_uplift",
    "conversion_funnel",
    "discriminant_validity",
    "funnel_costs",
    "funnel_trend",
    "item_table",
    "mailing_plan",
    "net_promoter_score",
    "nps_table",
    "partner_figures",
    "qini_curve",
    "read_partners",
    "relationship_drivers",
    "relationship_quality",
    "retention_link",
    "satisfaction_drivers",
    "scale_reliability",
    "scales_of",
    "scorecards",
    "tie_effects",
    "uplift_cells",
    "value_of_a_point",
    "weak_partners",
]
