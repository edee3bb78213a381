"""The command line: `main` is the table of contents, each verb has a file; what they share is in `shared/`."""
