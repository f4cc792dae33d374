"""Files of rows, read as a person sees them: CSV and XLSX, however long or hostile."""

from services.program.spreadsheets.lines import SheetUnreadable
from services.program.spreadsheets.rows import Row, Sheet

__all__ = ["Row", "Sheet", "SheetUnreadable"]
