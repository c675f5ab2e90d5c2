"""The classes of ways to hide an attachment, by number. A class is a generator
that is given a payload and yields variants:

    @readings(1, "two encodings")
    def two_encodings(p):
        yield "base64 first", entity(…)           # malformed: must not let a banned payload out
        yield "one field", entity(…), VALID       # well-formed: a harmless payload must pass untouched

A variant is an entity, which the harness puts into each of the class's places,
or whole(message), which stands for itself."""

from dataclasses import dataclass, field

from . import build
from .payload import BANNED, HARMLESS

VALID = "valid"      # of this structure honest mail is made
BLOCK = "block"      # nobody can look into it: held back, or removed
ODD = "odd"          # the default: what happens to it without a banned payload is the policy's choice


@dataclass
class Reading:
    number: int
    title: str
    generate: object
    places: tuple
    banned: tuple
    harmless: tuple


@dataclass
class Case:
    """One message."""
    number: int
    variant: str
    place: str
    payload: object
    data: bytes
    expectation: str
    file: str = ""
    answer: dict = field(default_factory=dict)  # the line of gatepost scan --json
    out: bytes = None  # what is let out

    def __str__(self):
        return f"T{self.number:02d} {self.variant} [{self.place}, {self.payload.kind}]"


class whole(bytes):
    """A message that cannot be put elsewhere."""


classes = {}


def readings(number, title, places=build.USUAL, banned=BANNED, harmless=HARMLESS):
    def register(generate):
        assert number not in classes, number
        classes[number] = Reading(number, title, generate, places, banned, harmless)
        return generate
    return register


def cases_of_payload(reading, p):
    """For each variant a list of its cases, one a place."""
    for made in reading.generate(p):
        variant, e, expectation = made if len(made) == 3 else (*made, ODD)
        placed = [("whole", bytes(e))] if isinstance(e, whole) else [(place, build.PLACES[place](e))
            for place in reading.places]
        yield [Case(reading.number, variant, place, p, data, expectation) for place, data in placed]


def some(turn, columns, number):
    """Of a variant's cases (a list for each payload, of one for each place) so
    many: the first place and others by turns, each with another payload."""
    for i in range(number):
        column = columns[(turn + i) % len(columns)]
        at = 0 if i == 0 and number > 1 else (turn + turn // len(columns)) % len(column)
        if at > 0 or i == 0:
            yield column[at]


def cases(reading, every=False):
    """Each variant at the top with a banned payload and elsewhere with
    another, and once with a harmless one; with all of them everywhere when `every`."""
    for payloads, number in (reading.banned, 2), (reading.harmless, 1):
        rows = zip(*[cases_of_payload(reading, p) for p in payloads], strict=True)
        for turn, columns in enumerate(rows):
            yield from [c for column in columns for c in column] if every else some(turn, columns, number)
