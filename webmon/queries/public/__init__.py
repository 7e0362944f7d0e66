"""What everyone may see: the public page and its JSON.

`snapshot` makes what visitors get; `webmon.api.public.kept_snapshots` keeps it.
"""
