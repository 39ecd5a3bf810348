"""What every connector needs: guarded HTTP, page loops, a budget per credential."""
