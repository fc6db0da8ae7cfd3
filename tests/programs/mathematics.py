"""Programs of mathematics: every function, its gradient and the gradient of that."""

from __future__ import annotations

from types import ModuleType
from typing import Any

# Functions of one tensor that have a gradient.
UNARY = (
    "abs acos acosh asin asinh atan atanh cos cosh digamma erf erfc exp expm1 lgamma"
    " log log1p log_sigmoid negative reciprocal rsqrt sigmoid sign sin sinh sqrt square"
    " tan tanh erfinv erfcinv ndtri bessel_i0 bessel_i0e bessel_i1 bessel_i1e"
    " reciprocal_no_nan softplus"
).split()
SPECIAL = (
    "bessel_j0 bessel_j1 bessel_k0 bessel_k0e bessel_k1 bessel_k1e bessel_y0 bessel_y1"
    " dawsn expint fresnel_cos fresnel_sin spence"
).split()
STEPS = "ceil floor rint round is_nan is_inf is_finite".split()
BINARY = (
    "add subtract multiply divide truediv floordiv floormod maximum minimum pow"
    " squared_difference atan2 divide_no_nan multiply_no_nan xdivy xlogy xlog1py"
    " igamma igammac nextafter zeta polygamma"
).split()


def _twice(tf: ModuleType, y: Any, xs: Any) -> None:
    """Add the gradient and, where there is one, its gradient."""
    first = tf.gradients(y, xs)
    defined = [g for g in first if g is not None]
    if defined:
        tf.gradients(defined, xs)


def unary_gradients(tf: ModuleType) -> None:
    """Each function in a scope of its own, with two gradients."""
    for name in UNARY:
        with tf.name_scope(name):
            x = tf.placeholder(tf.float32, [None, 3], name="x")
            _twice(tf, getattr(tf.math, name)(x), x)


def special_gradients(tf: ModuleType) -> None:
    """Functions of `tf.math.special`, with two gradients."""
    for name in SPECIAL:
        with tf.name_scope(name):
            x = tf.placeholder(tf.float64, [2], name="x")
            _twice(tf, getattr(tf.math.special, name)(x), x)


def step_functions(tf: ModuleType) -> None:
    """Functions through which nothing flows back."""
    x = tf.placeholder(tf.float32, [3], name="x")
    for name in STEPS:
        y = getattr(tf.math, name)(x)
        if name != "sign":
            y = tf.cast(y, tf.float32)
        tf.gradients(x + y, x)
    tf.round(tf.constant([1, 2]))


def complex_functions(tf: ModuleType) -> None:
    """Complex numbers, their parts and gradients."""
    z = tf.placeholder(tf.complex64, [None], name="z")
    x = tf.placeholder(tf.float32, [None], name="x")
    for part in (tf.real(z), tf.imag(z), tf.abs(z), tf.angle(z)):
        tf.gradients(part, z)
    tf.gradients(tf.real(tf.complex(x, 2.0)), x)
    for name in "exp log sqrt rsqrt square sin tanh sigmoid reciprocal".split():
        with tf.name_scope(name):
            first = tf.gradients(tf.real(getattr(tf.math, name)(z)), z)[0]
            tf.gradients(tf.real(first), z)
    for y in (tf.conj(z) * z, tf.divide(z, z), tf.pow(z, z)):
        tf.gradients(tf.imag(y), z)
    tf.gradients(tf.real(tf.matmul([z], [z], transpose_b=True)), z)
    tf.sign(z)
    tf.real(x)
    tf.imag(x)
    tf.angle(x)
    tf.conj(x)


def binary_gradients(tf: ModuleType) -> None:
    """Operands of one known shape, of known shapes that broadcast, and of unknown."""
    shapes = {
        "same": ([2, 3], [2, 3]),
        "rows": ([2, 3], [3]),
        "scalar": ([None, 3], []),
        "dynamic": ([None, 3], [None, 3]),
        "unknown": (None, [2]),
    }
    for name in BINARY:
        for kind, (a, b) in shapes.items():
            with tf.name_scope(f"{name}_{kind}"):
                x = tf.placeholder(tf.float32, a, name="x")
                y = tf.placeholder(tf.float32, b, name="y")
                tf.gradients(getattr(tf.math, name)(x, y), [x, y])


def binary_second_gradients(tf: ModuleType) -> None:
    """Gradients of gradients of arithmetic."""
    for name in "add subtract multiply divide pow maximum squared_difference".split():
        with tf.name_scope(name):
            x = tf.placeholder(tf.float32, [None, 3], name="x")
            y = tf.placeholder(tf.float32, [3], name="y")
            _twice(tf, getattr(tf, name)(x, y), [x, y])


def binary_types(tf: ModuleType) -> None:
    """Types other than float32, and operands that are Python values."""
    i = tf.placeholder(tf.int32, [2], name="i")
    h = tf.placeholder(tf.float16, [2], name="h")
    d = tf.placeholder(tf.float64, [2], name="d")
    u = tf.placeholder(tf.uint8, [2], name="u")
    for x in (i, h, d, u):
        _ = x + 1, 2 * x, x - x, x // 2, x % 3, x / x
        tf.div(x, x)
        tf.truediv(x, 2)
    _ = i & 3, i | 4, i ^ 5, ~i, 3 & i
    tf.bitwise.left_shift(i, 2)
    tf.bitwise.right_shift(i, [1, 2])
    tf.bitwise.bitwise_and(u, u)
    tf.truncatediv(i, 2)
    tf.truncatemod(i, 2)
    tf.realdiv(h, h)
    tf.floor_div(i, i)
    tf.div_no_nan(i, i)
    tf.div_no_nan(1.0, h)
    tf.math.divide(1, 2)
    tf.math.divide(d, 2, name="quotient")
    tf.scalar_mul(2.0, h)
    tf.scalar_mul(3, i, name="tripled")
    tf.gradients(d * d, d)
    tf.gradients(h * h, h)
    b = tf.placeholder(tf.bool, [2], name="b")
    _ = b & True, b | b, b ^ b, ~b, b * b
    tf.logical_xor(b, b)
    s = tf.placeholder(tf.string, [2], name="s")
    _ = s + "x"
    tf.add(s, s)
    tf.equal(s, "y")


def sums(tf: ModuleType) -> None:
    """Sums of several tensors, dense and sparse."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.placeholder(tf.float32, [4, 3], name="y")
    tf.add_n([x, y])
    tf.add_n([x])
    tf.add_n([x], name="only")
    tf.add_n([x, 1.0 * y, x], name="three")
    tf.accumulate_n([x, y])
    tf.accumulate_n([x, y], shape=[4, 3], name="accumulated")
    tf.gradients(tf.add_n([x, x, y]), [x, y])
    tf.gradients(tf.add_n([tf.gather(y, [0, 1]), tf.gather(y, [2, 3])]), y)


def reduction_gradients(tf: ModuleType) -> None:
    """Known and unknown shapes; all, one and several axes."""
    shapes: dict[str, list[int | None] | None] = {
        "static": [2, 3],
        "dynamic": [None, 3],
        "unknown": None,
        "scalar": [],
    }
    for kind, shape in shapes.items():
        for name in "sum mean max min prod logsumexp euclidean_norm".split():
            with tf.name_scope(f"{name}_{kind}"):
                x = tf.placeholder(tf.float32, shape, name="x")
                reduce = getattr(tf.math, f"reduce_{name}")
                tf.gradients(reduce(x), x)
                if shape is None or shape:
                    tf.gradients(reduce(x, axis=0), x)
                    tf.gradients(reduce(x, axis=[-1], keepdims=True), x)


def reduction_second_gradients(tf: ModuleType) -> None:
    """The tile counts of sums are computed once for each shape."""
    x = tf.placeholder(tf.float32, [2, 3, 4], name="x")
    for axis in (0, 1, -1, [0, 2]):
        _twice(tf, tf.square(tf.reduce_sum(x, axis)), x)
        _twice(tf, tf.square(tf.reduce_mean(x, axis)), x)
    y = tf.placeholder(tf.int32, [], name="axis")
    tf.gradients(tf.reduce_sum(x, y), x)
    tf.gradients(tf.reduce_mean(x, [y, 1]), x)
    tf.reduce_sum([[1.0, 2.0]])
    tf.reduce_mean(x, axis=[])
    tf.reduce_all([True, False])
    tf.math.reduce_std(x, axis=1)


def index_of_extremes(tf: ModuleType) -> None:
    """The arguments of `argmax` under all their names."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    tf.argmax(x)
    tf.argmax(x, dimension=1)
    tf.argmin(x, 1, output_type=tf.int32, name="least")
    tf.arg_max(x, 1)
    tf.arg_min(x, -1)
    tf.argmax(x, tf.constant(1, tf.int64))
    tf.gradients(tf.reduce_sum(x) + tf.cast(tf.argmax(x)[0], tf.float32), x)


def cumulative(tf: ModuleType) -> None:
    """Running sums and products with gradients."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    for exclusive in (False, True):
        for reverse in (False, True):
            for name in "cumsum cumprod cumulative_logsumexp".split():
                run = getattr(tf.math, name)
                y = run(x, axis=1, exclusive=exclusive, reverse=reverse)
                tf.gradients(y, x)
    tf.cumsum([1, 2, 3])


def matrix_products(tf: ModuleType) -> None:
    """Every combination of transpositions, with gradients."""
    a = tf.placeholder(tf.float32, [4, 4], name="a")
    c = tf.placeholder(tf.float32, [None, 4, 4], name="c")
    for left in (False, True):
        for right in (False, True):
            _twice(tf, tf.matmul(a, a, transpose_a=left, transpose_b=right), a)
            tf.gradients(tf.matmul(c, c, adjoint_a=left, adjoint_b=right), c)
            tf.gradients(tf.raw_ops.BatchMatMul(x=c, y=c, adj_x=left, adj_y=right), c)
            y = tf.matmul(a, a, left, right, a_is_sparse=True)
            tf.gradients(y, a)
    tf.gradients(tf.matmul(c, tf.reshape(a, [1, 4, 4])), [c, a])
    tf.gradients(tf.matmul(c, a), [c, a])
    unknown = tf.placeholder(tf.float32, name="unknown")
    tf.gradients(tf.matmul(unknown, a), [unknown, a])
    _ = a @ a, a @ [[1.0], [2.0], [3.0], [4.0]]
    tf.linalg.matvec(a, [1.0, 2.0, 3.0, 4.0])
    i = tf.placeholder(tf.int32, [2, 2], name="i")
    tf.matmul(i, i)
    tf.matmul(tf.cast(i, tf.bfloat16), tf.cast(i, tf.float32))
    v = tf.placeholder(tf.float32, [5, 3], name="v")
    tf.gradients(tf.cross(v, 2.0 * v), v)
    tf.trace(a)


def contractions(tf: ModuleType) -> None:
    """`tensordot` with known and unknown shapes, `einsum` with gradients."""
    a = tf.placeholder(tf.float32, [2, 3, 4], name="a")
    b = tf.placeholder(tf.float32, [4, 3, 5], name="b")
    d = tf.placeholder(tf.float32, [None, 3, 4], name="d")
    unknown = tf.placeholder(tf.float32, name="unknown")
    tf.tensordot(a, b, 1)
    tf.tensordot(a, b, [[1, 2], [1, 0]])
    tf.tensordot(d, b, [[2], [0]], name="dynamic")
    tf.tensordot(d, b, [[-1, 1], [0, 1]])
    tf.tensordot(unknown, b, 1)
    tf.tensordot(a, unknown, tf.constant([[2], [0]]))
    tf.tensordot(a, a, 0)
    tf.gradients(tf.tensordot(d, b, 1), [d, b])
    for equation in ("ijk,kjl->il", "ijk,klm->ijlm", "...k,kjl->...jl"):
        tf.gradients(tf.einsum(equation, a, b), [a, b])
        tf.gradients(tf.einsum(equation, d, b), [d, b])
    for equation in ("ijk->ikj", "ijk->ij", "...k->k..."):
        tf.gradients(tf.einsum(equation, a), a)
    tf.einsum("ijk,kjl", a, b)
    tf.einsum("ijk,kjl,lm->im", a, b, tf.ones([5, 6]), name="three")


def chosen(tf: ModuleType) -> None:
    """Selection, clipping, and their gradients."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    k = tf.placeholder(tf.float32, [2, 3], name="k")
    row = tf.placeholder(tf.bool, [2], name="row")
    tf.gradients(tf.where(x > 0, x, tf.zeros_like(x)), x)
    tf.gradients(tf.where(row, k, -k), k)
    tf.gradients(tf.where_v2(x > 0, x, 0.0), x)
    tf.gradients(tf.where_v2(x > 0, k, [1.0, 2.0, 3.0]), k)
    tf.gradients(tf.clip_by_value(x, -1.0, [1.0, 2.0, 3.0]), x)
    low = tf.placeholder(tf.float32, [3], name="low")
    clipped = tf.raw_ops.ClipByValue(t=x, clip_value_min=low, clip_value_max=2.0)
    tf.gradients(clipped, [x, low])
    _ = x < 1, x <= k, 1 > x, x >= 1.0, 2.0 <= x
    tf.equal(x, k)
    tf.not_equal(x, 1.0)
    tf.less(1.0, x, name="above_one")
    tf.logical_and(x > 0, x < 1)


def norms(tf: ModuleType) -> None:
    """Clipping by norms of all kinds."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    k = tf.placeholder(tf.float32, [2, 3], name="k")
    tf.clip_by_norm(x, 2.0)
    tf.clip_by_norm(k, 2.0, axes=[1], name="rows")
    tf.clip_by_norm(k, tf.constant(3.0))
    tf.clip_by_average_norm(k, 1.0)
    tf.clip_by_average_norm(x, 1.0)
    tf.global_norm([x, None, k])
    tf.clip_by_global_norm([x, None, k], 5.0)
    tf.clip_by_global_norm([k], 5.0, use_norm=tf.constant(2.0), name="known")
    slices = tf.gradients(tf.gather(k, [0, 1, 0]), k)[0]
    tf.clip_by_norm(slices, 1.0)
    tf.clip_by_value(slices, 0.0, 1.0)
    tf.clip_by_global_norm([slices, x], 1.0)
    tf.scalar_mul(2.0, slices)
    tf.gradients(tf.clip_by_norm(x, 2.0), x)


def segments(tf: ModuleType) -> None:
    """Segment reductions with gradients."""
    data = tf.placeholder(tf.float32, [None, 3], name="data")
    ids = tf.placeholder(tf.int32, [None], name="ids")
    for name in "sum mean prod max min".split():
        reduce = getattr(tf, f"segment_{name}")
        tf.gradients(reduce(data, ids), data)
        tf.gradients(reduce(data, [0, 0, 1]), data)
    for name in "sum mean prod max min sqrt_n".split():
        reduce = getattr(tf, f"unsorted_segment_{name}")
        tf.gradients(reduce(data, ids, 4), data)
        tf.gradients(reduce(data, [0, 0, 1], tf.constant(2)), data)
    k = tf.placeholder(tf.float32, [5, 2], name="k")
    for name in "sum mean sqrt_n".split():
        reduce = getattr(tf, f"sparse_segment_{name}")
        tf.gradients(reduce(k, [0, 1, 1], [0, 0, 1]), k)
        tf.gradients(reduce(data, ids, ids, num_segments=7), data)
        tf.gradients(reduce(k, ids, ids, sparse_gradient=True), k)


def casts_and_ranges(tf: ModuleType) -> None:
    """Casts with gradients, saturation, ranges and evenly spaced numbers."""
    x = tf.placeholder(tf.float32, [None], name="x")
    n = tf.placeholder(tf.int64, [], name="n")
    tf.gradients(tf.cast(x, tf.float64), x)
    tf.gradients(tf.cast(tf.cast(x, tf.int32), tf.float32) + x, x)
    for dtype in (tf.uint8, tf.int8, tf.int32, tf.int64, tf.float16, tf.bfloat16):
        tf.saturate_cast(x, dtype)
    tf.saturate_cast(tf.cast(x, tf.int32), tf.uint8)
    tf.saturate_cast(n, tf.int32, name="narrow")
    tf.range(n)
    tf.range(0, n, 2)
    tf.range(1.0, 2.0, 0.25, dtype=tf.float64)
    tf.range(tf.constant(3), name="three")
    tf.linspace(0.0, 1.0, n)
    tf.linspace([0.0, 1.0], [1.0, 2.0], 3, axis=1)
    tf.lin_space(tf.constant(0.0, tf.float64), 1.0, num=5, name="wide")
    tf.bincount(tf.range(n), minlength=3, maxlength=8)
    tf.bincount([1, 2], weights=[0.5, 0.25])
    tf.math.polyval([1.0, 2.0, x], x)
    tf.math.polyval([], x)
    tf.lbeta([1.0, 2.0])
    tf.betainc(x, x, x)
    tf.gradients(tf.betainc(1.0, 2.0, 0.5 * x), x)


def linear_algebra(tf: ModuleType) -> None:
    """Decompositions, inverses, solutions and norms, with gradients."""
    a = tf.placeholder(tf.float32, [3, 3], name="a")
    c = tf.placeholder(tf.float64, [None, 3, 3], name="c")
    b = tf.placeholder(tf.float32, [3, 2], name="b")
    for x in (a, c):
        _twice(tf, tf.matrix_inverse(x), x)
        _twice(tf, tf.matrix_determinant(x), x)
        tf.gradients(tf.linalg.inv(x, adjoint=True), x)
        tf.gradients(tf.linalg.slogdet(x)[1], x)
        tf.gradients(tf.cholesky(x), x)
        tf.gradients(tf.linalg.logdet(x), x)
        tf.gradients(tf.self_adjoint_eig(x), x)
        tf.gradients(tf.self_adjoint_eigvals(x), x)
        for adjoint in (False, True):
            tf.gradients(tf.matrix_solve(x, x, adjoint=adjoint), x)
            solved = tf.matrix_triangular_solve(x, x, lower=adjoint, adjoint=adjoint)
            tf.gradients(solved, x)
    tf.gradients(tf.cholesky_solve(a, b), [a, b])
    tf.gradients(tf.svd(a, compute_uv=False), a)
    for x in (a, b, tf.transpose(b)):
        tf.gradients(tf.svd(x), x)
        tf.gradients(tf.svd(x, full_matrices=True), x)
    tf.linalg.lu(a)
    tf.qr(a, full_matrices=True)
    for order in ("euclidean", 1, 2, 3, float("inf")):
        tf.norm(c, ord=order)
        tf.norm(c, ord=order, axis=1, keepdims=True)
    for order in ("fro", 1, float("inf")):
        tf.norm(c, ord=order, axis=[-2, -1], name="matrix")
    tf.gradients(tf.norm(a), a)


def sorting_and_counting(tf: ModuleType) -> None:
    """Order along any axis; histograms and confusion matrices."""
    x = tf.placeholder(tf.float32, [2, None, 3], name="x")
    unknown = tf.placeholder(tf.int32, name="unknown")
    u = tf.placeholder(tf.uint8, [4], name="u")
    for values in (x, unknown, u):
        tf.sort(values)
        tf.argsort(values, direction="DESCENDING")
    tf.sort(x, axis=0)
    tf.argsort(x, axis=-2, direction="DESCENDING", name="middle")
    tf.sort(unknown, axis=-2)
    tf.gradients(tf.sort(x, axis=1), x)
    tf.histogram_fixed_width(x, [0.0, 1.0], 10)
    tf.histogram_fixed_width_bins(x, [0.0, 1.0], 10)
    n = tf.placeholder(tf.int32, [None], name="n")
    tf.confusion_matrix(n, n)
    tf.confusion_matrix(n, [[1], [2]], num_classes=3, dtype=tf.float32)
    tf.confusion_matrix([1, 2], [2, 2], weights=[0.5, 1.0], name="weighted")
    tf.confusion_matrix(unknown, n)


def functions_of_sparse_values(tf: ModuleType) -> None:
    """Functions that map the values of sparse tensors."""
    x = tf.sparse_placeholder(tf.float32, [2, 3])
    math = tf.math
    for function in (tf.abs, tf.negative, tf.sign, tf.square, tf.sqrt, tf.tanh):
        function(function(x).values)
        function(x, name="named")
    for function in (math.asinh, math.sin, math.tan, math.atan, math.asin, math.atanh):
        function(x)
    for function in (math.erf, math.bessel_i0e, math.bessel_i1e):
        function(x)


def shape_constraints(tf: ModuleType) -> None:
    """Relations between shapes, some known when the graph is built."""
    x = tf.placeholder(tf.float32, [None, 3])
    y = tf.placeholder(tf.float32, [None, 4])
    unknown = tf.placeholder(tf.float32)
    check = tf.debugging.assert_shapes
    check([(x, ("N", "Q")), (y, ("N", "D")), (tf.zeros([3]), ("Q",))])
    check({x: ("N", 3)}, message="two of them", name="known")
    check([(unknown, ("*", "B", 3)), (x, (..., "B")), (unknown, ("N",))])
    check([(tf.zeros([]), ()), (x, (None, "."))], data=["printed"], summarize=2)


def recomputed_gradients(tf: ModuleType) -> None:
    """Gradients of the identity in place of those of a function."""
    x = tf.placeholder(tf.float32, [None])
    passed = tf.grad_pass_through(tf.round)(x)
    tf.gradients(passed, x)
    tf.timestamp()
    tf.timestamp(name="now")
    tf.user_ops.my_fact()
    tf.math.sobol_sample(3, 10, skip=2, dtype=tf.float64)


PROGRAMS = (
    shape_constraints,
    recomputed_gradients,
    functions_of_sparse_values,
    unary_gradients,
    special_gradients,
    step_functions,
    complex_functions,
    binary_gradients,
    binary_second_gradients,
    binary_types,
    sums,
    reduction_gradients,
    reduction_second_gradients,
    index_of_extremes,
    cumulative,
    matrix_products,
    contractions,
    chosen,
    norms,
    segments,
    linear_algebra,
    sorting_and_counting,
    casts_and_ranges,
)
