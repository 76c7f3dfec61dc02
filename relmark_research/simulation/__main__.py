"""Write the tables of the sample firm as CSV, and their parameters as JSON, into a folder.

python -m relmark_research.simulation data/sample
"""

import sys
from pathlib import Path

from relmark_research.simulation.sample_firm import write_sample


def main(arguments: list[str]) -> int:
    """Write the sample data into the folder given on the command line; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write(
            "Expected one folder; found "
            f"{len(arguments)}. Run: python -m relmark_research.simulation data/sample\n"
        )
        return 2
    for path in write_sample(Path(arguments[0])):
        sys.stdout.write(f"{path}  {path.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
