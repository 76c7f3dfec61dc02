"""The registry of public functions and methods that take ``level=``, and the walk that finds them.

A case is a small example of one of them as a function of the level. `public_with_level` walks the
names that the package exports and every public function and method in its modules, so that a new
one cannot be forgotten.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any, Literal

import relmark_research as rm
from tests.laws.reading import Interval, intervals_of

Kind = Literal["delta", "shifted", "draws", "steps"]
ROOMS = ("clv", "customer_tables", "customers", "economics", "ladder", "relationships", "stats")
EXPORTS = (rm, rm.clv, rm.customer_tables, rm.customers, rm.economics, rm.ladder, rm.relationships)

INSIDE = {
    "Backtest.at_level": "ForecastErrors.interval",
    "Combination.interval": "ForecastErrors.interval",
    "TotalForecast.by": "ForecastErrors.interval",
    "assembled": "ForecastErrors.interval",
    "books_value": "book_retention",
    "experiment_periods": "ResponseWithMemory.marginal_cost",  # a size, no interval
    "backtest": "ForecastErrors.interval",
    "forecast_total": "ForecastErrors.interval",
    "interval_score": "ForecastErrors.interval",  # a score of intervals
    "new_customer_total": "ForecastErrors.interval",
    "HoldoutProbabilities.coverage": "interval_coverage",  # a share of customers, no interval
    "DunnettDistribution.critical_value": "campaign_uplift",
    "cell_intervals": "TransitionEstimate.intervals",
    "expectation_interval": "calibration",
    "ladder_value": "TransitionEstimate.value",
    "predict_customers": "forecast",
    "probability_of_reaching": "TransitionEstimate.probability_of_reaching",
    "profile": "Fit.profile",
    "project": "TransitionEstimate.project",
    "purchase_interval": "forecast",
    "recommend_allocation": "SpendingPosition.recommend",
    "shift_budget": "SpendingPosition.shift",
    "steady_state": "TransitionEstimate.steady_state",
    "time_to": "TransitionEstimate.time_to",
    "value_interval": "lifetime_value",
}
"""Functions within the package whose level comes from a public one, and that one."""

RECORDS = {
    "Backtest", "CustomerTable", "CustomerTableOptions", "FirstPassage", "LadderValue",
    "LevelChoice", "LevelPolicy", "ModelComparison",
    "PointValue", "Profile", "Projection", "Recommendations", "RetentionCurve", "TotalForecast",
}  # fmt: skip
"""Results that hold the level with which they were computed."""


@dataclass(frozen=True)
class Case:
    """An example of a function that takes a level.

    Attributes
    ----------
    name
        Name of the example; the function's own, with a word behind a space for further examples.
    call
        The example as a function of the level.
    points, aliases
        See `intervals_of`.
    kinds
        Patterns of names of intervals, each with its kind; the first that matches counts.
        ``"delta"``: the interval shrinks to the estimate and grows without end as the level goes
        to 0 and 1. ``"shifted"``: it shrinks to another point, such as an adjusted estimate.
        ``"draws"``: percentiles of draws, which shrink to the median and grow to the extremes.
        ``"steps"``: percentiles of whole numbers or of numbers at a bound.
    simultaneous
        Patterns of names of intervals whose level is divided over several: they do not shrink to a
        point.
    skewed
        Patterns of names of intervals whose estimate is a mean of draws most of which are equal; it
        may lie outside the percentiles.
    bad_levels
        How many wrong levels are tried, for examples that compute much before they look at it.
    slow
        Whether the example takes more than a few seconds over all laws.
    """

    name: str
    call: Callable[[float], Any]
    points: tuple[str, ...] = ("estimate",)
    aliases: dict[str, str] = field(default_factory=dict)
    kinds: tuple[tuple[str, Kind], ...] = (("*", "delta"),)
    simultaneous: tuple[str, ...] = ("*_simultaneous",)
    skewed: tuple[str, ...] = ()
    bad_levels: int = 99
    slow: bool = False

    @property
    def function(self) -> str:
        """Name of the function or method."""
        return self.name.partition(" ")[0]

    def intervals(self, level: float) -> list[Interval]:
        """Return the intervals at a level."""
        return intervals_of(self.call(level), self.points, self.aliases)

    def kind(self, name: str) -> Kind:
        """Return the kind of an interval."""
        return next(kind for pattern, kind in self.kinds if fnmatch(name, pattern))

    def holds_estimate(self, name: str) -> bool:
        """Whether the estimate lies inside an interval."""
        return not any(fnmatch(name, pattern) for pattern in self.skewed)

    def shrinks(self, name: str) -> bool:
        """Whether an interval shrinks to a point as the level goes to 0."""
        return not any(fnmatch(name, pattern) for pattern in self.simultaneous)


CASES: dict[str, Case] = {}


def case(name: str, **options: Any) -> Callable[[Callable[[float], Any]], Callable[[float], Any]]:
    """Register a function of the level as an example."""

    def register(call: Callable[[float], Any]) -> Callable[[float], Any]:
        assert name not in CASES, f"two examples are called {name!r}"
        kinds = options.pop("kinds", "delta")
        pairs = (("*", kinds),) if isinstance(kinds, str) else tuple(kinds.items())
        CASES[name] = Case(name, call, kinds=pairs, **options)
        return call

    return register


def public_with_level() -> dict[str, Any]:
    """Return every public function and method that takes a level, by its short name."""
    found: dict[str, Any] = {}
    for thing in [*_exported(), *_in_modules()]:
        for name, function in _functions(thing):
            if "level" in inspect.signature(function).parameters:
                found[name] = function
    return found


def _exported() -> Iterator[Any]:
    for module in EXPORTS:
        for name in module.__all__:
            yield getattr(module, name)


def _in_modules() -> Iterator[Any]:
    for room in ROOMS:
        package = importlib.import_module(f"relmark_research.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for name, thing in vars(module).items():
                if not name.startswith("_") and getattr(thing, "__module__", "") == found.name:
                    yield thing


def _functions(thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield a function, or the methods and the constructor of a class."""
    if inspect.isfunction(thing):
        yield thing.__name__, thing
    elif inspect.isclass(thing):
        for name in dir(thing):
            function = inspect.getattr_static(thing, name)
            function = getattr(function, "__func__", function)
            if inspect.isfunction(function) and not name.startswith("_"):
                yield f"{_owner(thing, name).__name__}.{name}", function
        if "__init__" in vars(thing):
            yield thing.__name__, thing.__init__


def _owner(thing: type, name: str) -> type:
    """Return the class that defines a method, so that an inherited one counts once."""
    return next(one for one in thing.__mro__ if name in vars(one))
