"""Blocked modules appear as not installed, in this process only; loaded ones stay."""

import subprocess
import sys

import pytest

from relmark_research.reporting.execution.import_blocklist import block_imports

CODE = """
import json, sys
from relmark_research.reporting.execution import import_blocklist
import_blocklist.{function}()
print(json.dumps([sys.modules.get(name, "free") for name in ("rfc3987_syntax", "pyarrow")]))
"""


@pytest.mark.parametrize(
    ("function", "state"),
    [("block_address_grammar", '[null, "free"]'), ("block_papermill_extras", "[null, null]")],
)
def test_what_is_blocked(function, state):
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(function=function)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == state


def test_a_blocked_module_cannot_be_imported(monkeypatch):
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    block_imports("relmark_made_up", "json")
    assert sys.modules["relmark_made_up"] is None
    assert sys.modules["json"] is not None
    with pytest.raises(ModuleNotFoundError):
        __import__("relmark_made_up")
