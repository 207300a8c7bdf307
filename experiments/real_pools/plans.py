"""The pools of the studies, their batches and rounds, and the strategies by name."""

import ast

# By pool: pairs of a batch and a number of rounds. The first labels are as many as a
# batch.
PLANS = {
    "fashion": ((200, 5), (3000, 3)),
    "fashion-30000": ((200, 5), (1000, 4), (3000, 3)),
    "fashion-long-tail": ((200, 5), (1000, 4)),
    "fashion-copies": ((300, 5),),
    "fashion-wrong-labels": ((200, 5),),
    "letters": ((200, 5),),
    "shuttle": ((50, 5),),
    "texts": ((500, 4),),
    "normal-copies": ((120, 5), (400, 5), (1200, 4)),
    "normal-long-tail": ((400, 5), (1200, 4)),
    "digits": ((50, 5),),
    "redundant": ((200, 5), (1000, 4)),
    "long-tail": ((200, 5), (1000, 4)),
    "plain": ((200, 5),),
}
_SYNTHETIC = {
    "redundant": "redundant",
    "long-tail": "long_tail",
    "plain": "plain",
}
MODEL = {"name": "mlp", "n_hidden": 256, "max_epochs": 40, "predict_batch_size": 2048}
# Strategies that the comparison of the package makes, and those of the whole pool.
_OF_COMPARISON = ("margin", "random", "badge", "coreset")
_OF_WHOLE_POOL = {
    "cluster-margin": {"kind": "ClusterMargin"},
    "cluster-margin-1.25": {"kind": "ClusterMargin", "candidate_factor": 1.25},
    "cluster-margin-10": {"kind": "ClusterMargin", "candidate_factor": 10},
    "former-auto": {"kind": "FormerAuto"},
    "coverage": {"kind": "CoverageVariant"},
    "uncertainty-herding": {"kind": "UncertaintyHerding"},
    "max-herding": {"kind": "MaxHerding"},
}
STRATEGIES = (*_OF_COMPARISON, *_OF_WHOLE_POOL)


def data_of(pool, folder):
    """Arguments of `load_data` for a pool; `folder` has the files of `prepare.py`.

    The pools of the package are drawn anew for every seed.
    """
    if pool in _SYNTHETIC:
        kind = _SYNTHETIC[pool]
        return {"name": "synthetic", "kind": kind, "n_pool": 20_000, "n_test": 5000}
    path = folder.resolve() / f"{pool}.npz"
    if not path.is_file():
        raise FileNotFoundError(
            f"The study finds no file {path}. Write it with prepare.py {folder}"
            f" --pools {pool}."
        )
    return {"name": "arrays", "path": str(path)}


def strategy_of(text, data, memory):
    """Settings of ``"NAME"`` or ``"NAME:option=value,option=value"`` for `compare`."""
    name, _, rest = text.partition(":")
    options = {}
    for part in rest.split(",") if rest else ():
        option, sign, value = part.partition("=")
        if not sign:
            raise ValueError(f"The study needs option=value in {text!r}; got {part!r}.")
        options[option] = _value(value)
    if name in _OF_COMPARISON:
        return {"strategy": name, **options}
    if name not in _OF_WHOLE_POOL:
        raise ValueError(
            f"The study has no strategy {name!r}; it has {', '.join(STRATEGIES)}."
        )
    return {
        "strategy": "pool_strategies:OfWholePool",
        "data": data,
        "memory": str(memory.resolve()),
        **_OF_WHOLE_POOL[name],
        **options,
    }


def _value(text):
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text
