"""The game on other people's training: plain PyTorch, loops of one's own, Hugging Face and Lightning.

terms/ checks the keywords that all ways in share, session/ plays the game on a loop that is not ours, and each way in is a file here,
imported by who needs it; the libraries that are not rolltrain's own come with extras: pip install 'rolltrain-tui[hf]'.
"""
