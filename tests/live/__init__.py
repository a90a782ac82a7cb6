"""Tests on real clusters; see conftest."""
