"""One table at which a person can follow the game: whole numbers instead of shares, a move at a time, and why a point falls.

position.py  points, moves, what fell, which moves are legal      seats.py    who sits at the table
insight.py   par, look-ahead, worst case, a network's values      sitting.py  games in a row, with alternating roles
words.py     all of it in sentences                               guests.py   who may sit at the table of a campaign
"""
