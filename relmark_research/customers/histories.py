"""Equal histories counted once: what a likelihood or a forecast needs is the distinct ones."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

_DENSE = 1 << 24  # above so many possible combinations, sort codes instead of counting cells


@dataclass(frozen=True)
class Distinct:
    """The distinct rows of some columns.

    Attributes
    ----------
    columns
        One array per column, shape (distinct,).
    weights
        Sum of the weights of equal rows, shape (distinct,).
    inverse
        For each original row, where its distinct row stands, shape (rows,).
    """

    columns: tuple[np.ndarray, ...]
    weights: np.ndarray
    inverse: np.ndarray


def distinct(*columns: np.ndarray, weights: np.ndarray | None = None) -> Distinct:
    """Find the distinct rows of equally long columns, in the order of their values.

    Examples
    --------
    >>> found = distinct(np.array([2, 0, 2]), np.array([5.0, 9.0, 5.0]))
    >>> found.columns[0], found.weights, found.inverse
    (array([0, 2]), array([1., 2.]), array([1, 0, 1]))
    """
    codes, cells = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        code, values = pd.factorize(column, sort=True)
        codes, cells = _compact(codes, cells, len(values))
        codes, cells = codes * len(values) + code, cells * len(values)
    codes, cells = _ranked(codes, cells)
    first = np.empty(cells, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return Distinct(
        columns=tuple(np.asarray(column)[first] for column in columns),
        weights=np.bincount(codes, weights=weights, minlength=cells).astype(float),
        inverse=codes,
    )


def _compact(codes: np.ndarray, cells: int, factor: int) -> tuple[np.ndarray, int]:
    return _ranked(codes, cells) if cells * factor > 1 << 62 else (codes, cells)


def _ranked(codes: np.ndarray, cells: int) -> tuple[np.ndarray, int]:
    """Renumber codes without gaps, keeping their order."""
    if cells <= _DENSE:
        used = np.zeros(cells, dtype=bool)
        used[codes] = True
        rank = np.cumsum(used) - 1
        return rank[codes], int(rank[-1]) + 1
    ranked, values = pd.factorize(codes, sort=True)
    return ranked, len(values)
