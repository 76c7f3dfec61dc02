"""Every model by its name."""

from relmark_research.clv.estimation.model import Model
from relmark_research.clv.families.beta_discrete_weibull import BetaDiscreteWeibull
from relmark_research.clv.families.bg_bb import BGBB
from relmark_research.clv.families.bg_nbd import BGNBD
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.clv.families.mbg_nbd import MBGNBD
from relmark_research.clv.families.nbd import NBD
from relmark_research.clv.families.pareto_nbd import ParetoNBD
from relmark_research.clv.families.shifted_beta_geometric import ShiftedBetaGeometric

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
