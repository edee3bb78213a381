"""The expedition: the game itself, its orders and cards, what a teacher does with it, and its screen over a recording or another's run."""
