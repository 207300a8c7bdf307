"""Strategies as functions that are called once, as modAL's own are."""

from inspect import Parameter, Signature, signature


def _call(classifier, X_pool, n_instances=1, *, ids=None):
    """The call of a strategy: its signature begins that of every function.

    The functions themselves have no defaults, which Sphinx would take from their code.
    """


def sampling_function(strategy, name):
    """The function that makes an instance of a strategy and calls it once.

    `name` is its name in the module of the strategy, where pickle looks for it. Its
    signature has the parameters of the class, among them the seed if there is one.
    """

    def sample(*arguments, **parameters):
        of_call = {"classifier", "X_pool", "n_instances", "ids"} & parameters.keys()
        of_call = {name: parameters.pop(name) for name in of_call}
        return strategy(**parameters)(*arguments, **of_call)

    own = list(signature(_call).parameters.values())
    for parameter in signature(strategy).parameters.values():
        own.append(parameter.replace(kind=Parameter.KEYWORD_ONLY))
    sample.__signature__ = Signature(own)
    sample.__name__ = sample.__qualname__ = name
    sample.__module__ = strategy.__module__
    sample.__doc__ = f"""Choose rows by :class:`{strategy.__name__}`, called once.

    Takes the parameters of the class by name, and returns what its call returns.
    Each call computes anew what an instance keeps for later calls, such as the
    clusters of the pool; in a loop, use the class.
    """
    return sample
