"""The record of a run: manifest, provenance, key figures, stored runs, secrets."""
