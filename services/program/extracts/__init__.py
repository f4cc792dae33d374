"""`rapport import hr|registrar FILE`: a full extract of another system, as the events it implies.

Most such systems cannot send events; they write all that they know into a file every night. Its
difference from the one before is told in the same events that a system would have sent, by the
same door, under ids that follow from what changed: a run that died is run again, and nothing is
said twice. What the extract said last is kept by the mobility service, without names.
"""
