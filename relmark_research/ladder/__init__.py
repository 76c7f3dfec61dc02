"""Where do they stand, where do they go? The loyalty ladder as a Markov chain.

Rules say who stands on which rung (`LoyaltyLadder`), an engine works out everybody's history
(`LoyaltyLadder.assign`), and `estimate_transitions` makes of it the chances of climbing and
falling, with which all else is answered.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
