"""The commands of README.md and of the first run on Stoomboot, as they stand there, on a file such
as their reader has.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import h5py
import numpy as np
import pytest
from kedro.framework.cli.cli import KedroCLI

from lexon.datasets.event_rows import to_rows

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
STOOMBOOT = (ROOT / "docs" / "how_to" / "first_run_on_stoomboot.md").read_text()
# What makes every study a small one without a word on the command line.
SMALL = "model: {size: tiny}\ntraining: {epochs: 1, warmup_steps: 1}\nreport: {n_bootstrap: 100}\n"


@pytest.fixture
def reader(project, make_events) -> Path:
    """A project whose reader has FILE.h5: ln(MeV), labels 1.0 to 5.0 without names, jets by falling
    pT, leptons, photons.
    """
    with h5py.File("FILE.h5", "w") as file:
        for seed, (key, label_key, n) in enumerate(
            (("X_train", "Y_train", 200), ("X_val", "y_val", 100), ("X_test", "y_test", 100))
        ):
            events = make_events(n, seed=seed, n_labels=5)
            place = np.argsort(
                np.select([events.ids == 0, events.ids == 7, events.ids > 2], [3, 2, 1], 0),
                axis=1,
                kind="stable",
            )
            events.ids[:] = np.take_along_axis(events.ids, place, axis=1)
            events.p4[:] = np.take_along_axis(events.p4, place[..., None], axis=1)
            file[key], file[label_key] = to_rows(events, "ln(MeV)"), events.labels.astype("f8")
    (project / "conf" / "local" / "parameters.yml").write_text(SMALL)
    return project


def type_in(project: Path, command: str) -> None:
    """What a shell would run; it must end well."""
    _, *arguments = shlex.split(command.replace("\\|", "|"))
    with pytest.raises(SystemExit) as end:
        KedroCLI(project).main(arguments)
    assert not end.value.code, command


def commands(page: str, *words: str) -> list[str]:
    """The commands of a page, of its tables and blocks, that hold all these words."""
    found = [
        *re.findall(r"^\|[^|]*\| `(kedro [^`]*)`", page, re.MULTILINE),
        *re.findall(r"^(kedro [^#\n]*)", page, re.MULTILINE),
    ]
    return [command.strip() for command in found if all(word in command for word in words)]


def test_the_readmes_commands_run_on_the_readers_file(reader):
    study, tokens = commands(README, "events.path=FILE.h5")
    type_in(reader, study)
    folder = Path("data/06_models/default/main/single__seed_42")
    record = json.loads((folder / "run.json").read_text())
    assert record["status"] == "done"
    assert any("1 tttt, 2 ttH, 3 ttW, 4 ttWW, 5 ttZ" in note for note in record["data"]["notes"])
    with h5py.File(folder / "scores.h5") as file:
        assert json.loads(file.attrs["label_names"])["1"] == "tttt"
    trained = (folder / "model.pt").stat()
    type_in(reader, f"{study},events.label_names=four_tops")
    assert (folder / "model.pt").stat() == trained, "names train nothing again"
    type_in(reader, tokens)
    assert Path("TOKENS.h5").exists()
    (finished,) = commands(README, "tokens.path=TOKENS.h5")
    type_in(reader, finished)
    assert json.loads((folder / "run.json").read_text())["data"]["path"] == str(reader / "FILE.h5")


def test_the_first_run_on_stoomboot_reads_the_readers_file(reader, monkeypatch):
    (variable,) = re.findall(r"^export (LEXON_\w+)=", STOOMBOOT, re.MULTILINE)
    monkeypatch.setenv(variable, str(reader / "root"))
    (own,) = re.findall(r"```\n(events:.*?)```", STOOMBOOT, re.DOTALL)
    own = re.sub(r"path: [^}\n]*", f"path: {reader / 'FILE.h5'}", own)
    (reader / "conf" / "local" / "parameters.yml").write_text(SMALL + own)
    (look,) = commands(STOOMBOOT, "--pipelines data_engineering", "SequentialRunner")
    type_in(reader, look)
    assert len(list(Path("root/03_primary").rglob("tokens_*.h5"))) == 1
    (preview,) = commands(STOOMBOOT, "kedro cluster preview")
    type_in(reader, preview)
    assert list(Path("root/09_jobs").rglob("*.dag"))
