"""The arena: small language models that are bred, trained, and pitted against each other for quality and for quality per energy.

An agent:      agents.py  what it is       champions.py  one agent as one checked file     roster.py   the agents on disk
               corpora.py what they read   listing.py    the agents as a table             orders.py   what a player types
Training:      field.py   K agents of one shape as one computation    training.py  the field taught, step by step
               coaching.py one agent taught outside of battle         voices.py    what they write
               recital.py lines counted and scored                    checkup.py   what ails one            events.py  what happens
Battles:       matches.py the terms and the record     scores.py   from losses and lines to a verdict        dice.py    heroes in battle
               battle.py  train, write, judge          stadium.py  battles fought and kept                   battle_events.py
               commentary.py  in sentences             tournament.py  who meets whom
What follows:  ledger.py  every match, line by line    ratings.py  boards.py  reckoned from it               verify.py  is it true?
At a prompt:   shell.py   the (bandit) shell

Only field, training, coaching, voices, recital, checkup and battle touch torch; the rest answers at once.
"""
