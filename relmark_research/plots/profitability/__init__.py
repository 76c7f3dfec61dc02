"""Plots of customer profitability: tiers, items, actions and relationship levels."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
