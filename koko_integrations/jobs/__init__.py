"""Work that outlives a call: rows of ours, run by an engine that may die at any moment."""
