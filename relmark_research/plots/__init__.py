"""Plots: a table in, Axes out, and a description in words of every plot.

Submodules are imported when they are first used, so that matplotlib is loaded only to draw.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
