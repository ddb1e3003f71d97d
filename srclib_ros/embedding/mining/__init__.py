"""Which triplets to learn from, one short file a strategy. Torch: imported by training alone."""
