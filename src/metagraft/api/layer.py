"""`tf.layers.Layer`: what every layer does with variables, scopes and collections.

A layer is called with tensors and adds nodes. It makes its variables at the first
call, inside a variable scope of its own; later calls use the same ones. Losses of
regularizers and updates of moving averages go to collections of the graph.

Source: tf_keras legacy_tf_layers/base.py, engine/base_layer_v1.py.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np

from metagraft.api.initializers import GlorotUniform, Zeros
from metagraft.api.layer_configs import described, initializer_of
from metagraft.api.layer_connections import LayerConnections
from metagraft.api.layer_input import InputSpec, check_inputs
from metagraft.api.layer_style import check_no_scope, is_keras_style
from metagraft.api.layer_values import LayerValues
from metagraft.api.partitioned_variable import PartitionedVariable
from metagraft.api.variable_scope import VariableScope, get_variable, variable_scope
from metagraft.api.variables import (
    Variable,
    VariableAggregation,
    VariableSynchronization,
)
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.graph import Graph
from metagraft.graph.keys import GraphKeys
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import get_collection, get_collection_ref, name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.structure import flatten, pack_like
from metagraft.graph.tensor import Tensor

__all__ = ["Layer"]

_OPTIONS = frozenset(
    {"_scope", "_reuse", "activity_regularizer", "autocast", "weights"}
    | {"input_shape", "batch_input_shape", "input_dim", "batch_size"}
)
# How many layers of each kind got a name of their own, per graph.
_named: WeakKeyDictionary[Graph, Counter[str]] = WeakKeyDictionary()


def _snake_case(name: str) -> str:
    """Turn `MaxPooling2D` into `max_pooling2d`."""
    apart = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", apart).lower()


class Layer(LayerValues, LayerConnections):
    """A function of tensors with variables of its own; users derive layers from it.

    A derived class makes variables in `build(input_shape)` with `add_weight` and adds
    nodes in `call(inputs)`.
    """

    # The arguments of a derived class, in the order of `get_config`.
    _config_names: tuple[str, ...] = ()

    def __init__(
        self,
        trainable: bool = True,
        name: str | VariableScope | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        """Set the layer up; nothing is added to the graph but, perhaps, a scope.

        Args:
            trainable: Whether its variables are to be trained.
            name: Its name; the class's in snake case, made unique, if None.
            dtype: Type of its variables; that of its first input if None.
            **kwargs: `activity_regularizer`, a function of the outputs.

        Raises:
            TypeError: An argument is unknown.
        """
        unknown = sorted(set(kwargs) - _OPTIONS)
        if unknown:
            raise TypeError("Keyword argument not understood:", unknown[0])
        self.built = False
        self.trainable = trainable
        self.input_spec: InputSpec | None = None
        self.activity_regularizer = kwargs.get("activity_regularizer")
        self._dtype = as_dtype(dtype).base_dtype if dtype else None
        self._trainable_weights: list[Any] = []
        self._non_trainable_weights: list[Any] = []
        # What checkpoints of objects save with the layer, by name.
        self._tracked_parts: dict[str, Any] = {}
        self._updates: list[Any] = []
        self._losses: list[Tensor] = []
        self._conditional_losses: set[int] = set()
        self._update_inputs: list[tuple[Any, Any]] = []
        self._call_inputs: Any = None
        self._loss_functions: list[Callable[[], Any]] = []
        self._use_resource_variables = False
        self._current_scope: VariableScope | None = None
        self._init_names(name)
        self._reuse = kwargs.get("_reuse")
        self._is_keras_style = is_keras_style(kwargs.get("_scope"), self._reuse)
        self._call_takes_scope = "scope" in inspect.signature(self.call).parameters
        self._scope: VariableScope | None = None
        if kwargs.get("_scope"):
            with variable_scope(kwargs["_scope"]) as captured:
                self._scope = captured

    def _init_names(self, name: str | VariableScope | None) -> None:
        if isinstance(name, str) and name:
            self._name = self._base_name = name
            return
        base = _snake_case(type(self).__name__)
        counts = _named.setdefault(get_default_graph(), Counter())
        counts[base] += 1
        self._name = f"{base}_{counts[base]}"
        self._base_name = name.name if isinstance(name, VariableScope) else base

    # -- what users override -------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the variables for inputs of this shape; called once."""
        del input_shape
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the nodes that compute the outputs."""
        del args, kwargs
        return inputs

    # -- calling -------------------------------------------------------------------

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the layer to the graph and return its outputs.

        Args:
            inputs: A tensor or a structure of them.
            *args: For `call`.
            **kwargs: For `call`; `scope` is the variable scope to use.
        """
        given_scope = kwargs.pop("scope", None)
        if self._is_keras_style:
            check_no_scope(given_scope)
            return self._call_in_style(_as_tensors(inputs), args, kwargs)
        self._set_scope(given_scope)
        reuse = True if self.built else self._reuse
        with variable_scope(
            self._scope, reuse=reuse, auxiliary_name_scope=False
        ) as scope:
            self._current_scope = scope
            if self._call_takes_scope:
                kwargs["scope"] = scope
            inputs = _as_tensors(inputs)
            check_inputs(self.input_spec, inputs, self.name)
            with name_scope(self._name_scope()):
                outputs = self._called(inputs, args, kwargs)
        _collect(self.updates, GraphKeys.UPDATE_OPS)
        return outputs

    def _call_in_style(self, inputs: Any, args: Any, kwargs: Any) -> Any:
        """Add the layer in a name scope of its own."""
        check_inputs(self.input_spec, inputs, self.name)
        with name_scope(self.name):
            return self._called(inputs, args, kwargs)

    def _called(self, inputs: Any, args: Any, kwargs: Any) -> Any:
        self._build_once(inputs)
        before, self._call_inputs = self._call_inputs, inputs
        try:
            outputs = self.call(inputs, *args, **kwargs)
        finally:
            self._call_inputs = before
        if outputs is None:
            raise ValueError(
                "A layer's `call` method should return a Tensor or a list of Tensors,"
                f" not None (layer: {self.name})."
            )
        self._regularize_activity(inputs, outputs)
        return outputs

    def apply(self, *args: Any, **kwargs: Any) -> Any:
        """Call the layer."""
        return self(*args, **kwargs)

    def _name_scope(self) -> str:
        assert self._current_scope is not None
        return self._current_scope.original_name_scope

    def _set_scope(self, scope: Any = None) -> None:
        """Find the variable scope at the first use."""
        if self._scope is not None:
            return
        if self._reuse:
            with variable_scope(self._base_name if scope is None else scope) as found:
                self._scope = found
        else:
            with variable_scope(scope, default_name=self._base_name) as found:
                self._scope = found

    def _build_once(self, inputs: Any) -> None:
        if self.built:
            return
        tensors = [x for x in flatten(inputs) if hasattr(x, "dtype")]
        if tensors and self._dtype is None:
            self._dtype = tensors[0].dtype.base_dtype
        shapes = [TensorShape(x.shape) for x in tensors]
        if len(shapes) == 1 and not isinstance(inputs, (list, tuple, dict)):
            self.build(shapes[0])
        else:
            self.build(pack_like(inputs, shapes) if shapes else None)
        whole = shapes[0] if len(shapes) == 1 else shapes
        self._build_input_shape = whole if shapes else None
        self.built = True

    # -- variables -----------------------------------------------------------------

    def add_weight(
        self,
        name: str,
        shape: Any,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Callable[[Any], Any] | None = None,
        trainable: bool | None = None,
        constraint: Callable[[Any], Any] | None = None,
        use_resource: bool | None = None,
        synchronization: VariableSynchronization = VariableSynchronization.AUTO,
        aggregation: VariableAggregation = VariableAggregation.NONE,
        partitioner: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Make a variable, or find it if the scope is reused.

        Args:
            name: Its name inside the layer's scope.
            shape: Its shape; a scalar if None.
            dtype: Its type; the layer's if None.
            initializer: Its initial value; the scope's or `glorot_uniform` if None.
            regularizer: A function of the variable that returns a loss.
            trainable: Whether it is to be trained.
            constraint: A function that optimizers apply to it after each step.
            use_resource: Whether it is a resource variable.
            synchronization: Kept with the variable, but not in the style of Keras;
                `ON_READ` is not trained.
            aggregation: Kept with the variable.
            partitioner: Deals it to several variables.
            **kwargs: None: what Keras's layers take more is not taken here.

        Raises:
            TypeError: An argument is unknown.
            ValueError: It is to be trained although it is only read, or a function is
                named.
        """
        _check_arguments(kwargs, (regularizer, constraint))
        if synchronization == VariableSynchronization.ON_READ:
            if trainable:
                raise ValueError(
                    "Synchronization value can be set to"
                    " VariableSynchronization.ON_READ only for non-trainable variables."
                    " You have specified trainable=True and"
                    " synchronization=VariableSynchronization.ON_READ."
                )
            trainable = False
        elif trainable is None:
            trainable = True
        existing = {id(v) for v in get_collection(GraphKeys.GLOBAL_VARIABLES)}
        wanted = as_dtype(dtype or self._dtype or dtypes.float32)
        if self._dtype is None:
            self._dtype = wanted.base_dtype
        if self._is_keras_style:
            return self._variable_in_style(
                name,
                () if shape is None else shape,
                initializer_of(initializer),
                regularizer,
                dtype=wanted,
                trainable=trainable,
                constraint=constraint,
                use_resource=use_resource is not False,
            )
        self._set_scope(None)
        with variable_scope(
            self._scope, reuse=self.built or self._reuse, auxiliary_name_scope=False
        ) as scope:
            self._current_scope = scope
            with name_scope(self._name_scope()):
                variable = get_variable(
                    name,
                    shape=() if shape is None else shape,
                    dtype=wanted,
                    initializer=_initializer(initializer, scope, wanted),
                    trainable=trainable and self.trainable,
                    constraint=constraint,
                    partitioner=partitioner,
                    use_resource=use_resource
                    or self._use_resource_variables
                    or scope.use_resource,
                    synchronization=synchronization,
                    aggregation=aggregation,
                )
                parts = _parts(variable)
                is_new = all(id(part) not in existing for part in parts)
                if regularizer is not None and is_new:
                    self._regularize(name, parts, regularizer)
        self._keep(parts, trainable=trainable and self.trainable)
        if parts[0] is variable:  # TF: one that is dealt to several is not saved
            self._tracked_parts[name] = variable
        return variable

    def _variable_in_style(
        self,
        name: str,
        shape: Any,
        initializer: Any,
        regularizer: Callable[[Any], Any] | None,
        *,
        dtype: dtypes.DType,
        **options: Any,
    ) -> Any:
        """Make a variable in the name scope that is open."""
        chosen = initializer or _default_initializer(dtype)
        make: Any = Variable
        variable = make(
            lambda: chosen(shape, dtype=dtype), name=name, dtype=dtype, **options
        )
        if regularizer is not None:
            self._regularize(variable.op.name, [variable], regularizer)
        self._keep([variable], trainable=options["trainable"])
        self._tracked_parts[name] = variable
        return variable

    def add_variable(self, *args: Any, **kwargs: Any) -> Any:
        """Make a variable; the older name of `add_weight`."""
        return self.add_weight(*args, **kwargs)

    def _keep(self, parts: Sequence[Any], *, trainable: bool) -> None:
        """Remember variables; one that another layer froze is not trained here."""
        trained = {id(v) for v in get_collection(GraphKeys.TRAINABLE_VARIABLES)}
        is_trained = trainable and all(id(part) in trained for part in parts)
        kept = self._trainable_weights if is_trained else self._non_trainable_weights
        kept.extend(parts)

    @property
    def trainable_weights(self) -> list[Any]:
        """Variables that are trained."""
        return _without_repeats(self._trainable_weights) if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        """Variables that are not trained."""
        if self.trainable:
            return _without_repeats(self._non_trainable_weights)
        return _without_repeats(self._trainable_weights + self._non_trainable_weights)

    @property
    def weights(self) -> list[Any]:
        """All variables, trained ones first."""
        return self.trainable_weights + self.non_trainable_weights

    @property
    def variables(self) -> list[Any]:
        """All variables, trained ones first."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Any]:
        """Variables that are trained."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Any]:
        """Variables that are not trained."""
        return self.non_trainable_weights

    def count_params(self) -> int:
        """Return how many numbers the variables hold.

        Raises:
            ValueError: The layer has not been built.
        """
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on {self.name}, but the layer isn't"
                f" built. You can build it manually via: `{self.name}"
                ".build(batch_input_shape)`."
            )
        return sum(int(np.prod(v.shape.as_list())) for v in self.weights)

    # -- losses and updates --------------------------------------------------------

    def _regularize(
        self, name: str, parts: Sequence[Any], regularizer: Callable[[Any], Any]
    ) -> None:
        def loss_of(part: Any) -> Any:
            with name_scope(f"{name}/Regularizer"):
                return regularizer(part)

        for part in parts:
            self.add_loss(partial(loss_of, part))

    def _regularize_activity(self, inputs: Any, outputs: Any) -> None:
        if self.activity_regularizer is None:
            return
        with name_scope("ActivityRegularizer"):
            for output in flatten(outputs):
                loss = convert_to_tensor(self.activity_regularizer(output))
                count = cast(array.shape(output)[0], loss.dtype)
                self.add_loss(loss / count, inputs=inputs)

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Add losses, or functions that return one, to the layer and its collection.

        Args:
            losses: One or a list.
            inputs: The inputs that the losses depend on.
        """
        found = []
        for loss in flatten(losses):
            if callable(loss):
                self._loss_functions.append(loss)
                found.append(loss())
            elif loss is not None:
                tensor = convert_to_tensor(loss)
                self._losses.append(tensor)
                if inputs is not None:
                    self._conditional_losses.add(id(tensor))
                found.append(tensor)
        _collect(
            [loss for loss in found if loss is not None],
            GraphKeys.REGULARIZATION_LOSSES,
        )

    @property
    def losses(self) -> list[Tensor]:
        """The losses; those of regularizers are added to the graph again."""
        made = [function() for function in self._loss_functions]
        return self._losses + [loss for loss in made if loss is not None]

    def add_update(self, updates: Any) -> None:
        """Add operations, or functions that make one, that a training step has to run.

        Args:
            updates: One or a list.
        """
        for item in updates if isinstance(updates, (list, tuple)) else [updates]:
            update = item
            while callable(update) and not hasattr(update, "op"):
                update = update()
            if not isinstance(update, Operation):
                update = update.op if hasattr(update, "op") else update
            self._updates.append(update)
            self._update_inputs.append((update, self._call_inputs))

    @property
    def updates(self) -> list[Any]:
        """Operations that a training step has to run; none if nothing is trained."""
        return list(self._updates) if self.trainable else []

    # -- names and types -----------------------------------------------------------

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def scope_name(self) -> str:
        """Name of the variable scope.

        Raises:
            ValueError: The layer has not been called.
        """
        if self._scope is None:
            raise ValueError(
                "No name available for layer scope because the layer"
                f' "{self._name}" has not been used yet. The scope name  is determined'
                " the first time the layer instance is called. You must therefore call"
                " the layer before querying `scope_name`."
            )
        return self._scope.name

    @property
    def dtype(self) -> str | None:
        """Name of the variables' type, None before it is known."""
        return None if self._dtype is None else self._dtype.name

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make a layer like this one, as plain values."""
        names = ("name", "trainable", "dtype", *self._config_names)
        return {name: self._described(name) for name in names}

    def _described(self, name: str) -> Any:
        value = (
            getattr(self, name) if hasattr(self, name) else getattr(self, f"_{name}")
        )
        return described(initializer_of(value) if "initializer" in name else value)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what `get_config` returned."""
        return cls(**config)


def _as_tensors(inputs: Any) -> Any:
    """Convert arrays and numbers in a structure."""
    items = flatten(inputs)
    if not any(isinstance(item, (np.ndarray, float, int)) for item in items):
        return inputs
    made = [
        convert_to_tensor(item) if isinstance(item, (np.ndarray, float, int)) else item
        for item in items
    ]
    return pack_like(inputs, made)


def _initializer(given: Any, scope: VariableScope, dtype: dtypes.DType) -> Any:
    chosen = scope.initializer if given is None else initializer_of(given)
    if chosen is not None:
        return chosen
    return _default_initializer(dtype)


def _default_initializer(dtype: dtypes.DType) -> Any:
    return GlorotUniform() if dtype.is_floating else Zeros()


def _check_arguments(unknown: Iterable[str], functions: Iterable[Any]) -> None:
    for name in unknown:
        if name != "experimental_autocast":
            raise TypeError("Unknown keyword argument:", name)
    for function in functions:
        if not (function is None or callable(function)):
            raise ValueError(
                f"{function!r} is no function of a variable; names of functions are"
                " Keras's."
            )


def _parts(variable: Any) -> list[Any]:
    if isinstance(variable, PartitionedVariable):
        return list(variable)
    return [variable]


def _without_repeats(variables: Iterable[Any]) -> list[Any]:
    return list({id(variable): variable for variable in variables}.values())


def _collect(elements: Iterable[Any], name: str) -> None:
    """Add to a collection what is not in it yet."""
    collection = get_collection_ref(name)
    known = {id(element) for element in collection}
    for element in elements:
        if id(element) not in known:
            collection.append(element)
