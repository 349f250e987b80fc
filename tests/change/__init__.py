"""Tests of kfm_checks.change."""
