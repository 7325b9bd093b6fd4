"""The chapters of reports, and the blocks that they are made of."""
