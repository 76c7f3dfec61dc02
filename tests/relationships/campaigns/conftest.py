"""A small campaign, and cells with a known uplift."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm


@pytest.fixture(scope="module")
def campaigns() -> pd.DataFrame:
    return rm.load_sample("campaigns")


@pytest.fixture
def small() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    arm = np.repeat(["control", "mail", "call"], 40)
    before = rng.gamma(2, 20, 120)
    return pd.DataFrame(
        {
            "campaign_id": "spring",
            "customer_id": [f"C{i}" for i in range(120)],
            "arm": arm,
            "cost": np.select([arm == "mail", arm == "call"], [1.0, 6.0], 0.0),
            "responded": rng.integers(0, 2, 120),
            "value_in_window": before + rng.normal(0, 5, 120) + 10 * (arm != "control"),
            "pre_value": before,
        }
    )
