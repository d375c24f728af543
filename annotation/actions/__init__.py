"""Every write: one verb a function, keyword-only, `by=` who, `now=` when, one transaction, one audit event."""
