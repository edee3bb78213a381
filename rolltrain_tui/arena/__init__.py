"""The arena: small language models that are bred, trained, and pitted against each other for quality and for quality per energy.

    agents.py       what an agent is: its shape, its recipe, its record          champions.py   one agent as one checked file
    roster.py       the agents on disk                                           corpora.py     what they read
    field.py        K agents of one shape as one computation                     training.py    the field taught, step by step
    voices.py       what they write                                              checkup.py     what ails one
    scores.py       from losses and samples to a score, and who has won          battle.py      train, write, judge
    ledger.py       every match, chained line by line                            ratings.py     skill, recomputed from the ledger
    boards.py       the two leaderboards                                         tournament.py  who meets whom
    commentary.py   what happens, in sentences                                   shell.py       the (bandit) prompt

Only field, training, voices, checkup and battle touch torch; the rest answers at once.
"""
