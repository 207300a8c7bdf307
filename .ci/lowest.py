"""Print the lowest versions that the metadata allow, as constraints for pip."""

import re
import sys
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
needed = [*project["dependencies"], *project["optional-dependencies"]["test"]]
needed += project["optional-dependencies"]["demo"]
for requirement in needed:
    found = re.match(r"([A-Za-z0-9_.-]+)>=([0-9.]+)", requirement)
    if found and "python_version" not in requirement:
        print("{}=={}".format(*found.groups()))
    elif "==" not in requirement and "[" not in requirement:
        print(f"no lowest version in {requirement!r}", file=sys.stderr)
