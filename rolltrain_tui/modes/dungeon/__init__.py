"""Trained: a small language model that plays text adventures, by PPO.
A turn: one optimiser step on one minibatch of moves; games are played on at fixed turns.
Measured: how it does in fixed worlds that it does not train in: moves, points or success.
Not possible: several devices.
"""
