"""Requests: who may come in, how many and how often, and what is answered."""
