"""Rules. Values in, values out: no database, network or clock."""
