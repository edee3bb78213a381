"""The vocabulary: commands, events, effects and reports that the other rooms exchange. Frozen values, standard library only."""
