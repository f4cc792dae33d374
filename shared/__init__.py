"""Message plumbing for every service: no business word, and no service, is known here."""
