"""Execution: what is kept of it between builds, and kernels that only speak of errors."""

import logging
import os
import shutil
from pathlib import Path

from jupyter_cache import get_cache
from sphinx.application import Sphinx
from sphinx.config import Config

QUIET = "c.IPKernelApp.log_level = 'ERROR'\nc.HistoryManager.enabled = False\n"


def prepare(app: Sphinx, config: Config) -> None:
    """Make the store before two processes try to, and drop what earlier code gave."""
    store = Path(config.nb_execution_cache_path)
    for stale in store.parent.glob("*"):
        if stale != store:
            shutil.rmtree(stale)
    get_cache(store).list_cache_records()
    profile = store.parents[1] / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(QUIET, "utf-8")
    os.environ["IPYTHONDIR"] = str(profile.parent)
    logging.getLogger("traitlets").setLevel(logging.WARNING)


def setup(app: Sphinx) -> dict[str, bool]:
    """Prepare the store once the configuration is known."""
    app.connect("config-inited", prepare)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
