"""Device strings: parsing, merging and formatting `/job:worker/device:GPU:0`."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """The parts of a device string; None means "not said".

    Source: tensorflow python/framework/device_spec.py.
    """

    job: str | None = None
    replica: int | None = None
    task: int | None = None
    device_type: str | None = None
    device_index: int | None = None

    @classmethod
    def from_string(cls, spec: str) -> DeviceSpec:
        """Parse a device string.

        Raises:
            ValueError: A part of it is not understood.
        """
        return parse_device(spec)

    def to_string(self) -> str:
        """Format in the canonical spelling."""
        text = ""
        for name in ("job", "replica", "task"):
            value = getattr(self, name)
            if value is not None:
                text += f"/{name}:{value}"
        if self.device_type is not None:
            index = "*" if self.device_index is None else self.device_index
            text += f"/device:{self.device_type}:{index}"
        return text

    def merged_over(self, weaker: DeviceSpec) -> DeviceSpec:
        """Return this spec, with what it does not say taken from `weaker`."""
        given = {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if getattr(self, f.name) is not None
        }
        return replace(weaker, **given)


@lru_cache(maxsize=1024)
def parse_device(spec: str) -> DeviceSpec:
    """Parse a device string.

    Raises:
        ValueError: A part of it is not understood.
    """
    parts: dict[str, str | int | None] = {}
    for piece in spec.split("/"):
        if not piece:
            continue
        key, *rest = piece.split(":")
        _add_part(parts, key, rest, spec)
    return DeviceSpec(**parts)  # type: ignore[arg-type]


def _add_part(
    parts: dict[str, str | int | None], key: str, rest: list[str], spec: str
) -> None:
    if key == "job" and len(rest) == 1:
        parts["job"] = rest[0]
    elif key in ("replica", "task") and len(rest) == 1:
        parts[key] = _number(rest[0], key, spec)
    elif key == "device" and len(rest) == 2:
        kind = rest[0].upper() if rest[0] in ("cpu", "gpu") else rest[0]
        _add_device(parts, kind, rest[1], spec)
    elif key.upper() in ("CPU", "GPU", "TPU") and len(rest) <= 1:
        _add_device(parts, key.upper(), rest[0] if rest else "*", spec)
    else:
        raise _unknown(key, spec)


def _number(text: str, key: str, spec: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _unknown(key, spec) from None


def _unknown(key: str, spec: str) -> ValueError:
    return ValueError(
        f"Unknown attribute '{key}' is encountered while parsing the device spec:"
        f" '{spec}'."
    )


def _add_device(
    parts: dict[str, str | int | None], kind: str, index: str, spec: str
) -> None:
    if "device_type" in parts:
        raise ValueError(
            f"Multiple device types are not allowed while parsing the device spec:"
            f" {spec}."
        )
    parts["device_type"] = kind
    parts["device_index"] = None if index == "*" else _number(index, kind, spec)


def device_text(device: object) -> str:
    """Return a device string as it is, and that of a spec (None is empty).

    Raises:
        TypeError: It is neither.
    """
    if device is None:
        return ""
    to_string = getattr(device, "to_string", None)
    text = to_string() if to_string is not None else device
    if not isinstance(text, str):
        raise TypeError(f"A device is text or a DeviceSpec, not {device!r}.")
    return text


def canonical_name(device: object) -> str:
    """Return the canonical spelling of a device string or spec (None is empty)."""
    return parse_device(device_text(device)).to_string()


@lru_cache(maxsize=4096)
def merge_device(weaker: str, stronger: str) -> str:
    """Combine two device strings; what `stronger` says wins."""
    return parse_device(stronger).merged_over(parse_device(weaker)).to_string()
