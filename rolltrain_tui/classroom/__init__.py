"""The classroom: what a room of people does with one run.

Assignments: assignment.py (what is asked)  identity.py (names and seeds)  joined.py (who joined what, on this computer)
             submission.py (the file that is handed in)  conformity.py (is it the assignment)  examiner.py (the child that trains it again)
             nursery.py (many such children)  limits.py (time and memory)  grading.py (the order of checks)  duplicates.py (flags)
             gradebook.py, gradebook_page.py (tables)
Votes:       ballot.py
"""
