"""What heroes can do: a file for each class with its abilities, their tables, and a hero's abilities in a game."""
