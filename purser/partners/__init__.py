"""Partners and customers: who may administer whom, by whose leave, and what they did."""
