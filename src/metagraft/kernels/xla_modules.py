"""Programs of XLA inside graphs, as JAX exports them; twin of `ops/xla_modules.py`.

A module is made static for the shapes that it is called with, the functions of the
graph that it calls are put into it, and then it is a part of the program around it.

Source: tensorflow compiler/tf2xla/kernels/xla_call_module_op.cc,
xla_call_module_loader.cc; for calling conventions, JAX's pages about `jax.export`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from metagraft.errors import (
    InvalidArgumentError,
    NotFoundError,
    UnimplementedError,
)
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.library_function import LibraryFunction, named_function
from metagraft.kernels.namespace import jax_numpy, load_jax

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

_VERSIONS: Final = range(4, 11)
_LAPACK: Final = b"lapack_"
_CALL: Final = "tf.call_tf_function"
# What TensorFlow calls the backends of JAX.
_PLATFORMS: Final = {"cpu": "CPU", "gpu": "CUDA", "tpu": "TPU"}


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


@dataclass(frozen=True, slots=True)
class _Request:
    """A module and what it is called with.

    Attributes:
        content: The module, as a portable artifact of StableHLO.
        arguments: Shape and type of each argument.
        platform: The place of the platform among those of the module.
        platforms: How many these are.
        checks_shapes: Whether what the module asserts of shapes is checked.
    """

    content: bytes
    arguments: tuple[tuple[tuple[int, ...], Any], ...]
    platform: int
    platforms: int
    checks_shapes: bool


def call_module(op: Operation, args: Sequence[Array]) -> tuple[Array, ...]:
    xp = jax_numpy()
    request = _request(op, args)
    content = _static(request)
    functions = [
        named_function(op, function.name, function.attr)
        for function in op.attrs["function_list"]
    ]
    content = _with_functions(content, functions) if functions else content
    results = _results(content)
    declared = [dtype.as_numpy_dtype for dtype in op.attrs["Tout"]]
    if len(results) != len(declared):
        raise _invalid(
            f"The module has {len(results)} results, but Tout has {len(declared)}."
        )
    run = _compiled(content, tuple(zip(results, map(np.dtype, declared), strict=True)))
    found: Sequence[Array] = run(*(xp.asarray(argument) for argument in args))
    return tuple(found)


def _request(op: Operation, args: Sequence[Array]) -> _Request:
    attrs = op.attrs
    version, platforms = attrs["version"], _texts(attrs["platforms"])
    if version not in _VERSIONS:
        is_new = version > _VERSIONS[-1]
        raise _invalid(
            f"XlaCallModuleOp with version {version} is not supported "
            + (
                f"by this build. Must be <= {_VERSIONS[-1]}"
                if is_new
                else f"anymore. Must be >= {_VERSIONS[0]}"
            )
        )
    if attrs["dim_args_spec"]:
        raise UnimplementedError(
            None, None, "dim_args_spec attribute is no longer supported"
        )
    if not platforms:
        raise _invalid(
            f"XlaCallModuleOp with version {version} must have non-empty platforms."
        )
    if len(attrs["Sout"]) != len(attrs["Tout"]):
        raise _invalid(
            f"The size of Sout ({len(attrs['Sout'])}) must match the size of Tout "
            f"({len(attrs['Tout'])})"
        )
    disabled = _texts(attrs["disabled_checks"])
    backend: str = load_jax().default_backend()
    current = _PLATFORMS.get(backend, backend.upper())
    if current not in platforms and "platform" not in disabled:
        raise NotFoundError(
            None,
            None,
            f"The current platform {current} is not among the platforms required by "
            f"the module: [{', '.join(platforms)}]",
        )
    return _Request(
        attrs["module"],
        tuple((tuple(map(int, np.shape(arg))), np.dtype(arg.dtype)) for arg in args),
        platforms.index(current) if current in platforms else 0,
        len(platforms),
        "shape_assertions" not in disabled,
    )


def _texts(values: Sequence[str | bytes]) -> list[str]:
    return [v.decode() if isinstance(v, bytes) else v for v in values]


# -- modules ---------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _static(request: _Request) -> bytes:
    """Return the module for arguments of the shapes of a request.

    Raises:
        InvalidArgumentError: It is not a module, or not for such arguments.
    """
    load_jax()
    from jax.extend import mlir as portable
    from jax.extend.mlir import ir
    from jax.interpreters import mlir

    with mlir.make_ir_context(), ir.Location.unknown():
        try:
            module = portable.deserialize_portable_artifact(request.content)
        except Exception as error:  # JAX has no class for it
            raise _invalid(f"Cannot deserialize computation: {error}") from error
        _wrap(module, request)
        try:
            refined: bytes = portable.refine_polymorphic_shapes(
                mlir_module=_bytecode(module),
                enable_shape_assertions=request.checks_shapes,
                validate_static_shapes=True,
                enable_shardy=False,
            )
        except Exception as error:
            raise _invalid(f"Module shape refinement failed: {error}") from error
        if _LAPACK in refined:
            _load_lapack()
        return refined


@cache
def _load_lapack() -> None:
    """Let JAX find the functions of LAPACK, which it does when it lowers one.

    A module that calls them before ends the process.
    """
    jax = load_jax()
    matrix = jax.ShapeDtypeStruct((1, 1), np.float32)
    jax.jit(jax.lax.linalg.cholesky).lower(matrix)


def _bytecode(module: Any) -> bytes:
    written = io.BytesIO()
    module.operation.write_bytecode(written)
    return written.getvalue()


def _wrap(module: Any, request: _Request) -> None:
    """Give the module a `main` of the known shapes, without tokens and platform."""
    from jax.extend.mlir import ir
    from jax.extend.mlir.dialects import func

    names = ir.SymbolTable(module.operation)
    inner: Any = names["main"]
    inner.attributes["sym_visibility"] = ir.StringAttr.get("private")
    names.set_symbol_name(inner, "_called_main")
    types = [_is_token(kind) for kind in inner.type.inputs]
    extra = 1 if request.platforms > 1 else 0
    given = len(request.arguments)
    if len(types) - sum(types) != given + extra:
        raise _invalid(
            f"Incorrect number of arguments passed to XlaCallModule = {given}. The "
            f"module takes {len(types)} arguments of which {extra} platform index "
            f"arguments, {sum(types)} token arguments."
        )
    results = [kind for kind in inner.type.results if not _is_token(kind)]
    with ir.InsertionPoint(module.body):
        main: Any = func.FuncOp(
            "main", ir.FunctionType.get(_argument_types(request), results)
        )
        main.attributes["sym_visibility"] = ir.StringAttr.get("public")
        block = main.add_entry_block()
        with ir.InsertionPoint(block):
            operands = list(_operands(inner.type.inputs, block.arguments, request))
            callee = ir.FlatSymbolRefAttr.get("_called_main")
            call = func.CallOp(inner.type.results, callee, operands)
            func.ReturnOp([one for one in call.results if not _is_token(one.type)])


def _is_token(kind: Any) -> bool:
    return str(kind) == "!stablehlo.token"


def _argument_types(request: _Request) -> list[Any]:
    from jax.extend.mlir import ir
    from jax.interpreters import mlir

    return [
        ir.RankedTensorType.get(shape, mlir.dtype_to_ir_type(dtype))
        for shape, dtype in request.arguments
    ]


def _operands(
    kinds: Sequence[Any], arguments: Sequence[Any], request: _Request
) -> Iterator[Any]:
    """Yield what the module's own `main` is called with."""
    from jax.extend.mlir import ir
    from jax.extend.mlir.dialects import stablehlo

    place = 0
    needs_platform = request.platforms > 1
    for kind in kinds:
        if _is_token(kind):
            yield stablehlo.AfterAllOp([]).result
            continue
        if needs_platform:
            needs_platform = False
            width = ir.IntegerType(ir.RankedTensorType(kind).element_type).width
            number: Any = np.asarray(request.platform, f"int{width}")
            yield stablehlo.ConstantOp(ir.DenseElementsAttr.get(number)).result
            continue
        argument = arguments[place]
        _check_argument(place, ir.RankedTensorType(kind), argument.type)
        place += 1
        if argument.type == kind:
            yield argument
        else:
            yield stablehlo.ConvertOp(kind, argument).result


def _check_argument(place: int, expected: Any, got: Any) -> None:
    if expected.element_type != got.element_type:
        raise _invalid(
            f"Element type mismatch for argument {place} passed to XlaCallModule: "
            f"Expecting {expected}, got {got}"
        )
    fits = expected.rank == got.rank and all(
        expected.is_dynamic_dim(i) or expected.shape[i] == got.shape[i]
        for i in range(got.rank)
    )
    if not fits:
        raise _invalid(
            f"Shape mismatch for argument {place} passed to XlaCallModule: "
            f"Expecting {expected}, got {got}"
        )


@lru_cache(maxsize=64)
def _results(content: bytes) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of the results of a static module."""
    from jax.extend.mlir import ir
    from jax.interpreters import mlir

    with mlir.make_ir_context():
        main: Any = ir.SymbolTable(ir.Module.parse(content).operation)["main"]
        return tuple(
            tuple(ir.RankedTensorType(kind).shape) for kind in main.type.results
        )


# -- functions of the graph ------------------------------------------------------------


def _with_functions(content: bytes, functions: Sequence[LibraryFunction]) -> bytes:
    """Put functions of the graph in the places where a module calls them."""
    from jax.extend.mlir import ir
    from jax.interpreters import mlir

    with mlir.make_ir_context(), ir.Location.unknown():
        module = ir.Module.parse(content)
        for call in list(_calls(module.operation)):
            _replace_call(module, call, functions)
        return _bytecode(module)


def _calls(operation: Any) -> Iterator[Any]:
    for region in operation.regions:
        for block in region.blocks:
            for one in block.operations:
                target = _attribute(one.attributes, "call_target_name")
                if target is not None and target.value == _CALL:
                    yield one
                yield from _calls(one.operation)


def _attribute(attributes: Any, name: str) -> Any:
    return attributes[name] if name in attributes else None  # noqa: SIM401 - no dict


def _replace_call(module: Any, call: Any, functions: Sequence[LibraryFunction]) -> None:
    from jax.extend.mlir import ir
    from jax.extend.mlir.dialects import func
    from jax.interpreters import mlir

    number = int(ir.IntegerAttr(_settings(call)["called_index"]))
    if not 0 <= number < len(functions):
        raise _invalid(
            f"XlaCallModule has {len(functions)} functions, but number {number} of "
            "them is called."
        )
    values = [one for one in call.operands if not _is_token(one.type)]
    kinds = [one.type for one in call.results if not _is_token(one.type)]
    part = _lowered(functions[number], [ir.RankedTensorType(v.type) for v in values])
    name = mlir.merge_mlir_modules(module, f"graph_function_{number}", part)
    with ir.InsertionPoint(call):
        made = iter(func.CallOp(kinds, ir.FlatSymbolRefAttr.get(name), values).results)
        tokens = iter([one for one in call.operands if _is_token(one.type)])
        for result in call.results:
            result.replace_all_uses_with(
                next(tokens) if _is_token(result.type) else next(made)
            )
    call.operation.erase()


def _settings(call: Any) -> Any:
    from jax.extend.mlir import ir

    return ir.DictAttr(call.attributes["tf.backend_config"])


def _lowered(function: LibraryFunction, kinds: Sequence[Any]) -> Any:
    """Return a function of the graph as a module for arguments of these types."""
    jax = load_jax()
    from jax.extend.mlir import ir
    from jax.interpreters import mlir

    arguments = []
    for kind in kinds:
        dtype = next(
            dtype
            for dtype in _element_types()
            if mlir.dtype_to_ir_type(dtype) == kind.element_type
        )
        arguments.append(jax.ShapeDtypeStruct(tuple(kind.shape), dtype))
    lowered = jax.jit(function).lower(*arguments)
    return ir.Module.parse(str(lowered.compiler_ir("stablehlo")))


@cache
def _element_types() -> tuple[np.dtype[Any], ...]:
    import ml_dtypes

    names = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32"
    names += " float64 complex64 complex128"
    return (*map(np.dtype, names.split()), np.dtype(ml_dtypes.bfloat16))


# -- as a part of JAX's programs -------------------------------------------------------


@lru_cache(maxsize=64)
def _compiled(
    content: bytes, results: tuple[tuple[tuple[int, ...], np.dtype[Any]], ...]
) -> Any:
    jax = load_jax()
    primitive = _primitive()

    def run(*arguments: Array) -> Sequence[Array]:
        found: Sequence[Array] = primitive.bind(
            *arguments, content=content, results=results
        )
        return found

    return jax.jit(run)


@cache
def _primitive() -> Any:
    """Return the operation of JAX that stands for a module."""
    jax = load_jax()
    from jax.extend.core import Primitive
    from jax.extend.mlir import ir
    from jax.extend.mlir.dialects import func
    from jax.interpreters import mlir

    primitive: Any = Primitive("call_module")
    primitive.multiple_results = True

    def shapes(*_arguments: Any, content: bytes, results: Any) -> list[Any]:
        del content
        return [jax.core.ShapedArray(shape, dtype) for shape, dtype in results]

    def lower(context: Any, *arguments: Any, content: bytes, results: Any) -> Any:
        del results
        around = context.module_context
        module = ir.Module.parse(content)
        name = mlir.merge_mlir_modules(
            around.module, "called_module", module, dst_symtab=around.symbol_table
        )
        kinds = [mlir.aval_to_ir_type(around, kind) for kind in context.avals_out]
        callee = ir.FlatSymbolRefAttr.get(name)
        return list(func.CallOp(kinds, callee, list(arguments)).results)

    primitive.def_abstract_eval(shapes)
    mlir.register_lowering(primitive, lower)
    return primitive


KERNELS: Mapping[str, Kernel] = {
    "XlaCallModule": Kernel(call_module, takes_op=True),
}
