"""Evolution: settings are sought by a population of runs (Jaderberg et al. 2017, "Population Based Training of Neural Networks").

All members train at once. After each generation the worst take weights and state of better ones and go on with settings of their own. In
this game that is a branch of a save: a member is a run in a folder, and `rolltrain verify` trains it again, back through its parents.
"""
