"""Demo data: Harbour IT Services, an MSP with a marketplace, two PSAs, and twelve days of its life.

`python -m sandboxes.msp --today YYYY-MM-DD --out DIR` writes the seeds of the three sandboxes and story.json. The same day
and seed give the same bytes. All companies are invented; product names are the vendors'.
"""

from sandboxes.msp.write import FILES, documents, write

__all__ = ["FILES", "documents", "write"]
