"""A language model learns to predict the next character of a text."""
