"""How well features fit labels, before anything is trained on them."""

from modal_clustermargin.transferability._log_me import log_me
from modal_clustermargin.transferability._ped import ped

__all__ = ["log_me", "ped"]
