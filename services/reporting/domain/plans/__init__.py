"""Work plans: their targets, and how far each has come on a day."""
