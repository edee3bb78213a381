"""The game on other people's training: plain PyTorch, loops of one's own, Hugging Face and Lightning.

Each way in is imported by who needs it; the libraries that are not rolltrain's own come with extras: pip install 'rolltrain-tui[hf]'.
"""
