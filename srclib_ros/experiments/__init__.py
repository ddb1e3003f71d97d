"""Experiments: one file a table. Each is resumable: what is done lies in the output folder, a file a result."""
