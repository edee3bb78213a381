"""Assignments: assignment.py (what is asked), identity.py (names and seeds), joined.py (who joined what, on this computer),
submission.py (the file that is handed in).
"""
