"""Comparison of two binned token files by their tokens: no edges, no events and no row order are
needed for it.

`columns` unpacks tokens into object types and bins, `links` and `relation` find which rows are the
same event, `alignment` says how sure that is, `agreement` and `edges` compare rows that are.
"""
