"""What a power cut would leave: kill -9 cannot show a missing fsync, because
the kernel still has what was written. From the shim's log of one run (log.c)
the disk is built as it may be found after a cut behind any call.

Three worlds, each allowed by POSIX and met in practice:
  synced  only what was synced is there: data by fsync of the file, a name by
          fsync of its directory
  names   every name is there at once, data only if synced; what a file has
          grown by since reads as zeros (a journal of metadata alone)
  mixed   of what was not synced, each change of names (a rename is one, of two
          directories) and each file's data is there or not by the toss of a
          coin; of data, perhaps only the front
"""
import dataclasses
import os
import random
import shutil
import struct

HEAD = struct.Struct("<cIIQ")


@dataclasses.dataclass
class File:
    mode: int
    now: bytes = b""  # replaced, never changed: trees share it
    synced: bytes = b""


@dataclasses.dataclass
class Dir:
    mode: int
    now: dict
    synced: dict = dataclasses.field(default_factory=dict)
    # As synced, but a change of several directories is made in all of them once
    # it must be in one: so do journals.
    journal: dict = dataclasses.field(default_factory=dict)


def records(log):
    with open(log, "rb") as f:
        data = f.read()
    at = 0
    while at < len(data):
        op, a, b, number = HEAD.unpack_from(data, at)
        at += HEAD.size
        yield op.decode(), os.fsdecode(data[at:at + a]), data[at + a:at + a + b], number
        at += a + b


class Disk:
    """The files below `top`, as they are and as they are synced."""

    def __init__(self, top):
        self.top = top
        self.root = self.load(top)
        self.pending = []  # changes of names that are in no journal yet

    def load(self, path):
        mode = os.stat(path).st_mode & 0o7777
        if not os.path.isdir(path):
            with open(path, "rb") as f:
                data = f.read()
            return File(mode, data, data)
        names = {n: self.load(f"{path}/{n}") for n in os.listdir(path)}
        return Dir(mode, names, dict(names), dict(names))

    def walk(self, path):
        """The directory that holds `path`, and its last component; None, None
        if it is not below the top."""
        if path != self.top and not path.startswith(self.top + "/"):
            return None, None
        node = self.root
        parts = [p for p in path[len(self.top):].split("/") if p]
        for part in parts[:-1]:
            node = node.now[part]
        return node, parts[-1] if parts else None

    def at(self, path):
        node, leaf = self.walk(path)
        if node is None or leaf is None:
            return node
        return node.now.get(leaf)

    def apply(self, op, path, data, number):
        node, leaf = self.walk(path)
        if op == "f":
            self.sync_all(self.root)
        elif node is None:
            pass
        elif op == "c":
            if leaf not in node.now:
                self.name((node, leaf, File(number & 0o777)))
        elif op == "m":
            self.name((node, leaf, Dir(number & 0o777, {})))
        elif op == "u":
            self.name((node, leaf, None))
        elif op in "rl":
            to, new = self.walk(os.fsdecode(data))
            changes = [(to, new, node.now[leaf])] if to is not None else []
            if op == "r":
                changes.append((node, leaf, None))
            self.name(*changes)
        else:
            self.change(op, self.at(path), data, number)

    def name(self, *changes):
        """All of (directory, name, what it is then) at once."""
        for node, leaf, below in changes:
            put(node.now, leaf, below)
        self.pending.append(changes)

    def sync_names(self, node):
        node.synced = dict(node.now)
        for changes in [c for c in self.pending if any(d is node for d, _, _ in c)]:
            for touched, leaf, below in changes:
                put(touched.journal, leaf, below)
        self.pending = [c for c in self.pending if all(d is not node for d, _, _ in c)]

    def change(self, op, node, data, number):
        if node is None:  # it has no name any more
            return
        if op == "w":
            node.now = (node.now[:number].ljust(number, b"\0") + data +
                        node.now[number + len(data):])
        elif op == "t":
            node.now = node.now[:number].ljust(number, b"\0")
        elif op == "s":
            if isinstance(node, Dir):
                self.sync_names(node)
            else:
                node.synced = node.now

    def sync_all(self, node):
        self.change("s", node, None, 0)
        if isinstance(node, Dir):
            for below in node.now.values():
                self.sync_all(below)

    # --- After the cut ---

    def left(self, world, seed=0):
        """{path: (mode, bytes, or None for a directory)}, by path."""
        found, coin = {}, random.Random(seed)
        names = self.tossed_names(coin) if world == "mixed" else None
        self.collect(self.root, self.top, world, coin, names, found)
        return found

    def tossed_names(self, coin):
        """The journal, and of what is pending what the coin says: what a
        directory holds, by id."""
        names = {}
        for changes in self.pending:
            if coin.random() < 0.5:
                for node, leaf, below in changes:
                    put(names.setdefault(id(node), dict(node.journal)), leaf, below)
        return names

    def collect(self, node, path, world, coin, names, found):
        if isinstance(node, File):
            found[path] = (node.mode, data_left(node, world, coin))
            return
        found[path] = (node.mode, None)
        if world == "mixed":
            inside = names.get(id(node), node.journal)
        else:
            inside = node.synced if world == "synced" else node.now
        for name, below in sorted(inside.items()):
            self.collect(below, f"{path}/{name}", world, coin, names, found)


def put(names, leaf, below):
    if below is None:
        names.pop(leaf, None)
    else:
        names[leaf] = below


SECTOR = 512  # a disk writes that much or nothing


def data_left(node, world, coin):
    synced, now = node.synced, node.now
    if synced == now or world == "synced":
        return synced
    if world == "now":
        return now
    zeros = synced[:len(now)].ljust(len(now), b"\0")
    if world == "names":
        return zeros
    front = coin.randint(min(len(synced), len(now)), len(now))
    some = coin.randrange(len(now) + 1) // SECTOR * SECTOR
    return coin.choice([synced, now, zeros, now[:some] + zeros[some:], now[:front]])


def put_back(tree):
    """Make the files on a real disk as `left` tells."""
    top = min(tree, key=len)
    shutil.rmtree(top, ignore_errors=True)
    for path, (mode, data) in sorted(tree.items()):
        if data is None:
            os.mkdir(path)
        else:
            with open(path, "wb") as f:
                f.write(data)
        os.chmod(path, mode)


def end(logs, top, start, mixed):
    """(world, tree) for a cut behind the last of several runs, each with its own
    log."""
    disk, seen = Disk(start), set()
    disk.top = top
    for log in logs:
        for record in records(log):
            disk.apply(*record)
    for world, seed in [("synced", 0), ("names", 0)] + [("mixed", i) for i in range(mixed)]:
        tree = disk.left(world, f"end {seed}")
        key = hash(tuple(sorted(tree.items())))
        if key not in seen:
            seen.add(key)
            yield world, tree


def cuts(log, top, start, mixed):
    """(what happened last, world, tree) for each cut that leaves a tree of its
    own; `mixed` worlds with so many seeds. `start` is a copy of what was at
    `top`."""
    disk, seen = Disk(start), set()
    disk.top = top
    worlds = [("synced", 0), ("names", 0)] + [("mixed", i) for i in range(mixed)]
    for number, (op, path, data, value) in enumerate(records(log), 1):
        disk.apply(op, path, data, value)
        for world, seed in worlds:
            tree = disk.left(world, f"{number} {seed}")
            key = hash(tuple(sorted(tree.items())))
            if key not in seen:
                seen.add(key)
                yield f"{number} ({op} {os.path.relpath(path, top)})", world, tree


def missed(log, top, start):
    """What is otherwise at `top` than the log tells: calls that the shim does
    not see."""
    disk = Disk(start)
    disk.top = top
    for record in records(log):
        disk.apply(*record)
    told = {path: data for path, (_, data) in disk.left("now").items()}
    real = {path: data for path, (_, data) in Disk(top).left("now").items()}
    return [os.path.relpath(path, top) for path in sorted(told.keys() | real.keys())
            if told.get(path, "") != real.get(path, "")]
