"""``python -m relmark_research`` runs the command ``relmark``."""

from relmark_research.cli import main

if __name__ == "__main__":
    main()
