"""What is compared with what, and how: settings that a file can hold."""

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from numbers import Integral, Real
from pathlib import Path

from modal_clustermargin._unknown_names import check_known

WHO = "modal-clustermargin compare"
BASELINES = ("random", "margin")
_DEFAULT_STRATEGIES = ("cluster-margin", "badge", "coreset")
_KNOWN = (
    "name",
    "data",
    "model",
    "strategies",
    "without",
    "batch",
    "rounds",
    "n_initial",
    "seeds",
    "device",
)


@dataclass(frozen=True)
class Comparison:
    """Settings of a comparison, checked, as `read_settings` makes them.

    Parameters
    ----------
    name : str
        Title of the report.

    data : dict
        "name" of a data set, and its options.

    model : dict
        "name" of a model, and its options. Without a name, it is chosen by the data.

    strategies : dict of str to dict
        By label: "strategy", its name, and its options.

    batch : int, or float in (0, 1)
        Labels a round, or the share of the pool that they are.

    rounds : int
        Queries; the model is trained once more than that.

    n_initial : int or float in (0, 1), or None
        Labels drawn at random to begin with, or their share. None is a batch.

    seeds : tuple of int

    device : str or None
        Where networks run. None is a GPU, if there is one.
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

    def as_dict(self):
        """The settings, as a file in the JSON format can hold them."""
        return {**asdict(self), "seeds": list(self.seeds)}


def read_settings(settings=None):
    """Check settings, and fill in what they leave open.

    Parameters
    ----------
    settings : dict, path-like of a TOML file, or None
        Keys are those of `Comparison`, all optional. `data` and `model` may be a
        name alone, `strategies` a list of names or of
        ``"name:option=value,option=value"``, `seeds` a number of them. "without"
        lists what of random and margin is not to be added. Shares may be written
        "5%". Relative to the folder of the TOML file are no paths; they are as they
        are where the command runs.

    Returns
    -------
    comparison : Comparison

    Raises
    ------
    ValueError
        For a setting that is not known, or is not as described. Says which.

    FileNotFoundError
        If there is no such file.
    """
    given = {} if settings is None else settings
    if not isinstance(given, Mapping):
        given = read_toml(given)
    for key in given:
        check_known(key, _KNOWN, WHO, "setting")
    data = _named(given.get("data", "digits"), "data")
    is_digits = data["name"] == "digits"
    strategies = _strategies(given.get("strategies", _DEFAULT_STRATEGIES))
    without = given.get("without", ())
    without = [without] if isinstance(without, str) else without
    if not isinstance(without, list | tuple):
        raise ValueError(
            f'{WHO} wants without as a list of "random" and "margin"; got {without!r}.'
        )
    for name in without:
        check_known(name, BASELINES, f"{WHO}, in without,", "baseline")
    present = {each["strategy"] for each in strategies.values()}
    for name in BASELINES:
        if name in present or name in without:
            continue
        if name in strategies:
            raise ValueError(
                f"{WHO} adds {name} sampling, and the label {name!r} is taken by"
                f" {strategies[name]['strategy']!r}. Give that another label, or refuse"
                f' {name} sampling by without = ["{name}"].'
            )
        strategies[name] = {"strategy": name}
    if not strategies:
        raise ValueError(f"{WHO} has no strategies left to compare; name one at least.")
    return Comparison(
        name=str(given.get("name", data["name"])),
        data=data,
        model=_named(given.get("model", {}), "model", has_default=True),
        strategies=strategies,
        batch=_amount(given.get("batch", 40 if is_digits else 0.01), "batch"),
        rounds=_count(given.get("rounds", 8 if is_digits else 5), "rounds", 1),
        n_initial=_initial(given.get("n_initial", 20 if is_digits else None)),
        seeds=_seeds(given.get("seeds", 5)),
        device=given.get("device"),
    )


def read_toml(path):
    """Settings in a TOML file: dict."""
    path = Path(path)
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    if not path.is_file():
        raise FileNotFoundError(f"{WHO} finds no file {str(path)!r} with settings.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{str(path)!r} is not in the TOML format: {error}."
        ) from error


def parse_strategy(text):
    """``"name:option=value,option=value"`` as a dict; a path has a colon of its own.

    Values are read as numbers, true and false where they are.
    """
    name, *rest = text.split(":")
    if rest and "=" not in rest[0]:
        name = f"{name}:{rest.pop(0)}"
    settings = {"strategy": name}
    for part in ":".join(rest).split(",") if rest else ():
        settings |= dict([parse_option(part, f"in the strategy {text!r}")])
    return settings


def parse_option(text, where):
    """``"option=value"`` as a pair; or ValueError."""
    option, sign, value = text.partition("=")
    if not sign or not option.strip():
        raise ValueError(f"{WHO} wants option=value {where}; got {text!r}.")
    return option.strip().replace("-", "_"), _value(value.strip())


def _value(text):
    named = {"true": True, "false": False, "none": None}
    if text.lower() in named:
        return named[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _named(value, key, has_default=False):
    if isinstance(value, str):
        return {"name": value}
    name = value.get("name", "" if has_default else None) if _is_table(value) else None
    if not isinstance(name, str):
        raise ValueError(
            f"{WHO} wants {key} as a name, or as a table with a name and options; got"
            f" {value!r}."
        )
    return dict(value)


def _is_table(value):
    return isinstance(value, Mapping)


def _strategies(given):
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, Mapping | list | tuple):
        raise ValueError(
            f"{WHO} wants strategies as a list or as tables; got {given!r}."
        )
    if not _is_table(given):
        # A list: what is written is the label.
        labelled = {str(text): parse_strategy(str(text)) for text in given}
        if len(labelled) < len(given):
            raise ValueError(f"{WHO} got a strategy twice: {list(given)!r}.")
        return labelled
    labelled = {}
    for label, settings in given.items():
        if isinstance(settings, str):
            settings = parse_strategy(settings)
        if not _is_table(settings):
            raise ValueError(
                f"{WHO} wants the strategy {label!r} as a table; got {settings!r}."
            )
        labelled[label] = {"strategy": label, **settings}
        name = labelled[label]["strategy"]
        if not isinstance(name, str):
            raise ValueError(
                f"{WHO} wants the name of the strategy {label!r} as a string; got"
                f" {name!r}."
            )
    return labelled


def _count(value, key, least):
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"{WHO} wants {key} as an integer >= {least}; got {value!r}.")
    return int(value)


def _amount(value, key):
    """An integer, or a share of the pool as a float."""
    given = value
    if isinstance(value, str) and value.rstrip().endswith("%"):
        try:
            value = float(value.rstrip()[:-1]) / 100
        except ValueError:
            value = None
    elif isinstance(value, str):
        value = _value(value)
    if isinstance(value, Integral) and not isinstance(value, bool) and value >= 1:
        return int(value)
    if isinstance(value, Real) and not isinstance(value, Integral) and 0 < value < 1:
        return float(value)
    raise ValueError(
        f"{WHO} wants {key} as an integer >= 1, or as a share of the pool such as 0.05"
        f' or "5%"; got {given!r}.'
    )


def _initial(value):
    return None if value is None else _amount(value, "n_initial")


def _seeds(given):
    value = given
    if isinstance(value, str):
        first, dash, last = value.partition("-")
        try:
            value = list(range(int(first), int(last) + 1)) if dash else int(first)
        except ValueError:
            value = None
    if isinstance(value, Integral) and not isinstance(value, bool) and value >= 1:
        return tuple(range(value))
    are_seeds = isinstance(value, list | tuple | range) and all(
        isinstance(each, Integral) and not isinstance(each, bool) and 0 <= each < 2**31
        for each in value
    )
    if not are_seeds or not value or len(set(value)) < len(value):
        raise ValueError(
            f"{WHO} wants seeds as how many there are, as a list of different integers"
            f' >= 0, or as "10-19"; got {given!r}.'
        )
    return tuple(map(int, value))
