"""The model to use for all customers, after models were compared on a part of their history.

What a model's fit to the calibration could do, its fit to everything may not, and the other way
round: customers who seemed to stay may be seen to leave. So the models are fitted again, and the
choice is kept unless its search now fails, or ends where nobody leaves; there NBD takes its place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from relmark_research.clv.estimation.dropout_bound import most_leaving
from relmark_research.clv.families.nbd import NBD
from relmark_research.errors import RelmarkError

if TYPE_CHECKING:
    import pandas as pd

    from relmark_research.clv.estimation.fit import Fit
    from relmark_research.clv.estimation.model import Model, PurchaseModel
    from relmark_research.customers.log.customer_summary import CustomerSummary


@dataclass(frozen=True)
class Selection:
    """The model to use, fitted to all customers.

    Attributes
    ----------
    name
        Of the model to use.
    fits
        Each model's fit to all customers, the one to use first. Models in which nobody leaves are
        there once, as NBD.
    limit
        Where nobody leaves, the fit of which NBD is the limit; None elsewhere.
    choice
        Name of the model that was to be used.
    failed
        Models that could not be used, and why.
    """

    name: str
    fits: dict[str, Fit]
    limit: Fit | None = None
    choice: str = ""
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def fit(self) -> Fit:
        """The fit to use."""
        return self.fits[self.name]

    @property
    def nobody_leaves(self) -> bool:
        """Whether the fit to use takes everybody to stay a customer."""
        return self.name == "NBD"

    def most_leaving(self, level: float = 0.95) -> list[PurchaseModel]:
        """Return models in which as many leave as the data allow; none where they are not asked."""
        return [] if self.limit is None else most_leaving(self.limit, level=level)

    @property
    def words(self) -> str:
        """What differs from the comparison, and whether the fit to use can say how sure it is."""
        said = []
        if self.choice in self.failed:
            said.append(f"{self.choice} is not used for all customers: {self.failed[self.choice]}.")
        if self.limit is not None:
            too = ", too," if self.choice == "NBD" else ""
            said.append(
                f"In all the data {type(self.limit.model).__name__}{too} ends where nobody leaves; "
                "NBD says the same, and how sure it is if that is so."
            )
        elif self.choice == "NBD" != self.name:
            said.append(f"In all the data some do leave, so {self.name} is used instead of NBD.")
        if self.fit.no_interval:
            said.append(f"How sure the numbers are cannot be said ({self.fit.diagnosis}).")
        return " ".join(said)


def select(
    choice: str,
    candidates: Mapping[str, type[Model]],
    customers: CustomerSummary | pd.DataFrame,
    *,
    near: Collection[str] = (),
) -> Selection:
    """Fit candidates, the one to use first, and take the first that can be used.

    One of those that did as well, ``near``, goes first where it alone can give intervals. Where
    the choice is NBD, the first candidates are models of which it was the limit.
    """
    found: dict[str, Fit] = {}
    failed: dict[str, str] = {}
    for name, model in candidates.items():
        try:
            fit = model.fit(customers)
        except RelmarkError as error:
            failed[name] = str(error).removesuffix(".")
            continue
        if fit.diagnosis.lost:
            failed[name] = str(fit.diagnosis)
        else:
            found[name] = fit
    sure = [name for name in near if name in found and _says_how_sure(found[name])]
    sure = [name for name in found if name in sure]
    name = next(iter(sure or found), "NBD")
    used = {key: fit for key, fit in found.items() if not fit.diagnosis.vanishing}
    if len(used) < len(found) or name not in used:
        used.setdefault("NBD", NBD.fit(customers))
    limit = None if name in used else found.get(name)
    name = name if name in used else "NBD"
    return Selection(name, {name: used[name]} | used, limit, choice, failed)


def _says_how_sure(fit: Fit) -> bool:
    return not fit.no_interval or bool(fit.diagnosis.vanishing)
