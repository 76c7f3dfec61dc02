"""Why an action is advised, in a sentence per customer."""

from __future__ import annotations

import numpy as np

from relmark_research.economics.residual import Prospect

Array = np.ndarray

_QUIET = "neither bought nor cost anything for a year; nothing to decide"


def reasons(future: Prospect, chosen: Array, quiet: Array, hopeless: Array) -> list[str]:
    """Say why each customer's action is advised.

    Parameters
    ----------
    future
        Draws of what the customers will bring and cost.
    chosen
        Place of each one's action in ACTIONS, shape (customers,).
    quiet
        Whether there is nothing to decide.
    hopeless
        Probability that a customer costs more than he brings, whatever else is done.
    """
    brings, costs = future.brings.mean(axis=1), future.costs.mean(axis=1)
    left = future.brings.sum(axis=1) / np.maximum(future.revenue.sum(axis=1), 1e-12)
    rows = zip(chosen, quiet, brings, costs, left, hopeless, future.alive, strict=True)
    return [_QUIET if silent else _reason(int(place), *known) for place, silent, *known in rows]


def _reason(
    place: int, brings: float, costs: float, left: float, hopeless: float, alive: float
) -> str:
    worth = f"will bring {brings:,.0f} and cost {costs:,.0f} to serve".replace(
        "-", "\N{MINUS SIGN}"
    )
    gone = "has most likely left" if alive < 0.5 else "costs more than it brings, whatever is done"
    return (
        f"{worth}: "
        + (
            "no action gains more than it costs",
            "so much is at stake that more care pays for itself",
            f"serving takes {_share(costs, brings)} of what comes in",
            f"only {max(left, 0):.0%} of the price is left, so a rise gains more than lost sales",
            f"{gone} (certain to {hopeless:.0%})",
        )[place]
    )


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole > part else "all and more"
