"""Every model by its name."""

from relmark_research.clv.base import Model
from relmark_research.clv.beta_discrete_weibull import BetaDiscreteWeibull
from relmark_research.clv.bg_bb import BGBB
from relmark_research.clv.bg_nbd import BGNBD
from relmark_research.clv.gamma_gamma import GammaGamma
from relmark_research.clv.mbg_nbd import MBGNBD
from relmark_research.clv.nbd import NBD
from relmark_research.clv.pareto_nbd import ParetoNBD
from relmark_research.clv.shifted_beta_geometric import ShiftedBetaGeometric

MODELS: dict[str, type[Model]] = {
    model.__name__: model
    for model in (
        BGBB,
        BGNBD,
        BetaDiscreteWeibull,
        GammaGamma,
        MBGNBD,
        NBD,
        ParetoNBD,
        ShiftedBetaGeometric,
    )
}
