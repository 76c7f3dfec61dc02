"""The faces of the folders: lazy, and every public name is a function."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import FunctionType

import pytest

import relmark_research as rm

FOLDERS = ("campaigns", "clv", "customers", "economics", "ladder", "partners", "profitability")
PLOTS = Path(rm.__file__).parent / "plots"


def test_plots_are_reached_without_loading_matplotlib_at_import():
    code = (
        "import sys, relmark_research as rm\n"
        "assert rm.plots.clv\n"
        "print('matplotlib' in sys.modules, rm.plots.clv.tracking.__name__,"
        " 'matplotlib' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "tracking", "True"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_public_name_is_a_function(folder: str):
    face = getattr(rm.plots, folder)
    modules = {path.stem for path in (PLOTS / folder).glob("*.py")}
    for module in modules - {"__init__"}:
        import_module(f"relmark_research.plots.{folder}.{module}")
    assert not modules & set(face.__all__), "a module of that name would hide the function"
    for name in face.__all__:
        assert isinstance(getattr(face, name), FunctionType), name
