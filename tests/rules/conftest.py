"""Properties of the rules: the same examples on every run, and no clock, since tests run side by side."""

from hypothesis import settings

settings.register_profile("rules", deadline=None, derandomize=True)
settings.load_profile("rules")
