"""The loader side: fetch, verify, plan, load, record. No check imports it: what judges never writes what it judges."""
