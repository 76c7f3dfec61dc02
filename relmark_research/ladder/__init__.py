"""Where do they stand, where do they go? The loyalty ladder as a Markov chain."""
