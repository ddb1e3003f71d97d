"""Losses that shape an embedding, one short file each. Torch: imported by training alone."""
