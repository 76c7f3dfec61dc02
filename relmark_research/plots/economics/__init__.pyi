from .allocation import budget_allocation, describe_budget_allocation, describe_tornado, tornado
from .customer_equity import describe_equity_surface, equity_surface
from .marginal_return import describe_marginal_returns, marginal_returns
from .response import (
    describe_response_curve,
    describe_response_curves,
    response_curve,
    response_curves,
)

__all__ = [
    "budget_allocation",
    "describe_budget_allocation",
    "describe_equity_surface",
    "describe_marginal_returns",
    "describe_response_curve",
    "describe_response_curves",
    "describe_tornado",
    "equity_surface",
    "marginal_returns",
    "response_curve",
    "response_curves",
    "tornado",
]
