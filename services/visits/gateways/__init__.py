"""What leaves this service in a format of somebody else's: calendars, letters."""
