"""Simulated campaigns where the right answer is known: an effect, none, harm, nothing to see."""

import numpy as np
import pandas as pd


def campaign(
    n: int = 4000,
    *,
    base: float = 0.1,
    effect: float = 0.0,
    for_town: float = 0.0,
    value: float = 50.0,
    seed: int = 3,
) -> pd.DataFrame:
    """Return one campaign by letter; ``for_town`` is the further effect on customers of town A."""
    rng = np.random.default_rng(seed)
    letter = np.arange(n) % 2 == 0
    town = rng.choice(["A", "B"], n)
    rate = base + letter * (effect + for_town * (town == "A"))
    responded = (rng.random(n) < rate).astype(int)
    return pd.DataFrame(
        {
            "arm": np.where(letter, "letter", "nothing"),
            "responded": responded,
            "value_in_window": responded * rng.gamma(4, value / 4, n).round(2),
            "age": rng.integers(18, 80, n),
            "town": town,
        }
    )
