"""All doors, subject by subject."""

from tests.metamorphic import doors_customers, doors_economics, doors_relationships
from tests.metamorphic.door import DOORS, Door

SUBJECTS = (doors_customers, doors_economics, doors_relationships)

__all__ = ["DOORS", "SUBJECTS", "Door"]
