"""The screen on which a person plays the dungeon; its style sheet stands beside it."""
