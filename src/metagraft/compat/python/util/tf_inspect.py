"""`tensorflow.python.util.tf_inspect`: functions inspected."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "inspect",
        "FullArgSpec currentframe getcallargs getdoc getfile getfullargspec "
        "getmembers getmodule getmro getsource getsourcefile getsourcelines isclass "
        "isfunction isgenerator isgeneratorfunction ismethod ismodule isroutine "
        "signature stack",
    ),
    **from_module("metagraft.api.decorators", "ArgSpec getargspec"),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
