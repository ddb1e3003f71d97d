"""Siamese networks: copies with shared weights see several views, and a loss compares what they say. Torch."""
