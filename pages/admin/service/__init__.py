"""The page of one service: how it is, how it was, its last results and incidents."""
