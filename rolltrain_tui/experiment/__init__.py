"""The experiment: auto-players on a grid of classes, rulebooks and seeds, always beside plain training, with a report."""
