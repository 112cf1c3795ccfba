"""One program we started: its log, and every way it can be paused or ended."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


class StartError(RuntimeError):
    """A program did not start; the message says what to look at."""


class Process:
    """A child in a process group of its own, so that ending it ends what it started and nothing else.

    On Linux it also ends when the thread that started it does, whatever became of us: start it from the main
    thread when it is to live as long as the program.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        speaks: bool = False,
    ) -> None:
        self.name = name
        self.command = [str(part) for part in command]
        self.log = log
        self.env = None if env is None else dict(env)
        self.cwd = cwd
        self.speaks = speaks
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id; only while it has been started."""
        if self.child is None:
            raise StartError(f"{self.name} was not started")
        return self.child.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.child is not None and self.child.poll() is None

    def start(self) -> None:
        """Start it. It writes to the end of `log`, else to our own output if it `speaks`, else to a pipe."""
        if self.running:
            return
        if self.log is not None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
        elsewhere = contextlib.nullcontext(None if self.speaks else subprocess.PIPE)
        with open(self.log, "ab") if self.log else elsewhere as output:
            try:
                self.child = subprocess.Popen(
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self.env,
                    cwd=self.cwd,
                    start_new_session=True,
                    preexec_fn=_end_with_parent if _LIBC else None,
                )
            except OSError as error:
                raise StartError(f"{self.name} could not be started: {error}") from error

    def attend(self, patience: float = 60) -> int:
        """Start it and stay until its end. An interrupt is passed on once, and it may clean up after it."""
        self.start()
        assert self.child is not None
        try:
            return self.child.wait()
        except KeyboardInterrupt:
            self.child.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(patience)
            raise
        finally:
            self.kill()

    def stop(self, timeout: float = 20) -> int | None:
        """Ask it to end (SIGTERM) wait, kill what then still lives; its exit status, if it had started."""
        if self.child is None:
            return None
        self.resume()
        if self.running:
            # Only the leader is asked: a server with workers ends them itself, in its own order.
            self.child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(timeout)
        return self.kill()

    def kill(self) -> int | None:
        """End it at once (SIGKILL), with everything in its group."""
        if self.child is None:
            return None
        self._signal(signal.SIGKILL)
        status = self.child.wait()
        if self.child.stdout is not None:
            self.child.stdout.close()
        self.child = None
        return status

    def pause(self) -> None:
        """SIGSTOP: it holds its sockets and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT: the end of a pause."""
        self._signal(signal.SIGCONT)

    def tail(self, lines: int = 20) -> str:
        """The last lines of its log."""
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def failed(self, why: str) -> StartError:
        """An error that says why, and quotes the end of the log."""
        quoted = f"\nThe end of {self.log}:\n{self.tail()}" if self.log else ""
        return StartError(f"{self.name} {why}{quoted}")

    def _signal(self, number: signal.Signals) -> None:
        # The group outlives its leader while a member lives, and a leader that was not waited for keeps its
        # number from being given to another: the signal cannot reach a stranger.
        if self.child is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.child.pid, number)


def _end_with_parent() -> None:
    assert _LIBC is not None
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
