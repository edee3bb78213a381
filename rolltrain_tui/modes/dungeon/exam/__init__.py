"""Examinations: games in worlds that the player does not train in, judged, and the signals that they give."""
