"""The command `metagraft check`: its output, and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import metagraft
from metagraft.cli.program import COMMANDS, main
from metagraft.proto import GraphDef


@pytest.fixture
def ready(tmp_path: Path) -> str:
    """Return a graph that can run."""
    return _written(tmp_path / "ready.pb", "NoOp")


@pytest.fixture
def unready(tmp_path: Path) -> str:
    """Return a graph that cannot."""
    return _written(tmp_path / "unready.pb", "Zebra")


def _written(path: Path, op: str) -> str:
    graph_def = GraphDef()
    graph_def.node.add(name="a", op=op)
    graph_def.node.add(name="b", op="ReadFile", input=["a"])
    path.write_bytes(graph_def.SerializeToString())
    return str(path)


def test_exit_codes(
    ready: str, unready: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """0: it can run. 1: it cannot. 2: it cannot be read, or the arguments are wrong."""
    assert main(["check", ready]) == 0
    assert capsys.readouterr().out == f"{metagraft.check(ready)}\n"
    assert main(["check", unready]) == 1
    assert "Zebra: 1 node: 'a'" in capsys.readouterr().out
    assert main(["check", f"{ready}.gone"]) == 2
    assert "There is no file" in capsys.readouterr().err
    assert main(["check", unready, "--feed", "a:0"]) == 2
    assert "--feed goes with --output" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["check"])
    assert main([]) == 2


def test_outputs_and_feeds(unready: str) -> None:
    """`--output` and `--feed` may be repeated."""
    assert main(["check", "--output", "b", "--output=a", unready]) == 1
    assert main(["check", "--output", "b", "--feed", "a", unready]) == 0


def test_json(unready: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` writes the whole report."""
    assert main(["check", "--json", unready]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(json.dumps(metagraft.check(unready).as_dict()))
    assert found["ready"] is False
    assert found["graphs"][0]["missing"][0]["needed_by"] == ["b"]


def test_terminal(
    unready: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who looks at it gets tables."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(["check", unready]) == 1
    shown = capsys.readouterr().out
    assert "Zebra │ 1 node: 'a' │ 'b'" in " ".join(shown.split())
    assert "reads files" in shown


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The program lists its commands, and a command its exit codes."""
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)
    with pytest.raises(SystemExit, match="0"):
        main(["check", "--help"])
    assert "Exit code" in capsys.readouterr().out


def test_process(unready: str) -> None:
    """`python -m metagraft` is the command; nothing heavy is loaded for a file."""
    program = (
        "import sys\nfrom metagraft.cli.program import main\n"
        f"code = main(['check', {unready!r}])\n"
        "loaded = {m.split('.')[0] for m in sys.modules}\n"
        "assert loaded.isdisjoint({'jax', 'numpy', 'rich'}), loaded\nsys.exit(code)"
    )
    for arguments in (["-c", program], ["-m", "metagraft", "check", unready]):
        found = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, check=False
        )
        assert found.returncode == 1, found.stderr
        assert "Zebra" in found.stdout
