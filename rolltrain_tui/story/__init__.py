"""A run in words and as a scene to draw."""
