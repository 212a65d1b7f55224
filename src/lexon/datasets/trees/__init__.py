"""ROOT and Parquet files as sources of events, by a mapping of their branches (`events.branches`).

`tables`: what such a file offers, and the errors that the two formats share. `root`, `parquet`: the
formats. `objects`: columns to events. `source`: the files of a study, named and split.
"""

from lexon.datasets.trees.source import TreeSource, is_table

__all__ = ["TreeSource", "is_table"]
