"""Generated cases are the same in every run, unless RELMARK_EXPLORE is set to look for new ones."""

import os

from hypothesis import settings

settings.register_profile("same", derandomize=True, database=None)
settings.register_profile("explore", derandomize=False)
settings.load_profile("explore" if os.environ.get("RELMARK_EXPLORE") else "same")
