"""Trained: a small language model that plays text adventures, by PPO and its relatives."""
