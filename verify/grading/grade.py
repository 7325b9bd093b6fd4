"""A class: every submission graded, on processes or any executor, kept as soon as it is done."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from derive.errors import InputError
from verify.files import write
from verify.grading.key import LONGEST, Key, read_key
from verify.grading.marks import Graded, broken, grade_one
from verify.seeds import checked_seed
from verify.workers import Workers

#: Seconds for one submission.
TIME_LIMIT = 120.0
#: Changes when the same text may be judged differently, so that nothing older is taken for the answer.
_VERSION = 1


@dataclass
class Grading:
    """A class: the key, and the submissions in the order given."""

    key: Key
    submissions: list[Graded]
    interrupted: bool = False

    def __bool__(self) -> bool:
        return not self.interrupted and not any(s.is_open for s in self.submissions)


def grade(
    key: str | os.PathLike[str],
    submissions: Mapping[str, str] | list[str] | list[Path],
    *,
    keep: Path | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
    seed: int = 0,
    time_limit: float = TIME_LIMIT,
    progress: Callable[[int, int, Graded], object] | None = None,
) -> Grading:
    """Grade submissions against a key: name -> text, or paths of files; `key` is a text or a path.

    They are judged in `jobs` processes (one a core if None), each for at most `time_limit` seconds, or on a
    `concurrent.futures` executor, such as a Dask client's `get_executor()`, which is neither started nor shut down here.
    With a folder `keep`, each is written there under the hash of its content as soon as it is done, and a run that was
    stopped goes on where it was. A submission that cannot be read, or whose process dies, has that as its outcome. The same
    seed gives the same grades on any number of processes.

    Raises InputError for a key that is wrong or asks nothing, and for no submissions.
    """
    if not submissions:
        raise InputError("there is no submission: give the key and then at least one file")
    if jobs is not None and jobs < 1:
        raise InputError(f"the number of jobs is {jobs}: give 1 or more")
    seed = checked_seed(seed)
    read = read_key(_key_text(key), seed)
    texts = _texts(submissions)
    state = _Class(read, texts, seed, keep, progress)
    own = None
    try:
        if state.waiting:
            count = min(jobs or os.cpu_count() or 1, len(state.waiting))
            own = Workers(count, time_limit) if executor is None else None
            state.run(executor or own, time_limit if own is None else None)  # type: ignore[arg-type]
    except KeyboardInterrupt:
        state.interrupted = True
    finally:
        if own is not None:
            own.shutdown(wait=True, cancel_futures=True)
    return Grading(read, state.graded(), state.interrupted)


def _key_text(key: str | os.PathLike[str]) -> str:
    if isinstance(key, str) and ("\n" in key or not os.path.isfile(key)):
        return key
    try:
        return Path(key).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"the key {os.fspath(key)} cannot be read: {error.strerror}") from None


def _texts(submissions: Mapping[str, str] | list[str] | list[Path]) -> dict[str, str | InputError]:
    """Return the texts by name; a file that cannot be read has its error instead."""
    if isinstance(submissions, Mapping):
        return dict(submissions)
    texts: dict[str, str | InputError] = {}
    for path in submissions:
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            texts[str(path)] = InputError(f"cannot be read: {error.strerror}")
            continue
        if len(data) > LONGEST or b"\0" in data:
            why = "is no text" if b"\0" in data else f"has {len(data)} bytes; at most {LONGEST} are taken"
            texts[str(path)] = InputError(why)
        else:
            texts[str(path)] = data.decode("utf-8", errors="replace").replace("\r\n", "\n")
    return texts


class _Class:
    """The submissions, by content: equal ones are judged once."""

    def __init__(
        self,
        key: Key,
        texts: dict[str, str | InputError],
        seed: int,
        keep: Path | None,
        progress: Callable[[int, int, Graded], object] | None,
    ) -> None:
        self.key, self.texts, self.seed, self.keep, self.progress = key, texts, seed, keep, progress
        self.interrupted = False
        self.hashes = {name: self._hash(text) for name, text in texts.items() if isinstance(text, str)}
        self.kept: dict[str, dict[str, Any]] = {}
        self.failed: dict[str, str] = {}
        for digest in set(self.hashes.values()):
            if (found := self._load(digest)) is not None:
                self.kept[digest] = found
        self.waiting = {
            digest: str(texts[name]) for name, digest in self.hashes.items() if digest not in self.kept
        }

    def run(self, pool: Executor, patience: float | None) -> None:
        """Judge what is waiting; where `patience` is given, no longer than that for the next to be done."""
        futures: dict[Future[dict[str, Any]], str] = {}
        for digest, text in self.waiting.items():
            try:
                futures[pool.submit(grade_one, self.key, text, self.seed)] = digest
            except (BrokenExecutor, RuntimeError) as error:
                self.failed[digest] = f"the executor takes no more: {error}"
        outstanding = set(futures)
        try:
            while outstanding:
                finished, outstanding = wait(outstanding, patience, FIRST_COMPLETED)
                for future in finished:
                    self._done(futures[future], future)
                if not finished:
                    for future in outstanding:
                        self.failed[futures[future]] = f"no result within {patience:g} s"
                    return
        finally:
            for future in futures:
                future.cancel()

    def graded(self) -> list[Graded]:
        """Return all submissions in the order given."""
        return [self._graded(name) for name in self.texts]

    def _graded(self, name: str) -> Graded:
        text = self.texts[name]
        if isinstance(text, InputError):
            return broken(self.key, name, str(text))
        digest = self.hashes[name]
        if digest in self.kept:
            return Graded.from_dict(name, self.kept[digest])
        return broken(self.key, name, self.failed.get(digest, "not judged: the run was stopped"))

    def _done(self, digest: str, future: Future[dict[str, Any]]) -> None:
        try:
            self.kept[digest] = future.result()
        except Exception as error:  # the fault of one submission is not the end of the class
            self.failed[digest] = str(error) or type(error).__name__
        else:
            if self.keep is not None:
                write(self._place(digest), json.dumps(self.kept[digest], sort_keys=True))
        if self.progress is not None:
            name = next(n for n, d in self.hashes.items() if d == digest)
            self.progress(
                len(self.kept) + len(self.failed), len(set(self.hashes.values())), self._graded(name)
            )

    def _hash(self, text: str) -> str:
        said = "\0".join((str(_VERSION), str(self.seed), self.key.text, text))
        return hashlib.sha256(said.encode("utf-8", errors="replace")).hexdigest()

    def _place(self, digest: str) -> Path:
        assert self.keep is not None
        return self.keep / f"{digest}.json"

    def _load(self, digest: str) -> dict[str, Any] | None:
        """Return what is kept of a submission; a file that is damaged is judged again."""
        if self.keep is None:
            return None
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(self._place(digest).read_text(encoding="utf-8"))
            Graded.from_dict("", kept)
            return dict(kept)
        return None
