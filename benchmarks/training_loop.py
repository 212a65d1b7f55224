"""Events per second of `lexon.training.Training`, of a usual DataLoader loop and of Lightning's
Trainer, in one run.

    python benchmarks/training_loop.py [--events 6000] [--rounds 3] [--batch-sizes 64 512]

All three train the same model (400k, direct, with MET) with the same maths: AdamW, warm-up and
cosine, gradient clip 1.0, dropout 0.1, fp32 on a CPU and bf16 on a GPU. They take turns, one epoch
each, and medians over the rounds are compared. The made-up events have about 10 of 18 objects, as
real ones have. Two lexon rows tell what batches of similar length add to whole-set tensors.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lexon.config import SIZES, TrainingConfig
from lexon.events import MAX_OBJECTS, N_TYPES
from lexon.models.classifier import Classifier
from lexon.training import TensorTable, Training, seeded
from lexon.training.optimisation import learning_rates

try:
    import lightning
except ModuleNotFoundError:
    lightning = None

N_FEATURES = 4
Runner = Callable[[TensorTable, TrainingConfig, str], float]


def make_table(n: int) -> TensorTable:
    """Events of 10 +- 3 objects (0 to 18) with random features: speed does not depend on what they
    mean.
    """
    rng = np.random.default_rng(0)
    lengths = torch.from_numpy(rng.normal(10, 3, n).round().clip(0, MAX_OBJECTS).astype(np.int64))
    generator = torch.Generator().manual_seed(0)
    mask = torch.arange(MAX_OBJECTS) < lengths[:, None]
    tensors = {
        "values": torch.randn(n, MAX_OBJECTS, N_FEATURES, generator=generator) * mask[..., None],
        "types": torch.randint(1, N_TYPES + 1, mask.shape, generator=generator) * mask,
        "mask": mask,
        "met": torch.randn(n, 3, generator=generator),
        "target": torch.randint(0, 2, (n,), generator=generator),
    }
    return TensorTable(tensors, frozenset({"values", "types", "mask"}), lengths)


def make_model() -> Classifier:
    dim, depth, heads, mlp_dim = SIZES["400k"]
    with seeded(0):
        return Classifier(
            n_classes=2,
            vocab_size=None,
            n_features=N_FEATURES,
            pool="mean",
            met=True,
            dim=dim,
            depth=depth,
            heads=heads,
            mlp_dim=mlp_dim,
            dropout=0.1,
        )


def make_config(batch_size: int, length_aware: bool) -> TrainingConfig:
    return TrainingConfig(
        epochs=1,
        batch_size=batch_size,
        lr=1e-4,
        weight_decay=0.01,
        warmup_steps=5,
        warmup_start=0.1,
        schedule="cosine",
        grad_clip=1.0,
        label_smoothing=0.0,
        early_stopping=None,
        length_aware=length_aware,
        precision="auto",
    )


class PerEvent(Dataset[dict[str, Tensor]]):
    """The usual Dataset: one event at a time, always 18 objects wide."""

    def __init__(self, table: TensorTable) -> None:
        self.tensors = table.tensors

    def __len__(self) -> int:
        return len(self.tensors["target"])

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {name: tensor[index] for name, tensor in self.tensors.items()}


def make_loader(
    table: TensorTable, config: TrainingConfig, device: str
) -> DataLoader[dict[str, Tensor]]:
    """Two workers and pinned memory beside a GPU; none on a CPU, whose cores they would take from
    the model.
    """
    cuda = device == "cuda"
    return DataLoader(
        PerEvent(table),
        config.batch_size,
        shuffle=True,
        num_workers=2 if cuda else 0,
        pin_memory=cuda,
    )


def optimisation(
    model: Classifier, config: TrainingConfig, n_steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    """AdamW and the schedule as a torch user writes them."""
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=config.lr, weight_decay=config.weight_decay
    )
    factors = learning_rates(config, n_steps) / config.lr
    return optimiser, torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: factors[min(step, n_steps - 1)]
    )


def run_lexon(table: TensorTable, config: TrainingConfig, device: str) -> float:
    """Events per second of training, as the history says; the validation of 64 events is
    not in it.
    """
    val = TensorTable(
        {name: tensor[:64] for name, tensor in table.tensors.items()},
        table.ragged,
        table.lengths[:64],
    )
    training = Training(
        make_model(), table, val, config, seed=0, device=device, select_by=(("val_loss", "min"),)
    )
    return training.run().events_per_second


def run_loader(table: TensorTable, config: TrainingConfig, device: str) -> float:
    """The usual loop, which reads the loss at every step for its progress bar."""
    model, loader = make_model().to(device), make_loader(table, config, device)
    optimiser, scheduler = optimisation(model, config, len(loader))
    running = 0.0
    model.train()
    start = time.perf_counter()
    for batch in to_device(loader, device):
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            loss, _ = model.loss(batch)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.grad_clip)
        optimiser.step()
        scheduler.step()
        running += loss.item()
    return len(table) / (time.perf_counter() - start)


def to_device(loader: DataLoader[dict[str, Tensor]], device: str) -> Iterator[dict[str, Tensor]]:
    for batch in loader:
        yield {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}


def run_lightning(table: TensorTable, config: TrainingConfig, device: str) -> float:
    """Lightning's Trainer on the same loader, without logger, checkpoints and bar."""
    loader = make_loader(table, config, device)

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = make_model()
            self.seconds = 0.0

        def training_step(self, batch: dict[str, Tensor]) -> Tensor:
            return self.model.loss(batch)[0]

        def configure_optimizers(self) -> dict[str, object]:
            optimiser, scheduler = optimisation(self.model, config, len(loader))
            return {
                "optimizer": optimiser,
                "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
            }

        def on_train_epoch_start(self) -> None:
            self.seconds -= time.perf_counter()

        def on_train_epoch_end(self) -> None:
            if device == "cuda":
                torch.cuda.synchronize()
            self.seconds += time.perf_counter()

    module = Module()
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=1,
        precision="bf16-mixed" if device == "cuda" else "32-true",
        gradient_clip_val=config.grad_clip,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, loader)
    return len(table) / module.seconds


def measure(
    table: TensorTable, batch_size: int, rounds: int, device: str
) -> dict[str, list[float]]:
    """Events per second by loop, taking turns; a short round that is thrown away warms all of them
    up.
    """
    runners: dict[str, tuple[Runner, bool]] = {"Dataset + DataLoader": (run_loader, False)}
    if lightning is not None:
        runners["Lightning Trainer"] = (run_lightning, False)
    runners |= {
        "lexon, length_aware: false": (run_lexon, False),
        "lexon, length_aware: true": (run_lexon, True),
    }
    warm_up = TensorTable(
        {name: tensor[:512] for name, tensor in table.tensors.items()},
        table.ragged,
        table.lengths[:512],
    )
    rates: dict[str, list[float]] = {name: [] for name in runners}
    for events, keep in [(warm_up, False), *[(table, True)] * rounds]:
        for name, (run, length_aware) in runners.items():
            rate = run(events, make_config(batch_size, length_aware), device)
            if keep:
                rates[name].append(rate)
    return rates


def markdown(rates: dict[str, list[float]], batch_size: int, device: str) -> str:
    medians = {name: statistics.median(values) for name, values in rates.items()}
    base = medians["Dataset + DataLoader"]
    return "\n".join(
        f"| {device} | {batch_size} | {name} | {median:,.0f} |"
        f" {min(rates[name]):,.0f}-{max(rates[name]):,.0f} | {median / base:.2f} |"
        for name, median in medians.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[64, 512])
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.filterwarnings("ignore", module="lightning")
    for name in ("lightning.pytorch", "lexon.training"):
        logging.getLogger(name).setLevel(logging.ERROR)
    table = make_table(options.events)
    print(
        f"{options.events} events of {table.lengths.double().mean():.1f} objects on average,"
        f" {options.rounds} rounds, ",
        end="",
    )
    print(f"{options.threads} CPU threads, torch {torch.__version__}\n")
    print(
        "| device | batch | loop | events/s (median) | range | ratio |\n|---|---|---|---|---|---|"
    )
    for device in ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]:
        for batch_size in options.batch_sizes:
            print(
                markdown(measure(table, batch_size, options.rounds, device), batch_size, device),
                flush=True,
            )
    print()
    if not torch.cuda.is_available():
        print("GPU: not measured")
    if lightning is None:
        print("Lightning: not measured (pip install '.[bench]')")


if __name__ == "__main__":
    main()
