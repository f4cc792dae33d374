"""Questions are answered and plans and reports changed here: one transaction each."""
