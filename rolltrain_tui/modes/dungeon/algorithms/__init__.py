"""The algorithms: each makes lessons of played games, and losses of lessons."""
