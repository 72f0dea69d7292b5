"""The kinds of archive, one row each: how it is named, read back by programs
that share no code with imgpipe, and where an interrupted run leaves things."""
import hashlib
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def files_below(top):
    """Every file's path below `top`, with what `os.path.relpath` makes of it;
    a symbolic link to a directory counts as a file."""
    for folder, dirs, names in os.walk(top):
        links = [d for d in dirs if os.path.islink(os.path.join(folder, d))]
        for name in names + links:
            full = os.path.join(folder, name)
            yield os.path.relpath(full, top), full


def read(path):
    with open(path, "rb") as f:
        return f.read()


def output_of(command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)


class Bag:
    """A BagIt bag in a directory."""
    name = "bag"

    @staticmethod
    def spec(place):
        return f"bag:{place}/archive"

    @staticmethod
    def tree(place):
        """The whole archive as a reader sees it: {path: bytes}."""
        return {path: read(full) for path, full in files_below(f"{place}/archive")}

    @staticmethod
    def objects(place):
        """What is visible as archived: {name: bytes}."""
        top = f"{place}/archive/data"
        return {path: read(full) for path, full in files_below(top)}

    @staticmethod
    def findings(place):
        """What a validator has against it."""
        said = output_of([sys.executable, f"{HERE}/../bagit-validate.py",
                          f"{place}/archive"])
        return [] if said.returncode == 0 else said.stdout.splitlines()

    @staticmethod
    def leftovers(place):
        top = f"{place}/archive"
        left = [path for path, _ in files_below(top)
                if any(part.startswith(".") for part in path.split("/"))]
        left += [os.path.relpath(os.path.join(folder, d), top)
                 for folder, dirs, _ in os.walk(top) for d in dirs
                 if d.startswith(".") or not os.listdir(os.path.join(folder, d))]
        return left


TARGETS = {row.name: row for row in (Bag,)}


def name_fits(name, data):
    """Names come from digests: ab/cd/<first 32 hex>.ext."""
    digest = hashlib.sha256(data).hexdigest()
    leaf = name.rsplit("/", 1)[-1].split(".")[0]
    return digest.startswith(leaf) and len(leaf) == 32
