"""HTTP in, one action or query, a template out. No rule lives here."""
