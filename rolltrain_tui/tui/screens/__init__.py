"""One file a screen, its style sheet beside it. kinds/ is what they are made of, dialogs/ what they ask with."""
