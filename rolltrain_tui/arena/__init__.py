"""The arena: small language models are created, trained, and compared by quality and by quality per energy.

An agent:   agents.py        shape, recipe, record      agent_file.py  one agent as one checked file
            roster.py        the agents on disk         corpora.py     their texts
Training:   model_batch.py   K models as one computation: forward, backward
            trainer.py       AdamW on K models          training.py    one agent outside of battles
            sampling.py      lines and their score      diagnosis.py   signals of an agent
Battles:    matches.py       terms and results          scores.py      from losses and lines to ranks
            battle.py        train, write, judge        dice.py        heroes in battle
            battles.py       fight, record, verify      ledger.py      the file of all matches
            tournament.py    pairings and standings     leaderboards.py  boards and ratings
In words:   events.py        what happens               commentary.py  as sentences
            parse.py         the lines of the dialogs

Only model_batch, trainer, training, sampling, diagnosis and battle import torch.
"""
