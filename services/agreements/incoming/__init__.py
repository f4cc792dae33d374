"""What agreements reads of others: the stays that take an agreement's places."""

from services.agreements.incoming.mobility import STAYS, Stay, StayCorrected

__all__ = ["STAYS", "Stay", "StayCorrected"]
