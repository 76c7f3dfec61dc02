"""Relationship marketing, measured: who customers are, what they are worth, what to spend on them.

A log of transactions is read (`read_transactions`), summed up per customer, fitted by a model
(`BGNBD.fit`, `GammaGamma.fit`), and turned into forecasts and lifetime values with intervals.
"""

import lazy_loader

__version__ = "0.1.0"

# The public names stand in __init__.pyi; each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
