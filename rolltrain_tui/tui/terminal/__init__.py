"""The terminal: its first picture, its keys, its size, and how the game leaves it."""
