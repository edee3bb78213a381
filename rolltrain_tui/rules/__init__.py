"""The tabletop game: pure, standard library only. Chance is an input, training is told what to do only through `StepEffect`."""
