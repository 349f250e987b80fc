"""Tests of the writers, one report in many formats."""
