"""The machinery that every mode shares. It hears of the game only through `StepEffect`, and answers with numbers."""
