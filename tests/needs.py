"""What tests need that a supported version may lack; without it they skip and say why."""

from __future__ import annotations

import pytest
import torch

MUON = pytest.mark.skipif(
    not hasattr(torch.optim, "Muon"), reason="torch.optim.Muon is in torch from 2.9 on"
)
