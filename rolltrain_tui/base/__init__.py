"""Files, JSON, text and statistics: what knows nothing of the game."""
