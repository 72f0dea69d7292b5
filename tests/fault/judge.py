"""What must hold after a disturbed run, and after the run that follows it."""
import errno
import hashlib
import os
import re
import shutil
import sqlite3

import audit
import targets

OUTCOMES = "archived duplicate skipped quarantined failed cancelled".split()
STATE_FILES = re.compile(r"ledger\.db(-wal|-shm|-journal)?|lock|audit\.log|in-flight")
STATE_FILES_AT_REST = re.compile(r"ledger\.db|lock|audit\.log|in-flight")

# What SQLite makes of an error, and what is only a consequence of another one.
OTHER_WORDS = ("ledger: disk I/O error", "ledger: database or disk is full",
               "ledger: unable to open database file", "ledger: out of memory",
               "ledger: cannot be opened for writing",
               "ledger: database disk image is malformed",
               "the image that this is a duplicate of has failed")


class Ledger:
    """What the ledger in a state directory says; nothing if there is none."""

    def __init__(self, state, at_rest):
        """Unless it is at rest, a copy is looked at: opening a ledger repairs
        it, and so would hide what a crash has left."""
        self.objects, self.inputs, self.intents, self.audit = {}, {}, set(), []
        self.crashed = 0  # inputs that several runs were killed over
        copy = f"{os.path.dirname(os.path.dirname(state))}/state-copy"
        if not os.path.exists(f"{state}/ledger.db"):
            return
        if not at_rest:
            shutil.copytree(state, copy)
        file = f"{state}/ledger.db?immutable=1" if at_rest else f"{copy}/ledger.db"
        db = sqlite3.connect(f"file:{file}", uri=True)
        try:
            if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'intents'").fetchone():
                self.read(db)
                self.audit = audit.findings(state, db, at_rest)
        finally:
            db.close()
            if not at_rest:
                shutil.rmtree(copy)

    def read(self, db):
        # {name: digest}
        self.objects = {name: digest.hex() for name, digest in
                        db.execute("SELECT name, digest FROM objects")}
        # {path: digest of the object, or what became of it}; a directory that
        # could not be read keeps its row
        self.inputs = {os.fsdecode(path): digest.hex() if digest else outcome
                       for path, outcome, digest in db.execute(
                           "SELECT i.path, i.outcome, o.digest FROM inputs i "
                           "LEFT JOIN objects o ON o.id = i.object")
                       if not os.path.isdir(path)}
        self.intents = {name for name, in db.execute("SELECT name FROM intents")}
        self.crashed, = db.execute("SELECT count(*) FROM inputs WHERE code = 'crashed'").fetchone()


class Judge:
    """Knows what an undisturbed run leaves at a place."""

    def __init__(self, place):
        self.place, self.target = place, place.target
        place.reset()
        ended = place.run()
        if ended.status not in (0, 1) or not ended.summary:
            raise RuntimeError(f"undisturbed run: {ended}")
        self.summary = ended.summary
        self.tree = self.target.tree(place.case)
        self.content = self.target.content(place.case)
        self.objects = self.target.objects(place.case)
        findings = self.target.findings(place.case) + self.target.leftovers(place.case)
        for name, data in self.objects.items():
            if not targets.name_fits(name, data):
                findings.append(f"not of its digest: {name}")
        if findings or not self.objects:
            raise RuntimeError(f"undisturbed run: {findings or 'no objects'}")
        self.inputs = self.ledger(at_rest=True).inputs
        self.sources = self.sources_now()
        self.digest_of = {path: value for path, value in self.inputs.items()
                          if isinstance(value, str) and len(value) == 64}
        place.reset()

    def ledger(self, at_rest):
        return Ledger(f"{self.place.case}/state", at_rest)

    # --- After the disturbed run ---

    def torn(self):
        """Visible objects that are not whole, rows without an object, objects
        without a row or an intent."""
        visible = self.target.objects(self.place.case)
        found = [f"visible, and not what it should be: {name}"
                 for name, data in visible.items() if self.objects.get(name) != data]
        ledger = self.ledger(at_rest=False)
        found += [f"in the ledger, not in the archive: {name}"
                  for name in ledger.objects if name not in visible]
        found += [f"visible, and the ledger does not know: {name}" for name in visible
                  if name not in ledger.objects and name not in ledger.intents]
        return found + ledger.audit

    def sources_now(self):
        """{path: bytes} of all that is in the uploads, or moved away."""
        return {os.path.relpath(full, self.place.top): targets.read(full)
                for top in (self.place.inputs, self.place.moved)
                for _, full in targets.files_below(top)}

    def lost(self, visible):
        """Sources that are neither where they were nor archived; those that
        move have to arrive, too."""
        digests = {hashlib.sha256(data).hexdigest() for data in visible.values()}
        moved = [targets.read(full) for _, full in targets.files_below(self.place.moved)]
        found = []
        for path, data in self.place.sources.items():
            full = f"{self.place.inputs}/{path}"
            if os.path.exists(full):
                if targets.read(full) != data:
                    found.append(f"source changed: {path}")
            elif self.place.after == "keep":
                found.append(f"source gone: {path}")
            elif self.digest_of.get(full) not in digests:
                found.append(f"source gone, object missing: {path}")
            elif self.place.after != "delete" and data not in moved:
                found.append(f"source gone, and moved nowhere: {path}")
        return found

    def strange_state(self, known):
        state = f"{self.place.case}/state"
        names = os.listdir(state) if os.path.isdir(state) else []
        found = [f"in the state directory: {n}" for n in names if not known.fullmatch(n)]
        return found + [f"state file of mode {os.stat(f'{state}/{n}').st_mode:o}: {n}"
                        for n in names if os.stat(f"{state}/{n}").st_mode & 0o077]

    def has_crashed(self):
        """Is something quarantined as crashed? Archived after all, it comes behind
        the others in an archive that keeps the inputs in order."""
        return self.ledger(at_rest=False).crashed > 0

    def disturbed(self, ended, fault):
        """Findings about a run that met `fault`, before anything else runs."""
        found = self.torn() + self.lost(self.target.objects(self.place.case))
        found += self.strange_state(STATE_FILES)
        if fault.kills and ended.status == -9:
            return found
        return found + self.untruthful(ended, fault)

    def after_cut(self):
        """Findings about a disk after a power cut, before anything else runs."""
        visible = self.target.objects(self.place.case)
        ledger = self.ledger(at_rest=False)
        return (self.lost(visible) + ledger.audit +
                [f"in the ledger, not in the archive: {name}"
                 for name in ledger.objects if name not in visible])

    def untruthful(self, ended, fault):
        """A run that came to its end by itself says how it went."""
        if ended.status is None:
            return ["it hung"]
        found = [f"strange line: {line}" for line in ended.strange]
        if ended.status not in (0, 1, 3):
            found.append(f"exit {ended.status}")
        if ended.status in (0, 1) and not ended.summary:
            return found + (["no summary"] if not ended.gave_up else [])
        found += [f"unclear: {e}" for e in ended.errors if not is_clear(e, fault.do)]
        # What two runs were killed over is quarantined, and left out on purpose.
        whole = self.target.content(self.place.case) == self.content or self.has_crashed()
        if not whole and not ended.errors:
            found.append("not all is archived, and nothing is said")
        if ended.summary:
            found += self.miscounted(ended)
            if ended.status == 0 and not whole:
                found.append("exit 0, but not all is archived")
        return found

    def miscounted(self, ended):
        s = ended.summary
        found = []
        if s["scanned"] != sum(s[o] for o in OUTCOMES):
            found.append(f"outcomes do not add up: {s}")
        bad = s["quarantined"] + s["failed"] + s["cancelled"]
        if ended.status == 0 and bad:
            found.append(f"exit 0 with {s}")
        if ended.status == 1 and not bad and not ended.errors:
            found.append(f"exit 1 without a reason: {s}")
        return found

    def lost_now(self):
        return self.lost(self.target.objects(self.place.case))

    # --- After the run that follows ---

    def ended_well(self, ended):
        """It has something to quarantine, and nothing else to complain of."""
        if ended.status not in (0, 1) or not ended.summary or ended.errors:
            return [f"exit {ended.status}, {ended.errors + ended.strange}"]
        return self.miscounted(ended)

    def completed(self, ended, exact=True):
        """Findings about a run that met nothing, after one that did. What has
        failed and is done later may have another place in an archive that
        keeps an order: it is not `exact` then."""
        found = []
        if ended.status not in (0, 1) or not ended.summary:
            return [f"the next run: exit {ended.status}, {ended.errors + ended.strange}"]
        found += self.miscounted(ended)
        if ended.summary["failed"] or ended.summary["cancelled"] or ended.errors:
            found.append(f"the next run: {ended.summary}, {ended.errors}")
        found += self.differs(exact)
        found += [f"left over: {path}" for path in self.target.leftovers(self.place.case)]
        found += self.strange_state(STATE_FILES_AT_REST)
        if os.path.getsize(f"{self.place.case}/state/in-flight"):
            found.append("something is in flight at rest")
        found += self.lost(self.objects)
        sources = self.sources_now()
        found += [f"sources: {path}" for path in sources.keys() ^ self.sources.keys()]
        ledger = self.ledger(at_rest=True)
        if ledger.inputs != self.inputs:
            odd = set(ledger.inputs.items()) ^ set(self.inputs.items())
            found.append(f"rows of inputs: {odd}")
        return found + ledger.audit

    def differs(self, exact):
        want = self.tree if exact else self.content
        have = (self.target.tree if exact else self.target.content)(self.place.case)
        found = ([f"missing: {path}" for path in want if path not in have] +
                 [f"more than there should be: {path}" for path in have
                  if path not in want] +
                 [f"other bytes: {path}" for path, data in have.items()
                  if want.get(path, data) != data])
        if not exact and not found and self.target.tree(self.place.case) != self.tree:
            return self.target.findings(self.place.case)
        return found

    def idle(self, ended, exact=True):
        """Findings about the run after that one: it has nothing to do."""
        s = ended.summary
        if ended.status != 0 or not s or s["scanned"] != s["skipped"]:
            return [f"the run after it: exit {ended.status}, {s}, {ended.errors}"]
        return self.differs(exact)


def is_clear(message, error):
    """What was done to what, and why it failed, which is `error`."""
    if len(message) >= 300 or not message.isprintable():
        return False
    if any(words in message for words in OTHER_WORDS):
        return True
    number = getattr(errno, error, None)
    if number == errno.ENOMEM and re.search("no memory|: Cannot allocate", message):
        return True
    if number is None:
        return ": " in message
    what, reason, _ = message.partition(": " + os.strerror(number))
    return reason != "" and len(what.split()) > 1
