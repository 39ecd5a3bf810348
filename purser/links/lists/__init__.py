"""The lists that both doors show: their columns, rows, order and ready filters, each declared once. The portal dresses them
with links and words for when they are empty; the API answers with the same rows.
"""
