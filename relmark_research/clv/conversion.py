"""To and from the lifetimes package, and how it is imported without leaving a trace.

lifetimes 0.11.3 (2020, no longer maintained) is imported only here, only when it is asked for.
Importing it silences every FutureWarning and sets an option of pandas for the whole process; both
are put back. Its `datasets` module cannot be imported any more and is not needed: the data are read
from its files. Models have the same names of parameters, in the same order and units.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd

from relmark_research.clv.base import Model, PurchaseModel
from relmark_research.clv.fitting import Fit
from relmark_research.errors import DataError, ParameterError, check_choice

if TYPE_CHECKING:
    from types import ModuleType

FITTERS = {
    "BGNBD": "BetaGeoFitter",
    "MBGNBD": "ModifiedBetaGeoFitter",
    "ParetoNBD": "ParetoNBDFitter",
    "BGBB": "BetaGeoBetaBinomFitter",
    "GammaGamma": "GammaGammaFitter",
}
"""Our models, and what each is called in lifetimes."""


def to_lifetimes(fit: Fit | Model) -> Any:
    """Return lifetimes' fitter with our parameters, ready to predict.

    Parameters
    ----------
    fit
        A fit, whose covariance goes along, or a model with given parameters.

    Raises
    ------
    ParameterError
        Where lifetimes has no such model.

    Examples
    --------
    >>> from relmark_research import BGNBD
    >>> fitter = to_lifetimes(BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426))
    >>> print(f"{float(fitter.predict(39, 2, 30.43, 38.86)):.3f}")
    1.226
    """
    model = fit.model if isinstance(fit, Fit) else fit
    check_choice("model of lifetimes", type(model).__name__, FITTERS)
    with imported() as package:
        fitter = getattr(package, FITTERS[type(model).__name__])()
        names = list(model.names())
        fitter.params_ = pd.Series(model.values, index=names)
        if isinstance(model, PurchaseModel):
            fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
        if isinstance(fit, Fit):
            fitter.variance_matrix_ = pd.DataFrame(fit.covariance, index=names, columns=names)
            fitter.standard_errors_ = pd.Series(fit.standard_errors, index=names)
            fitter.confidence_intervals_ = fit.interval(0.95).set_axis(
                ["lower 95% bound", "upper 95% bound"], axis=1
            )
    return fitter


def from_lifetimes(fitter: Any) -> Model:
    """Return our model with the parameters of a fitter of lifetimes.

    Its standard errors are not taken over: its covariance is not symmetric. For intervals fit the
    customers anew.

    Raises
    ------
    ParameterError
        Where it is no fitter that we know, or was not fitted.
    """
    known = {theirs: ours for ours, theirs in FITTERS.items()}
    check_choice("fitter of lifetimes", type(fitter).__name__, known)
    found = getattr(fitter, "params_", None)
    if found is None:
        raise ParameterError(
            f"{type(fitter).__name__} has no parameters yet. Call its fit method first."
        )
    model = model_class(known[type(fitter).__name__])
    return model(**{name: float(found[name]) for name in model.names()})


def model_class(name: str) -> type[Model]:
    """Return our model of that name."""
    from relmark_research.clv.models import MODELS

    return MODELS[name]


@contextmanager
def imported() -> Iterator[ModuleType]:
    """Give lifetimes, and put back the warnings and the option of pandas that it changes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = pd.get_option("mode.chained_assignment")
        try:
            import lifetimes
        except ImportError as error:
            raise DataError(
                f"expected the lifetimes package; it cannot be imported ({error}). Install it: "
                "python -m pip install 'lifetimes==0.11.3'"
            ) from error
        try:
            yield lifetimes
        finally:
            pd.set_option("mode.chained_assignment", before)
