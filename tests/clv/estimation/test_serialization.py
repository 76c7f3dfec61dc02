"""A fit as JSON and back."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError


def test_a_fit_survives_json(bought, homogeneous):
    for fit in (bought, homogeneous):
        read = rm.Fit.from_json(fit.to_json())
        assert read.model == fit.model
        assert read.diagnosis == fit.diagnosis
        np.testing.assert_array_equal(read.covariance, fit.covariance)
        pd.testing.assert_frame_equal(read.summary(), fit.summary())
        assert read.to_json() == fit.to_json()
    assert json.loads(bought.to_json())["unit"] == "week"


def test_json_is_strict_and_keeps_infinite_numbers(homogeneous):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    content = json.loads(homogeneous.to_json(), parse_constant=refuse)
    assert content["saved_intervals"]["a"][1] == "inf"
    assert rm.Fit.from_json(homogeneous.to_json()).interval().loc["a", "high"] == np.inf
    endless = replace(homogeneous, diagnosis=replace(homogeneous.diagnosis, condition=np.inf))
    assert rm.Fit.from_json(endless.to_json()).diagnosis.condition == np.inf
    before = homogeneous.to_json().replace('"inf"', "Infinity")  # non-strict JSON
    assert rm.Fit.from_json(before).to_json() == homogeneous.to_json()


def test_json_of_something_else_is_rejected(bought):
    content = json.loads(bought.to_json())
    model = {key: value for key, value in content["parameters"].items() if key != "b"}
    for said, text in {
        "cannot be read as JSON": "not json",
        "found a list": "[1, 2]",
        "found an object with 'title', 'runs'": json.dumps({"title": "x", "runs": 3}),
        "no model 'BGNBDD'.*Did you mean 'BGNBD'": json.dumps({**content, "model": "BGNBDD"}),
        "the fit has no 'covariance'": json.dumps(
            {key: value for key, value in content.items() if key != "covariance"}
        ),
        "has the shape": json.dumps({**content, "covariance": [[1.0]]}),
        "cannot be read .*missing 1 required": json.dumps({**content, "parameters": model}),
        "cannot be read .*no status 'fine'": json.dumps(
            {**content, "diagnosis": {**content["diagnosis"], "status": "fine"}}
        ),
        "cannot be read .*float": json.dumps({**content, "log_likelihood": None}),
    }.items():
        with pytest.raises((DataError, ParameterError), match=said):
            rm.Fit.from_json(text)


def test_a_saved_interval_is_not_used_at_another_level(homogeneous):
    read = rm.Fit.from_json(homogeneous.to_json())
    assert np.isnan(read.interval(level=0.5).loc["a"]).all()
