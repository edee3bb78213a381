"""Campaign files: the sections of every campaign (`schema`), and how a file is read (`reading` and its parts)."""
