"""What Keras keeps of a layer's calls and masks, as layers without Keras have it.

Layers of `tf.layers` are called with tensors that Keras did not make, so TensorFlow
never knows their inputs and outputs; these tell so.

Source: tf_keras engine/base_layer_v1.py, engine/base_layer.py.
"""

from __future__ import annotations

from typing import Any, Never

from metagraft.api import nest
from metagraft.graph.tensor_spec import TensorSpec

__all__ = ["LayerConnections"]


class LayerConnections:
    """Inputs, outputs, masks and signatures of a layer."""

    supports_masking: bool = False
    stateful: bool = False
    name: Any
    dtype: Any

    @property
    def dynamic(self) -> bool:
        """Whether the layer runs eagerly: never."""
        return False

    @property
    def graph(self) -> None:
        """None: a layer may be called in several graphs."""
        return None

    @property
    def metrics(self) -> list[Any]:
        """Metrics that Keras computes: none."""
        return []

    @property
    def compute_dtype(self) -> str | None:
        """Name of the type it computes in, None before it is known."""
        found: str | None = self.dtype
        return found

    @property
    def variable_dtype(self) -> str | None:
        """Name of the variables' type, None before it is known."""
        found: str | None = self.dtype
        return found

    @property
    def submodules(self) -> tuple[Any, ...]:
        """All layers among the attributes, and theirs."""
        found: dict[int, Any] = {}
        for name in sorted(vars(self)):
            for leaf in nest.flatten(vars(self)[name]):
                if isinstance(leaf, LayerConnections) and leaf is not self:
                    found[id(leaf)] = leaf
        for layer in list(found.values()):
            found.update((id(inner), inner) for inner in layer.submodules)
        return tuple(found.values())

    # -- calls, of which nothing is kept -----------------------------------------------

    @property
    def inbound_nodes(self) -> list[Any]:
        """Calls with tensors that Keras made: none."""
        return []

    @property
    def outbound_nodes(self) -> list[Any]:
        """Calls of Keras layers with the outputs: none."""
        return []

    @property
    def input_mask(self) -> Never:
        """Not known.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(f"Layer {self.name} is not connected, no input to return.")

    input = input_mask

    @property
    def output_mask(self) -> Never:
        """Not known.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(f"Layer {self.name} has no inbound nodes.")

    output = output_mask

    @property
    def input_shape(self) -> Never:
        """Not known.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(
            f'The layer "{self.name}" has never been called and thus has no defined'
            " input shape. Note that the `input_shape` property is only available for"
            " Functional and Sequential models."
        )

    @property
    def output_shape(self) -> Never:
        """Not known.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(
            "The layer has never been called and thus has no defined output shape."
        )

    def get_input_at(self, node_index: int) -> Never:
        """Refuse: no call is known.

        Raises:
            RuntimeError: Always.
        """
        _refuse("input", node_index)

    def get_input_mask_at(self, node_index: int) -> Never:
        """Refuse: no call is known.

        Raises:
            RuntimeError: Always.
        """
        _refuse("input", node_index)

    def get_input_shape_at(self, node_index: int) -> Never:
        """Refuse: no call is known.

        Raises:
            RuntimeError: Always.
        """
        _refuse("input shape", node_index)

    def get_output_at(self, node_index: int) -> Never:
        """Refuse: no call is known.

        Raises:
            RuntimeError: Always.
        """
        _refuse("output", node_index)

    def get_output_mask_at(self, node_index: int) -> Never:
        """Refuse: no call is known.

        Raises:
            RuntimeError: Always.
        """
        _refuse("output", node_index)

    def get_output_shape_at(self, node_index: int) -> Never:
        """Refuse: no call is known.

        Raises:
            RuntimeError: Always.
        """
        _refuse("output shape", node_index)

    # -- masks and signatures ----------------------------------------------------------

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the outputs: that of the inputs, if there may be one.

        Raises:
            TypeError: There is one, and the layer does not take masks.
        """
        del inputs
        if self.supports_masking:
            return mask
        if any(one is not None for one in nest.flatten(mask)):
            raise TypeError(
                f"Layer {self.name} does not support masking, but was passed an"
                f" input_mask: {mask}"
            )
        return None

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the outputs for inputs of this shape.

        Raises:
            NotImplementedError: The layer does not say.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not define compute_output_shape"
            f" (input shape {input_shape})."
        )

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the specs of the outputs for inputs of these specs.

        Raises:
            TypeError: A spec is not of a tensor.
        """
        specs = nest.flatten(input_signature)
        for spec in specs:
            if not isinstance(spec, TensorSpec):
                raise TypeError(
                    "Only TensorSpec signature types are supported, but saw signature"
                    f" entry: {spec}."
                )
        shapes = nest.map_structure(lambda spec: spec.shape, input_signature)
        dtype = specs[0].dtype if self.dtype is None else self.dtype
        return nest.map_structure(
            lambda shape: TensorSpec(shape, dtype), self.compute_output_shape(shapes)
        )

    def finalize_state(self) -> None:
        """Do what is to be done once after state was computed: nothing."""


def _refuse(what: str, node_index: int) -> Never:
    del node_index
    raise RuntimeError(
        f"The layer has never been called and thus has no defined {what}."
    )
