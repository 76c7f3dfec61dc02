"""The transaction log, from rows to one history per customer."""
