"""The terms of a game: the keywords of every way in, under the original's names, checked and turned into a campaign's."""
