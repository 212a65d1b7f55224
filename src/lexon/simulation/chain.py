"""From hard events to reconstructed events: the steps of the simulation in their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lexon.events import Events
from lexon.simulation import decays, detector, selection, shower
from lexon.simulation.channels import Channels, channel_table
from lexon.simulation.hard_events import HardEvents
from lexon.simulation.jets import arrange, cluster


def simulate(hard: HardEvents, label: int, rng: np.random.Generator) -> Events:
    """The selected events among one use of each hard event; channels without two same-sign leptons
    never occur.
    """
    hard, isr = shower.radiate_initial_state(decays.put_off_shell(turn(hard, rng), rng), rng)
    channels = draw_channels(hard.pdg, rng)
    state = decays.decay(hard, channels, rng)
    tracks = detector.track_leptons(state, channels.fake, rng)
    leptons = detector.identify(tracks, rng)
    keep = leptons.same_sign_pair  # later steps only lose leptons
    partons = shower.shower(
        shower.Partons.concatenate(isr, shower.coloured(state)).of_events(keep), rng
    )
    return reconstruct(partons, tracks[keep], leptons[keep], label, rng)


def turn(hard: HardEvents, rng: np.random.Generator) -> HardEvents:
    """The hard events at a random azimuth, half of them mirrored in z with their beams exchanged:
    as likely as they were.
    """
    azimuth = rng.uniform(0, 2 * np.pi, (len(hard), 1))
    mirror = np.where(rng.random(len(hard)) < 0.5, -1, 1)
    energy, px, py, pz = np.moveaxis(hard.p4, -1, 0)
    turned = [
        px * np.cos(azimuth) - py * np.sin(azimuth),
        px * np.sin(azimuth) + py * np.cos(azimuth),
        pz * mirror[:, None],
    ]
    incoming = np.where(mirror[:, None] < 0, hard.incoming[:, ::-1], hard.incoming)
    return HardEvents(incoming, hard.pdg, np.stack([energy, *turned], axis=-1))


def draw_channels(pdg: NDArray[np.int64], rng: np.random.Generator) -> Channels:
    """An accepted channel for each event's outgoing particles, int [N, k]."""
    n, k = pdg.shape
    drawn = Channels(
        np.zeros((n, k, 4), dtype=np.int64),
        np.zeros((n, k), dtype=np.int64),
        np.zeros(n, dtype=np.int64),
    )
    for outgoing in np.unique(pdg, axis=0):
        rows = (pdg == outgoing).all(1)
        part = channel_table(tuple(outgoing.tolist())).draw(int(rows.sum()), rng)
        drawn.daughters[rows], drawn.via[rows], drawn.fake[rows] = (
            part.daughters,
            part.via,
            part.fake,
        )
    return drawn


def reconstruct(
    partons: shower.Partons,
    tracks: detector.Leptons,
    leptons: detector.Leptons,
    label: int,
    rng: np.random.Generator,
) -> Events:
    """Jets, isolated leptons, photons and MET of the events that pass the selection."""
    grid = arrange(partons, len(leptons.pdg))
    leptons = leptons.where(detector.isolated(leptons, grid))
    photons = detector.find_photons(grid, rng)
    jets = detector.measure_jets(cluster(grid, (grid.pdg != 0) & ~photons), rng)
    tagged = detector.tag_b(jets, rng)
    met, met_phi = detector.missing_momentum(jets, tracks, grid, photons, rng)
    ids, p4 = selection.lay_out(jets, tagged, leptons, grid, photons, rng)
    events = Events(ids, p4, met, met_phi, np.full(len(ids), label, dtype=np.int64))
    return events[selection.select(jets, tagged, leptons)]
