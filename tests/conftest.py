"""Settings of every test run: reproducible cases, a random order on request, and less overhead.

Generated cases are the same in every run, unless RELMARK_EXPLORE is set to look for new ones.
A test with ``@pytest.mark.every(n)`` is run for each n-th of its cases, beginning with the first;
the others are slow tests, unless RELMARK_EVERY_CASE is set.
``RELMARK_ORDER=random`` (or ``make test ORDER=random``) shuffles the test modules, and the tests
within each; the first and last lines name the seed, which as ``RELMARK_ORDER`` repeats the order.
"""

import gc
import os
import random
from collections import Counter
from collections.abc import Generator

import pytest
from _pytest.doctest import DoctestModule
from hypothesis import HealthCheck, settings

from relmark_research.reporting.execution.import_blocklist import block_address_grammar

SLOW_MACHINE = [HealthCheck.too_slow]
LOAD = {"deadline": None, "suppress_health_check": SLOW_MACHINE}  # load fails no test
settings.register_profile("same", derandomize=True, database=None, **LOAD)
settings.register_profile("explore", derandomize=False, **LOAD)
settings.load_profile("explore" if os.environ.get("RELMARK_EXPLORE") else "same")
block_address_grammar()  # a second of CPU time in each worker
os.environ.setdefault("OMP_NUM_THREADS", "1")  # each core has its worker
os.environ.setdefault("RELMARK_SHOW_VALUES", "1")  # messages as an interactive user sees them
os.environ.setdefault("RELMARK_ID_KEY", "the key of the tests")  # of pseudonyms


def pytest_configure() -> None:
    """Draw a seed once: the workers of pytest-xdist inherit it."""
    if os.environ.get("RELMARK_ORDER") == "random":
        os.environ["RELMARK_ORDER"] = str(random.SystemRandom().randrange(10**6))


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Read each file of this folder once: it has no doctests."""
    return [each for each in (yield) if not isinstance(each, DoctestModule)]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage only among what the tests make: modules and collected tests are none."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)  # a query has thousands of objects
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Name the seed before the tests, for a run that is cut short."""
    _name_the_seed(session.config.pluginmanager.get_plugin("terminalreporter"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave cases to the slow run; shuffle modules, and tests within a module.

    The tests of a module stay together, so that its fixtures are made once.
    """
    if not os.environ.get("RELMARK_EVERY_CASE"):
        thin(items)
    if seed := os.environ.get("RELMARK_ORDER"):
        shuffled(items, int(seed))


def thin(items: list[pytest.Item]) -> None:
    """Mark as slow all cases of a test but each n-th, beginning with the first."""
    seen: Counter[str] = Counter()
    for item in items:
        if (mark := item.get_closest_marker("every")) is not None:
            name = item.nodeid.partition("[")[0]
            if seen[name] % mark.args[0]:
                item.add_marker(pytest.mark.slow)
            seen[name] += 1


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
