"""The game on a terminal. Textual lives here and nowhere else; torch never does."""
