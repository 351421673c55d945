"""Nothing is left of a program that was watched, whoever is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from multiprocessing import shared_memory
from pathlib import Path
from typing import Any

import psutil
import pytest
from proving import PROGRAMS, posix_only, remains, spec_of

from mplint.prove import cleanup
from mplint.prove.run import Run
from mplint.prove.supervise import Cancelled, Supervisor


def wait_for(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What a condition says, once it says something."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)
    return found


CONTROLLER = """
import signal, sys
from pathlib import Path
from mplint.outcome import Quiet
from mplint.prove import interpreters, runner
from mplint.rule import Rule, RuleVisitor
signal.signal(signal.SIGINT, signal.default_int_handler)
rule = Rule("TST001", "name", "bug", "", "", "", RuleVisitor, Quiet())
results = runner.prove(
    [rule], {"TST001": Path(sys.argv[1])}, interpreters=[interpreters.ask()],
    start_methods=["fork"], programs=["bad"], jobs=1,
)
print(results[0].seen)
"""


class Controlled:
    """mplint at work, and all that belongs to it."""

    def __init__(self, *arguments: str) -> None:
        self.mark = uuid.uuid4().hex
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, "PROVE_TEST": self.mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_heed_interrupts if os.name == "posix" else None,
        )
        self.folder = ""

    def processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get("PROVE_TEST") == self.mark
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
                    self.folder = process.environ().get("MPLINT_RUN") or self.folder
            except psutil.Error:
                continue
        return found

    def observers(self) -> list[psutil.Process]:
        return [p for p in self.processes() if "mplint.prove.observer" in _command(p)]

    def first_process(self) -> bool:
        return any(p.pid for p in self.processes() if "bad.py" in _command(p))

    def children(self) -> bool:
        self.processes()
        return bool(self.folder) and len(self.escaped()) >= 1

    def everything(self) -> bool:
        self.processes()
        return bool(self.folder) and len(self.escaped()) == 3

    def escaped(self) -> list[psutil.Process]:
        """Those in a session of their own and without the environment."""
        name = Path(self.folder).name
        return [p for p in psutil.process_iter() if _command(p).endswith(f"sleep(600) {name}")]

    def gone(self) -> bool:
        return not self.processes() and (not self.folder or remains(self.folder) == [])

    def end(self) -> None:
        for process in [*self.processes(), *(self.escaped() if self.folder else [])]:
            process.kill()
        self.process.communicate()


def _heed_interrupts() -> None:
    """What a shell starts in the background ignores them, and so do all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@pytest.fixture
def controlled(tmp_path: Path) -> Iterator[Controlled]:
    """mplint with a program that makes cleaning up hard."""
    tmp_path.joinpath("bad.py").write_text((PROGRAMS / "everything.py").read_text())
    controlled = Controlled("-c", CONTROLLER, str(tmp_path))
    yield controlled
    controlled.end()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["observers", "first_process", "children", "everything"])
def test_nothing_is_left_when_mplint_is_stopped(
    controlled: Controlled, moment: str, number: signal.Signals
) -> None:
    wait_for(getattr(controlled, moment))
    controlled.process.send_signal(number)
    _, stderr = controlled.process.communicate(timeout=30)
    if number == signal.SIGINT:
        assert stderr.rstrip().endswith("KeyboardInterrupt")
        assert controlled.gone()  # before mplint itself has ended
    wait_for(controlled.gone)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_the_observer_is_stopped(
    controlled: Controlled, number: signal.Signals
) -> None:
    wait_for(controlled.everything)
    (observer,) = controlled.observers()
    observer.send_signal(number)
    stdout, stderr = controlled.process.communicate(timeout=30)
    assert controlled.gone()
    assert stderr == ""
    said = {signal.SIGKILL: "not observed: the observer ended with status -9\n"}
    assert stdout == said.get(number, "stopped before its end\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_the_command_has_ended(number: signal.Signals) -> None:
    controlled = Controlled("-m", "mplint", "prove", "MPL111")
    try:
        wait_for(controlled.first_process)
        controlled.process.send_signal(number)
        stdout, stderr = controlled.process.communicate(timeout=30)
        assert controlled.gone()
    finally:
        controlled.end()
    said = {signal.SIGINT: "mplint: interrupted\n"}
    assert (stdout, stderr) == ("", said.get(number, ""))
    assert controlled.process.returncode == {signal.SIGINT: 2}.get(number, 128 + number)


@posix_only
def test_next_run_removes_what_mplint_and_its_observer_left(controlled: Controlled) -> None:
    wait_for(controlled.everything)
    both = [*controlled.observers(), psutil.Process(controlled.process.pid)]
    for process in both:
        process.suspend()  # so that neither cleans up after the other
    for process in both:
        process.kill()
    for process in both:
        process.wait()
    cleanup.sweep()
    wait_for(controlled.gone)  # another `mplint prove` on this machine may do it as well


@posix_only
def test_sweep_spares_runs_that_are_watched() -> None:
    run = Run(Path(spec_of("shadow", None).folder))
    run.make()
    cleanup.sweep()
    assert run.stacks.is_dir()
    shutil.rmtree(run.folder)


@posix_only
def test_sweep_spares_who_only_has_a_number_or_a_name_of_an_old_run() -> None:
    run = Run(Path(spec_of("shadow", None).folder))
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1, start_new_session=True)
    block = shared_memory.SharedMemory(create=True, size=1)
    try:
        run.stacks.mkdir(parents=True)
        said = [f"main\t{other.pid}\t0", f"start\t{other.pid}\t1.0\texec\t1\t/lib"]
        said += ["not ours", f"block\t{other.pid}\t1.0\t/{block.name}", ""]
        run.journal.write_text("\n".join(said))
        for path in run.folder.iterdir():
            os.utime(path, (1.0, 1.0))
        cleanup.sweep()
        assert not run.folder.exists()
        assert other.poll() is None
        shared_memory.SharedMemory(block.name).close()
    finally:
        other.communicate()
        block.close()
        block.unlink()


@posix_only
def test_sweep_removes_what_is_left_of_a_folder() -> None:
    """Whoever made or removed it was killed on the way."""
    empty, begun, new = (Run(Path(spec_of("shadow", None).folder)) for _ in range(3))
    for run in (empty, begun, new):
        run.folder.mkdir()
    begun.stacks.mkdir()
    os.utime(empty.folder, (1.0, 1.0))
    cleanup.sweep()
    assert not empty.folder.exists() and not begun.folder.exists()
    assert new.folder.exists()  # its observer has yet to lock it
    new.folder.rmdir()


def test_a_run_is_known_for_one_until_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the removal of a run is cut short, the next one goes on."""
    for last in range(20):
        run = Run(Path(spec_of("shadow", None).folder))
        run.make()
        run.journal.write_text("main\t0\t0\n")
        (run.work / "kept").mkdir()
        (run.temporary / "file").write_text("")
        (run.work / "link").symlink_to(run.temporary)
        steps = iter(range(last))

        class Killed(BaseException):
            pass

        def counted(original: Callable[..., Any], steps: Any = steps, killed: Any = Killed) -> Any:
            def step(*arguments: Any, **options: Any) -> Any:
                if next(steps, None) is None:
                    raise killed
                return original(*arguments, **options)

            return step

        with monkeypatch.context() as patched:
            for name in ("unlink", "rmdir"):
                patched.setattr(os, name, counted(getattr(os, name)))
            try:
                run.remove()
            except Killed:
                pass
            else:
                assert not run.folder.exists()
                return
        if any(run.folder.iterdir()):
            assert run.stacks.is_dir()
        shutil.rmtree(run.folder)
    pytest.fail("a removal takes more steps than that")


def test_cancelled_runs_are_cleaned_up() -> None:
    supervisor = Supervisor()
    spec = spec_of("sleeper", "spawn")
    raised: list[BaseException] = []

    def observe() -> None:
        try:
            supervisor.observe(spec)
        except Cancelled as error:
            raised.append(error)

    thread = threading.Thread(target=observe)
    thread.start()
    wait_for(Path(spec.folder).is_dir)
    supervisor.cancel()
    thread.join()
    assert raised
    assert remains(spec.folder) == []
    with pytest.raises(Cancelled):
        supervisor.observe(spec)


def test_folder_of_a_run_is_short_and_its_own() -> None:
    first, second = (spec_of("shadow", None).folder for _ in range(2))
    assert first != second
    assert len(str(Run(Path(first)).temporary)) < 60
