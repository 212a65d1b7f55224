"""What regressions learn from as tensors: events without azimuths and MET, or the rows of a
table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lexon.config import EventRegression, TableRegression
from lexon.datasets.events import EventSource
from lexon.datasets.table import Table
from lexon.errors import DataError
from lexon.events import SPLITS
from lexon.regression_data import event_target, split_rows
from lexon.tokenisers.direct import DirectTokeniser
from lexon.training import TensorTable

# log pT, eta and, of five-vectors, log E: the direct tokeniser's features less sine and cosine of
# the azimuth.
PHI_FREE = (0, 1, 4)


@dataclass(frozen=True)
class Sample:
    """The splits that a regression is trained and evaluated on.

    Attributes:
        tables: tensors by split, the target among them.
        index: row of the file for each row of a split.
        network: the data's part of the network's recipe.
        record: the data's part of the run record.
    """

    tables: dict[str, TensorTable]
    index: dict[str, NDArray[np.int64]]
    network: dict[str, Any]
    record: dict[str, Any]

    def target(self, split: str) -> NDArray[np.float32]:
        """The target of each row of a split."""
        return self.tables[split].tensors["target"].numpy()


def event_sample(
    config: EventRegression, tokeniser: DirectTokeniser, events: EventSource
) -> Sample:
    """Objects as the direct tokeniser shows them, less azimuths and MET, which the target is made
    of.
    """
    read = {split: events.classified(split, config.classes) for split in SPLITS}
    columns = [column for column in PHI_FREE if column < tokeniser.n_features]
    tables = {}
    for split, sample in read.items():
        tokens = tokeniser.encode(sample.events)
        arrays = {"values": tokens.values[..., columns], "types": tokens.types, "mask": tokens.mask}
        arrays["target"] = event_target(sample.events, config.target).astype(np.float32)
        # Without lengths, so that batches are random: the batch penalty looks at the variance
        # within a batch.
        tables[split] = TensorTable(
            {
                name: torch.from_numpy(np.ascontiguousarray(values))
                for name, values in arrays.items()
            }
        )
    origin = {name: events.attributes.get(f"raw_{name}") for name in ("path", "digest")}
    own = {name: events.attributes.get(name) for name in ("notes", "generator")}
    of_events = {"n_features": len(columns), "max_objects": events.max_objects}
    network = {"kind": "events", **of_events, **config.encoder.model_dump()}
    return _checked(
        Sample(
            tables, {split: sample.index for split, sample in read.items()}, network, origin | own
        )
    )


def table_sample(config: TableRegression, rows: Table) -> Sample:
    """The rows of a table, divided so that groups stay together."""
    groups = np.arange(len(rows)) if rows.groups is None else rows.groups
    index = split_rows(groups, config.split, config.split_seed)
    features, target = (
        torch.from_numpy(rows.features).float(),
        torch.from_numpy(rows.target).float(),
    )
    tables = {
        split: TensorTable({"features": features[chosen], "target": target[chosen]})
        for split, chosen in index.items()
    }
    network = {
        "kind": "table",
        "n_features": features.shape[1],
        "hidden": list(config.hidden),
        "dropout": config.dropout,
    }
    n_groups = None if rows.groups is None else len(np.unique(rows.groups))
    return _checked(
        Sample(
            tables, index, network, {"path": rows.origin, "notes": rows.notes, "n_groups": n_groups}
        )
    )


def _checked(sample: Sample) -> Sample:
    target = sample.target("train")
    if np.ptp(target) == 0:
        raise DataError(
            f"all {len(target)} training targets are {target[0]}: there is nothing to learn; choose"
            " another regression.target"
        )
    sample.record.update({f"n_{split}": len(table) for split, table in sample.tables.items()})
    return sample
