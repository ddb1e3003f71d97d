"""Autoencoders: the code must hold enough of a cloud to draw it again; one short file a kind. Torch."""
