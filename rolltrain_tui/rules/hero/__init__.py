"""The hero: the character sheet and how it grows, rests, foretells and dies."""
