"""What viewers get, and how it reaches them though they are slow: the terminal's screen, and the page for phones."""
