"""`python -m services.agreements.gateways.ewp`: files of EWP, where no system runs.

A command of its own, and not one of `python -m services.agreements`: it needs neither settings nor
a database, and starts at once. Exit codes: 0 valid, or the same; 1 not; 2 a file cannot be used.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from services.agreements.gateways.ewp.checking import check as findings_in
from services.agreements.gateways.ewp.differences import Compared, compare_files
from services.agreements.gateways.ewp.documents import Document, read
from services.agreements.gateways.ewp.findings import errors_of
from services.agreements.gateways.ewp.hashing import hash_of, text_to_hash
from shared.errors import Rejected

app = typer.Typer(
    name="ewp",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Inter-Institutional Agreements of Erasmus Without Paper, version 7.",
)

File = Annotated[Path, typer.Argument(help="An `iias-get-response`.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]

_NO, _UNUSABLE = 1, 2
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@app.command(epilog="Example: rapport ewp check partner.xml")
def check(
    file: File,
    local: Annotated[
        str | None, typer.Option("--local", help="The hei-id whose copy it should be.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="A warning is an error.")] = False,
    as_json: Json = False,
) -> None:
    """Against the published schemas, and against what practice asks beyond them."""
    received = _bytes_of(file)
    try:
        document = read(received)
    except Rejected as error:
        if as_json:
            _say_json({"valid": False, "agreements": 0, "findings": [_as_finding(error)]})
        else:
            _say(f"{file}: error {error.code}: {error.message}")
        raise typer.Exit(_NO) from None
    findings = findings_in(document, local=local)
    valid = not (findings if strict else errors_of(findings))
    if as_json:
        told = [finding.as_dict() for finding in findings]
        _say_json({"valid": valid, "agreements": len(document.iias), "findings": told})
    else:
        for each in findings:
            _say(f"{file}:{each.line}: {each.severity} {each.code} at {each.path}")
            _say(f"    {each.what}; {each.do}")
        wrong = len(errors_of(findings))
        odd = len(findings) - wrong
        counts = (len(document.iias), "agreement"), (wrong, "error"), (odd, "warning")
        _say(f"{file}: {', '.join(_counted(*each) for each in counts)}")
    raise typer.Exit(0 if valid else _NO)


@app.command("hash", epilog="Example: rapport ewp hash partner.xml --verify")
def hash_(
    file: File,
    text: Annotated[bool, typer.Option("--text", help="Show the text that is hashed.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="1 if a hash that stands in it is another.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The hash of each agreement, of its text exactly as it is written."""
    found: list[dict[str, Any]] = []
    for iia in _usable(file).iias:
        made = hash_of(iia)
        found.append(
            {
                "iia_id": (*iia.iia_ids, "")[0],
                "hash": made,
                "stated": iia.stated_hash or None,
                "same": made == iia.stated_hash,
            }
            | ({"text": text_to_hash(iia)} if text else {})
        )
    if as_json:
        _say_json(found)
    else:
        for each in found:
            other = "" if each["same"] or not each["stated"] else f"  stated: {each['stated']}"
            _say(f"{each['hash']}  {each['iia_id']}{other}")
            if text:
                typer.echo(each["text"])
    raise typer.Exit(_NO if verify and not all(each["same"] for each in found) else 0)


@app.command(epilog="Example: rapport ewp diff ours.xml theirs.xml")
def diff(
    ours: Annotated[Path, typer.Argument(help="Our copy.", show_default=False)],
    theirs: Annotated[Path, typer.Argument(help="The partner's copy.", show_default=False)],
    as_json: Json = False,
) -> None:
    """What the two copies say otherwise: by meaning, not by spelling, order or contacts."""
    compared = compare_files(_usable(ours), _usable(theirs))
    same = all(each.same for each in compared)
    if as_json:
        _say_json({"same": same, "agreements": [each.as_dict() for each in compared]})
    else:
        for each in compared:
            _show(each)
    raise typer.Exit(0 if same else _NO)


def _show(compared: Compared) -> None:
    count = _counted(len(compared.differences), "difference")
    said = "the same in meaning" if compared.same else count
    _say(f"{compared.ours or 'not in ours'} / {compared.theirs or 'not in theirs'}: {said}")
    for difference in compared.differences:
        _say(f"    {difference}")
    for remark in compared.remarks:
        _say(f"    (no difference) {remark}")


def _counted(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'s' if count != 1 else ''}"


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        _fail(f"{file}: {error.strerror or error}")


def _usable(file: Path) -> Document:
    """Raises typer.Exit where it is no XML or holds no agreement."""
    try:
        document = read(_bytes_of(file))
    except Rejected as error:
        _fail(f"{file}: {error.code}: {error.message}")
    if not document.iias:
        _fail(f"{file}: there is no agreement (`iia`) in it; `ewp check` says why")
    return document


def _fail(message: str) -> NoReturn:
    typer.echo(f"ewp: {_CONTROL.sub(' ', message)}", err=True)
    raise typer.Exit(_UNUSABLE)


def _as_finding(error: Rejected) -> dict[str, Any]:
    line = re.match(r"line (\d+)", error.message)
    return {
        "code": error.code,
        "severity": "error",
        "line": int(line.group(1)) if line else 1,
        "path": "/",
        "what": error.message,
        "do": "send a document that can be read",
    }


def _say(line: str) -> None:
    """One line; what stands in a partner's file cannot move the terminal's cursor."""
    typer.echo(_CONTROL.sub(" ", line))


def _say_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    app(prog_name="rapport ewp")
