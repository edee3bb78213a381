"""One file a widget; each draws prepared lines and touches only those that changed.

training/ shows how the training goes, game/ how the hero fares, and what is here serves any screen.
"""
