"""Small screens over another one, which close with an answer: a choice, a word, a line, a thing from a list, a verb of the palette."""
