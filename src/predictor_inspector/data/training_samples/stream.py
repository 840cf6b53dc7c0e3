"""`SampleStream`: samples of a training pipeline that runs in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from predictor_inspector.core.import_path import parted
from predictor_inspector.core.text import counted, format_duration, ordinal
from predictor_inspector.data.child_process import ChildEndedError, ChildProcess
from predictor_inspector.data.training_samples.frames import sample_in
from predictor_inspector.data.training_samples.sample import ROLES, TrainingSample


class PipelineError(ValueError):
    """A pipeline crashed, hung, raised an error or gave what are no samples; the message is a sentence."""


class SampleStream:
    """Samples of whatever ``module:function`` gives, one by one, in the order in which a training gets them.

    The module is imported, from the current folder or where Python finds modules, in a new process; ``path/to/file.py`` works,
    too. The function, called without arguments, returns an iterator, a `Dataset`, of which items are taken by index, a
    `DataLoader`, whose batches are taken apart, or a gunpowder pipeline and a request. Nothing runs until the first sample
    is asked for, and nothing runs ahead. Close it, or use it as a context.

    Parameters
    ----------
    path : str
        ``module:function``, or any object there.
    keys : mapping of str to str
        What items call the ``raw``, ``labels``, ``mask``, ``target`` and ``weight``: keys, attributes or positions from 0.
        Empty: they are guessed.
    voxel_size : sequence of float, optional
        In nm, per spatial axis, for arrays that don't say it; pixels by default.

    Raises
    ------
    ValueError
        If `path` has no colon, or a role isn't known.
    """

    def __init__(
        self, path: str, keys: Mapping[str, str] | None = None, voxel_size: Sequence[float] | None = None
    ) -> None:
        parted(path)
        unknown = set(keys or ()) - set(ROLES)
        if unknown:
            raise ValueError(f"keys are those of {', '.join(ROLES)}, got {', '.join(sorted(unknown))}")
        self.path, self.taken = path.strip(), 0
        self._asked = {
            "path": self.path,
            "keys": dict(keys or {}),
            "voxel_size": None if voxel_size is None else [float(v) for v in voxel_size],
        }
        self._process = ChildProcess("predictor_inspector.data.training_samples")

    @property
    def printed(self) -> str:
        """The last that the pipeline has printed."""
        return self._process.printed

    def next(self, timeout: float = 60.0) -> TrainingSample | None:
        """The next sample; None after the last one.

        Raises
        ------
        PipelineError
            If there is none within `timeout` seconds, or the pipeline failed; its process is ended then, with all that it
            has started.
        """
        if self._process.closed:
            return None
        try:
            if not self._process.started:
                self._process.send({**self._asked, "folder": str(Path.cwd())})
            self._process.send({"kind": "next"})
            header, values = self._process.receive(timeout)
            sample = sample_in(header, values) if header["kind"] == "sample" else None
        except TimeoutError:
            raise self._failed(
                f"gave no {self._ordinal} sample within {format_duration(timeout)} and was ended; it waits for something, or "
                "needs a longer timeout"
            ) from None
        except ChildEndedError as ended:
            after = f"after {counted(self.taken, 'sample')}" if self.taken else "before its first sample"
            raise self._failed(f"ended {ended.how} {after}{ended.said}") from None
        except ValueError as error:
            raise self._failed(f"gave no {self._ordinal} sample: {error}") from None
        if header["kind"] == "error":
            place = f" ({header['place']})" if header["place"] else ""
            raise self._failed(f"gave no {self._ordinal} sample: {header['message']}{place}")
        if header["kind"] == "end":
            if not self.taken:
                raise self._failed("gave no samples at all")
            self.close()
            return None
        self.taken += 1
        return sample

    def close(self) -> None:
        """End the process and all that it has started; from any thread, also while another one waits in `next`."""
        self._process.close()

    def __enter__(self) -> SampleStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _ordinal(self) -> str:
        return ordinal(self.taken + 1) if self.taken else "first"

    def _failed(self, what: str) -> PipelineError:
        closed = self._process.closed
        self.close()
        return PipelineError(f"{self.path} was stopped" if closed else f"{self.path} {what}")


def keys_from_text(text: str) -> dict[str, str]:
    """``"raw=RAW, labels=1"`` as a dictionary; ``ValueError`` for anything else."""
    keys = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        role, equals, key = (word.strip() for word in part.partition("="))
        if not equals or not key or role not in ROLES:
            raise ValueError(
                f"keys are given as raw=RAW,labels=GT with any of {', '.join(ROLES)}, or positions from 0; got {part!r}"
            )
        keys[role] = key
    return keys
