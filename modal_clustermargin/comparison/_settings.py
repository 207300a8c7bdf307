"""The settings of a comparison, their checks and defaults."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Integral, Real
from pathlib import Path

from modal_clustermargin._unknown_names import check_known

WHO = "modal-clustermargin compare"
_BASELINES = ("random", "margin")
_DEFAULT_STRATEGIES = ("cluster-margin", "badge", "coreset")


@dataclass(frozen=True)
class Comparison:
    """Checked settings of a comparison, as `read_settings` returns them.

    Parameters
    ----------
    name : str
        Title of the report.

    data : dict
        "name" of a data set, and its options.

    model : dict
        "name" of a model, and its options. Without a name, the data decide.

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

    Raises
    ------
    ValueError
        If a setting is unknown or invalid.

    FileNotFoundError
        If the file does not exist.
    """
    given = {} if settings is None else settings
    if not isinstance(given, Mapping):
        given = read_toml(given)
    known = [*(field.name for field in fields(Comparison)), "without"]
    for key in given:
        check_known(key, known, WHO, "setting")
    data = _named(given.get("data", "digits"), "data")
    is_digits = data["name"] == "digits"
    strategies = _strategies(given.get("strategies", _DEFAULT_STRATEGIES))
    _add_baselines(strategies, given.get("without", ()))
    rounds = given.get("rounds", 8 if is_digits else 5)
    if not _is_int(rounds, 1):
        raise _invalid("rounds", "an integer >= 1", rounds)
    n_initial = given.get("n_initial", 20 if is_digits else None)
    return Comparison(
        name=str(given.get("name", data["name"])),
        data=data,
        model=_named(given.get("model", {}), "model", default=""),
        strategies=strategies,
        batch=_amount(given.get("batch", 40 if is_digits else 0.01), "batch"),
        rounds=rounds,
        n_initial=None if n_initial is None else _amount(n_initial, "n_initial"),
        seeds=_seeds(given.get("seeds", 5)),
        device=given.get("device"),
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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{str(path)!r} is not a TOML file: {error}.") from error


def parse_strategy(text):
    """Parse ``"name:option=value,option=value"``; the name may contain a colon."""
    name, *rest = text.split(":")
    if rest and "=" not in rest[0]:
        name = f"{name}:{rest.pop(0)}"
    settings = {"strategy": name}
    for part in ":".join(rest).split(",") if rest else ():
        option, value = parse_option(part, f"in the strategy {text!r}")
        settings[option] = value
    return settings


def parse_option(text, where):
    """Split ``"option=value"`` into the option and its value.

    Parameters
    ----------
    text : str

    where : str
        Place of the text, for the message.

    Returns
    -------
    option : str
        With underscores instead of dashes.

    value : int, float, bool, None or str
    """
    option, sign, value = text.partition("=")
    if not sign or not option.strip():
        raise ValueError(f"{WHO} needs option=value {where}; got {text!r}.")
    return option.strip().replace("-", "_"), _value(value.strip())


def _value(text):
    constants = {"true": True, "false": False, "none": None}
    if text.lower() in constants:
        return constants[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _invalid(key, wanted, given):
    return ValueError(f"{WHO} needs {key} as {wanted}; got {given!r}.")


def _named(value, key, default=None):
    """A name, or a table with a name and options, as a table."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, Mapping) and isinstance(value.get("name", default), str):
        return dict(value)
    raise _invalid(key, "a name, or as a table with a name and options", value)


def _strategies(given):
    """Strategies by label, as tables."""
    if isinstance(given, str):
        given = [given]
    if isinstance(given, list | tuple):
        given = {str(text): str(text) for text in given}
    if not isinstance(given, Mapping):
        raise _invalid("strategies", "a list or as tables", given)
    strategies = {}
    for label, settings in given.items():
        table = parse_strategy(settings) if isinstance(settings, str) else settings
        is_table = isinstance(table, Mapping)
        if not is_table or not isinstance(table.get("strategy", label), str):
            raise _invalid(
                f"the strategy {label!r}", "a table, with its name as a string", table
            )
        strategies[label] = {"strategy": label, **table}
    return strategies


def _add_baselines(strategies, without):
    """Add random and margin sampling, unless excluded or already present."""
    without = [without] if isinstance(without, str) else without
    if not isinstance(without, list | tuple):
        raise _invalid("without", 'a list of "random" and "margin"', without)
    for name in without:
        check_known(name, _BASELINES, f"{WHO}, in without,", "baseline")
    present = {each["strategy"] for each in strategies.values()}
    for name in _BASELINES:
        if name not in present and name not in without:
            strategies.setdefault(name, {"strategy": name})
    if not strategies:
        raise ValueError(f"{WHO} needs at least one strategy; got none.")


def _is_int(value, least):
    is_int = isinstance(value, Integral) and not isinstance(value, bool)
    return is_int and value >= least


def _amount(given, key):
    """A number of rows as an int, or a share of the pool as a float."""
    value = given
    if isinstance(value, str):
        value = _value(value.strip().removesuffix("%"))
        if given.strip().endswith("%"):
            value = value / 100 if isinstance(value, int | float) else None
    if _is_int(value, 1):
        return int(value)
    if isinstance(value, Real) and 0 < value < 1:
        return float(value)
    wanted = 'an integer >= 1, or as a share of the pool such as 0.05 or "5%"'
    raise _invalid(key, wanted, given)


def _seeds(given):
    value = given
    if isinstance(value, str):
        first, dash, last = value.partition("-")
        try:
            value = list(range(int(first), int(last) + 1)) if dash else int(first)
        except ValueError:
            value = None
    if _is_int(value, 1):
        return tuple(range(value))
    if (
        isinstance(value, list | tuple | range)
        and all(_is_int(each, 0) and each < 2**31 for each in value)
        and 0 < len(set(value)) == len(value)
    ):
        return tuple(map(int, value))
    wanted = 'a number of seeds, as a list of different integers >= 0, or as "10-19"'
    raise _invalid("seeds", wanted, given)
