"""The widgets of the game: the hero, the roll, the monster, and what is told of a turn. Lines for a screen, drawn from the scene."""
