"""Torch lives here and nowhere else. Training hears of the game only through `StepEffect` and answers with numbers."""
