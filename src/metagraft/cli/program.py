"""The program `metagraft`: finds the command, runs it, reports errors.

A command's module is loaded only if it is the one asked for.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Final

import metagraft
from metagraft.cli.command import FAILED, Command
from metagraft.errors import OpError

COMMANDS: Final = MappingProxyType(
    {
        "check": "say whether the graphs of a model can run here",
    }
)
"""What each command does, in a line; it is in the module of its name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code.

    Args:
        arguments: What follows the name of the program; None for this process's own.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser, subparsers = _parser()
    name = next((text for text in given if not text.startswith("-")), "")
    command = _load(name) if name in COMMANDS else None
    for other, line in COMMANDS.items():
        found = command if other == name else None
        subparser = subparsers.add_parser(
            other,
            help=line,
            description=None if found is None else found.description,
        )
        if found is not None:
            found.add_arguments(subparser)
    parsed = parser.parse_args(given)
    if command is None:
        parser.print_help()
        return FAILED
    return _run(command, parsed)


def _parser() -> tuple[
    argparse.ArgumentParser, argparse._SubParsersAction[argparse.ArgumentParser]
]:
    parser = argparse.ArgumentParser(
        prog="metagraft", description="TensorFlow MetaGraphs without TensorFlow."
    )
    parser.add_argument(
        "--version", action="version", version=f"metagraft {metagraft.__version__}"
    )
    return parser, parser.add_subparsers(title="commands", metavar="COMMAND")


def _load(name: str) -> Command:
    command: Command = import_module(f"metagraft.cli.{name}").COMMAND
    return command


def _run(command: Command, parsed: argparse.Namespace) -> int:
    try:
        code = command.run(parsed)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads the output has seen enough; Python shall not write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (OpError, OSError, ValueError) as error:
        message = error.message if isinstance(error, OpError) else str(error)
        sys.stderr.write(f"metagraft: {message}\n")
        return FAILED
    return code
