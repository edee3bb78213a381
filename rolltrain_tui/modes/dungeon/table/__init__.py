"""Where a person plays: one adventure, an evening of them, and the rival beside."""
