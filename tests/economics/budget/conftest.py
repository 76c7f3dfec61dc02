"""The spending position of the sample firm, made once: its curves are weighed with a memory."""

import pytest

from relmark_research.customers.datasets import load_sample
from relmark_research.economics.budget.spending_position import spending_position

MARGIN = {"web": 110, "mail": 160, "referral": 280, "fair": 390, "field": 1110}


@pytest.fixture(scope="session")
def position():
    return spending_position(
        load_sample("books"), annual_margin=MARGIN, annual_discount_rate=0.1, by="channel", recent=4
    )
