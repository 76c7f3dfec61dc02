"""Pages printed as PDF by an installed Chromium, without network access."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from relmark_research.errors import ReportError
from relmark_research.reporting.record.secrets import environment_without_secrets
from relmark_research.reporting.store.scratch import temporary_folder

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_TIMEOUT = 120.0  # seconds for one page
_ARGUMENTS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-pdf-header-footer",
    "--hide-scrollbars",
)


def find_browser() -> str:
    """Return the command of the Chromium in ``RELMARK_CHROMIUM``, or of an installed one.

    Raises
    ------
    ReportError
        No Chromium is found.
    """
    chosen = os.environ.get("RELMARK_CHROMIUM")
    names = [chosen] if chosen else _NAMES
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        raise ReportError(
            f"--pdf needs a Chromium; found none of {', '.join(names)}. "
            "Install it (apt-get install chromium), or set RELMARK_CHROMIUM to its command."
        )
    return browser


def print_pages(folder: Path, browser: str) -> list[Path]:
    """Print every page of a run as PDF beside it, and return the PDF files.

    A page that cannot be printed is reported on standard error.

    Parameters
    ----------
    folder
        The folder of the run.
    browser
        The result of `find_browser`.
    """
    printed = []
    with temporary_folder() as profile:
        for page in sorted(folder.glob("*.html")):
            target = page.with_suffix(".pdf")
            error = _print(page, target, browser, profile)
            if target.is_file():
                printed.append(target)
            else:
                print(f"relmark: no PDF of {page.name}: {error}", file=sys.stderr, flush=True)
    return printed


def _print(page: Path, target: Path, browser: str, profile: Path) -> str:
    """Print one page, and return the last line that the browser wrote."""
    sandbox = ["--no-sandbox"] if os.getuid() == 0 else []  # Chromium has no sandbox for root
    folders = [f"--user-data-dir={profile}", f"--print-to-pdf={target}"]
    try:
        done = subprocess.run(
            [browser, *_ARGUMENTS, *sandbox, *folders, page.absolute().as_uri()],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
            env=environment_without_secrets(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}: {error}"
    return (done.stderr.strip().splitlines() or [f"it ended with code {done.returncode}"])[-1]
