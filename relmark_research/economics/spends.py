"""What a spend per head may be."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from relmark_research.economics.response_shape import Array
from relmark_research.errors import ParameterError, check_number


def checked_spend(spend: ArrayLike) -> Array:
    """Return spends as an array, refusing negative ones."""
    if isinstance(spend, str) or np.asarray(spend).dtype.kind in "US":
        raise ParameterError(
            f"spend must be numbers, money per head; found the text {spend!r}. Write it without "
            "quotes."
        )
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
    rule = f"must be {'above 0' if above_zero else '0 or more'}, money per head"
    number = check_number(name, spend, low=0, rule=rule)
    if not np.isfinite(number) or (above_zero and number == 0):
        raise ParameterError(f"{name} {rule}; found {spend!r}.")
