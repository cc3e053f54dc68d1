"""The reading of one sentence: marks, then items, then what belongs to what."""
