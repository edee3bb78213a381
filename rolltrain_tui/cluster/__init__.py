"""One game over many processes. PyTorch's own launcher starts them (`torchrun`), and only this room speaks torch.distributed."""
