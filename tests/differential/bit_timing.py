"""Bit timing: our results are python-can's, for the vectors of its own suite and for random cases,
and those of the Linux kernel as can-calc-bit-timing has them; where ours is nearer, it is shown."""

from __future__ import annotations

import ast
import json
import random
import re
import shutil
import subprocess
from fractions import Fraction
from functools import cache
from typing import Any

from _harness import Skip, case, example, expect, main, source
from can import BitTiming, BitTimingFd
from can.interfaces.pcan.pcan import PCAN_BITRATES

RANDOM_CASES = 100_000


def ask(questions: list[list[Any]]) -> list[Any]:
    """Our answers: a dictionary each, a list of them, or the text of an error."""
    stdin = "".join(json.dumps(question) + "\n" for question in questions)
    done = example("bit_timing", stdin=stdin, seconds=300)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    expect(len(answers), len(questions))
    return answers


def theirs(question: list[Any]) -> Any:
    """What python-can answers, as ``ask`` would."""
    try:
        found = _theirs(question)
    except ValueError as error:
        return str(error)
    if isinstance(found, list):
        return [shown(one) for one in found]
    return shown(found)


def _theirs(question: list[Any]) -> Any:
    match question:
        case ["classic", clock, brp, tseg1, tseg2, sjw, samples, strict]:
            return BitTiming(clock, brp, tseg1, tseg2, sjw, samples, strict)
        case ["rate", clock, rate, tseg1, tseg2, sjw, samples, strict]:
            return BitTiming.from_bitrate_and_segments(
                clock, rate, tseg1, tseg2, sjw, samples, strict
            )
        case ["registers", clock, btr0, btr1]:
            return BitTiming.from_registers(clock, btr0, btr1)
        case ["point", clock, rate, point]:
            return BitTiming.from_sample_point(clock, rate, point)
        case ["points", clock, rate, point]:
            return list(BitTiming.iterate_from_sample_point(clock, rate, point))
        case ["classic again", clock, brp, tseg1, tseg2, sjw, samples, other]:
            timing = BitTiming(clock, brp, tseg1, tseg2, sjw, samples)
            return timing.recreate_with_f_clock(other)
        case ["fd", *numbers]:
            return BitTimingFd(*numbers)
        case ["fd rate", *numbers]:
            return BitTimingFd.from_bitrate_and_segments(*numbers)
        case ["fd point", *numbers]:
            return BitTimingFd.from_sample_point(*numbers)
        case ["fd points", *numbers]:
            return list(BitTimingFd.iterate_from_sample_point(*numbers))
        case ["fd again", *numbers, other]:
            return BitTimingFd(*numbers).recreate_with_f_clock(other)
    raise AssertionError(question)


def shown(timing: BitTiming | BitTimingFd) -> dict[str, Any]:
    """A timing of python-can's as we show ours."""
    if isinstance(timing, BitTiming):
        return {
            "phase": [timing.brp, timing.tseg1, timing.tseg2, timing.sjw],
            "f_clock": timing.f_clock,
            "nof_samples": timing.nof_samples,
            "bitrate": timing.bitrate,
            "nbt": timing.nbt,
            "tq": timing.tq,
            "sample_point": timing.sample_point,
            "registers": [timing.btr0, timing.btr1],
            "tolerance": tolerance(timing),
            "text": str(timing),
        }
    return {
        "phases": [
            [timing.nom_brp, timing.nom_tseg1, timing.nom_tseg2, timing.nom_sjw],
            [timing.data_brp, timing.data_tseg1, timing.data_tseg2, timing.data_sjw],
        ],
        "f_clock": timing.f_clock,
        "bitrates": [timing.nom_bitrate, timing.data_bitrate],
        "bit_times": [timing.nbt, timing.dbt],
        "tqs": [timing.nom_tq, timing.data_tq],
        "sample_points": [timing.nom_sample_point, timing.data_sample_point],
        "tolerance": tolerance(timing),
        "text": str(timing),
    }


class Exact(float):
    """A time quantum that is compared and divided exactly; python-can's is rounded to nanoseconds."""

    def __new__(cls, brp: int, clock: int) -> Exact:
        made = super().__new__(cls, brp / clock * 1e9)
        made.fraction = Fraction(brp * 10**9, clock)
        return made

    def __rtruediv__(self, other: float) -> Fraction:
        return Fraction(other) / self.fraction


def tolerance(timing: BitTiming | BitTimingFd) -> float:
    """python-can's tolerance, by its own conditions, for an exact quantum."""
    kind, name = (
        (BitTiming, "tq") if isinstance(timing, BitTiming) else (BitTimingFd, "nom_tq")
    )
    rounded = getattr(kind, name)
    brp = timing.brp if kind is BitTiming else timing.nom_brp
    setattr(kind, name, property(lambda self: Exact(brp, timing.f_clock)))
    try:
        return timing.oscillator_tolerance()
    finally:
        setattr(kind, name, rounded)


def compare(questions: list[list[Any]]) -> dict[str, int]:
    """That all answers are the same; how many of them were timings, by kind of question."""
    counts: dict[str, int] = {}
    for question, answer in zip(questions, ask(questions), strict=True):
        expected = theirs(question)
        if isinstance(expected, str):
            # Both refuse, each with its own words.
            expect(isinstance(answer, str), True, f"{question}: {expected}, but {answer}")
            continue
        expect(answer, expected, str(question))
        counts[question[0]] = counts.get(question[0], 0) + 1
    return counts


# Their own suite


@cache
def suite() -> ast.Module:
    """Their tests of bit timing."""
    return ast.parse(source("test/test_bit_timing.py").read_text())


#: Calls in their suite: which question asks the same, and its numbers by name.
CALLS = {
    "can.BitTiming": ("classic", "f_clock brp tseg1 tseg2 sjw nof_samples=1 strict=False"),
    "can.BitTiming.from_bitrate_and_segments": (
        "rate",
        "f_clock bitrate tseg1 tseg2 sjw nof_samples=1 strict=False",
    ),
    "can.BitTiming.from_registers": ("registers", "f_clock btr0 btr1"),
    "can.BitTiming.from_sample_point": ("point", "f_clock bitrate sample_point"),
    "can.BitTiming.iterate_from_sample_point": ("points", "f_clock bitrate sample_point"),
    "can.BitTimingFd": (
        "fd",
        "f_clock nom_brp nom_tseg1 nom_tseg2 nom_sjw data_brp data_tseg1 data_tseg2 data_sjw"
        " strict=False",
    ),
    "can.BitTimingFd.from_bitrate_and_segments": (
        "fd rate",
        "f_clock nom_bitrate nom_tseg1 nom_tseg2 nom_sjw"
        " data_bitrate data_tseg1 data_tseg2 data_sjw strict=False",
    ),
    "can.BitTimingFd.from_sample_point": (
        "fd point",
        "f_clock nom_bitrate nom_sample_point data_bitrate data_sample_point",
    ),
    "can.BitTimingFd.iterate_from_sample_point": (
        "fd points",
        "f_clock nom_bitrate nom_sample_point data_bitrate data_sample_point",
    ),
}


def vectors() -> list[list[Any]]:
    """Every call of a constructor in their suite; variables of loops take all their values."""
    loops: dict[str, list[int]] = {}
    questions: list[list[Any]] = []
    for node in ast.walk(suite()):
        if isinstance(node, ast.For) and ast.unparse(node.iter).startswith("range"):
            arguments = [ast.literal_eval(a) for a in node.iter.args]  # type: ignore[attr-defined]
            loops[ast.unparse(node.target)] = list(range(*arguments))
    for node in ast.walk(suite()):
        if not isinstance(node, ast.Call) or ast.unparse(node.func) not in CALLS:
            continue
        word, names = CALLS[ast.unparse(node.func)]
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        if None in given or node.args:
            continue  # dict(timing), and the registers of PCAN, which have a case of their own
        questions += _filled(word, names, given, loops)
    return questions


def _filled(
    word: str, names: str, given: dict[str | None, str], loops: dict[str, list[int]]
) -> list[list[Any]]:
    rows = [[word]]
    for name in names.split():
        name, _, default = name.partition("=")
        text = given.get(name, default)
        values = loops.get(text) or [ast.literal_eval(text)]
        rows = [[*row, value] for row in rows for value in values]
    return rows


@case(seconds=240)
def all_vectors_of_python_cans_suite_give_the_same():
    questions = vectors()
    counts = compare(questions)
    # 50 sample points, 2,500 pairs of them, and about twenty single cases.
    expect(counts["points"], 50)
    expect(counts["fd points"], 2500)
    expect(counts["point"] > 50 and counts["fd point"] > 2500, True, str(counts))
    expect(counts["classic"] > 10 and counts["fd"] > 3, True, str(counts))
    print(f"{len(questions)} vectors: {counts}")


@case
def the_registers_of_pcans_bit_rates_are_the_same():
    registers = [divmod(rate.value, 256) for rate in PCAN_BITRATES.values()]
    counts = compare([["registers", 8_000_000, btr0, btr1] for btr0, btr1 in registers])
    expect(counts, {"registers": len(registers)})


@case
def registers_give_the_same():
    # python-can refuses some, and so do we.
    questions = [["registers", 8_000_000, one, two] for one in range(256) for two in range(0, 256, 3)]
    expect(compare(questions)["registers"] > 5000, True)


@case
def their_example_of_another_clock_is_the_same():
    questions = [
        ["classic again", 8_000_000, 1, 5, 2, 1, 1, 16_000_000],
        ["classic again", 16_000_000, 2, 12, 3, 3, 1, 8_000_000],
        ["fd again", 80_000_000, 5, 27, 4, 4, 5, 6, 1, 1, 60_000_000],
    ]
    expect(sum(compare(questions).values()), 3)


# Random cases

CLOCKS = [8_000_000, 16_000_000, 20_000_000, 24_000_000, 40_000_000, 80_000_000]
ODD_CLOCKS = [13_000_000, 33_333_333, 36_000_000, 48_000_000, 60_000_000, 99_532_800, 170_000_000]
RATES = [10_000, 20_000, 33_333, 50_000, 83_333, 100_000, 125_000, 250_000, 500_000, 800_000]
DATA_RATES = [1_000_000, 2_000_000, 2_500_000, 4_000_000, 5_000_000, 8_000_000]


def random_question(chance: random.Random) -> list[Any]:
    clock = chance.choice(CLOCKS + ODD_CLOCKS) if chance.random() < 0.9 else chance.randint(1, 2**31)
    rate = chance.choice([*RATES, 1_000_000])
    if chance.random() < 0.2:
        rate = chance.randint(1, 1_200_000)
    point = chance.choice([50.0, 62.5, 66.7, 69.0, 75.0, 80.0, 87.5, chance.uniform(50, 99.9)])
    number = chance.randint
    classic = [number(1, 66), number(1, 17), number(1, 9), number(1, 5)]
    samples, strict = chance.choice([1, 1, 3, 2]), chance.random() < 0.4
    nominal = [number(1, 12), number(2, 140), number(1, 40), number(1, 12)]
    data = [number(1, 8), number(1, 20), number(1, 9), number(1, 5)]
    fast = chance.choice(DATA_RATES)
    match chance.choices(range(10), [20, 20, 15, 10, 10, 15, 10, 3, 1, 3])[0]:
        case 0:
            return ["classic", clock, *classic, samples, strict]
        case 1:
            return ["rate", clock, rate, *classic[1:], samples, strict]
        case 2:
            return ["point", clock, rate, point]
        case 3:
            return ["points", clock, rate, point]
        case 4:
            return ["classic again", clock, *classic, samples, chance.choice(CLOCKS + ODD_CLOCKS)]
        case 5:
            return ["fd", clock, *nominal, *data, strict]
        case 6:
            # Segments that divide the clock more often than not.
            brp, clock = number(1, 4), chance.choice(CLOCKS)
            return ["fd rate", clock, clock // (brp * (1 + nominal[1] + nominal[2])), *nominal[1:],
                    clock // (brp * (1 + data[1] + data[2])), *data[1:], strict]
        case 7:
            return ["fd point", clock, rate, point, fast, chance.choice([60.0, 70.0, 75.0, 80.0])]
        case 8:
            return ["fd points", chance.choice(CLOCKS), rate, point, fast, 70.0]
        case _:
            return ["fd again", chance.choice(CLOCKS), *nominal, *data, chance.choice(CLOCKS)]


@case(seconds=500)
def random_cases_give_the_same():
    chance = random.Random(20)
    questions = [random_question(chance) for _ in range(RANDOM_CASES)]
    counts = compare(questions)
    for word in ("classic", "point", "points", "fd", "fd rate"):
        expect(counts.get(word, 0) > 1000, True, str(counts))
    for word in ("rate", "classic again", "fd point", "fd points", "fd again"):
        expect(counts.get(word, 0) > 200, True, str(counts))
    print(f"{RANDOM_CASES} random cases, of which timings: {counts}")


@case
def a_rounded_quantum_is_the_only_thing_in_which_tolerances_differ():
    # At 80 MHz a quantum is 12.5 ns, and python-can calculates with 12.
    timing = BitTimingFd(80_000_000, 1, 119, 40, 40, 1, 29, 10, 10)
    (ours,) = ask([["fd", 80_000_000, 1, 119, 40, 40, 1, 29, 10, 10, False]])
    expect(timing.nom_tq, 12)
    expect(ours["tolerance"], tolerance(timing))
    whole = BitTiming(8_000_000, 1, 13, 2, 1)
    (ours,) = ask([["classic", 8_000_000, 1, 13, 2, 1, 1, False]])
    expect(ours["tolerance"], whole.oscillator_tolerance())


# Where ours is nearer

#: python-can's strict range, as limits.
STRICT = [1, 16, 1, 8, 4, 1, 32, 1]


@case
def our_best_is_never_farther_than_python_cans_and_sometimes_nearer():
    chance = random.Random(3)
    wished = [
        (chance.choice(CLOCKS + ODD_CLOCKS), chance.choice(RATES), chance.choice(range(50, 96)))
        for _ in range(5000)
    ]
    all_ours = ask([["solutions", *wish, *STRICT] for wish in wished])
    nearer: list[str] = []
    for (clock, rate, point), ours in zip(wished, all_ours, strict=True):
        try:
            their = BitTiming.from_sample_point(clock, rate, point)
        except ValueError:
            continue
        rate_error = abs(Fraction(clock, their.nbt * their.brp) - rate) / rate * 100
        point_error = abs(their.sample_point - point)
        # python-can takes no bit of less than eight quanta, though controllers can.
        best = next(one for one in ours if sum(one["phase"][1:3]) >= 7)
        expect(best["bitrate_error"] <= float(rate_error) + 1e-9, True, f"{clock} {rate} {point}")
        same_rate = abs(best["bitrate_error"] - float(rate_error)) < 1e-9
        if same_rate:
            expect(best["sample_point_error"] <= point_error + 1e-9, True, f"{clock} {rate} {point}")
        if best["sample_point_error"] < point_error - 1e-9 or not same_rate:
            nearer.append(
                f"{clock} Hz, {rate} bit/s, {point} %: python-can {their.brp}/{their.tseg1}/"
                f"{their.tseg2} is off by {float(rate_error):.3f} % and {point_error:.2f} %, ours "
                f"{best['phase']} by {best['bitrate_error']:.3f} % and "
                f"{best['sample_point_error']:.2f} %"
            )
    expect(len(nearer) > 0, True)
    print(f"nearer in {len(nearer)} of {len(wished)}, for instance:")
    for line in nearer[:: max(1, len(nearer) // 5)][:5]:
        print(f"  {line}")


# Linux

#: The controllers of can-utils 2020.11 and later: limits as in `can_bittiming_const`.
LIMITS = {
    "sja1000": [1, 16, 1, 8, 4, 1, 64, 1],
    "mscan": [4, 16, 2, 8, 4, 1, 64, 1],
    "at91": [4, 16, 2, 8, 4, 2, 128, 1],
    "flexcan": [4, 16, 2, 8, 4, 1, 256, 1],
    "mcp251x": [3, 16, 2, 8, 4, 1, 64, 1],
    "ti_hecc": [1, 16, 1, 8, 4, 1, 256, 1],
    "rcar_can": [4, 16, 2, 8, 4, 1, 1024, 1],
    "bxcan": [1, 16, 1, 8, 4, 1, 1024, 1],
    "c_can": [2, 16, 1, 8, 4, 1, 1024, 1],
    "mcp251xfd": [2, 256, 1, 128, 128, 1, 256, 1],
    "mcan-v3.1+": [2, 256, 2, 128, 128, 1, 512, 1],
    "flexcan-fd": [2, 96, 2, 32, 16, 1, 1024, 1],
    "rockchip_canfd": [1, 256, 1, 128, 128, 2, 256, 2],
    "xilinx_can_fd2": [1, 256, 1, 128, 128, 2, 256, 1],
    "kvaser_usb_kcan": [1, 255, 1, 32, 16, 1, 8192, 1],
    "pcan_usb_fd": [1, 256, 1, 128, 128, 1, 1024, 1],
}


#: Clocks that its controllers have, beside the usual ones.
BUILT_IN_CLOCKS = [
    *[4_000_000, 30_000_000, 32_000_000, 33_000_000, 33_300_000, 49_875_000, 65_000_000],
    *[66_000_000, 66_500_000, 66_660_000, 66_666_666, 83_368_421, 100_000_000],
]


class Calculator:
    """can-calc-bit-timing, whose older versions know less controllers and another rule."""

    def __init__(self) -> None:
        found = shutil.which("can-calc-bit-timing")
        if found is None:
            raise Skip("there is no can-calc-bit-timing: install can-utils")
        self.program = found
        self.names = [name.strip() for name in self._run("-l").splitlines()]
        self.rules = {"Since6_3": 1} if "--alg" in self._run("-?") else {"Since4_8": 0}
        if self.rules == {"Since6_3": 1}:
            self.rules["Since4_8"] = 0

    def _run(self, *arguments: Any) -> str:
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True)
        return done.stdout

    def table(self, name: str, rule: str, clock: int, point: int) -> list[list[int]]:
        """The rows: bit rate wanted, prescaler, tseg1, tseg2, sjw; without these if impossible."""
        chosen = []
        if len(self.rules) > 1:
            chosen = ["--alg=" + {"Since6_3": "v6.3", "Since4_8": "v4.8"}[rule]]
        wish = ["-c", clock, *(["-s", point] if point else [])]
        rows = []
        # Some print a table for each of their clocks, and one for the data phase behind it.
        _, first, *_ = self._run(*chosen, *wish, name).split("Bit timing parameters for")
        for line in first.splitlines():
            if found := re.match(r" *(\d+) \*\*\*", line):
                rows.append([int(found[1])])
            elif found := re.match(r" *(\d+) +\d+ +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +\d+ ", line):
                rate, prop, one, two, sjw, brp = map(int, found.groups())
                rows.append([rate, brp, prop + one, two, sjw])
        return rows


@case(seconds=240)
def the_choice_of_linux_is_that_of_can_calc_bit_timing():
    calculator = Calculator()
    compared = refused = 0
    names = [name for name in LIMITS if name in calculator.names]
    # All built-in controllers of the version that Debian 12 has.
    expect(set(calculator.names[:7]) <= set(LIMITS) or len(names) > 7, True, str(calculator.names))
    for rule, number in calculator.rules.items():
        for name in names:
            limits = LIMITS[name]
            wished = [
                (clock, point, row)
                for clock in CLOCKS + ODD_CLOCKS + BUILT_IN_CLOCKS
                for point in (0, 500, 700)
                for row in calculator.table(name, rule, clock, point)
            ]
            expect(len(wished) > 500, True, name)
            questions = [
                ["linux", clock, row[0], point / 10, number, *limits] for clock, point, row in wished
            ]
            for (clock, point, row), ours in zip(wished, ask(questions), strict=True):
                if isinstance(ours, str) and not is_possible(row, clock, point, limits):
                    refused += 1
                    continue
                where = f"{rule} {name} {clock} Hz, {row[0]} bit/s, {point}"
                expect([row[0], *ours], row, where)
                compared += 1
    by = f"{', '.join(names)} by {', '.join(calculator.rules)}"
    print(f"{compared} choices for {by}; {refused} refused by both, or not possible")


def is_possible(row: list[int], clock: int, point: int, limits: list[int]) -> bool:
    """Whether a row is a timing. Linux does not look whether tseg1 is long enough, and the rule of
    4.8 gives what it has left over from another length of a bit where it finds no sample point
    that is early enough."""
    if len(row) == 1:
        return False
    rate, brp, tseg1, tseg2, _ = row
    quanta = 1 + tseg1 + tseg2
    wanted = point or (750 if rate > 800_000 else 800 if rate > 500_000 else 875)
    right = abs(clock / (brp * quanta) - rate) <= 0.051 * rate
    return right and 1000 * (1 + tseg1) // quanta <= wanted and tseg1 >= limits[0]


if __name__ == "__main__":
    main()
