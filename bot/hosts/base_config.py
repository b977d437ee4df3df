"""The base branch's configuration and nothing else: for who has no review to load it with."""

from __future__ import annotations

import gidgethub

from bot.config import PATH, Unusable
from bot.hosts import answers, queries
from bot.hosts.app import AppAPI
from bot.hosts.http import told
from bot.subject import PullRequest


async def base_config(api: AppAPI, pull: PullRequest) -> bytes | Unusable | None:
    """As `Subject.config` has it, read at the base commit of this moment. Failures are HostProblems."""
    try:
        facts = await api.getobject(f"/repos/{pull.repository}/pulls/{pull.number}", "base")
        answers.check_same(facts, api.place)
        query, names = queries.contents_query([f"{facts['base']['sha']}:{PATH}"])
        there = await api.ask(query, {"owner": pull.owner, "repo": pull.name, **names})
    except gidgethub.HTTPException as e:
        raise told(e, f"read the configuration of {pull.repository}") from e
    return answers.configuration(answers.blob((there["repository"] or {}).get("b0")))
