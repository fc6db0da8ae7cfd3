"""Signatures of a loaded model as Python functions that add nodes to its graph.

A call copies what lies between inputs and outputs of the signature, with other inputs.
Variables, tables and constants are shared by all calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.graph import dtypes
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.import_graph_def import import_graph_def
from metagraft.graph.input_names import split_input
from metagraft.graph.operation import Operation
from metagraft.graph.scope_names import COLOCATION
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_spec import TensorSpec
from metagraft.proto import GraphDef, NodeDef, SignatureDef, TensorInfo
from metagraft.saved_model.tensor_info import get_tensor_from_tensor_info

_OWNING: Final = (dtypes.resource, dtypes.variant)  # a copy would be another variable


class SavedSignature:
    """A signature of a loaded model; called, it adds its nodes to the graph.

    Attributes:
        name: Its name in the model.
        inputs: The names, types and shapes of what it takes.
        outputs: Those of what it gives.
    """

    def __init__(self, name: str, signature_def: SignatureDef, scope: str) -> None:
        """Describe a signature.

        Args:
            name: Its name in the model.
            signature_def: What the model says.
            scope: Where the model was imported in the default graph.
        """
        self.name = name
        self.inputs = {k: _spec(k, v) for k, v in sorted(signature_def.inputs.items())}
        self.outputs = {
            k: _spec(k, v) for k, v in sorted(signature_def.outputs.items())
        }
        self._graph = get_default_graph()
        self._signature_def = signature_def
        self._scope = scope

    def __repr__(self) -> str:
        """Return the names, types and shapes."""
        return f"SavedSignature({self.name!r}, {self.inputs} -> {self.outputs})"

    def __call__(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add what computes the outputs from other inputs.

        Args:
            *args: The inputs, in the order of their names.
            **kwargs: The inputs by name.

        Returns:
            The outputs by name.

        Raises:
            TypeError: Inputs are missing, too many, or of another type or shape.
            ValueError: The default graph is not the one that the model is in.
            UnimplementedError: An input or output is of a composite type.
        """
        if get_default_graph() is not self._graph:
            raise ValueError(
                f"The signature '{self.name}' was loaded into another graph."
            )
        replaced: dict[str, Tensor] = {}
        for key, value in self._bound(args, kwargs).items():
            replaced |= self._replaced(key, value)
        infos = self._signature_def.outputs
        outputs = {key: self._element(infos[key]) for key in self.outputs}
        wanted = [part for value in outputs.values() for part in _parts(value)]
        copies = dict(zip(wanted, self._copied(wanted, replaced), strict=True))
        return {key: _with_parts(value, copies) for key, value in outputs.items()}

    def _bound(self, args: Iterable[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs by name."""
        given = dict(zip(self.inputs, args, strict=False))
        count = len(tuple(args))
        twice = given.keys() & kwargs.keys()
        given.update(kwargs)
        if count > len(self.inputs) or twice or given.keys() != self.inputs.keys():
            expected = ", ".join(self.inputs) or "nothing"
            raise TypeError(
                f"The signature '{self.name}' takes {expected}; given were {count} "
                f"without name and {', '.join(kwargs) or 'none'} with a name."
            )
        return given

    def _element(self, info: TensorInfo) -> Any:
        return get_tensor_from_tensor_info(info, self._graph, self._scope)

    def _replaced(self, key: str, value: Any) -> dict[str, Tensor]:
        """Return by which tensors those of an input are replaced, by their names."""
        original = self._element(self._signature_def.inputs[key])
        if isinstance(original, SparseTensor | RaggedTensor):
            kind = type(original)
            if not isinstance(value, kind) or len(_parts(value)) != len(
                _parts(original)
            ):
                raise TypeError(
                    f"The input '{key}' is a {kind.__name__}, got {value!r}."
                )
            pairs = zip(_parts(original), _parts(value), strict=True)
            return {old.name: new for old, new in pairs}
        spec = self.inputs[key]
        wanted = None if isinstance(value, Tensor) else spec.dtype
        tensor = convert_to_tensor(value, name=key, dtype=wanted)
        if tensor.dtype.base_dtype != spec.dtype or not (
            tensor.shape.is_compatible_with(spec.shape)
        ):
            raise TypeError(
                f"The input '{key}' of '{self.name}' is {spec}, got {tensor}."
            )
        return {original.name: tensor}

    def _copied(
        self, wanted: list[Tensor], replaced: Mapping[str, Tensor]
    ) -> list[Tensor]:
        """Return tensors as they are with others replaced: copies, if need be."""
        copied = _to_copy(wanted, replaced)
        graph_def = GraphDef(versions=self._graph.graph_def_versions)
        sources: dict[str, Any] = {}
        for op in copied.values():
            node = graph_def.node.add()
            node.CopyFrom(op.node_def)
            self._adapt(node, copied, replaced, sources)
        names = {
            tensor.name: self._inner(tensor.name)
            for tensor in wanted
            if tensor.op.name in copied and tensor.name not in replaced
        }
        elements = import_graph_def(
            graph_def, sources, list(names.values()), name=self.name
        )
        made: dict[str, Any] = dict(zip(names, elements or (), strict=True))
        return [
            made.get(tensor.name, replaced.get(tensor.name, tensor))
            for tensor in wanted
        ]

    def _adapt(
        self,
        node: NodeDef,
        copied: Mapping[str, Operation],
        replaced: Mapping[str, Tensor],
        sources: dict[str, Any],
    ) -> None:
        """Give a copied node its name and inputs; note where others come from."""
        for place, text in enumerate(node.input):
            marker, name, port = split_input(text)
            tensor_name = f"{name}{port or ':0'}"
            if not marker and tensor_name in replaced:
                sources[tensor_name] = replaced[tensor_name]
                node.input[place] = tensor_name
            elif name in copied:
                node.input[place] = marker + self._inner(name) + port
            elif marker:
                sources[text] = self._graph.get_operation_by_name(name)
            else:
                sources[tensor_name] = self._graph.get_tensor_by_name(tensor_name)
        node.name = self._inner(node.name)
        _keep_colocation(node, {name: self._inner(name) for name in copied})

    def _inner(self, name: str) -> str:
        return name.removeprefix(f"{self._scope}/")


def _to_copy(
    wanted: list[Tensor], replaced: Mapping[str, Tensor]
) -> dict[str, Operation]:
    """Return what has to be computed again, by name, in the order of the graph.

    That is what depends on replaced tensors, or on an operation that does something
    each time that it runs.
    """
    needed: dict[str, Operation] = {}
    waiting = [tensor.op for tensor in wanted if tensor.name not in replaced]
    users: dict[str, list[Operation]] = {}
    found: list[Operation] = []
    while waiting:
        op = waiting.pop()
        if op.name in needed:
            continue
        needed[op.name] = op
        if _acts(op) or any(tensor.name in replaced for tensor in op.inputs):
            found.append(op)
        sources = [t.op for t in op.inputs if t.name not in replaced]
        for source in (*sources, *op.control_inputs):
            users.setdefault(source.name, []).append(op)
            waiting.append(source)
    copied: set[str] = set()
    while found:
        op = found.pop()
        if op.name not in copied:
            copied.add(op.name)
            found.extend(users.get(op.name, ()))
    ordered = sorted(copied, key=lambda name: needed[name].op_id)
    return {name: needed[name] for name in ordered}


def _acts(op: Operation) -> bool:
    """Return whether an operation is stateful, without being what holds the state."""
    is_owner = any(t.dtype.is_ref or t.dtype in _OWNING for t in op.outputs)
    return op.op_def is not None and op.op_def.is_stateful and not is_owner


def _keep_colocation(node: NodeDef, names: Mapping[str, str]) -> None:
    """Colocate a copied node with other copies, and with nothing else."""
    if "_class" not in node.attr:
        return
    kept = []
    for entry in node.attr["_class"].list.s:
        name = entry.removeprefix(COLOCATION).decode(errors="replace")
        if name in names:
            kept.append(COLOCATION + names[name].encode())
    if kept:
        node.attr["_class"].list.s[:] = kept
    else:
        del node.attr["_class"]


def _spec(key: str, info: TensorInfo) -> TensorSpec:
    shape = TensorShape(info.tensor_shape)
    return TensorSpec(shape, dtypes.as_dtype(info.dtype or dtypes.string), name=key)


def _parts(value: Any) -> list[Tensor]:
    """Return the tensors that a tensor or composite value is made of."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, SparseTensor):
        return [value.indices, value.values, value.dense_shape]
    if isinstance(value, RaggedTensor):
        return value.component_tensors()
    parts = (value.values, value.indices, value.dense_shape)
    return [part for part in parts if part is not None]


def _with_parts(value: Any, copies: Mapping[Tensor, Tensor]) -> Any:
    if isinstance(value, Tensor):
        return copies[value]
    parts = [copies[part] for part in _parts(value)]
    if isinstance(value, RaggedTensor):
        return value.with_component_tensors(parts)
    return type(value)(*parts)
