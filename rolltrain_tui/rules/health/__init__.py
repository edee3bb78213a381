"""How the training is doing: its signals and who watches them, the pace of its steps, and the ghost that it is held against."""
