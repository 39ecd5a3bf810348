"""What is sold: vendors, products, offers; and for how much, by price lists of whoever sells."""
