"""Trained: a host, an agent or both, at Hironaka's polyhedra game, by deep Q-learning against fixed players and older selves.
A turn: one optimiser step of the hero's role; games are played and target networks updated at fixed turns.
Measured: moves to the end as a share of the move limit, over fixed starts against each opponent; of an agent, what is left of it.
Not possible: several devices, and games of one dimension.
"""
