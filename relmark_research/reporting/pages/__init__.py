"""Pages of HTML and PDF from executed notebooks and their manifest."""
