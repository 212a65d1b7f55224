"""Slurm: the lines that `sbatch` reads, its commands, and what their answers mean.

`options` writes, `answers` reads; these are pure. `commands` calls. Everything else about a
workflow of jobs that submit nothing themselves is `lexon.runners.cluster.queued`.
"""
