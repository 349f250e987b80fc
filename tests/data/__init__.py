"""Tests of the loader side and of the data manifest."""
