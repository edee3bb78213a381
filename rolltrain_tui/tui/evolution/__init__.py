"""The screen of an evolution; its style sheet stands beside it."""
