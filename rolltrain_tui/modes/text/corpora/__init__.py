"""The texts to learn from, and the entropy of those that are built in."""
