"""``python -m relmark_research`` is ``relmark``."""

from relmark_research.cli import main

if __name__ == "__main__":
    main()
