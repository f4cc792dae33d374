"""Edges: what others' formats mean in our words, and ours in theirs; no rule of the office."""
