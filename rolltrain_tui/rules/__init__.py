"""The tabletop game: pure, standard library only. Dice are an input, and `StepEffect` is all that training is told."""
