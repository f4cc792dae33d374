"""`rapport import hr|registrar` and `rapport mapping`, as they are typed."""

from pathlib import Path

from typer.testing import CliRunner

from services.program.cli import app
from services.program.output import Exit

run = CliRunner().invoke


def test_an_extract_without_a_mapping_is_refused_with_what_to_do(tmp_path: Path) -> None:
    answer = run(app, ["import", "hr", str(tmp_path / "hr.csv")])
    assert answer.exit_code == Exit.USAGE
    assert "--mapping NAME" in answer.stderr


def test_a_draft_of_a_mapping_is_written_from_the_heading_of_an_extract(tmp_path: Path) -> None:
    file = tmp_path / "extract.csv"
    file.write_text("Contract;Employee;Nationality;Role\n", encoding="utf-8")
    answer = run(app, ["mapping", "draft", "contract", str(file)])
    assert answer.exit_code == Exit.OK
    assert "  nationality: Nationality\n" in answer.stdout
    assert "a row that is gone means" in answer.stdout
    assert run(app, ["mapping", "draft", "cat", str(file)]).exit_code == Exit.USAGE


def test_a_mapping_that_is_not_complete_is_not_kept_and_says_what_it_lacks(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text("system: hr\nsource: /hust/hr\nrows: contract\ncolumns: {}\n")
    answer = run(app, ["mapping", "keep", "contracts", str(file)])
    assert answer.exit_code == Exit.USAGE
    assert "say which columns" in answer.stderr
