"""Optimisers: how a campaign makes them, how they step, and what they keep."""
