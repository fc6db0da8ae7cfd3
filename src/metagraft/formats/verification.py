"""Checking checkpoints, and saving what is left of damaged ones."""

from __future__ import annotations

import os

from metagraft.errors import (
    AlreadyExistsError,
    DataLossError,
    NotFoundError,
)
from metagraft.formats import files
from metagraft.formats.bundle import verification as bundle_verification
from metagraft.formats.bundle.format import index_path
from metagraft.formats.bundle.recovery import temporary_files
from metagraft.formats.bundle.salvage import write_intact as write_bundle
from metagraft.formats.checkpoint_paths import checkpoint_prefix
from metagraft.formats.checkpoint_report import CheckpointReport, SalvageReport
from metagraft.formats.folders import files_of
from metagraft.formats.slices import verification as slices_verification
from metagraft.formats.slices.salvage import write_intact as write_slices

_Survey = bundle_verification.Survey | slices_verification.Survey


def verify(checkpoint: files.PathLike) -> CheckpointReport:
    """Check every checksum and shape of a checkpoint.

    All bytes are read, in pieces: memory does not depend on the size of tensors, but
    for compressed blocks of version 1.

    Args:
        checkpoint: A prefix, such as `model-10`; one of its files; or a folder, which
            stands for its newest checkpoint or for the variables of a SavedModel.

    Returns:
        What is wrong, if anything, and which tensors can be salvaged; `print` it.

    Raises:
        NotFoundError: There is no file of a checkpoint.
        InvalidArgumentError: Only newer programs can read it.
    """
    prefix, survey = _survey(checkpoint)
    return _report(prefix, survey)


def salvage(checkpoint: files.PathLike, destination: files.PathLike) -> SalvageReport:
    """Write a new checkpoint, of format V2, of all that verifies in an old one.

    The old one is not changed. Of partitioned tensors the slices that verify are kept;
    such a tensor cannot be read as a whole, its slices can.

    Args:
        checkpoint: The old one, as for `verify`.
        destination: The prefix of the new one, or the folder that it shall be in, under
            the name of the old one. Folders that are missing are made.

    Returns:
        What was kept and what is lost; `print` it.

    Raises:
        AlreadyExistsError: There are files of this name; nothing is overwritten.
        DataLossError: Nothing verifies.
        NotFoundError: There is no such checkpoint.
        OpError: A file cannot be written; the class tells why.
    """
    prefix, survey = _survey(checkpoint)
    report = _report(prefix, survey)
    target = _free_prefix(prefix, os.fspath(destination))
    if not report.intact and not report.partial:
        raise DataLossError(None, None, f"Nothing can be salvaged. {report}")
    files.make_folders_above(target)
    if isinstance(survey, bundle_verification.Survey):
        write_bundle(survey, target)
    else:
        write_slices(survey, target)
    return SalvageReport(target, report, report.intact, report.partial, report.lost)


def _survey(checkpoint: files.PathLike) -> tuple[str, _Survey]:
    prefix = checkpoint_prefix(checkpoint)
    if files.exists(index_path(prefix)):
        return prefix, bundle_verification.survey(prefix)
    if files_of(prefix):
        return prefix, slices_verification.survey(prefix)
    if files.matching(_data_files(prefix)):
        return prefix, bundle_verification.survey(prefix)
    raise NotFoundError(None, None, f"There is no file of a checkpoint {prefix}")


def _report(prefix: str, survey: _Survey) -> CheckpointReport:
    is_bundle = isinstance(survey, bundle_verification.Survey)
    return CheckpointReport(
        prefix,
        version=2 if is_bundle else 1,
        tensors=survey.tensors(),
        damages=tuple(survey.damages),
        unfinished=tuple(temporary_files(index_path(prefix))) if is_bundle else (),
    )


def _free_prefix(prefix: str, destination: str) -> str:
    if destination.endswith("/") or files.is_folder(destination):
        slash = "" if destination.endswith("/") else "/"
        name = prefix.rpartition("/")[2].partition("-?????-of-")[0]
        destination = f"{destination}{slash}{name}"
    taken = [
        path
        for name in (index_path(destination), destination, _data_files(destination))
        for path in files.matching(name)
    ]
    if taken:
        raise AlreadyExistsError(
            None, None, f"{taken[0]} exists; choose another destination"
        )
    return destination


def _data_files(prefix: str) -> str:
    return f"{prefix}.data-?????-of-?????"
