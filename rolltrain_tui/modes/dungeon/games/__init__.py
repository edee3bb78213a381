"""The games that the player learns from: how they are played, what their moves earn, and the lessons that are kept of them."""
