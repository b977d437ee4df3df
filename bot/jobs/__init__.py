"""Durable work: an accepted event is never lost, a finished call never paid twice."""
