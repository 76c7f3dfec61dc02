"""What are they worth? Differentiate customers by what they will buy and spend."""

from relmark_research.clv.base import Model
from relmark_research.clv.bg_nbd import BGNBD
from relmark_research.clv.gamma_gamma import GammaGamma

MODELS: dict[str, type[Model]] = {model.__name__: model for model in (BGNBD, GammaGamma)}
"""Every model by its name."""
