#!/usr/bin/env python3
"""campaign.py MODE... : disturb imgpipe in every way, and judge what is left.

Modes:
  kill-random  killed at random instants, once or several times in a row
  kill-two     a run is killed at a call, then one with another state directory,
               at random; both then go on
  kill-each    killed before, after and (writes) in the middle of each call
  fail-each    each call fails in turn, in the ways that such a call can
  fail-rest    from a call on all of its kind fail: full disk, broken disk, no
               more descriptors, no more memory
  limits       few descriptors, short files (see setrlimit)
  kill-cut     killed at each call, then a whole run, then the power is cut: what
               the first has made must be durable, too
  power-cut    the disk as a cut behind each call may leave it

After each disturbance a run that nothing disturbs must complete the archive,
byte for byte, and one more must find nothing to do. Prints what went wrong and
a closing line of figures; exits 1 if anything did.
"""
import argparse
import collections
import itertools
import os
import queue
import random
import sys
import threading
import time

import powercut
from judge import Judge
from program import Fault, Place, Program
from targets import TARGETS

# Calls that change what is on the disk, or could.
CHANGING = ("write", "sync", "name", "create", "mkdir", "size", "close", "net")

# How each kind of call can fail. Not lock: SQLite waits for ten seconds each
# time, and what it makes of it is its own.
WAYS = {
    "write": ("ENOSPC", "EIO", "EINTR", "short"),
    "sync": ("EIO", "ENOSPC", "EINTR"),
    "name": ("EIO", "ENOSPC"),
    "open": ("EMFILE", "EIO", "EINTR"),
    "create": ("EMFILE", "ENOSPC", "EIO"),
    "mkdir": ("ENOSPC", "EIO"),
    "size": ("ENOSPC", "EIO"),
    "close": ("EIO", "EINTR"),
    "read": ("EIO", "EINTR"),
    "map": ("ENOMEM",),
    "net": ("ECONNRESET", "ETIMEDOUT", "short"),
    "thread": ("EAGAIN",),
    "alloc": ("ENOMEM",),
}

# What stays broken: the name it is counted under, the classes, the errno.
LASTING = (
    ("full disk", ("write", "create", "mkdir", "size"), "ENOSPC"),
    ("broken disk", ("write", "sync", "name", "create", "mkdir", "size", "read"), "EIO"),
    ("no descriptors", ("open", "create"), "EMFILE"),
    ("no memory", ("alloc",), "ENOMEM"),
)


STARTS = ("fresh", "grown")
AFTERS = ("keep", "delete", "move", "move-far")

# From what imgpipe needs to be loaded on, to what lets everything pass.
LIMITS = ([f"--nofile={n}" for n in range(4, 40)] +
          [f"--fsize={n}" for n in range(1000, 200_000, 3000)])


class Tally:
    """What all workers count and find. Its methods may be called by any."""

    def __init__(self, verbose):
        self.lock = threading.Lock()
        self.verbose = verbose
        self.count = collections.Counter()
        self.messages = collections.Counter()
        self.wrong = []

    def add(self, mode, group):
        with self.lock:
            self.count[mode, group] += 1

    def heard(self, fault, ended):
        with self.lock:
            for message in ended.errors if self.verbose else ():
                self.messages[f"{fault.group}/{fault.do}: {message}"] += 1

    def figures(self):
        """"7 kills (4 calls, 3 instants), ...": what was survived, or not."""
        parts = []
        for figure, modes in FIGURES.items():
            of = [(n, group) for (mode, group), n in sorted(self.count.items())
                  if mode in modes]
            if of:
                parts.append(f"{sum(n for n, _ in of)} {figure} (" +
                             ", ".join(f"{n} {group}" for n, group in of) + ")")
        return ", ".join(parts)

    def find(self, about, findings):
        with self.lock:
            for finding in findings:
                self.wrong.append(f"{about}: {finding}")
                if len(self.wrong) <= 40:
                    print(self.wrong[-1], flush=True)


# What a mode's disturbances are called in the figures.
FIGURES = {"kills": ("kill-each", "kill-random", "kill-two"), "faults": ("fail-each", "fail-rest", "limits"),
           "power cuts": ("power-cut", "kill-cut"), "verified": ("verify",)}


class Worker:
    """One place, disturbed again and again."""

    def __init__(self, scene, tally, number):
        self.tally, self.scene = tally, scene
        self.place = scene.make_place()
        self.judge = Judge(self.place)
        self.chance = random.Random(f"{scene.args.seed} {number}")
        self.length = self.time_one()
        self.changes = self.count_changes()
        self.log = None  # of calls, once it is needed

    def time_one(self):
        start = time.monotonic()
        self.place.run(jobs=2)
        self.place.reset()
        return time.monotonic() - start

    def count_changes(self):
        counts = self.place.counts()
        self.place.reset()
        return sum(counts[c] for c in CHANGING)

    def settle(self, about, exact=True, again=()):
        """The run to the end, with what it is to try `again`, and the one that
        has nothing to do."""
        findings = self.judge.completed(self.place.run(more=again), exact)
        if not findings:
            findings = self.judge.idle(self.place.run(), exact)
        self.tally.find(about, findings)

    def meet(self, fault):
        """A fault at one call."""
        about = f"{self.scene}, {fault}"
        self.place.reset()
        ended = self.place.run(fault)
        if not fault.kills or ended.status == -9:  # else it was over before
            self.tally.add(fault.mode, fault.group)
        self.tally.heard(fault, ended)
        self.tally.find(about, self.judge.disturbed(ended, fault))
        self.settle(about, exact=ended.status == -9)

    def meet_limit(self, limit):
        """A limit that the whole run has."""
        fault = Fault("limits", do=limit, group=limit.split("=")[0].strip("-"))
        about = f"{self.scene}, {limit}"
        self.place.reset()
        ended = self.place.run(limit=limit)
        self.tally.add("limits", fault.group)
        self.tally.heard(fault, ended)
        self.tally.find(about, self.judge.disturbed(ended, fault))
        self.settle(about, exact=False)

    def kill_at_random(self, number):
        """Killed, perhaps again in the runs that should have repaired it."""
        self.place.reset()
        for _ in range(self.chance.choice((1, 1, 1, 2, 3))):
            fault = Fault("kill-random", do="kill", group="instants")
            ended = self.place.run(jobs=2, kill_after=self.chance.uniform(0, self.length))
            if ended.status == -9:
                self.tally.add("kill-random", "instants")
            self.tally.find(f"{self.scene}, {fault.mode} {number}",
                            self.judge.disturbed(ended, fault))
        # What several were killed over counts as crashed.
        about = f"{self.scene}, kill-random {number}"
        self.settle(about, exact=not self.judge.has_crashed(), again=["--retry-quarantined"])
        self.verify(about, "state")

    def kill_two(self, number):
        """A run, then one with another state, which may take up what the first
        has left, and let the sources go: nothing is lost when both go on."""
        self.place.reset()
        about = f"{self.scene}, kill-two {number}"
        for state in ("state", "state2"):
            fault = Fault("kill-two", CHANGING, self.chance.randint(1, self.changes),
                          do=self.chance.choice(("kill", "kill-after")), group="two states")
            about += f", {fault.do} {fault.at}"
            ended = self.place.run(fault, state=state)
            if ended.status == -9:
                self.tally.add(fault.mode, fault.group)
        self.tally.find(about, self.judge.lost_now())
        for state in ("state", "state2", "state"):
            ended = self.place.run(state=state)
            self.tally.find(f"{about}, {state}",
                            self.judge.lost_now() + self.judge.ended_well(ended))
        self.tally.find(about, self.judge.differs(exact=False))
        self.verify(about, "state", "state2")

    def kill_cut(self, fault):
        about = f"{self.scene}, {fault}"
        logs = [f"{self.place.top}/log{n}" for n in (1, 2)]
        for log in logs:
            if os.path.exists(log):
                os.remove(log)
        self.place.reset()
        if self.place.run(fault, FAULT_LOG=logs[0]).status != -9:
            return  # it was over before
        if any(not path.endswith("-shm") for path in  # mapped, and never synced
               powercut.missed(logs[0], self.place.case, self.place.start)):
            return  # another thread was killed between a call and its record
        self.place.run(FAULT_LOG=logs[1])
        for world, tree in powercut.end(logs, self.place.case, self.place.start,
                                        self.scene.args.mixed):
            powercut.put_back(tree)
            self.tally.add("kill-cut", world)
            self.tally.find(f"{about}, {world}", self.judge.after_cut())
            self.settle(f"{about}, {world}", exact=False)

    def verify(self, about, *states):
        for state in states:
            self.tally.add("verify", "archives")
            self.tally.find(f"{about}, {state}", self.place.verify(state))

    def cuts(self):
        """Of one run of this worker's: the ledger knows where it was."""
        if not self.log:
            self.log = f"{self.place.top}/log"
            self.place.reset()
            self.place.run(FAULT_LOG=self.log)
            self.tally.find(self.scene, [
                f"the shim has not seen all calls: {path}"
                for path in powercut.missed(self.log, self.place.case, self.place.start)])
        return powercut.cuts(self.log, self.place.case, self.place.start,
                             self.scene.args.mixed)

    def after_cuts(self, share):
        """Every `share.step`th cut, from `share.start` on."""
        for last, world, tree in itertools.islice(self.cuts(), share.start, None, share.step):
            powercut.put_back(tree)
            about = f"{self.scene}, power cut after {last}, {world}"
            self.tally.add("power-cut", world)
            self.tally.find(about, self.judge.after_cut())
            # Sources that are put back come in another order.
            self.settle(about, exact=self.place.after == "keep")


class Scene:
    """What the runs find: a target, uploads, and how far an earlier run got."""

    def __init__(self, args, program, target, start, after):
        self.args, self.program, self.target = args, program, target
        self.start, self.after = start, after

    def __str__(self):
        return f"{self.target.name}, {self.start}, {self.after}"

    def make_place(self):
        place = Place(self.program, self.target, self.args.uploads, self.after,
                      self.args.options, self.args.scratch)
        if self.start == "grown":  # every other upload is archived already
            paths = sorted(f"{place.inputs}/{p}" for p in place.sources)[::2]
            place.run(paths=paths)
            place.begin_from_here()
        return place

    # --- What is to be met ---

    def kills(self, counts):
        total = sum(counts[c] for c in CHANGING)
        for n in range(1, total + 1):
            for do in ("kill", "kill-after"):
                yield Fault("kill-each", CHANGING, n, do=do, group="calls")
        for n in range(1, counts["write"] + 1):
            yield Fault("kill-each", ("write",), n, do="kill-half", group="half writes")

    def failures(self, counts):
        for name, ways in WAYS.items():
            for do, n in itertools.product(ways, range(1, counts[name] + 1)):
                yield Fault("fail-each", (name,), n, do=do, group=name)

    def lasting(self, counts):
        for group, classes, do in LASTING:
            for n in range(1, sum(counts[c] for c in classes) + 1):
                yield Fault("fail-rest", classes, start=n, do=do, group=group)

    def shares(self, worker):
        """All cuts, or as many as are asked for, in shares for all workers."""
        total = sum(1 for _ in worker.cuts())
        step = max(1, total // self.args.sample) if self.args.sample else 1
        shares = 8 * self.args.workers
        return [slice(i * step, None, shares * step) for i in range(shares)]

    def tasks(self, worker):
        """(mode, [(method of a worker, what it takes)]), in any order."""
        counts = worker.place.counts()
        modes = {
            "kill-random": lambda: ((Worker.kill_at_random, n)
                                    for n in range(self.args.kills)),
            "kill-two": lambda: ((Worker.kill_two, n) for n in range(self.args.kills)),
            "kill-each": lambda: ((Worker.meet, f) for f in self.kills(counts)),
            "fail-each": lambda: ((Worker.meet, f) for f in self.failures(counts)),
            "fail-rest": lambda: ((Worker.meet, f) for f in self.lasting(counts)),
            "limits": lambda: ((Worker.meet_limit, limit) for limit in LIMITS),
            "kill-cut": lambda: ((Worker.kill_cut, f) for f in self.kills(counts)
                                 if f.group == "calls"),
            "power-cut": lambda: ((Worker.after_cuts, s) for s in self.shares(worker)),
        }
        for mode in self.args.modes:
            if mode.endswith("-cut") and not self.target.on_disk:
                continue  # what the store has said is durable is no disk of ours
            tasks = list(modes[mode]())
            bounded = mode in ("kill-random", "kill-two", "power-cut")
            yield mode, tasks if bounded else thinned(tasks, self.args.sample)


def thinned(tasks, most):
    """At most so many, evenly spread; 0: all."""
    if not most or len(tasks) <= most:
        return tasks
    return [tasks[i * len(tasks) // most] for i in range(most)]


def work(worker, tasks):
    while True:
        try:
            method, what = tasks.get_nowait()
        except queue.Empty:
            return
        try:
            method(worker, what)
        except Exception as e:  # a judge that fails is a finding, too
            worker.tally.find(f"{worker.scene}, {what}", [f"judge: {e!r}"])


def run_scene(scene, tally):
    workers = [Worker(scene, tally, n) for n in range(scene.args.workers)]
    try:
        for mode, listed in scene.tasks(workers[0]):
            start, tasks = time.monotonic(), queue.Queue()
            for task in listed:
                tasks.put(task)
            threads = [threading.Thread(target=work, args=(w, tasks)) for w in workers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            print(f"{scene}, {mode}: {time.monotonic() - start:.0f} s", flush=True)
    finally:
        for worker in workers:
            worker.place.clear()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("modes", nargs="+", metavar="MODE")
    add("--build", default="build/release")
    add("--uploads", required=True, help="directory of uploads to archive")
    add("--target", action="append", choices=sorted(TARGETS), help="default: all")
    add("--start", action="append", choices=STARTS, help="default: both")
    add("--after", action="append", choices=AFTERS, help="default: all")
    add("--option", dest="options", action="append", default=[], help="of imgpipe, as one word")
    add("--kills", type=int, default=100, help="kill-random, kill-two: so many, for each scene")
    add("--mixed", type=int, default=3, help="power-cut: so many mixed worlds for each cut")
    add("--sample", type=int, default=0, help="at most so many of each mode and scene")
    add("--workers", type=int, default=os.cpu_count())
    add("--seed", default="1")
    add("--scratch", default="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    add("--verbose", action="store_true", help="list the error messages, too")
    return parser.parse_args()


def main():
    args = arguments()
    program, tally, start = Program(args.build), Tally(args.verbose), time.monotonic()
    for target, begin, after in itertools.product(
            args.target or sorted(TARGETS), args.start or STARTS,
            args.after or AFTERS):
        run_scene(Scene(args, program, TARGETS[target], begin, after), tally)
    for message, n in sorted(tally.messages.items()):
        print(f"{n:5} {message}")
    print(f"{tally.figures()}; {len(tally.wrong)} wrong; {time.monotonic() - start:.0f} s")
    sys.exit(1 if tally.wrong else 0)


if __name__ == "__main__":
    main()
