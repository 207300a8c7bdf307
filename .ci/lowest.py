"""Print the lowest allowed version of each dependency, as constraints for pip."""

import itertools
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    from pip._vendor import tomli as tomllib

# An old torch would download gigabytes again; its lowest version is tested by hand.
NOT_HELD = {"torch", "torchvision"}

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
for line in itertools.chain(
    project["dependencies"], extras["test"], extras["compare"], extras["dask"]
):
    requirement = Requirement(line)
    if requirement.marker and not requirement.marker.evaluate():
        continue
    for version in requirement.specifier:
        if version.operator == ">=" and requirement.name not in NOT_HELD:
            print(f"{requirement.name}=={version.version}")
