"""The board of the duel: a table of points, dots, what fell and why, and the keys of host and agent."""
