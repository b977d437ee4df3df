"""The GraphQL that we ask: texts of files, guidelines and configuration, reviews, in one query."""

from __future__ import annotations

from collections.abc import Sequence

FILES_PER_QUERY = 100
REVIEWS = 50
COMMENTS = 100

_BLOB = "fragment B on GitObject { oid ... on Blob { text isBinary isTruncated byteSize } }"
_TREE = "fragment T on Tree { entries { name mode } }"
_REVIEWS = (
    f"reviews(last: {REVIEWS}, before: $before, states: [COMMENTED]) {{"
    " pageInfo { hasPreviousPage startCursor } nodes { databaseId id body url"
    " viewerDidAuthor author { login __typename } commit { oid }"
    f" comments(first: {COMMENTS}) {{ nodes {{ databaseId id body path line startLine originalLine"
    " isMinimized } } } }"
)


def contents_query(
    blobs: Sequence[str], trees: Sequence[str] = (), *, reviews: bool = False
) -> tuple[str, dict[str, str]]:
    """A query for the objects `COMMIT:PATH`, and the variables that hold those names.

    Names go in as variables, so that no path can become part of the query. The answers stand at
    `repository.b0`, `repository.t0`, ... in the given order.
    """
    variables = {f"b{i}": name for i, name in enumerate(blobs)}
    variables |= {f"t{i}": name for i, name in enumerate(trees)}
    declared = "".join(f", ${name}: String!" for name in variables)
    parts = [f"b{i}: object(expression: $b{i}) {{ ...B }}" for i in range(len(blobs))]
    parts += [f"t{i}: object(expression: $t{i}) {{ ...T }}" for i in range(len(trees))]
    if reviews:
        parts.append(f"pullRequest(number: $number) {{ {_REVIEWS} }}")
    number = ", $number: Int!, $before: String" if reviews else ""
    # What is asked of each is written once: GitHub reads a shorter query in less time.
    fragments = f" {_BLOB}" * bool(blobs) + f" {_TREE}" * bool(trees)
    head = f"query($owner: String!, $repo: String!{number}{declared})"
    body = " ".join(parts) or "id"
    return f"{head} {{ repository(owner: $owner, name: $repo) {{ {body} }} }}{fragments}", variables


def reviews_query() -> str:
    """A query for a page of the reviews alone; `before` is the cursor of a later page, or null."""
    return contents_query((), reviews=True)[0]


def drafts_query() -> str:
    """A query for the viewer's own drafts; nobody else's are shown."""
    reviews = "reviews(last: 10, states: [PENDING]) { nodes { databaseId body } }"
    return (
        "query($owner: String!, $repo: String!, $number: Int!) { repository(owner: $owner, name: "
        f"$repo) {{ pullRequest(number: $number) {{ {reviews} }} }} }}"
    )


OURS = "query($id: ID!) { node(id: $id) { ... on PullRequestReviewComment { viewerDidAuthor } } }"
"""Whether a comment in a review's thread is ours."""

HIDE = (
    "mutation($id: ID!, $why: ReportedContentClassifiers!) { minimizeComment(input: {subjectId: "
    "$id, classifier: $why}) { minimizedComment { isMinimized } } }"
)
