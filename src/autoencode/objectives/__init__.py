r"""Objectives: what it means to train an autoencoder. Each name here is one file."""

__all__ = ["ELBO", "Contractive", "Loss", "Objective", "Reconstruction"]

from .base import Loss, Objective
from .contractive import Contractive
from .elbo import ELBO
from .reconstruction import Reconstruction
