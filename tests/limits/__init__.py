"""Everything that can be asked of the product is asked by somebody who may not: nothing gets out.

Each file walks all of a kind (commands and queries, handlers, routes) and fails on one that it was
not told how to ask.
"""
