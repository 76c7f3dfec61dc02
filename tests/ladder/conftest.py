"""A small ladder with its true matrix, and people who move by it."""

import numpy as np
import pandas as pd
import pytest

STATES = ("prospect", "first-time", "repeat", "advocate", "lost")
TRUE = np.array(
    [
        [0.60, 0.30, 0.00, 0.00, 0.10],
        [0.00, 0.40, 0.35, 0.05, 0.20],
        [0.00, 0.10, 0.60, 0.20, 0.10],
        [0.00, 0.05, 0.15, 0.70, 0.10],
        [0.00, 0.05, 0.00, 0.00, 0.95],
    ]
)
IMPOSSIBLE = tuple((a, "prospect") for a in STATES[1:])


def walk(P: np.ndarray, start: np.ndarray, periods: int, rng: np.random.Generator) -> np.ndarray:
    """States of so many people over periods, shape (people, periods); P may differ by person."""
    edges = np.cumsum(P, axis=-1)
    path = np.empty((len(start), periods), int)
    path[:, 0] = start
    for t in range(1, periods):
        before = path[:, t - 1]
        rows = edges[before] if P.ndim == 2 else edges[np.arange(len(start)), before]
        path[:, t] = (rng.random(len(start))[:, None] > rows).sum(axis=1).clip(max=P.shape[-1] - 1)
    return path


def as_table(path: np.ndarray, last: np.ndarray | None = None) -> pd.DataFrame:
    """A history of customer_id, period, rung; each person's ends with their period `last`."""
    periods = path.shape[1]
    person, period = np.divmod(np.arange(path.size), periods)
    keep = np.ones(path.size, bool) if last is None else period <= last[person]
    names = np.array(STATES, object)[path.ravel()]
    table = pd.DataFrame({"customer_id": person, "period": period, "rung": names})
    return table[keep].reset_index(drop=True)


@pytest.fixture(scope="session")
def history() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    path = walk(TRUE, rng.choice(3, size=600), 9, rng)
    return as_table(path, rng.integers(3, 9, size=600))
