"""Where do they stand, where do they go? The loyalty ladder as a Markov chain.

Rules assign customers to rungs (`LoyaltyLadder`), an engine computes every customer's history
(`LoyaltyLadder.assign`), and `estimate_transitions` estimates the transition probabilities, from
which everything else follows.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
