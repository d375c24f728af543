"""What pages and the API share of HTTP."""
