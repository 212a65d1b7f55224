"""Tracking services, MLflow and Weights & Biases, as an export of what lies in members' folders.

`content` reads a run's folders, `mlflow_service` and `wandb_service` show what it found, `export`
does both for every service of conf/<site>/tracking.yml. `python -m lexon.tracking` is the process
that does it beside a run, so that nothing of a service is ever part of a training.
"""
