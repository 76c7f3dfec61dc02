from . import (
    campaigns,
    clv,
    customers,
    economics,
    ladder,
    partners,
    profitability,
    satisfaction,
    simple,
    style,
)

__all__ = [
    "campaigns",
    "clv",
    "customers",
    "economics",
    "ladder",
    "partners",
    "profitability",
    "satisfaction",
    "simple",
    "style",
]
