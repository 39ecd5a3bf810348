"""Our accounts at vendors: instances, who is prepared or provisioned where, each step's receipt, people's tasks."""
