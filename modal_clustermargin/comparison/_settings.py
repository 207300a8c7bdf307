"""The settings of a comparison, their checks and defaults."""

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

from modal_clustermargin._unknown_names import check_known

WHO = "A comparison"
_BASELINES = ("random", "margin")
_DEFAULTS = {
    "model": {},
    "strategies": ("cluster-margin", "badge", "coreset"),
    "without": (),
    "batch": 0.01,
    "rounds": 5,
    "n_initial": None,
    "seeds": 5,
    "device": None,
}
_OF_DIGITS = {"batch": 40, "rounds": 8, "n_initial": 20}
_CONSTANTS = {"true": True, "false": False, "none": None}


@dataclass(frozen=True)
class Comparison:
    """Checked settings of a comparison, as `read_settings` returns them.

    Parameters
    ----------
    name : str
        Title of the report.

    data, model : dict
        "name" of a data set or a model, and its options. A model without a name is
        chosen by the data.

    strategies : dict of str to dict
        For each label, the name of a strategy as "strategy", and its options.

    batch : int, or float in (0, 1)
        Labels per round, or their share of the pool.

    rounds : int
        Number of queries. The number of trainings is one more.

    n_initial : int, float in (0, 1), or None
        Labels drawn at random for the start, or their share. None means a batch.

    seeds : tuple of int

    device : str or None
        Device of networks. None means a GPU, if there is one.
    """

    name: str
    data: dict
    model: dict
    strategies: dict
    batch: object
    rounds: int
    n_initial: object
    seeds: tuple
    device: object


def read_settings(settings=None):
    """Check settings, and fill in defaults.

    Unknown and invalid settings raise ValueError, and a missing file FileNotFoundError.

    Parameters
    ----------
    settings : dict, path-like of a TOML file, or None
        Keys are the parameters of `Comparison`, all optional. `data` and `model` may
        be just a name. `strategies` may be a list of names or of
        ``"name:option=value,option=value"``. `seeds` may be a number of seeds, or
        "10-19". Shares may be written "5%". Random and margin sampling are added,
        unless the list "without" names them. Paths are relative to the working
        directory.

    Returns
    -------
    comparison : Comparison
    """
    given = {} if settings is None else settings
    if not isinstance(given, Mapping):
        given = read_toml(given)
    for key in given:
        check_known(key, ("name", "data", *_DEFAULTS), WHO, "setting")
    data = _named(given.get("data", "digits"), "data")
    of_digits = _OF_DIGITS if data["name"] == "digits" else {}
    given = {"name": data["name"], **_DEFAULTS, **of_digits, **given}
    if not _is_int(given["rounds"], 1):
        raise _invalid("rounds", "an integer >= 1", given["rounds"])
    n_initial = given["n_initial"]
    return Comparison(
        name=str(given["name"]),
        data=data,
        model=_named(given["model"], "model", default=""),
        strategies=_strategies(given["strategies"], given["without"]),
        batch=_amount(given["batch"], "batch"),
        rounds=given["rounds"],
        n_initial=None if n_initial is None else _amount(n_initial, "n_initial"),
        seeds=_seeds(given["seeds"]),
        device=given["device"],
    )


def read_toml(path):
    """Read settings from a TOML file: dict."""
    path = Path(path)
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    if not path.is_file():
        raise FileNotFoundError(f"{WHO} finds no settings file {str(path)!r}.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{str(path)!r} is not a TOML file: {error}.") from error


def parse_strategy(text):
    """Parse ``"name:option=value,option=value"``; the name may contain a colon."""
    name, *rest = text.split(":")
    if rest and "=" not in rest[0]:
        name = f"{name}:{rest.pop(0)}"
    options = ":".join(rest).split(",") if rest else ()
    where = f"in the strategy {text!r}"
    return {"strategy": name, **dict(parse_option(each, where) for each in options)}


def parse_option(text, where):
    """Split ``"option=value"`` into an option and an int, float, bool, None or str.

    `where` is the place of the text, for the message of ValueError. Dashes in the
    option become underscores.
    """
    option, sign, value = text.partition("=")
    if not sign or not option.strip():
        raise ValueError(f"{WHO} needs option=value {where}; got {text!r}.")
    return option.strip().replace("-", "_"), _value(value.strip())


def _value(text):
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return _CONSTANTS.get(text.lower(), text)


def _invalid(key, wanted, given):
    return ValueError(f"{WHO} needs {key} as {wanted}; got {given!r}.")


def _named(value, key, default=None):
    """A name, or a table with a name and options, as a table."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, Mapping) and isinstance(value.get("name", default), str):
        return dict(value)
    raise _invalid(key, "a name, or as a table with a name and options", value)


def _strategies(given, without):
    """Strategies by label, as tables, with random and margin sampling."""
    given = [given] if isinstance(given, str) else given
    if isinstance(given, list | tuple):
        given = {str(text): str(text) for text in given}
    if not isinstance(given, Mapping):
        raise _invalid("strategies", "a list or as tables", given)
    strategies = {}
    for label, settings in given.items():
        table = parse_strategy(settings) if isinstance(settings, str) else settings
        is_table = isinstance(table, Mapping)
        if not is_table or not isinstance(table.get("strategy", label), str):
            wanted = "a table, with its name as a string"
            raise _invalid(f"the strategy {label!r}", wanted, table)
        strategies[label] = {"strategy": label, **table}
    without = [without] if isinstance(without, str) else without
    for name in without:
        check_known(name, _BASELINES, f"{WHO}, in without,", "baseline")
    left_out = {*without, *(each["strategy"] for each in strategies.values())}
    for name in _BASELINES:
        if name not in left_out:
            strategies.setdefault(name, {"strategy": name})
    if not strategies:
        raise ValueError(f"{WHO} needs at least one strategy; got none.")
    return strategies


def _is_int(value, least):
    is_int = isinstance(value, Integral) and not isinstance(value, bool)
    return is_int and value >= least


def _amount(given, key):
    """A number of rows as an int, or a share of the pool as a float."""
    value = given
    if isinstance(given, str):
        value = _value(given.strip().removesuffix("%"))
        if given.strip().endswith("%") and isinstance(value, int | float):
            value = value / 100
    if _is_int(value, 1):
        return int(value)
    if isinstance(value, Real) and 0 < value < 1:
        return float(value)
    wanted = 'an integer >= 1, or as a share of the pool such as 0.05 or "5%"'
    raise _invalid(key, wanted, given)


def _seeds(given):
    seeds = given
    if isinstance(given, str):
        first, dash, last = given.partition("-")
        with suppress(ValueError):
            seeds = range(int(first), int(last) + 1) if dash else int(first)
    if _is_int(seeds, 1):
        seeds = range(seeds)
    is_list = isinstance(seeds, list | tuple | range)
    is_list = is_list and all(_is_int(each, 0) for each in seeds)
    if is_list and 0 < len(set(seeds)) == len(seeds):
        return tuple(map(int, seeds))
    wanted = 'a number of seeds, as a list of different integers >= 0, or as "10-19"'
    raise _invalid("seeds", wanted, given)
