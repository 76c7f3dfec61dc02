"""How relationships go: with customers, prospects and partners."""
