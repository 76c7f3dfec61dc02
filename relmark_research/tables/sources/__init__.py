"""Where rows come from: files, data frames, databases, engines."""
