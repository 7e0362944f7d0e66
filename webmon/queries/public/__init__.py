"""What everyone may see: the public page and its JSON.

The snapshot that visitors get is made from these and kept in `webmon.api.public.kept_snapshots`.
"""
