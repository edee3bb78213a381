"""Runs that are over, or their past: watched again, trained again and verified, branched from, laid side by side."""
