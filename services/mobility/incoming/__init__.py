"""What mobility reads of others: facts of agreements, and the events of HR and the registrar.

The contract of the latter two is ours: `contracts/*.schema.json` is generated from these models.
"""

from services.mobility.incoming.agreements import READS
from services.mobility.incoming.hr import HR
from services.mobility.incoming.registrar import REGISTRAR

__all__ = ["HR", "READS", "REGISTRAR", "UPSTREAM"]

UPSTREAM = HR | REGISTRAR
"""Every upstream type and the model of its data."""
