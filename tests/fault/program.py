"""imgpipe under faults: a place for its archive and state, and one run in it."""
import dataclasses
import errno
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

TIMEOUT = 60  # of one run, in seconds: what takes longer hangs


@dataclasses.dataclass(frozen=True)
class Fault:
    """What one run meets; see shim.h."""
    mode: str              # of the campaign
    classes: tuple = ()
    at: int = 0
    start: int = 0         # from this number on
    do: str = ""           # kill..., short, or an errno's name
    group: str = ""        # what it is counted under

    def environment(self):
        number = str(getattr(errno, self.do)) if self.do.startswith("E") else self.do
        return {"FAULT_CLASS": ",".join(self.classes), "FAULT_AT": str(self.at),
                "FAULT_FROM": str(self.start), "FAULT_DO": number}

    @property
    def kills(self):
        return self.do.startswith("kill")

    def __str__(self):
        where = f"from {self.start} on" if self.start else f"at {self.at}"
        return f"{self.mode}: {self.do} {where} of {','.join(self.classes)}"


@dataclasses.dataclass
class Ended:
    """How a run ended."""
    status: int            # exit status; negative: the signal; None: it hung
    summary: dict          # of --json; None if there is none
    errors: list           # messages about what failed, without "imgpipe: run: "
    gave_up: bool          # without memory to go on: see imp_no_memory
    strange: list          # lines on standard error that none should be like


def sort_lines(text):
    """Standard error as (errors, gave up, strange lines)."""
    errors, gave_up, strange = [], False, []
    for line in text.splitlines():
        words = line.split(": ", 2)
        if "imgpipe: no memory for " in line:  # perhaps inside of another line
            errors.append(line[line.index("no memory for "):])
            gave_up = True
        elif words[0] in ("failed", "source kept") and len(words) == 3:
            errors.append(f"input: {words[2]}")
        elif words[0] == "quarantined" and len(words) == 3:
            pass
        elif line.startswith("imgpipe: run: "):
            errors.append(line[len("imgpipe: run: "):])
        elif not line.startswith(("imgpipe: note: ", "imgpipe: ")) or "bug" in line:
            strange.append(line)
    if gave_up:
        strange = []
    elif text and not text.endswith("\n"):
        strange.append("a line without an end")
    return errors, gave_up, strange


class Program:
    """imgpipe, and the shim to put before it."""

    def __init__(self, build):
        self.imgpipe = f"{build}/bin/imgpipe"
        self.shim = f"{build}/lib/fault-shim.so"
        said = subprocess.run([self.imgpipe, "run", "--help"], check=True,
                              capture_output=True, text=True)
        self.options = said.stdout

    def has(self, option):
        return option in self.options


class Place:
    """A directory with uploads, archive and state, put back before each run.
    `after` is what becomes of sources: keep, delete, move, or move-far, which is
    to what the shim makes another file system.

    in/      the uploads, if the runs leave them alone
    case/    archive*, state, and in/ if the runs may take them away
    start/   what case/ is at the start of each run
    """

    def __init__(self, program, target, uploads, after="keep", options=(), scratch=None):
        self.program, self.target, self.after = program, target, after
        self.top = os.path.realpath(tempfile.mkdtemp(prefix="fault-", dir=scratch))
        self.case, self.start = f"{self.top}/case", f"{self.top}/start"
        self.inputs = f"{self.case}/in" if after != "keep" else f"{self.top}/in"
        self.moved = f"{self.case}/moved"
        self.options = list(options) + target.options(self.case)
        if after != "keep":
            self.options += ["--after", after if after == "delete" else f"move:{self.moved}"]
        os.mkdir(self.start)
        target.prepare(self.start)
        shutil.copytree(uploads, f"{self.start}/in" if after != "keep" else self.inputs)
        self.sources = {os.path.relpath(os.path.join(d, n), uploads): None
                        for d, _, names in os.walk(uploads) for n in names}
        for path in self.sources:
            with open(f"{uploads}/{path}", "rb") as f:
                self.sources[path] = f.read()
        self.reset()

    def clear(self):
        shutil.rmtree(self.top, ignore_errors=True)

    def reset(self):
        self.target.reset(self.case)
        shutil.rmtree(self.case, ignore_errors=True)
        shutil.copytree(self.start, self.case, symlinks=True)

    def begin_from_here(self):
        """What is in case/ now is where each run begins."""
        self.target.begin_from_here(self.case)
        shutil.rmtree(self.start)
        shutil.copytree(self.case, self.start, symlinks=True)

    def command(self, jobs=1, paths=None, state="state", more=()):
        return [self.program.imgpipe, "run", *(paths or [self.inputs]),
                "--archive", self.target.spec(self.case), "--state",
                f"{self.case}/{state}", "--settle", "0", "--json", "--jobs", str(jobs),
                *self.options, *more]

    def environment(self, fault=None, **more):
        env = {k: v for k, v in os.environ.items() if not k.startswith("FAULT_")}
        if fault or more:
            env.update(LD_PRELOAD=self.program.shim, FAULT_ROOT=self.top, **more)
        if self.after == "move-far":
            env["FAULT_FAR"] = self.moved
        if fault:
            env.update(fault.environment())
        return env

    def run(self, fault=None, jobs=1, paths=None, state="state", more=(), kill_after=None,
            limit=None, **shim):
        """One run to its end, with `more` options; `kill_after` so many seconds it
        is killed. `limit` is an option of prlimit; the rest is for the shim."""
        before = ["prlimit", limit] if limit else []
        child = subprocess.Popen(before + self.command(jobs, paths, state, more),
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                 env=self.environment(fault, **shim))
        if kill_after is not None:
            time.sleep(kill_after)  # the moment is what is tested
            child.send_signal(signal.SIGKILL)
        try:
            out, err = child.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            return Ended(None, None, [], False, [])
        said = sort_lines(err.decode(errors="replace"))
        try:
            summary = json.loads(out)
        except ValueError:
            summary = None
        return Ended(child.returncode, summary, *said)

    def verify(self, state="state"):
        """What `imgpipe verify` finds, and what `audit verify` does."""
        found = []
        for command in (["verify", self.target.spec(self.case), "--state",
                         f"{self.case}/{state}", "--jobs", "1",
                         *self.target.options(self.case)],
                        ["audit", "verify", "--state", f"{self.case}/{state}"]):
            said = subprocess.run([self.program.imgpipe, *command], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False,
                                  timeout=TIMEOUT, env=self.environment())
            if said.returncode != 0:
                found += [f"{command[0]}: {line}" for line in said.stdout.splitlines()]
        return found

    def counts(self, jobs=1):
        """Calls by class in a run that nothing disturbs."""
        file = f"{self.top}/counts"
        ended = self.run(jobs=jobs, FAULT_COUNT=file)
        if ended.status not in (0, 1):
            raise RuntimeError(f"undisturbed run: {ended}")
        with open(file, encoding="ascii") as f:
            return {name: int(n) for name, n in (line.split() for line in f)}
