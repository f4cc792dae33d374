"""Numbers of a workbook as a person sees them: some are days, as their format says."""

import re
from datetime import datetime, timedelta
from typing import Any

__all__ = ["Formats", "number_text"]

_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 cells have no zone
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001
_BUILT_IN = {17: "mm-yy", 18: "h:mm", 19: "h:mm:ss", 20: "h:mm", 21: "h:mm:ss"} | dict.fromkeys(
    (14, 15, 16, 22, *range(27, 37), *range(50, 59)), "yyyy-mm-dd"
)
_NOT_OF_THE_FORMAT = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')


def number_text(value: float) -> str:
    """12 for 12.0, and no more digits than a spreadsheet program shows."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"


class Formats:
    """Which of a workbook's styles are dates, and how much of a date they show."""

    def __init__(self, styles: Any, *, epoch_1904: bool) -> None:
        self._epoch = _EPOCH_1904 if epoch_1904 else _EPOCH
        self._codes: list[str] = []
        if styles is None:
            return
        own = {
            int(each.get("numFmtId")): str(each.get("formatCode"))
            for each in styles.iterfind("{*}numFmts/{*}numFmt")
        }
        for style in styles.iterfind("{*}cellXfs/{*}xf"):
            number = int(style.get("numFmtId", "0"))
            self._codes.append(_letters(own.get(number) or _BUILT_IN.get(number, "")))

    def day(self, value: float, style: int) -> str | None:
        """The date or time that is shown; None where the style shows a number."""
        code = self._codes[style] if style < len(self._codes) else ""
        if not code:
            return None
        try:
            moment = self._epoch + timedelta(days=value)
        except OverflowError:
            return None
        seconds = moment + timedelta(milliseconds=500)
        if "y" not in code and "d" not in code:
            return f"{seconds:%H:%M}"
        if "d" not in code:
            return f"{moment:%Y-%m}" if "m" in code else f"{moment:%Y}"
        at_midnight = float(value).is_integer()
        return f"{moment:%Y-%m-%d}" if at_midnight else f"{seconds:%Y-%m-%dT%H:%M:%S}"


def _letters(code: str) -> str:
    """The letters of a format that stand for parts of a date; "" if it is none."""
    plain = _NOT_OF_THE_FORMAT.sub("", code.split(";")[0]).lower()
    if "general" in plain:
        return ""
    letters = "".join(each for each in "ydh" if each in plain)
    return letters + ("m" if "m" in plain else "") if letters else ""
