"""The classroom: what a room of people does with one run.

ballot.py       a vote                   questions.py   what a room may be asked
lessons.py      what a lesson sets up
assignments/    what is asked of a class, by whom it was joined, and what is handed in
grading/        what was handed in, trained again and told in a table
"""
