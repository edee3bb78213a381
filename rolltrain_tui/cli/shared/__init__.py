"""What verbs share: options, exit codes, progress, the screen, ranks, and how verbs are loaded late."""
