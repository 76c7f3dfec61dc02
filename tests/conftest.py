"""Settings of every test run: reproducible generated cases, and a random order on request.

Generated cases are the same in every run, unless RELMARK_EXPLORE is set to look for new ones.
``RELMARK_ORDER=random`` (or ``make test ORDER=random``) shuffles the test modules, and the tests
within each; the first and last lines name the seed, which as ``RELMARK_ORDER`` repeats the order.
"""

import os
import random

import pytest
from hypothesis import HealthCheck, settings

SLOW_MACHINE = [HealthCheck.too_slow]
LOAD = {"deadline": None, "suppress_health_check": SLOW_MACHINE}  # load fails no test
settings.register_profile("same", derandomize=True, database=None, **LOAD)
settings.register_profile("explore", derandomize=False, **LOAD)
settings.load_profile("explore" if os.environ.get("RELMARK_EXPLORE") else "same")


def pytest_configure() -> None:
    """Draw a seed once: the workers of pytest-xdist inherit it."""
    if os.environ.get("RELMARK_ORDER") == "random":
        os.environ["RELMARK_ORDER"] = str(random.SystemRandom().randrange(10**6))


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Name the seed before the tests, for a run that is cut short."""
    _name_the_seed(session.config.pluginmanager.get_plugin("terminalreporter"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Shuffle modules, and tests within a module, so that a module's fixtures are made once."""
    if seed := os.environ.get("RELMARK_ORDER"):
        shuffled(items, int(seed))


def shuffled(items: list[pytest.Item], seed: int) -> None:
    """Order items in place by a seed, keeping the tests of a module together."""
    modules = sorted({item.nodeid.partition("::")[0] for item in items})
    draw = random.Random(seed)
    draw.shuffle(modules)
    rank = {name: place for place, name in enumerate(modules)}
    draw.shuffle(items)
    items.sort(key=lambda item: rank[item.nodeid.partition("::")[0]])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the seed beside the failures, so that they can be repeated."""
    _name_the_seed(terminalreporter)


def _name_the_seed(reporter: pytest.TerminalReporter | None) -> None:
    seed = os.environ.get("RELMARK_ORDER")
    if seed and reporter:  # the workers of pytest-xdist have none
        reporter.write_line(f"random order: RELMARK_ORDER={seed}")
