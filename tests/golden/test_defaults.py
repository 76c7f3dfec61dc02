"""The defaults of public functions are those recorded: another one is another result."""

import json

import pytest

from tests.golden.defaults import RECORDED, defaults, rooms

WAS = json.loads(RECORDED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("room", rooms())
def test_defaults_are_those_recorded(room: str):
    was, now = WAS.get(room, {}), defaults(room)
    changed = {
        name: (was.get(name), now.get(name))
        for name in sorted({*was, *now})
        if was.get(name) != now.get(name)
    }
    assert not changed, (
        f"defaults that changed (was, is): {changed}. Where that is meant, record them: "
        "python -m tests.golden.defaults"
    )


def test_options_of_classes_methods_and_functions_are_recorded():
    clv = WAS["clv"]
    assert clv["clv.prediction.forecast:forecast"]["*level"] == "None"
    assert clv["clv.estimation.fit:Fit.profile"]["level"] == "0.95"
    assert WAS["simulation"]["simulation.firm:ReturnTruth"]
    assert not set(WAS) - set(rooms())
