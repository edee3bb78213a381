"""A run's chronicle for other tools and other eyes: tables, pictures, boards, a report card. Read as a stream, whatever its length."""
