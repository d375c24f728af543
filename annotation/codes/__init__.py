"""Code systems whose terms the concept field can offer: ICD-10-CM and HPO, each from a package that ships it.

`open_index.index_of` gives a system's `Index` (search, exact, near); `systems.SYSTEMS` says what there is, its version
and whom to acknowledge. Nothing here knows Django, a study or a person.
"""
