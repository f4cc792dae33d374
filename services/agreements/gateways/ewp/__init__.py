"""Inter-Institutional Agreements of Erasmus Without Paper, version 7: checked, hashed, compared.

    documents   bytes as received -> elements, safely
    validating  against the published schemas        rules   what the schemas do not say
    hashing     what both sides approve: depends on every character
    meaning     what is agreed: depends on none of order, number form, letter case
    differences the meanings of our copy and of the partner's, compared in words

Nothing here knows our records but `importing` and `exporting`; the model knows nothing of this.
"""
