from .campaigns import CampaignColumns, campaign_balance, campaign_size
from .drivers import satisfaction_drivers
from .funnel import conversion_funnel, funnel_costs, funnel_trend
from .mailing import mailing_plan
from .nps import net_promoter_score, nps_table
from .partners import partner_figures, read_partners
from .paths import relationship_drivers
from .qini import qini_curve
from .quality import relationship_quality
from .satisfaction import retention_link
from .satisfaction_value import value_of_a_point
from .scale_tables import discriminant_validity, scale_reliability
from .scales import Scale, item_table, scales_of
from .scorecard import scorecards
from .targeting import uplift_cells
from .ties import tie_effects, weak_partners
from .uplift import campaign_uplift

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
