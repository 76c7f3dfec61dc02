"""A fit as JSON and back: strict JSON, with infinite numbers as the text "inf"."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any, get_args

import numpy as np

from relmark_research.clv.estimation.convergence import Diagnosis, Status
from relmark_research.clv.estimation.registry import MODELS
from relmark_research.errors import DataError, ParameterError, check_choice
from relmark_research.units import TimeUnit

Content = dict[str, Any]

_PACKAGE = "relmark_research."


def to_text(content: Content) -> str:
    """Return content as JSON, with infinite and missing numbers as the texts inf, -inf, nan."""
    return json.dumps(_strict(content), indent=2, allow_nan=False)


def from_text(text: str) -> Content:
    """Return the arguments of a Fit from its JSON, with the model and the diagnosis as objects.

    Raises
    ------
    DataError
        If the text is not JSON, or not the JSON of a fit.
    ParameterError
        If the class of the model is not defined in this process.
    """
    try:
        content = json.loads(text)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"expected the text that Fit.to_json wrote; it cannot be read as JSON ({error})."
        ) from None
    if not isinstance(content, dict) or not {"model", "parameters"} <= content.keys():
        raise DataError(
            f"expected the JSON of a fit, with model and parameters; found {_shown(content)}. Give "
            "what Fit.to_json wrote."
        )
    model = _model_class(str(content["model"]), str(content.get("module", "")))
    try:
        return _arguments(content, model)
    except KeyError as error:
        raise DataError(f"the fit has no {error}. Give all of what Fit.to_json wrote.") from None
    except (TypeError, AttributeError, ValueError) as error:
        raise DataError(
            f"the fit cannot be read ({error}). Give what Fit.to_json wrote, unchanged."
        ) from None


def _model_class(name: str, module: str) -> type[Any]:
    """Return the class of a model, which its module has defined in this process.

    Raises
    ------
    ParameterError
        If no such class is defined.

    Warns
    -----
    UserWarning
        If a class of that name is defined in another module than when the fit was written.
    """
    if name not in MODELS and module and not module.startswith(_PACKAGE):
        how = "Define it" if module == "__main__" else f"Import its module (import {module})"
        raise ParameterError(
            f"the fit is of the model {name} of the module {module}; the class is not defined in "
            f"this process. {how} first, then read the fit."
        )
    check_choice("model", name, MODELS)
    found = MODELS[name]
    if module and found.__module__ != module and not found.__module__.startswith(_PACKAGE):
        warnings.warn(
            f"the fit was written with the model {name} of {module} and is read with that of "
            f"{found.__module__}.",
            stacklevel=4,
        )
    return found


def _arguments(content: Content, model: type[Any]) -> Content:
    unit = content["unit"]
    fitted = model(**{name: float(value) for name, value in content["parameters"].items()})
    covariance = np.array(content["covariance"], dtype=float)
    if covariance.shape != (len(fitted.names()),) * 2:
        raise ValueError(
            f"the covariance of {len(fitted.names())} parameters has the shape {covariance.shape}"
        )
    intervals = content["saved_intervals"]
    return {
        "model": fitted,
        "covariance": covariance,
        "log_likelihood": float(content["log_likelihood"]),
        "n_customers": int(content["n_customers"]),
        "diagnosis": _diagnosis(content["diagnosis"]),
        "unit": None if unit is None else TimeUnit(unit),
        "note": content["note"],
        "penalty": float(content["penalty"]),
        "alternatives": {k: float(v) for k, v in content.get("alternatives", {}).items()},
        "saved_intervals": {
            name: (float(low), float(high)) for name, (low, high) in intervals.items()
        },
    }


def _diagnosis(content: Content) -> Diagnosis:
    check_choice("status", content["status"], get_args(Status))
    return Diagnosis(
        status=content["status"],
        message=content["message"],
        gradient=float(content["gradient"]),
        condition=float(content["condition"]),
        unidentified=tuple(content["unidentified"]),
        identified_ratios=tuple(content["identified_ratios"]),
        at_boundary=tuple(content["at_boundary"]),
    )


def _strict(value: Any) -> Any:
    """Return a value with infinite and missing numbers as texts, at any depth."""
    if isinstance(value, dict):
        return {name: _strict(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    return value


def _shown(content: Any) -> str:
    if isinstance(content, dict):
        return f"an object with {', '.join(map(repr, list(content)[:3])) or 'no members'}"
    return f"a {type(content).__name__}"
