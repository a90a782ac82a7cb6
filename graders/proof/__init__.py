"""Prove, check and measure labs: proof, driver, typist, lab check, bench."""
