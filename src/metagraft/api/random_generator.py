"""Generators of random numbers, whose state is a variable (`tf.random.Generator`).

Source: tensorflow python/ops/stateful_random_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.random_algorithms import (
    Algorithm,
    algorithm_number,
    unsupported_algorithm,
)
from metagraft.api.resource_variable import ResourceVariable
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import add, cast
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.init_scope import init_scope
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor
from metagraft.graph.variable import GraphVariable

__all__ = [
    "Generator",
    "create_rng_state",
    "get_global_generator",
    "set_global_generator",
]

_STATE_DTYPE = dtypes.int64
_COUNTER_SIZES = {
    Algorithm.PHILOX.value: 2,
    Algorithm.THREEFRY.value: 1,
    Algorithm.AUTO_SELECT.value: 2,
}
_KEY_SIZE = 1
_WORD_BITS = 64
_WORD_SPAN = 2**_WORD_BITS


def _counter_size(alg: Any) -> int:
    if isinstance(alg, Tensor) or alg not in _COUNTER_SIZES:
        raise unsupported_algorithm(alg)
    return _COUNTER_SIZES[alg]


def _state_size(alg: Any) -> int:
    return _counter_size(alg) + _KEY_SIZE


def _signed(value: Any) -> Any:
    """Read unsigned numbers as signed ones, in nested lists."""
    if isinstance(value, (list, tuple)):
        return type(value)(_signed(item) for item in value)
    if isinstance(value, int) and value >= _WORD_SPAN // 2:
        return value - _WORD_SPAN
    return value


def create_rng_state(seed: Any, alg: Any) -> Tensor:
    """Make the state of a generator out of a seed.

    Args:
        seed: An integer of any size, a list of integers or a tensor; numbers that
            are missing in front are zeros.
        alg: The algorithm.
    """
    size = _state_size(algorithm_number(alg))
    if isinstance(seed, int):
        seed = [seed >> (_WORD_BITS * i) & (_WORD_SPAN - 1) for i in range(size)]
    words = array.reshape(cast(_signed(seed), _STATE_DTYPE), [-1])
    words = words[0:size]
    known = words.shape.dims[0].value if words.shape.dims else None
    given: Any = array.shape(words)[0] if known is None else known
    missing = op("Maximum", x=size - given, y=0)
    state: Tensor = array.concat([array.zeros([missing], words.dtype), words], axis=0)
    state.set_shape([size])
    return state


def _shape_tensor(shape: Any) -> Tensor:
    is_empty = isinstance(shape, (tuple, list)) and not shape
    return convert_to_tensor(
        shape, dtype=dtypes.int64 if is_empty else None, name="shape"
    )


def _state_of(key: Any, counter: Any, alg: Any) -> Tensor:
    counter = cast(_signed(counter), _STATE_DTYPE)
    key = cast(_signed(key), _STATE_DTYPE)
    counter.shape.assert_is_compatible_with([_counter_size(alg)])
    key.shape.assert_is_compatible_with([])
    state: Tensor = array.concat([counter, array.reshape(key, [1])], 0)
    return state


class Generator:
    """A stream of random numbers that goes on from call to call and run to run.

    Args:
        copy_from: Another generator, whose state is the initial one.
        state: The initial state, or a variable of three int64 numbers to use.
        alg: The algorithm; `philox` runs.
    """

    def __init__(
        self, copy_from: Generator | None = None, state: Any = None, alg: Any = None
    ) -> None:
        """Add the variable of the state."""
        if copy_from is not None:
            assert alg is None
            assert state is None
            self._state_var = _state_variable(copy_from.state)
            self._alg = copy_from.algorithm
            return
        assert alg is not None
        assert state is not None
        self._alg = algorithm_number(alg)
        if not isinstance(state, GraphVariable):
            state = cast(_signed(state), _STATE_DTYPE)
        if not isinstance(self._alg, Tensor):
            state.shape.assert_is_compatible_with([_state_size(self._alg)])
        is_variable = isinstance(state, GraphVariable)
        self._state_var = state if is_variable else _state_variable(state)

    def tracked(self) -> dict[str, Any]:
        """Return what belongs to it in checkpoints of objects."""
        return {"_state_var": self._state_var}

    @classmethod
    def from_state(cls, state: Any, alg: Any) -> Generator:
        """Start with a given state."""
        return cls(alg=alg, state=state)

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Generator:
        """Start with the state that a seed makes."""
        number = algorithm_number(Algorithm.PHILOX if alg is None else alg)
        return cls(state=create_rng_state(seed, number), alg=number)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """Start with a state that is different in every session."""
        number = algorithm_number(Algorithm.PHILOX if alg is None else alg)
        state = op(
            "NonDeterministicInts", shape=[_state_size(number)], dtype=_STATE_DTYPE
        )
        return cls(state=state, alg=number)

    @classmethod
    def from_key_counter(cls, key: Any, counter: Any, alg: Any) -> Generator:
        """Start with a given key and counter."""
        counter = cast(_signed(counter), _STATE_DTYPE)
        key = cast(_signed(key), _STATE_DTYPE)
        number = algorithm_number(alg)
        return cls(state=_state_of(key, counter, number), alg=number)

    @property
    def state(self) -> Any:
        """The variable of the state."""
        return self._state_var

    @property
    def algorithm(self) -> Any:
        """The number of the algorithm."""
        return self._alg

    @property
    def key(self) -> Tensor:
        """The key of the stream."""
        self._check_algorithm()
        key: Tensor = self._state_var[-1]
        return key

    def _check_algorithm(self) -> None:
        if self._alg not in _COUNTER_SIZES:
            raise unsupported_algorithm(self._alg)

    def reset(self, state: Any) -> None:
        """Assign a state."""
        state = cast(_signed(state), _STATE_DTYPE)
        state.shape.assert_is_compatible_with([_state_size(self._alg)])
        self._state_var.assign(state)

    def reset_from_seed(self, seed: Any) -> None:
        """Assign the state that a seed makes."""
        self._state_var.assign(create_rng_state(seed, self._alg))

    def reset_from_key_counter(self, key: Any, counter: Any) -> None:
        """Assign a key and a counter."""
        self._state_var.assign(_state_of(key, counter, self._alg))

    def skip(self, delta: Any) -> Tensor:
        """Leave out `delta` numbers; returns the state before."""
        alg = cast(self._alg, dtypes.int32)
        before: Tensor = op(
            "RngReadAndSkip",
            resource=self._state_var.handle,
            alg=alg,
            delta=cast(delta, dtypes.uint64),
        )
        return before

    def _position(self, shape: Tensor) -> dict[str, Any]:
        """Take as many numbers as a shape has; return the operands of their place."""
        before = self.skip(reduce_tensor("Prod", shape))
        size = _counter_size(self._alg)
        counter = op("Bitcast", input=before[:size], type=dtypes.uint64)
        key = op("Bitcast", input=before[size : size + 1], type=dtypes.uint64)
        return {"key": key, "counter": counter, "alg": self._alg}

    def normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = dtypes.float32,
        name: str | None = None,
    ) -> Tensor:
        """Draw from a normal distribution."""
        with name_scope(name, "stateful_normal", [shape, mean, stddev]) as scope:
            return self._scaled(
                "StatelessRandomNormalV2", shape, mean, stddev, dtype, scope
            )

    def truncated_normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = dtypes.float32,
        name: str | None = None,
    ) -> Tensor:
        """As `normal`, without what is 2 deviations or more from the mean."""
        with name_scope(name, "truncated_normal", [shape, mean, stddev]) as scope:
            return self._scaled(
                "StatelessTruncatedNormalV2", shape, mean, stddev, dtype, scope
            )

    def _scaled(
        self, op_type: str, shape: Any, mean: Any, stddev: Any, dtype: Any, scope: str
    ) -> Tensor:
        sizes = _shape_tensor(shape)
        mean = convert_to_tensor(mean, dtype=dtype, name="mean")
        stddev = convert_to_tensor(stddev, dtype=dtype, name="stddev")
        drawn = op(op_type, shape=sizes, **self._position(sizes), dtype=dtype)
        return add(drawn * stddev, mean, name=scope)

    def uniform(
        self,
        shape: Any,
        minval: Any = 0,
        maxval: Any = None,
        dtype: Any = dtypes.float32,
        name: str | None = None,
    ) -> Tensor:
        """Draw from a uniform distribution over `[minval, maxval)`.

        Args:
            shape: Shape of the result.
            minval: The lower bound; None with integers for their whole range.
            maxval: The upper bound; 1 if None, for floating-point types.
            dtype: Type of the result.
            name: Name of the operation.

        Raises:
            ValueError: An integer type has one bound only.
        """
        wanted = as_dtype(dtype)
        if not wanted.is_integer:
            maxval = 1 if maxval is None else maxval
        elif (minval is None) != (maxval is None):
            raise ValueError(
                f"For integer dtype {wanted}, minval and maxval must be both `None` or"
                f" both non-`None`; got minval={minval} and maxval={maxval}"
            )
        with name_scope(name, "stateful_uniform", [shape, minval, maxval]) as scope:
            sizes = _shape_tensor(shape)
            if wanted.is_integer and minval is None:
                return self._full_integers(sizes, wanted, scope)
            low = convert_to_tensor(minval, dtype=wanted, name="min")
            high = convert_to_tensor(maxval, dtype=wanted, name="max")
            position = self._position(sizes)
            if wanted.is_integer:
                integers: Tensor = op(
                    "StatelessRandomUniformIntV2",
                    shape=sizes,
                    **position,
                    minval=low,
                    maxval=high,
                    name=scope,
                )
                return integers
            drawn = op(
                "StatelessRandomUniformV2", shape=sizes, **position, dtype=wanted
            )
            return add(drawn * (high - low), low, name=scope)

    def uniform_full_int(
        self, shape: Any, dtype: Any = dtypes.uint64, name: str | None = None
    ) -> Tensor:
        """Draw integers from the whole range of a type."""
        with name_scope(name, "stateful_uniform_full_int", [shape]) as scope:
            return self._full_integers(_shape_tensor(shape), as_dtype(dtype), scope)

    def _full_integers(
        self, shape: Tensor, dtype: dtypes.DType, name: str | None
    ) -> Tensor:
        drawn: Tensor = op(
            "StatelessRandomUniformFullIntV2",
            shape=shape,
            **self._position(shape),
            dtype=dtype,
            name=name,
        )
        return drawn

    def binomial(
        self,
        shape: Any,
        counts: Any,
        probs: Any,
        dtype: Any = dtypes.int32,
        name: str | None = None,
    ) -> Tensor:
        """Draw how many of `counts` trials succeed, each with probability `probs`."""
        with name_scope(name, "binomial", [shape, counts, probs]) as scope:
            counts = convert_to_tensor(counts, name="counts")
            probs = convert_to_tensor(probs, name="probs")
            drawn: Tensor = op(
                "StatefulRandomBinomial",
                resource=self._state_var.handle,
                algorithm=self._alg,
                shape=_shape_tensor(shape),
                counts=counts,
                probs=probs,
                dtype=as_dtype(dtype),
                name=scope,
            )
            return drawn

    def _keys(self, count: int) -> Tensor:
        self._check_algorithm()
        return self.uniform_full_int([count], dtype=dtypes.int64)

    def make_seeds(self, count: int = 1) -> Tensor:
        """Draw `count` seeds, the columns of `[2, count]`."""
        keys = self._keys(count)
        return array.stack([keys, array.zeros_like(keys)])

    def split(self, count: int = 1) -> list[Generator]:
        """Make `count` generators with streams of their own."""
        keys = array.unstack(self._keys(count), num=count)
        zeros = [0] * _counter_size(self._alg)
        return [Generator(state=[*zeros, key], alg=self._alg) for key in keys]


def _state_variable(state: Any) -> ResourceVariable:
    with name_scope("random_generator"):
        return ResourceVariable(
            state, dtype=_STATE_DTYPE, trainable=False, name="StateVar"
        )


_global_generator: Generator | None = None


def get_global_generator() -> Generator:
    """Return the generator everybody may use, made when first asked for."""
    global _global_generator  # noqa: PLW0603 - TensorFlow's API has one of it
    if _global_generator is None:
        with init_scope():
            _global_generator = Generator.from_non_deterministic_state()
    return _global_generator


def set_global_generator(generator: Generator | None) -> None:
    """Replace the generator everybody may use."""
    global _global_generator  # noqa: PLW0603 - TensorFlow's API has one of it
    _global_generator = generator
