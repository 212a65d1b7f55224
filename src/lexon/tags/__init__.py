"""Multi-label rows: what a row is (`TagTable`), how rows are divided (`TagSplits`), and how events
or texts become rows.

A row is a set of tags, as a 0/1 vector; the same set is called the same combination.
"""

from lexon.tags.events import EventBins, tag_events
from lexon.tags.split import TagSplits, combinations, split_rows
from lexon.tags.table import TagTable, tag_table

__all__ = [
    "EventBins",
    "TagSplits",
    "TagTable",
    "combinations",
    "split_rows",
    "tag_events",
    "tag_table",
]
