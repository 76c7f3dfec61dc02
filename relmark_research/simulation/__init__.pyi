from .accounts import renewal_probability
from .campaigns import run_campaigns
from .firm import Truth
from .funnel import prospects_table
from .ledger import simulate_books
from .orders import simulate_orders
from .partners import PartnerTruth, simulate_partners, survey_table
from .sample_firm import SimulatedFirm, simulate_crm, simulate_firm, write_sample

__all__ = [
    "PartnerTruth",
    "SimulatedFirm",
    "Truth",
    "prospects_table",
    "renewal_probability",
    "run_campaigns",
    "simulate_books",
    "simulate_crm",
    "simulate_firm",
    "simulate_orders",
    "simulate_partners",
    "survey_table",
    "write_sample",
]
