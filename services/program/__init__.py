"""The system as one program: `rapport up`, `rapport demo` and the commands of a client."""
