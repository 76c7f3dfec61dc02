"""The registry of models."""

import subprocess
import sys
from dataclasses import dataclass

import pytest

import relmark_research as rm
from relmark_research.clv.estimation.registry import MODELS
from relmark_research.errors import ParameterError

OURS = [
    "BGBB",
    "BGCNBD",
    "BGNBD",
    "BetaDiscreteWeibull",
    "GammaGamma",
    "MBGCNBD",
    "MBGNBD",
    "NBD",
    "ParetoNBD",
    "ShiftedBetaGeometric",
]


@pytest.fixture
def unchanged(monkeypatch):
    """Forget the models that a test registers."""
    monkeypatch.setattr(MODELS, "_classes", {name: MODELS[name] for name in MODELS})


def test_it_holds_every_model_of_the_package_by_name():
    of_the_package = [name for name in MODELS if MODELS[name].__module__.startswith("relmark_")]
    assert of_the_package == OURS  # other tests may have registered models of their own
    assert rm.clv.MODELS is MODELS
    assert MODELS["BGNBD"] is rm.BGNBD
    assert "GeometricModel" not in MODELS


def test_a_fit_is_read_in_a_process_that_has_not_used_its_model(bought):
    program = (
        "import sys; from relmark_research.clv.estimation.fit import Fit; "
        "print(type(Fit.from_json(sys.stdin.read()).model).__name__)"
    )
    command = [sys.executable, "-c", program]
    told = subprocess.run(command, input=bought.to_json(), text=True, capture_output=True)
    assert told.stdout.strip() == "BGNBD", told.stderr


def test_a_model_of_a_user_registers_itself_and_its_fit_is_read(unchanged, cdnow):
    @dataclass(frozen=True)
    class OwnNBD(rm.clv.NBD):
        """A model defined outside the package."""

    assert MODELS["OwnNBD"] is OwnNBD
    fit = OwnNBD.fit(cdnow)
    assert rm.Fit.from_json(fit.to_json()).model == fit.model


def test_a_class_may_be_defined_again_but_not_replace_a_model_of_the_package(unchanged):
    for _ in range(2):
        latest = type("OwnModel", (rm.clv.NBD,), {})
    assert MODELS["OwnModel"] is latest
    with pytest.raises(ParameterError, match="has a model named BGNBD already"):
        type("BGNBD", (rm.clv.NBD,), {})
    assert MODELS["BGNBD"] is rm.BGNBD


def test_base_classes_and_opted_out_classes_are_not_registered():
    class Hidden(rm.clv.NBD, registered=False):
        """A model for one purpose."""

    assert "Hidden" not in MODELS
    assert not {"PurchaseModel", "ContractModel", "BGBBSurvivor"} & set(MODELS)
