"""From what everybody said to what is posted: anchor, merge, identify, suppress, vote, rank, cap.

One file a step. Each step returns what it keeps and what it drops with the reason. Suppression
stands behind merging, or a dismissed finding would come back through its twin.
"""
