"""A simulated sample held against a full chain and against the published statistics of a
real file.
"""

from __future__ import annotations

from io import StringIO
from typing import Any

import numpy as np
import pandas as pd

from lexon.errors import DataError
from lexon.events import Events
from lexon.simulation.hard_events import PROCESSES
from lexon.simulation.selection import B_JET, JET, LEPTON_ID

# Means of the same hard processes through MadGraph 5 LO, Pythia 8.317, anti-kT 0.4, a parametrised
# response and the same selection; GeV. HT is of jets and leptons. `same_sign` is the share of
# events with exactly two leptons, which then have the same charge.
REFERENCE = pd.read_csv(
    StringIO(
        """process,n_jets,n_b_jets,n_leptons,ht,met,pt_jet_1,pt_jet_6,pt_lepton_1,pt_lepton_2,same_sign
tttt,7.93,2.80,2.24,925,128,229,47.8,112,53,0.77
ttH,6.97,2.16,2.16,747,105,199,36.7,97,43,0.86
ttW,6.52,2.12,2.00,786,122,208,33.1,137,57,1.0
ttWW,7.00,2.16,2.13,862,128,223,39.2,134,57,0.87
ttZ,6.71,2.12,2.63,825,87,196,34.3,149,69,0.38
"""
    ),
    index_col="process",
)
# Mean number of objects in the mix of the real file, and that mix.
REFERENCE_OBJECTS = 9.6
REFERENCE_MIX = {"tttt": 0.5, "ttH": 0.125, "ttW": 0.125, "ttWW": 0.125, "ttZ": 0.125}

LEPTON_CHARGE = np.zeros(8, dtype=int)
LEPTON_CHARGE[list(LEPTON_ID.values())] = -np.sign(list(LEPTON_ID))

GEV_PER_MEV = 1e-3
LARGEST_DEVIATION = 0.05  # of a mean from the full chain's, relative


def observables(events: Events) -> pd.DataFrame:
    """Event-level quantities, one row an event, with the process name; pT and sums in GeV, NaN
    where there is no such object.
    """
    jet, lepton = np.isin(events.ids, [JET, B_JET]), np.isin(events.ids, list(LEPTON_ID.values()))
    charge = LEPTON_CHARGE[events.ids]
    jet_pt, lepton_pt = (_falling(np.where(kind, events.pt, np.nan)) for kind in (jet, lepton))
    return pd.DataFrame(
        {
            "process": pd.Series(events.labels).map(PROCESSES),
            "n_objects": events.mask.sum(1),
            "n_jets": jet.sum(1),
            "n_b_jets": (events.ids == B_JET).sum(1),
            "n_leptons": lepton.sum(1),
            "ht": np.where(jet | lepton, events.pt, 0).sum(1),
            "met": events.met,
            "pt_jet_1": jet_pt[:, 0],
            "pt_jet_6": jet_pt[:, 5],
            "pt_lepton_1": lepton_pt[:, 0],
            "pt_lepton_2": lepton_pt[:, 1],
            "same_sign": ((lepton.sum(1) == 2) & (np.abs(charge.sum(1)) == 2)).astype(float),
        }
    )


def _falling(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Rows in falling order, NaN last."""
    return -np.sort(-values, axis=1)


def compare_means(events: Events) -> pd.DataFrame:
    """Means per process beside the full chain's: one row per process and quantity.

    Columns: process, quantity, simulated, error (of the mean), reference, deviation (simulated /
    reference - 1). The last row is the mean number of objects in the mix of the real file, where
    all its processes are present.

    Raises:
        DataError: no event, or a label that is no simulated process.
    """
    table = observables(events)
    if len(table) == 0 or table["process"].isna().any():
        raise DataError(
            f"compare_means: labels {np.unique(events.labels).tolist()}; need events with labels"
            f" among {PROCESSES}"
        )
    groups = table.groupby("process")
    means, errors = groups.mean(), groups.sem()
    present = [process for process in REFERENCE.index if process in means.index]
    rows = [
        (
            process,
            quantity,
            means.at[process, quantity],
            errors.at[process, quantity],
            REFERENCE.at[process, quantity],
        )
        for process in present
        for quantity in REFERENCE.columns
    ]
    if len(present) == len(REFERENCE_MIX):
        share = pd.Series(REFERENCE_MIX)
        objects, spread = (
            (share * means["n_objects"]).sum(),
            np.sqrt((share**2 * errors["n_objects"] ** 2).sum()),
        )
        rows.append(("mix", "n_objects", objects, spread, REFERENCE_OBJECTS))
    result = pd.DataFrame(rows, columns=["process", "quantity", "simulated", "error", "reference"])
    return result.assign(deviation=result["simulated"] / result["reference"] - 1)


def beyond_errors(means: pd.DataFrame) -> pd.DataFrame:
    """The rows of `compare_means` that are more than 5 % and two standard errors off."""
    error = means["error"] / means["reference"]
    return means[means["deviation"].abs() - 2 * error > LARGEST_DEVIATION]


def compare_published(events: Events, published: dict[str, Any]) -> pd.DataFrame:
    """Simulated four-top events beside the published statistics of the real four-top/ttbar file:
    one row per statistic.

    That file is 83 % ttbar and has no same-sign selection, so its energies are a background's above
    all: rows say whether the comparison `applies`. Where it does not, `implied_other` is what the
    rest of the file must average if its four-top share were as simulated, which has to be a
    plausible number (softer than four tops, transversally) and no more.

    Args:
        events: simulated, in GeV.
        published: the statistics, in MeV, per quantity the rows that ``describe_rows`` names.

    Columns: quantity, statistic, published, simulated, ratio, implied_other, applies, note; GeV and
    rad.

    Raises:
        DataError: an entry is missing, or no event is tttt.
    """
    if missing := {"describe_rows", "classes", "max_objects", *_PUBLISHED} - published.keys():
        raise DataError(
            f"published statistics: {', '.join(sorted(missing))} missing; need the published"
            " statistics of the four-top file"
        )
    tttt = events[events.labels == 1]
    if len(tttt) == 0:
        raise DataError("published statistics: no tttt event (label 1) to compare; simulate some")
    share = published["classes"]["4top"] / sum(published["classes"].values())
    rows = [row for quantity in _PUBLISHED for row in _statistics(tttt, quantity, published, share)]
    limit, most = published["max_objects"], int(tttt.mask.sum(1).max())
    rows.append(
        (
            "objects",
            "max",
            limit,
            most,
            np.nan,
            most <= limit,
            "at most as many objects as the real file holds",
        )
    )
    columns = [
        "quantity",
        "statistic",
        "published",
        "simulated",
        "implied_other",
        "applies",
        "note",
    ]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(
        4, "ratio", table["simulated"] / table["published"].where(table["published"].abs() > 0.01)
    )
    return table


# Published name -> (scale to GeV or rad, note); those of angles hold for any process and selection.
_PUBLISHED = {
    "METphi": (1.0, "flat in azimuth for any process and selection"),
    "MET": (GEV_PER_MEV, "83 % ttbar, no same-sign selection"),
    "E1": (GEV_PER_MEV, "83 % ttbar, which is more forward"),
    "pt1": (GEV_PER_MEV, "83 % ttbar, no same-sign selection"),
    "E2": (GEV_PER_MEV, "83 % ttbar, which is more forward"),
    "pt2": (GEV_PER_MEV, "83 % ttbar, no same-sign selection"),
    "eta1": (1.0, "ttbar is more forward, and |eta| reaches 5 there, 2.5 here"),
    "eta2": (1.0, "ttbar is more forward, and |eta| reaches 5 there, 2.5 here"),
}


def _statistics(
    tttt: Events, quantity: str, published: dict[str, Any], share: float
) -> list[tuple[Any, ...]]:
    scale, note = _PUBLISHED[quantity]
    described = dict(zip(published["describe_rows"], published[quantity], strict=True))
    values = pd.Series(_as_in_the_file(tttt, quantity)).astype(float).describe()
    angle = quantity == "METphi"
    rows = []
    for statistic in ("mean", "std", "25%", "50%", "75%"):
        reference, ours = described[statistic] * scale, values[statistic]
        implied = (reference - share * ours) / (1 - share) if statistic == "mean" else np.nan
        rows.append((quantity, statistic, reference, ours, implied, angle, note))
    return rows


def _as_in_the_file(events: Events, quantity: str) -> np.ndarray[Any, Any]:
    """MET, METphi, or one column of the first or second object, jets first in both files."""
    if quantity in ("MET", "METphi"):
        return events.met if quantity == "MET" else events.met_phi
    column = {"E": events.energy, "pt": events.pt, "eta": events.eta}[quantity[:-1]]
    return column[:, int(quantity[-1]) - 1]
