"""What models are asked of: histories and times as arrays, refused where there is no such thing."""

from __future__ import annotations

import numpy as np

from relmark_research.errors import ParameterError

Array = np.ndarray

_SLACK = 1e-9  # of T, by which t_x may exceed it: what rounding leaves


def history(x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
    """Return x, t_x, T as arrays of floats that broadcast; what is missing stays missing.

    Raises
    ------
    ParameterError
        Where not 0 <= t_x <= T and 0 <= x.

    Examples
    --------
    >>> history(2, 40.0, 30.0)
    Traceback (most recent call last):
        ...
    relmark_research.errors.ParameterError: a history has 0 <= t_x <= T and x >= 0; found
    (x, t_x, T) = (2, 40, 30). 1 of 1 break this. Times are from the first purchase, T to the end.
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
                f"a history has 0 <= t_x <= T and x >= 0; found (x, t_x, T) = ({found}). "
                f"{wrong.sum():,} of {wrong.size:,} break this. Times are from the "
                "first purchase, T to the end."
            )
    return x, t_x, T


def duration(t: Array | float) -> Array:
    """Return times ahead as an array of floats; what is missing stays missing.

    Raises
    ------
    ParameterError
        Where one is negative.
    """
    t = np.asarray(t, float)
    if (t < 0).any():
        wrong = t[t < 0]
        raise ParameterError(
            f"a time ahead is >= 0, in the model's unit; found {wrong.flat[0]:g} "
            f"({wrong.size:,} of {t.size:,} values)."
        )
    return t


def purchases(n: Array | int) -> Array:
    """Return numbers of purchases as an array of floats; what is missing stays missing.

    Raises
    ------
    ParameterError
        Where one is negative or no whole number.
    """
    n = np.asarray(n, float)
    wrong = n[(n < 0) | (n % 1 > 0)]
    if wrong.size:
        raise ParameterError(
            f"a number of purchases is whole and >= 0; found {wrong.flat[0]:g} "
            f"({wrong.size:,} of {n.size:,} values)."
        )
    return n
