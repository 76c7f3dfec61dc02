"""All calls of the public functions, one small function each, subject by subject.

A call goes through a public name of version 0.1 (`rm.X`, `rm.clv.X`, ...) only, so that modules may
move. A name, an argument, a column or an attribute of a result that is called otherwise now goes
into renames.yml; only a renamed method or attribute that the call itself uses is changed here.
"""

from tests.golden import (
    calls_clv,
    calls_customers,
    calls_economics,
    calls_ladder,
    calls_models,
    calls_relationships,
)
from tests.golden.registry import CALLS

SUBJECTS = (
    calls_customers,
    calls_models,
    calls_clv,
    calls_economics,
    calls_ladder,
    calls_relationships,
)

__all__ = ["CALLS", "SUBJECTS"]
