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


def placed(reading, made):
    if isinstance(made, whole):
        yield "whole", bytes(made)
        return
    for place in reading.places:
        yield place, build.PLACES[place](made)


def cases_of_payload(reading, p):
    for made in reading.generate(p):
        variant, e, expectation = made if len(made) == 3 else (*made, ODD)
        for place, data in placed(reading, e):
            yield Case(reading.number, variant, place, p, data, expectation)


def cases(reading, every=False):
    """Each variant in each place with one banned payload and one harmless
    one, by turns, so that all are met; with all of them when `every`."""
    for payloads in reading.banned, reading.harmless:
        rows = zip(*[list(cases_of_payload(reading, p)) for p in payloads], strict=True)
        for turn, row in enumerate(rows):
            # Odd places for one payload, even for another, would leave pairs
            # out: a step for each round of places.
            wanted = row if every else [row[(turn + turn // len(reading.places)) % len(row)]]
            yield from wanted
