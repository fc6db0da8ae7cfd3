"""`tf.test.TestCase`: a unit test with a graph and sessions of its own.

Source: tensorflow python/framework/test_util.py TensorFlowTestCase.
"""

from __future__ import annotations

import os
import random
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from metagraft.api.testing_assertions import ArrayAssertions
from metagraft.api.testing_environment import get_temp_dir
from metagraft.graph.defaults import get_default_session, reset_default_graph
from metagraft.graph.graph import Graph
from metagraft.graph.random_seed import DEFAULT_GRAPH_SEED, set_random_seed
from metagraft.runtime.session import Session

__all__ = ["CapturedWrites", "CheckedThread", "TestCase"]


class CheckedThread:
    """A thread whose failure is the failure of the test that waits for it."""

    def __init__(
        self,
        case: TestCase,
        target: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        """Prepare a thread that calls `target(*args, **kwargs)`."""
        self._case = case
        self._error: BaseException | None = None
        self._is_joined = False

        def run() -> None:
            try:
                target(*args, **(kwargs or {}))
            except BaseException as error:  # noqa: BLE001 - told by join
                self._error = error

        self._thread = threading.Thread(target=run)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread; fail the test if it raised."""
        self._is_joined = True
        self._thread.join()
        if self._error is not None:
            self._case.fail(f"Error in checkedThread: {self._error}")

    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def check_termination(self) -> None:
        """Fail the test if nobody waited for the thread."""
        if not self._is_joined:
            self._case.fail("A checked thread was not joined.")


class CapturedWrites:
    """What was written to a stream."""

    def __init__(self, path: str) -> None:
        """Take the path of the file that it went to."""
        self._path = path

    def contents(self) -> str:
        """Return all of it."""
        return Path(self._path).read_text("utf-8")


class TestCase(ArrayAssertions):
    """A test with an empty default graph, fixed seeds and sessions."""

    def __init__(self, methodName: str = "runTest") -> None:  # noqa: N803 - unittest's
        """Prepare the test `methodName`; a `setUp` of its own need not call ours."""
        super().__init__(methodName)
        self._threads: list[CheckedThread] = []
        self._temp_dir: str | None = None
        self._cached: tuple[Session, Any, Any] | None = None

    def setUp(self) -> None:
        """Give the test an empty graph and the same random numbers every time."""
        super().setUp()
        random.seed(DEFAULT_GRAPH_SEED)
        np.random.seed(DEFAULT_GRAPH_SEED)  # noqa: NPY002 - the tests of users draw it
        reset_default_graph()
        set_random_seed(DEFAULT_GRAPH_SEED)
        if self.id().endswith(".test_session"):
            self.skipTest("Not a test.")

    def tearDown(self) -> None:
        """Close the session of the test and check its threads."""
        for thread in self._threads:
            thread.check_termination()
        if self._cached is not None:
            self._cached[0].close()
            self._cached = None
        super().tearDown()

    def get_temp_dir(self) -> str:
        """Return the folder of this test, made on first use."""
        if self._temp_dir is None:
            self._temp_dir = tempfile.mkdtemp(dir=get_temp_dir())
        return self._temp_dir

    @contextmanager
    def captureWritesToStream(  # noqa: N802 - TensorFlow's name
        self, stream: Any
    ) -> Iterator[CapturedWrites]:
        """Let what is written to a stream with a file descriptor go to a file.

        Args:
            stream: `sys.stdout`, for example.
        """
        stream.flush()
        descriptor = stream.fileno()
        handle, path = tempfile.mkstemp(dir=self.get_temp_dir())
        original = os.dup(descriptor)
        os.dup2(handle, descriptor)
        try:
            yield CapturedWrites(path)
        finally:
            stream.flush()
            os.close(handle)
            os.dup2(original, descriptor)
            os.close(original)

    # -- sessions --------------------------------------------------------------------

    @contextmanager
    def session(
        self,
        graph: Graph | None = None,
        config: Any = None,
        use_gpu: bool = True,
        force_gpu: bool = False,
    ) -> Iterator[Session]:
        """Open a session that is closed at the end of the block.

        Args:
            graph: The graph; by default the default graph.
            config: A `ConfigProto`.
            use_gpu: Whether nodes may be put where JAX computes; else they ask for
                `/device:CPU:0`.
            force_gpu: Whether nodes ask for `/device:GPU:0`.
        """
        with (
            Session(graph=graph, config=config) as sess,
            _device_scope(sess.graph, use_gpu, force_gpu),
        ):
            yield sess

    @contextmanager
    def cached_session(
        self,
        graph: Graph | None = None,
        config: Any = None,
        use_gpu: bool = True,
        force_gpu: bool = False,
    ) -> Iterator[Session]:
        """Open the session that lives as long as the test; arguments as `session`.

        Raises:
            ValueError: It was opened before with another graph or configuration.
        """
        sess = self._cached_session(graph, config, is_checked=True)
        with _opened(sess, use_gpu, force_gpu):
            yield sess

    @contextmanager
    def test_session(
        self,
        graph: Graph | None = None,
        config: Any = None,
        use_gpu: bool = True,
        force_gpu: bool = False,
    ) -> Iterator[Session]:
        """Open a session: the cached one unless a graph is given."""
        if graph is not None:
            with self.session(graph, config, use_gpu, force_gpu) as sess:
                yield sess
            return
        sess = self._cached_session(graph, config, is_checked=False)
        with _opened(sess, use_gpu, force_gpu):
            yield sess

    def _cached_session(self, graph: Any, config: Any, *, is_checked: bool) -> Session:
        if self._cached is None:
            self._cached = Session(graph=graph, config=config), graph, config
        sess, known_graph, known_config = self._cached
        if is_checked and graph is not known_graph:
            raise ValueError(
                "The graph used to get the cached session is different than the one "
                "that was used to create the session. Maybe create a new session with "
                "self.session()"
            )
        if is_checked and config is not known_config:
            raise ValueError(
                "The config used to get the cached session is different than the one "
                "that was used to create the session. Maybe create a new session with "
                "self.session()"
            )
        return sess

    def evaluate(self, tensors: Any) -> Any:
        """Return the values of tensors in their structure, in the open session."""
        sess = get_default_session()
        if sess is not None:
            return sess.run(tensors)
        with self.test_session() as cached:
            return cached.run(tensors)

    def checkedThread(  # noqa: N802 - TensorFlow's name
        self,
        target: Callable[..., Any],
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> CheckedThread:
        """Return a thread that the test must start and join."""
        thread = CheckedThread(self, target, args or (), kwargs)
        self._threads.append(thread)
        return thread


@contextmanager
def _opened(sess: Session, use_gpu: bool, force_gpu: bool) -> Iterator[None]:
    with (
        sess.graph.as_default(),
        sess.as_default(),
        _device_scope(sess.graph, use_gpu, force_gpu),
    ):
        yield


def _device_scope(graph: Graph, use_gpu: bool, force_gpu: bool) -> Any:
    if force_gpu:
        return graph.device("/device:GPU:0")
    return nullcontext() if use_gpu else graph.device("/device:CPU:0")
