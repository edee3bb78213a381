"""Where a training stands: weights, moments and random streams at one moment, and what past turns left. All of it can be saved."""
