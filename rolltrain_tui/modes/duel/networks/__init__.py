"""The networks of a duel, and how boards are passed through them: by their modules, or forward and backward written out."""
