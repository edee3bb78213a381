"""Agents against each other.

matches.py       terms and results           battle.py        train, write, judge
battles.py       fight, record, verify       ledger.py        the file of all matches
tournament.py    pairings and standings      many_at_once.py  matches side by side
leaderboards.py  boards and ratings
events.py        what happens                commentary.py    as sentences

Only battle imports torch; the others begin one when it is fought.
"""
