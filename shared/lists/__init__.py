"""Lists that come again: what one said of a record the last time, and what it newly says.

`news` compares and is pure; `memory` keeps. What a difference implies is for each service to say.
"""
