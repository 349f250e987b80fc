"""Tests of the admission engines."""
