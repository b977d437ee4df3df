"""`triptych doctor`: one file a subject, pure judgements, and the edges that gather the facts."""
