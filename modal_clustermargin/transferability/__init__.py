"""Scores that tell how well features fit labels, without training a network."""

from modal_clustermargin.transferability._log_me import log_me
from modal_clustermargin.transferability._ped import ped

__all__ = ["log_me", "ped"]
