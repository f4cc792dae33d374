"""The registers that a spreadsheet can fill, of all services, as each describes them itself.

A column is added in `services/<service>/sheets/registers.yaml`, and its names in `words.yaml`.
"""

from collections.abc import Mapping

from services.program.system import SERVICES
from shared.sheets.layout import Layout, layouts_of

__all__ = ["REGISTERS"]

REGISTERS: Mapping[str, Layout] = {
    name: layout for service in SERVICES for name, layout in layouts_of(service).items()
}
