"""The kinds of archive, one row each: how it is named, read back by programs
that share no code with imgpipe, and where an interrupted run leaves things."""
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(f"{HERE}/../s3")
import fake  # noqa: E402 (beside the tests of the store)


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


def validated(bag):
    said = output_of([sys.executable, f"{HERE}/../bagit-validate.py", bag])
    return [] if said.returncode == 0 else said.stdout.splitlines()


class Local:
    """What archives in files have in common; `place` is a case's directory."""
    on_disk = True

    @staticmethod
    def prepare(place):
        """Make what the first run must find."""

    @staticmethod
    def options(place):
        """Of imgpipe, besides the archive."""
        return []

    @staticmethod
    def begin_from_here(place):
        """What is there now is there after each reset."""

    @staticmethod
    def reset(place):
        """As at the beginning, as far as it is not below `place`."""


class Bag(Local):
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
    def content(place):
        """The same, without what the order of archiving decides about."""
        return Bag.tree(place)

    @staticmethod
    def objects(place):
        """What is visible as archived: {name: bytes}."""
        top = f"{place}/archive/data"
        return {path: read(full) for path, full in files_below(top)}

    @staticmethod
    def findings(place):
        """What a validator has against it."""
        return validated(f"{place}/archive")

    @staticmethod
    def leftovers(place):
        top = f"{place}/archive"
        left = [path for path, _ in files_below(top)
                if any(part.startswith(".") for part in path.split("/"))]
        left += [os.path.relpath(os.path.join(folder, d), top)
                 for folder, dirs, _ in os.walk(top) for d in dirs
                 if d.startswith(".") or not os.listdir(os.path.join(folder, d))]
        return left


def inflated(data):
    """All that a file of gzip members holds, as far as it is whole."""
    out = b""
    while data:
        member = zlib.decompressobj(wbits=31)
        try:
            out += member.decompress(data)
        except zlib.error:
            break
        if not member.eof:
            break
        data = member.unused_data
    return out


def tar_files(data):
    """{name: bytes} of a tar archive, as far as it is whole (POSIX ustar)."""
    files, at = {}, 0
    while len(data) - at >= 512 and data[at] != 0:
        head = data[at:at + 512]
        size = int(head[124:136].rstrip(b"\0 "), 8)
        name = head[345:500].rstrip(b"\0") + b"/" + head[:100].rstrip(b"\0")
        at += 512
        if head[156:157] in (b"0", b"\0") and len(data) - at >= size:
            files[os.fsdecode(name.lstrip(b"/"))] = data[at:at + size]
        at += -(-size // 512) * 512
    return files


class TarGz(Local):
    """A BagIt bag in one file."""
    name = "tar.gz"
    PAYLOAD = "imgpipe/data/"
    ORDERED = ("imgpipe/imgpipe-index.txt", "imgpipe/tagmanifest-sha256.txt")

    @staticmethod
    def prepare(place):
        os.makedirs(f"{place}/archive", exist_ok=True)

    @staticmethod
    def spec(place):
        return f"tar.gz:{place}/archive/all.tar.gz"

    @staticmethod
    def tree(place):
        return Bag.tree(place)

    @staticmethod
    def files(place):
        path = f"{place}/archive/all.tar.gz"
        return tar_files(inflated(read(path))) if os.path.exists(path) else {}

    @staticmethod
    def content(place):
        return {name: data for name, data in TarGz.files(place).items()
                if name not in TarGz.ORDERED}

    @staticmethod
    def objects(place):
        return {name[len(TarGz.PAYLOAD):]: data
                for name, data in TarGz.files(place).items()
                if name.startswith(TarGz.PAYLOAD)}

    @staticmethod
    def findings(place):
        path = f"{place}/archive/all.tar.gz"
        with tempfile.TemporaryDirectory() as out:
            for command in (["gzip", "-t", path], ["tar", "-xzf", path, "-C", out]):
                said = output_of(command)
                if said.returncode != 0 or said.stdout:
                    return [f"{command[0]}: {said.stdout}"]
            return validated(f"{out}/imgpipe")

    @staticmethod
    def leftovers(place):
        return [n for n in os.listdir(f"{place}/archive") if n != "all.tar.gz"]


class S3(Local):
    """A BagIt bag in a store, which runs beside the campaign: tests/s3/fake.py,
    one for each place. Its objects are put back by hand."""
    name = "s3"
    on_disk = False
    PREFIX = "archive/"
    handlers, starts = {}, {}

    @staticmethod
    def handler(place):
        if place not in S3.handlers:
            os.environ.setdefault("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
            os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "not-a-secret")
            handler = type("Handler", (fake.Handler,), {"store": fake.Store(1000)})
            server = fake.Server(("127.0.0.1", 0), handler)
            handler.port = server.server_address[1]
            threading.Thread(target=server.serve_forever, daemon=True).start()
            S3.handlers[place] = handler
        return S3.handlers[place]

    @staticmethod
    def options(place):
        port = S3.handler(place).port
        return ["--s3-endpoint", f"http://127.0.0.1:{port}", "--s3-path-style"]

    @staticmethod
    def begin_from_here(place):
        S3.starts[place] = dict(S3.handler(place).store.objects)

    @staticmethod
    def reset(place):
        store = fake.Store(1000)
        store.objects.update(S3.starts.get(place, {}))
        S3.handler(place).store = store

    @staticmethod
    def spec(place):
        return f"s3://{fake.BUCKET}/archive"

    @staticmethod
    def tree(place):
        store = S3.handler(place).store
        with store.lock:
            return {key[len(S3.PREFIX):]: parts[0] for key, parts in store.objects.items()}

    content = tree

    @staticmethod
    def objects(place):
        return {name[len("data/"):]: data for name, data in S3.tree(place).items()
                if name.startswith("data/")}

    @staticmethod
    def findings(place):
        with tempfile.TemporaryDirectory() as out:
            for name, data in S3.tree(place).items():
                os.makedirs(os.path.dirname(f"{out}/{name}"), exist_ok=True)
                with open(f"{out}/{name}", "wb") as f:
                    f.write(data)
            return validated(out)

    @staticmethod
    def leftovers(place):
        uploads = S3.handler(place).store.uploads
        return [n for n in S3.tree(place) if n.startswith(".")] + list(uploads)


TARGETS = {row.name: row for row in (Bag, TarGz, S3)}


def name_fits(name, data):
    """Names come from digests: ab/cd/<first 32 hex>.ext, or, by a template,
    <eight or more>.ext."""
    digest = hashlib.sha256(data).hexdigest()
    leaf = name.rsplit("/", 1)[-1].split(".")[0]
    return digest.startswith(leaf) and len(leaf) >= 8
