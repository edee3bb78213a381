"""The classroom: what a room of people does with one run."""
