"""Monsters: their rows, what brings them, how they act, and what they leave behind."""
