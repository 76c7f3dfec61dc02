"""Pictures of what to spend on customers: curves, returns, customer equity, the budget's split."""

from relmark_research.plots.economics.budget_split import (
    budget_split,
    describe_budget_split,
    describe_tornado,
    tornado,
)
from relmark_research.plots.economics.equity_surface import describe_equity_surface, equity_surface
from relmark_research.plots.economics.marginal_return import (
    describe_next_unit_returns,
    next_unit_returns,
)
from relmark_research.plots.economics.response_curves import (
    describe_response_curve,
    describe_response_curves,
    response_curve,
    response_curves,
)

__all__ = [
    "budget_split",
    "describe_budget_split",
    "describe_equity_surface",
    "describe_next_unit_returns",
    "describe_response_curve",
    "describe_response_curves",
    "describe_tornado",
    "equity_surface",
    "next_unit_returns",
    "response_curve",
    "response_curves",
    "tornado",
]
