"""What a spend per head may be."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from relmark_research.economics.response_shape import Array
from relmark_research.errors import ParameterError


def checked_spend(spend: ArrayLike) -> Array:
    """Return spends as an array, refusing negative ones."""
    spends = np.asarray(spend, float)
    wrong = ~(spends >= 0)
    if wrong.any():
        raise ParameterError(
            f"spend must be 0 or more, money per head; found {spends[wrong].flat[0]:g} "
            f"({wrong.sum():,} of {spends.size:,})."
        )
    return spends


def check_spend(spend: float, name: str, *, above_zero: bool = False) -> None:
    """Raise ParameterError unless ``spend`` is finite money per head, 0 or more."""
    enough = spend > 0 if above_zero else spend >= 0
    if not (enough and np.isfinite(spend)):
        rule = "above 0" if above_zero else "0 or more"
        raise ParameterError(f"{name} must be {rule}, money per head; found {spend!r}.")
