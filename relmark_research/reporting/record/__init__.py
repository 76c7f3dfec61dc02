"""What a run leaves behind: manifest, provenance, stored runs."""
