"""Checks of the arguments of models: histories, times and numbers of purchases."""

from __future__ import annotations

import numpy as np

from relmark_research.errors import ParameterError

Array = np.ndarray

_SLACK = 1e-9  # share of T by which t_x may exceed it: rounding error


def validate_history(x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
    """Return x, t_x, T as arrays of floats that broadcast; missing values stay missing.

    Raises
    ------
    ParameterError
        Unless 0 <= t_x <= T and x >= 0.

    Examples
    --------
    >>> validate_history(2, 40.0, 30.0)
    Traceback (most recent call last):
        ...
    relmark_research.errors.ParameterError: a history needs 0 <= t_x <= T and x >= 0; found
    (x, t_x, T) = (2, 40, 30) (1 of 1 rows). t_x is the time from the first to the last purchase,
    T the time from the first purchase to the end of observation.
    """
    x, t_x, T = (np.asarray(column, float) for column in (x, t_x, T))
    if (t_x > T).any() or (t_x < 0).any() or (x < 0).any():
        wrong = (t_x > T * (1 + _SLACK)) | (t_x < 0) | (x < 0)
        if wrong.any():
            first = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
            found = ", ".join(
                f"{np.broadcast_to(each, wrong.shape)[first]:g}" for each in (x, t_x, T)
            )
            raise ParameterError(
                f"a history needs 0 <= t_x <= T and x >= 0; found (x, t_x, T) = ({found}) "
                f"({wrong.sum():,} of {wrong.size:,} rows). t_x is the time from the first to the "
                "last purchase, T the time from the first purchase to the end of observation."
            )
    return x, t_x, T


def validate_duration(t: Array | float) -> Array:
    """Return future times as an array of floats; missing values stay missing.

    Raises
    ------
    ParameterError
        If one is negative.
    """
    t = np.asarray(t, float)
    if (t < 0).any():
        wrong = t[t < 0]
        raise ParameterError(
            f"a future time must be >= 0, in the model's unit; found {wrong.flat[0]:g} "
            f"({wrong.size:,} of {t.size:,} values)."
        )
    return t


def validate_counts(n: Array | int) -> Array:
    """Return numbers of purchases as an array of floats; missing values stay missing.

    Raises
    ------
    ParameterError
        If one is negative or not a whole number.
    """
    n = np.asarray(n, float)
    wrong = n[(n < 0) | (n % 1 > 0)]
    if wrong.size:
        raise ParameterError(
            f"a number of purchases must be a whole number >= 0; found {wrong.flat[0]:g} "
            f"({wrong.size:,} of {n.size:,} values)."
        )
    return n
