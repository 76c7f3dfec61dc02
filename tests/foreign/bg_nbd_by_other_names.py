"""BG/NBD with other names of the parameters: nothing may depend on a letter.

    g, h    purchase rate lambda ~ Gamma(shape g, rate h)
    u, w    dropout probability p ~ Beta(u, w) after each repeat purchase

The formulas are those of BGNBD, so that every result must be equal to BGNBD's.
"""

from dataclasses import astuple, dataclass

from relmark_research.clv import BGNBD
from relmark_research.clv.estimation.model import (
    CovariateLink,
    MixingDistribution,
    PurchaseModel,
)


@dataclass(frozen=True)
class BGNBDByOtherNames(PurchaseModel):
    """The BG/NBD model with the parameters g, h, u, w."""

    g: float
    h: float
    u: float
    w: float

    time_power = {"h": 1}  # noqa: RUF012 (constants of the class)
    mixtures = (
        MixingDistribution("g", "h", "purchase rate", "rate"),
        MixingDistribution("u", "w", "dropout probability after a purchase", "share", "no dropout"),
    )
    without_dropout = "NBD"
    memoryless = True
    covariate_links = {  # noqa: RUF012
        "rate": CovariateLink("purchase rate", {"g": 1, "h": -1}, ({"h": -1.0},)),
        "dropout": CovariateLink("dropout odds", {"u": 1, "w": -1}, ({"u": 1.0}, {"w": 1.0})),
    }

    def log_likelihood(self, x, t_x, T):
        return self._known.log_likelihood(x, t_x, T)

    @classmethod
    def start(cls, x, t_x, T, weights):
        return cls(*astuple(BGNBD.start(x, t_x, T, weights)))

    def p_alive(self, x, t_x, T):
        return self._known.p_alive(x, t_x, T)

    def living(self, x, t_x, T):
        return BGNBDByOtherNames(*astuple(self._known.living(x, t_x, T)))

    def expected_purchases(self, t):
        return self._known.expected_purchases(t)

    def purchase_pmf(self, n, t):
        return self._known.purchase_pmf(n, t)

    def survival(self, t):
        return self._known.survival(t)

    def draw_traits(self, shape, rng):
        return self._known.draw_traits(shape, rng)

    def simulate(self, T, *, seed):
        return self._known.simulate(T, seed=seed)

    @property
    def _known(self):
        return BGNBD(*astuple(self))
