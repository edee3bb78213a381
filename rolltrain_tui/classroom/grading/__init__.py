"""Grading: submissions are read, trained again in children of their own, and told in a table.

grading.py       the order of the checks     record.py          a submission's story, read once
conformity.py    is it the assignment        duplicates.py      flags of what is alike
children.py      the children that examine   examiner.py        one of them: it trains the run again
nursery.py       many of them, by forks      limits.py          their time and memory
result.py        what one found              gradebook.py, gradebook_page.py   the table
"""
