"""The architecture of the package: who may import whom, and when."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import modal_clustermargin

ROOT = modal_clustermargin.__name__
FOLDER = Path(modal_clustermargin.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))

# Every package may also import the files at the root, which import no package.
MAY_IMPORT = {
    "pools": set(),
    "selection": set(),
    "transferability": set(),
    "estimators": set(),
    "datasets": set(),
    "labelling": set(),
    "testing": set(),
    "clustering": {"pools"},
    "learners": {"pools"},
    "distributed": {"pools", "clustering"},
    "strategies": {"pools", "selection", "clustering", "transferability"},
    "skactiveml": {
        *("pools", "selection", "clustering", "transferability"),
        *("strategies", "estimators"),
    },
    "comparison": {
        *("pools", "selection", "clustering", "transferability", "distributed"),
        *("strategies", "estimators", "learners", "skactiveml", "datasets"),
    },
}
MAY_IMPORT["_command"] = {*MAY_IMPORT}
MAY_IMPORT["__main__"] = {"_command"}

# The packages and the root files that may import a library.
ONLY_IN = {
    "modAL": {"learners", "testing"},
    "skactiveml": {"skactiveml"},
    "dask": {"distributed"},
    "distributed": {"distributed"},
    "zarr": {"distributed"},
    "faiss": {"clustering"},
    "fastcluster": set(),
    "skorch": {"estimators"},
    "torchvision": {"estimators", "datasets", "comparison"},
    "matplotlib": {"comparison"},
    "jinja2": {"comparison", "labelling"},
    "PIL": {"datasets", "labelling", "_viewed_images"},
    "filelock": {"comparison", "labelling"},
    "pandas": {"comparison", "learners", "pools", "testing"},
    "numba": {
        *("clustering", "selection", "pools", "distributed", "comparison"),
        "_threads",
    },
    "torch": {
        *("clustering", "selection", "learners", "estimators", "comparison"),
        "_devices",
    },
}

PUBLIC = {
    "": {
        *("ASVP", "BADGE", "ClusterMargin", "CoreSet", "MarginSampling"),
        *("RandomSampling", "asvp_sampling", "badge_sampling"),
        *("cluster_margin_sampling", "coreset_sampling", "margin_sampling"),
        *("MaxHerding", "UncertaintyHerding", "max_herding_sampling"),
        *("random_sampling", "uncertainty_herding_sampling", "AverageLinkage"),
    },
    "clustering": {"AverageLinkage", "NeighborGraph"},
    "comparison": {"compare", "read_settings", "write_report"},
    "datasets": {"data_sets", "load_data"},
    "estimators": {"DeferredFit", "NetworkClassifier", "ProxyClassifier"},
    "labelling": {"HandLabelling"},
    "learners": {"ActiveLearner", "BayesianOptimizer", "Committee"},
    "testing": {"check_query_strategy"},
    "transferability": {"log_me", "ped"},
}
PUBLIC["strategies"] = PUBLIC[""] - {"AverageLinkage"}


def module_of(file):
    """Dotted name of a file, without the name of the whole package."""
    parts = file.relative_to(FOLDER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(file): file for file in FILES}


@cache
def imports_of(module):
    """The dotted name of everything that a module imports, with its line."""
    file = MODULES[module]
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.append((alias.name, node.lineno))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} is a relative import"
            for alias in node.names:
                found.append((f"{node.module}.{alias.name}", node.lineno))
    return found


def own_imports_of(module):
    """Yield only imports from this package, without its name."""
    for name, line in imports_of(module):
        if name.startswith(f"{ROOT}."):
            yield name.removeprefix(f"{ROOT}."), line


def imported_module(name):
    """The module that a dotted name stands for, or is found in."""
    while name not in MODULES:
        name = name.rpartition(".")[0]
    return name


def is_root_file(name):
    return (FOLDER / f"{name}.py").is_file()


def test_every_package_has_its_place():
    packages = {file.parent.name for file in FOLDER.glob("*/__init__.py")}
    assert packages <= set(MAY_IMPORT)


@pytest.mark.parametrize("module", [name for name in MODULES if name])
def test_imports_point_down(module):
    package = module.split(".")[0]
    allowed = {package} | MAY_IMPORT.get(package, set())
    for name, line in own_imports_of(module):
        imported = imported_module(name).split(".")[0]
        is_below = imported in allowed or is_root_file(imported)
        assert is_below, f"{MODULES[module]}:{line} imports {imported}"


@pytest.mark.parametrize("module", [name for name in MODULES if name])
def test_no_private_name_of_another_package(module):
    package = module.split(".")[0]
    for name, line in own_imports_of(module):
        first, *others = name.split(".")
        if first != package and (not is_root_file(first) or first == "__main__"):
            is_private = any(part.startswith("_") for part in others)
            assert not is_private, f"{MODULES[module]}:{line} imports {name}"


@pytest.mark.parametrize("module", MODULES)
def test_libraries_stay_where_they_belong(module):
    package = module.split(".")[0]
    for name, line in imports_of(module):
        library = name.split(".")[0]
        homes = ONLY_IN.get(library, {package})
        assert package in homes, f"{MODULES[module]}:{line} imports {library}"
        if name.startswith("sklearn.utils._param_validation"):
            assert package == "_param_validation", f"{MODULES[module]}:{line}"


def test_no_circles_between_packages():
    graph = {name: set() for name in MAY_IMPORT}
    for module in MODULES:
        package = module.split(".")[0]
        for name, _ in own_imports_of(module):
            imported = imported_module(name).split(".")[0]
            graph.setdefault(package, set()).add(imported)
    for package, imported in graph.items():
        imported.discard(package)
    TopologicalSorter(graph).prepare()  # raises CycleError, which shows the circle


def test_no_circles_between_modules():
    graph = {
        module: {imported_module(name) for name, _ in own_imports_of(module)}
        for module in MODULES
    }
    TopologicalSorter(graph).prepare()


def test_nothing_heavy_is_imported_before_it_is_needed():
    code = f"""
import sys

def show(*heavy):
    print(sorted(set(heavy) & set(sys.modules)))

import {ROOT}
{ROOT}.__dir__()
show("numpy", "torch", "numba", "sklearn", "faiss", "dask", "modAL")
from {ROOT} import ClusterMargin
show("torch", "skorch", "faiss", "dask", "zarr", "modAL", "matplotlib")
import {ROOT}.comparison, {ROOT}.datasets, {ROOT}.labelling, {ROOT}._command
import {ROOT}.clustering, {ROOT}.selection, {ROOT}.pools, {ROOT}.transferability
show("torch", "skorch", "torchvision", "dask", "zarr", "matplotlib", "modAL")
"""
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed.splitlines() == ["[]"] * 3


@pytest.mark.parametrize("package", PUBLIC)
def test_public_names_are_there(package):
    names = import_module(f"{ROOT}.{package}".rstrip(".")).__all__
    assert set(names) >= PUBLIC[package]


PACKAGES = [
    module
    for module, file in MODULES.items()
    if file.name == "__init__.py" and not module.startswith("_")
]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_what_is_public(package):
    """ruff keeps a literal ``__all__`` sorted."""
    if package == "skactiveml":
        pytest.importorskip("skactiveml")
    module = import_module(f"{ROOT}.{package}".rstrip("."))
    assert module.__doc__
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert hasattr(module, name), name
        assert not name.startswith("_"), name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Bogus'"):
        modal_clustermargin.Bogus  # noqa: B018 the access is the test
