"""Programs about linear operators."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

METHODS = (
    "determinant",
    "log_abs_determinant",
    "to_dense",
    "diag_part",
    "trace",
    "eigvals",
    "cond",
    "assert_non_singular",
    "assert_positive_definite",
    "assert_self_adjoint",
    "shape_tensor",
    "batch_shape_tensor",
    "tensor_rank_tensor",
    "domain_dimension_tensor",
    "range_dimension_tensor",
)


def use(operator: Any, x: Any, vector: Any, without: tuple[str, ...] = ()) -> None:
    """Call what an operator has."""
    for adjoint in (False, True):
        operator.matmul(x, adjoint=adjoint)
        operator.matvec(vector, adjoint=adjoint)
        if operator.is_non_singular is not False and operator.is_square is not False:
            operator.solve(x, adjoint=adjoint)
            operator.solvevec(vector, adjoint=adjoint)
    for name in METHODS:
        if name not in without:
            with suppress(NotImplementedError, ValueError, no_inverse()):
                getattr(operator, name)()
    for name in ("adjoint", "inverse", "cholesky"):
        with suppress(ValueError):
            getattr(operator, name)().to_dense()


def no_inverse() -> type[Exception]:
    """What a zero operator raises when its inverse is asserted."""
    try:
        from tensorflow.errors import InvalidArgumentError
    except ImportError:
        from metagraft.errors import InvalidArgumentError
    return InvalidArgumentError


def diagonal_operators(tf: ModuleType) -> None:
    """Diagonal operators, real, complex, of unknown shape and of a variable."""
    x, vector = tf.placeholder(tf.float32, [3, 2]), tf.placeholder(tf.float32, [3])
    use(tf.linalg.LinearOperatorDiag([1.0, 2.0, 3.0]), x, vector)
    batch = tf.linalg.LinearOperatorDiag(
        tf.placeholder(tf.float32, [2, 3]), is_positive_definite=True, name="batch"
    )
    use(batch, x, vector)
    batch.matmul(tf.placeholder(tf.float32, [2, 3]), adjoint_arg=True)
    batch.solve(tf.placeholder(tf.float32, [2, 3]), adjoint_arg=True)
    batch.add_to_tensor(tf.zeros([2, 3, 3]))
    unknown = tf.linalg.LinearOperatorDiag(tf.placeholder(tf.complex64))
    pair = tf.placeholder(tf.complex64, [None, None]), tf.placeholder(tf.complex64)
    use(unknown, *pair)
    variable = tf.get_variable("diag", [3], initializer=tf.ones_initializer())
    of_variable = tf.linalg.LinearOperatorDiag(variable)
    use(of_variable, x, vector)
    tf.gradients(of_variable.matmul(x), variable)


def dense_operators(tf: ModuleType) -> None:
    """Full and triangular matrices."""
    x, vector = tf.placeholder(tf.float32, [3, 2]), tf.placeholder(tf.float32, [3])
    square = tf.placeholder(tf.float32, [3, 3])
    use(tf.linalg.LinearOperatorFullMatrix(square), x, vector)
    use(
        tf.linalg.LinearOperatorFullMatrix(
            tf.placeholder(tf.float32, [2, 3, 3]),
            is_self_adjoint=True,
            is_positive_definite=True,
            name="positive",
        ),
        x,
        vector,
    )
    tall = tf.linalg.LinearOperatorFullMatrix(tf.placeholder(tf.float32, [None, 4, 3]))
    tall.matmul(x)
    tall.to_dense()
    tall.cond()
    tall.H.matmul(tf.zeros([4, 1]))
    lower = tf.linalg.LinearOperatorLowerTriangular(square, name="lower")
    use(lower, x, vector)
    unknown = tf.linalg.LinearOperatorLowerTriangular(
        tf.placeholder(tf.complex64), is_non_singular=True
    )
    use(
        unknown, tf.placeholder(tf.complex64, [None, None]), tf.zeros([3], tf.complex64)
    )
    many = tf.linalg.LinearOperatorFullMatrix(square, name="many")
    many.solve(tf.placeholder(tf.float32, [4, 5, 3, 1]))
    many.solve(tf.placeholder(tf.float32, [4, None, 3, 2]), adjoint=True)


def identity_operators(tf: ModuleType) -> None:
    """Identities, their multiples, zeros."""
    x, vector = tf.placeholder(tf.float32, [3, 2]), tf.placeholder(tf.float32, [3])
    identity = tf.linalg.LinearOperatorIdentity
    scaled, zeros = (
        tf.linalg.LinearOperatorScaledIdentity,
        tf.linalg.LinearOperatorZeros,
    )
    rows = tf.placeholder(tf.int32, [])
    use(identity(3), x, vector)
    use(identity(3, batch_shape=[2], assert_proper_shapes=True), x, vector)
    use(identity(rows, batch_shape=tf.placeholder(tf.int32, [None])), x, vector)
    identity(3, [2]).add_to_tensor(tf.zeros([2, 3, 3]))
    use(scaled(3, 2.0), x, vector)
    multiplier = tf.placeholder(tf.float32, [2])
    use(scaled(3, multiplier, is_positive_definite=True, name="twice"), x, vector)
    many = scaled(rows, tf.placeholder(tf.float32, [None]), assert_proper_shapes=True)
    use(many, x, vector)
    imaginary = scaled(2, tf.placeholder(tf.complex64, [], name="i"))
    use(imaginary, tf.zeros([2, 1], tf.complex64), tf.zeros([2], tf.complex64))
    scaled(3, 2.0).add_to_tensor(tf.zeros([3, 3]))
    use(zeros(3), x, vector)
    use(zeros(3, batch_shape=[2], assert_proper_shapes=True), x, vector)
    wide = zeros(2, 3, is_square=False, is_self_adjoint=False, name="wide")
    wide.matmul(x)
    wide.matmul(tf.zeros([4, 3]), adjoint_arg=True)
    zeros(rows, rows, batch_shape=[2]).trace()


def products_of_operators(tf: ModuleType) -> None:
    """What pairs of operators make."""
    x, vector = tf.placeholder(tf.float32, [3, 2]), tf.placeholder(tf.float32, [3])
    linalg = tf.linalg
    full = tf.placeholder(tf.float32, [3, 3])
    kinds: list[Callable[[], Any]] = [
        lambda: linalg.LinearOperatorDiag([1.0, 2.0, 3.0]),
        lambda: linalg.LinearOperatorFullMatrix(full),
        lambda: linalg.LinearOperatorLowerTriangular(full, is_non_singular=True),
        lambda: linalg.LinearOperatorIdentity(3),
        lambda: linalg.LinearOperatorScaledIdentity(3, 2.0),
    ]
    operators = [make() for make in kinds]
    for left in operators:
        for right in operators:
            left.matmul(right).matmul(x)
            left.solve(right).to_dense()
        left.matmul(linalg.LinearOperatorZeros(3)).to_dense()
        (left @ right).shape_tensor()
    product = linalg.LinearOperatorComposition(operators, is_non_singular=True)
    use(product, x, vector)
    lower = operators[2]
    squared = linalg.LinearOperatorComposition([lower, lower.H])
    use(squared, x, vector)
    inverse = linalg.LinearOperatorInversion(operators[1])
    use(inverse, x, vector)
    inverse.solve(operators[0]).to_dense()
    adjoint = linalg.LinearOperatorAdjoint(operators[1], name="turned")
    use(adjoint, x, vector)
    sizes = tf.placeholder(tf.float32, [None, 3, 3])
    many = linalg.LinearOperatorFullMatrix(sizes) @ operators[1]
    many.to_dense()
    many.shape_tensor()


def low_rank_updates(tf: ModuleType) -> None:
    """Operators plus products of low rank."""
    x, vector = tf.placeholder(tf.float32, [3, 2]), tf.placeholder(tf.float32, [3])
    update = tf.linalg.LinearOperatorLowRankUpdate
    base = tf.linalg.LinearOperatorDiag([1.0, 2.0, 3.0], is_positive_definite=True)
    u, v = tf.placeholder(tf.float32, [3, 2]), tf.placeholder(tf.float32, [4, 3, 2])
    use(update(base, u), x, vector)
    without = ("assert_self_adjoint",)  # TensorFlow calls itself without end
    positive = update(base, u, [1.0, 2.0], is_diag_update_positive=True)
    use(positive, x, vector, without)
    four = update(base, u, tf.placeholder(tf.float32, [4, 2]), v, name="four")
    use(four, x, vector, without)
    full = tf.linalg.LinearOperatorFullMatrix(tf.placeholder(tf.float32, [None, 3, 3]))
    use(update(full, tf.placeholder(tf.float32, [None, 3, None])), x, vector)


def functions_of_operators(tf: ModuleType) -> None:
    """Functions of matrices that take operators."""
    linalg = tf.linalg
    square = tf.placeholder(tf.float32, [3, 3])
    positive = linalg.LinearOperatorFullMatrix(
        square, is_self_adjoint=True, is_positive_definite=True
    )
    full, x = linalg.LinearOperatorFullMatrix(square), tf.zeros([3, 3])
    linalg.adjoint(full).to_dense()
    linalg.cholesky(positive).to_dense()
    linalg.diag_part(full)
    linalg.det(full)
    linalg.inv(full, adjoint=True).to_dense()
    linalg.logdet(positive, name="log")
    tf.matmul(full, x)
    linalg.matmul(x, full, adjoint_b=True)
    linalg.matmul(full, positive, name="both").to_dense()
    linalg.solve(full, x)
    linalg.trace(full, name="sum")
    tf.matmul(x, x)
    tf.cholesky(x)


def parts_of_operators(tf: ModuleType) -> None:
    """Parts of the batch, and operators in branches."""
    linalg = tf.linalg
    batch = linalg.LinearOperatorFullMatrix(tf.placeholder(tf.float32, [4, 2, 3, 3]))
    batch[1].to_dense()
    batch[..., 0].to_dense()
    batch[1:3, tf.newaxis].to_dense()
    other = linalg.LinearOperatorDiag(tf.placeholder(tf.float32, [2, 3]))
    (other @ batch)[2].to_dense()
    linalg.LinearOperatorIdentity(3, batch_shape=[4, 2])[1].to_dense()
    linalg.LinearOperatorScaledIdentity(3, tf.placeholder(tf.float32, [4, 2]))[
        :, 1
    ].to_dense()


def block_operators(tf: ModuleType) -> None:
    """Operators on the diagonal, and on and below it."""
    linalg = tf.linalg
    x, vector = tf.placeholder(tf.float32, [5, 2]), tf.placeholder(tf.float32, [5])
    small = linalg.LinearOperatorDiag([1.0, 2.0], is_positive_definite=True)
    full = linalg.LinearOperatorFullMatrix(tf.placeholder(tf.float32, [4, 3, 3]))
    blocks = linalg.LinearOperatorBlockDiag([small, full])
    use(blocks, x, vector)
    parts, vectors = (
        [tf.zeros([2, 1]), tf.zeros([3, 1])],
        [tf.zeros([2]), tf.zeros([3])],
    )
    for adjoint in (False, True):
        blocks.matmul(list(parts), adjoint=adjoint)
        blocks.solve(list(parts), adjoint=adjoint)
        blocks.matvec(list(vectors), adjoint=adjoint)
        blocks.solvevec(list(vectors), adjoint=adjoint)
    blocks.matmul(tf.zeros([2, 5]), adjoint_arg=True)
    blocks.matmul(blocks).to_dense()
    blocks.solve(blocks, name="solved").to_dense()
    unknown = linalg.LinearOperatorBlockDiag(
        [small, linalg.LinearOperatorFullMatrix(tf.placeholder(tf.float32))]
    )
    unknown.matmul(x)
    unknown.shape_tensor()
    wide = linalg.LinearOperatorFullMatrix(tf.placeholder(tf.float32, [3, 2]))
    lower = linalg.LinearOperatorBlockLowerTriangular([[small], [wide, full]])
    use(lower, x, vector)
    for adjoint in (False, True):
        lower.matmul(list(parts), adjoint=adjoint)
        lower.solve(list(parts), adjoint=adjoint)
        lower.matvec(list(vectors), adjoint=adjoint)
        lower.solvevec(list(vectors), adjoint=adjoint)
    deeper = linalg.LinearOperatorBlockLowerTriangular(
        [
            [small],
            [linalg.LinearOperatorScaledIdentity(2, 3.0), small],
            [linalg.LinearOperatorIdentity(2), small, small],
        ],
        name="deeper",
    )
    deeper.inverse().to_dense()
    deeper[...].matmul(tf.zeros([6, 1]))


def kronecker_operators(tf: ModuleType) -> None:
    """Kronecker products."""
    linalg = tf.linalg
    x, vector = tf.placeholder(tf.float32, [6, 2]), tf.placeholder(tf.float32, [6])
    small = linalg.LinearOperatorDiag([1.0, 2.0], is_positive_definite=True)
    full = linalg.LinearOperatorFullMatrix(
        tf.placeholder(tf.float32, [4, 3, 3]),
        is_self_adjoint=True,
        is_positive_definite=True,
    )
    use(linalg.LinearOperatorKronecker([small, full]), x, vector)
    number = linalg.LinearOperatorFullMatrix(tf.placeholder(tf.complex64, [2, 2]))
    product = linalg.LinearOperatorKronecker([number, number, number], name="three")
    number, without = tf.zeros([8], tf.complex64), ("cond", "assert_non_singular")
    use(product, tf.zeros([8, 1], tf.complex64), number, without)
    product.matmul(tf.zeros([3, 8], tf.complex64), adjoint_arg=True)


def circulant_operators(tf: ModuleType) -> None:
    """Circulant and Toeplitz matrices."""
    linalg = tf.linalg
    number = tf.placeholder(tf.complex64, [4])
    x, vector = tf.zeros([4, 2], tf.complex64), tf.zeros([4], tf.complex64)
    one = linalg.LinearOperatorCirculant(number)
    use(one, x, vector)
    one.convolution_kernel()
    one.matmul(one).to_dense()
    one.solve(one).to_dense()
    real = linalg.LinearOperatorCirculant(
        tf.placeholder(tf.float32, [3, 4]), input_output_dtype=tf.float32, name="real"
    )
    use(real, tf.zeros([4, 2]), tf.zeros([4]))
    two = linalg.LinearOperatorCirculant2D(tf.placeholder(tf.complex64, [2, 2]))
    use(two, x, vector)
    two.block_shape_tensor()
    unknown = linalg.LinearOperatorCirculant2D(
        tf.placeholder(tf.complex64, [None, 2, 2, None]), name="unknown"
    )
    use(unknown, x, vector)
    three = linalg.LinearOperatorCirculant3D(tf.placeholder(tf.complex64, [3, 2, 2, 1]))
    use(three, x, vector)
    three[1].to_dense()
    row, col = (tf.placeholder(tf.float32, [3, 4]) for _ in range(2))
    toeplitz = linalg.LinearOperatorToeplitz(col, row)
    use(toeplitz, tf.zeros([4, 2]), tf.zeros([4]))
    toeplitz[0].to_dense()


def special_operators(tf: ModuleType) -> None:
    """Reflections, permutations, few diagonals."""
    linalg = tf.linalg
    x, vector = tf.placeholder(tf.float32, [4, 2]), tf.placeholder(tf.float32, [4])
    use(linalg.LinearOperatorHouseholder(vector), x, vector)
    axes = tf.placeholder(tf.float32, [None, None])
    use(linalg.LinearOperatorHouseholder(axes, name="axes"), x, vector)
    use(linalg.LinearOperatorPermutation([1, 2, 0, 3]), x, vector)
    order = tf.placeholder(tf.int32, [3, 4])
    use(linalg.LinearOperatorPermutation(order, name="order"), x, vector)
    tridiag = linalg.LinearOperatorTridiag
    compact = tridiag(tf.placeholder(tf.float32, [5, 3, 4]))
    use(compact, tf.zeros([5, 4, 2]), tf.zeros([5, 4]))
    compact.solve(tf.zeros([2, 4]), adjoint_arg=True)
    compact[1].to_dense()
    sequence = [tf.placeholder(tf.float32, [4]) for _ in range(3)]
    use(tridiag(sequence, diagonals_format="sequence", name="three"), x, vector)
    matrix = tf.placeholder(tf.float32, [4, 4])
    use(tridiag(matrix, diagonals_format="matrix", name="whole"), x, vector)


def conjugate_gradients(tf: ModuleType) -> None:
    """Systems solved step by step."""
    solve = tf.linalg.experimental.conjugate_gradient
    rhs = tf.placeholder(tf.float32, [2, 3])
    known = {"is_self_adjoint": True, "is_positive_definite": True}
    full = tf.linalg.LinearOperatorFullMatrix(
        tf.placeholder(tf.float32, [2, 3, 3]), **known
    )
    solve(full, rhs)
    near = tf.linalg.LinearOperatorDiag([1.0, 2.0, 3.0], is_positive_definite=True)
    solve(full, rhs, preconditioner=near, x=tf.zeros([2, 3]), max_iter=5, name="near")
    tf.linalg.matvec(full, rhs)
    tf.linalg.matvec(tf.zeros([3, 3]), tf.zeros([3]))


PROGRAMS = (
    diagonal_operators,
    dense_operators,
    identity_operators,
    products_of_operators,
    low_rank_updates,
    functions_of_operators,
    parts_of_operators,
    block_operators,
    kronecker_operators,
    circulant_operators,
    special_operators,
    conjugate_gradients,
)
