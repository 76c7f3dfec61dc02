"""Customers of two campaigns in cells with a known uplift."""

import numpy as np
import pandas as pd


def with_uplift(effects: list[float], n: int = 400, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    cell = np.repeat(np.arange(len(effects)), n)
    treated = rng.random(len(cell)) < 0.5
    rate = 0.3 + np.array(effects)[cell] * treated
    return pd.DataFrame(
        {
            "campaign_id": np.where(np.arange(len(cell)) % 2, "a", "b"),
            "customer_id": np.arange(len(cell)).astype(str),
            "arm": np.where(treated, "mail", "control"),
            "responded": (rng.random(len(cell)) < rate).astype(int),
            "cell": [f"c{number}" for number in cell],
        }
    )
