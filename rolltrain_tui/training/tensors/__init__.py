"""Tensors however they come: sparse, complex, sharded, in trees and batches; measured layer by layer, and laid out in flat buffers."""
