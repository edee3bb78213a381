"""The experiment: auto-players on a grid of classes, rulebooks and seeds, compared with plain training; tables, plots, report."""
