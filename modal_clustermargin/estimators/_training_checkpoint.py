"""Checkpoints from which the same `fit` continues after a kill."""

import json
import warnings
from pathlib import Path

import joblib
import torch

from modal_clustermargin._identity import settings_text
from modal_clustermargin._whole_files import written_whole


class TrainingCheckpoint:
    """The state of one training, known by its settings and data, in a folder."""

    def __init__(self, folder, settings):
        self.path = Path(folder) / "training.pt"
        self._key = joblib.hash(settings_text(settings))
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def restore(self, net):
        """Load the state, with that of torch's generators, if it is of this training.

        Returns the number of epochs that need not be run.
        """
        found = self._read()
        if found is None:
            return 0
        for name in ("module_", "criterion_", "optimizer_"):
            getattr(net, name).load_state_dict(found[name])
        net.history.extend(json.loads(found["history"]))
        torch.set_rng_state(found["cpu_generator"])
        if net.device_.type == "cuda" and found["cuda_generator"] is not None:
            torch.cuda.set_rng_state(found["cuda_generator"], net.device_)
        return net.max_epochs if found["is_complete"] else len(net.history)

    def write(self, net, is_complete=False):
        """Replace the checkpoint with the present state of a network."""
        on_gpu = net.device_.type == "cuda"
        state = {
            "key": self._key,
            "is_complete": is_complete,
            "module_": net.module_.state_dict(),
            "criterion_": net.criterion_.state_dict(),
            "optimizer_": net.optimizer_.state_dict(),
            "history": json.dumps(list(net.history), default=_as_json),
            "cpu_generator": torch.get_rng_state(),
            "cuda_generator": torch.cuda.get_rng_state(net.device_) if on_gpu else None,
        }
        with written_whole(self.path) as file:
            torch.save(state, file)

    def _read(self):
        if not self.path.exists():
            return None
        try:
            found = torch.load(self.path, map_location="cpu", weights_only=True)
            return found if found["key"] == self._key else None
        except Exception as error:
            # torch raises many kinds of errors for a file that it did not write.
            warnings.warn(
                f"{self.path} is not a checkpoint of a training ({error!r}). Training"
                " starts anew and replaces the file.",
                UserWarning,
                stacklevel=7,
            )
            return None


def _as_json(value):
    return value.tolist() if hasattr(value, "tolist") else str(value)
