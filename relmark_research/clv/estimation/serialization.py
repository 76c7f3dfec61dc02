"""A fit as JSON, and back: strict JSON, in which an infinite number is the text "inf"."""

from __future__ import annotations

import json
import math
from typing import Any, get_args

import numpy as np

from relmark_research.clv.estimation.convergence import Diagnosis, Grade
from relmark_research.errors import DataError, check_choice
from relmark_research.units import TimeUnit

Content = dict[str, Any]


def written(content: Content) -> str:
    """Return content as JSON, with infinite and missing numbers as the texts inf, -inf, nan."""
    return json.dumps(_named(content), indent=2, allow_nan=False)


def read(text: str) -> Content:
    """Return the arguments of a Fit from the text of one, with the model and diagnosis made.

    Raises
    ------
    DataError
        Where the text is no JSON, or the JSON of something else.
    """
    from relmark_research.clv.estimation.registry import MODELS

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
    check_choice("model", content["model"], MODELS)
    try:
        return _arguments(content, MODELS[content["model"]])
    except KeyError as error:
        raise DataError(f"the fit has no {error}. Give all of what Fit.to_json wrote.") from None
    except (TypeError, AttributeError, ValueError) as error:
        raise DataError(
            f"the fit cannot be read ({error}). Give what Fit.to_json wrote, unchanged."
        ) from None


def _arguments(content: Content, model: type) -> Content:
    unit, said = content["unit"], content["diagnosis"]
    check_choice("grade", said["grade"], get_args(Grade))
    made = model(**{name: float(value) for name, value in content["parameters"].items()})
    covariance = np.array(content["covariance"], dtype=float)
    if covariance.shape != (len(made.names()),) * 2:
        raise ValueError(f"the covariance of {len(made.names())} has the shape {covariance.shape}")
    return {
        "model": made,
        "covariance": covariance,
        "log_likelihood": float(content["log_likelihood"]),
        "n_customers": int(content["n_customers"]),
        "diagnosis": Diagnosis(
            grade=said["grade"],
            words=said["words"],
            gradient=float(said["gradient"]),
            condition=float(said["condition"]),
            loose=tuple(said["loose"]),
            told=tuple(said["told"]),
            vanishing=tuple(said.get("vanishing", ())),
        ),
        "unit": None if unit is None else TimeUnit(unit),
        "note": content["note"],
        "penalty": float(content["penalty"]),
        "kept": {name: (float(low), float(high)) for name, (low, high) in content["kept"].items()},
    }


def _named(value: Any) -> Any:
    """Return a value whose infinite and missing numbers are texts, at any depth."""
    if isinstance(value, dict):
        return {name: _named(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_named(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    return value


def _shown(content: Any) -> str:
    if isinstance(content, dict):
        return f"an object with {', '.join(map(repr, list(content)[:3])) or 'nothing in it'}"
    return f"a {type(content).__name__}"
