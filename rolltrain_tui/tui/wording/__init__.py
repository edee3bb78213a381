"""What screens say: numbers, titles and ages, and what a run that ended has to tell."""
