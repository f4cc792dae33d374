"""Inter-Institutional Agreements of Erasmus Without Paper, version 7: checked, hashed, compared.

    documents   bytes as received -> elements, safely
    validating  against the published schemas        rules   what the schemas do not say
    hashing     what both sides approve: depends on every character
    meaning     what is agreed: depends on none of order, number form, letter case
    differences the meanings of our copy and of the partner's, compared in words

    terms, grouping         their words and ours; their conditions and our places
    importing, exporting    a document in our words; a record of ours in theirs
    keeping                 which agreement is which there, and the partner's bytes as received

The upper half knows none of our records, and starts in no time; the model knows nothing of this.
"""
