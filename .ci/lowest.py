"""Print the lowest versions that the metadata allow, as constraints for pip."""

import itertools
import re
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    from pip._vendor import tomli as tomllib

# Gigabytes of libraries come with them; their lowest versions are tried by hand.
NOT_HELD = {"torch", "torchvision"}

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
for requirement in itertools.chain(
    project["dependencies"], extras["test"], extras["demo"], extras["dask"]
):
    found = re.fullmatch(r"([\w.-]+)(?:\[\w+\])?>=([\d.]+)", requirement)
    if found and found[1] not in NOT_HELD:
        print(f"{found[1]}=={found[2]}")
