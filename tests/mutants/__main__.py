"""Run the mutation tests: ``python -m tests.mutants --seed 1 --n 120``."""

import sys

from tests.mutants.run import main

sys.exit(main())
