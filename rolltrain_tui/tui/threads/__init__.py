"""The thread that trains and the thread that draws: what goes between them, and how they share the interpreter."""
