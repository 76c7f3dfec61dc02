"""The five levels of relationship marketing: effects, costs, choice."""
