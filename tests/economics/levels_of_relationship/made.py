"""Levels, segments and account years with known effects."""

import numpy as np
import pandas as pd

import relmark_research as rm

BASIC = rm.economics.RelationshipLevel("basic", cost=2.0)
CARE = rm.economics.RelationshipLevel(
    "proactive",
    cost=20.0,
    retention=rm.economics.Effect(0.6, 0.2),
    annual_margin=rm.economics.Effect(0.1, 0.05),
)
SEGMENTS = pd.DataFrame(
    {"segment": ["homes", "mills"], "customers": [900, 20], "retention": [0.6, 0.8],
     "annual_margin": [40.0, 3000.0]}
)  # fmt: skip


def drawn_years(n: int, *, seed: int, effect: float = 0.5) -> pd.DataFrame:
    """Account years whose level was drawn at random, with a known effect on retention."""
    rng = np.random.default_rng(seed)
    segment, level = rng.integers(0, 2, n), rng.integers(0, 2, n)
    logit = np.array([0.3, 1.0])[segment] + effect * level
    margin = np.array([50.0, 900.0])[segment] * (1 + 0.2 * level) * rng.gamma(1.5, 1 / 1.5, n)
    return pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(n)],
            "segment": np.array(["homes", "mills"])[segment],
            "year": 0,
            "relationship_level": np.array(["basic", "proactive"])[level],
            "complete": True,
            "retained": (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(float),
            "annual_margin": margin,
            "cost": np.array([1.0, 12.0])[level] + rng.random(n),
        }
    )
