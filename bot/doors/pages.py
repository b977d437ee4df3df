"""The operator's pages: how the service is doing, and each review with all that stands behind it."""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import quote

from aiohttp import web

from bot.app_settings import AppSettings
from bot.doors.html import html, is_foreign, see
from bot.doors.sign_in import SignIn
from bot.doors.state import NO_APP
from bot.errors import Problem
from bot.jobs.protocol import JobRow, Jobs, JobState
from bot.outputs.digest import Digest, digest
from bot.outputs.job_line import is_cut, may_retry
from bot.outputs.page import Pages
from bot.outputs.review_page import read_document, review_page
from bot.outputs.status_page import DAY, FILTERS, OUTCOMES, Seen, Vitals, status_page
from bot.settings import Settings
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import UNREAD

LISTED, COUNTED = 50, 100
"""So many reviews stand on the page; so many are looked into for the figures of the day."""
REMEMBERED = 1000
MOST_WORD = 40
"""Characters that are shown of a filter that is none."""
_NEXT = re.compile(
    r"(\?(state|outcome)=[a-z]{1,20}(&outcome=[a-z]{1,20})?|reviews/[A-Za-z0-9%._~-]{1,300})?"
)
"""Where a person may be sent after signing in: pages of ours, below where we are."""

Handler = Callable[[web.Request], Awaitable[web.Response]]


def page_routes(
    settings: Settings,
    app: AppSettings,
    jobs: Jobs,
    *,
    token: str,
    vitals: Callable[[], Vitals] | None = None,
    now: Callable[[], float] = time.time,
) -> list[web.RouteDef]:
    """The routes `/`, `/reviews/...`, `/sign-in` and `/sign-out`, and the last one: whatever else is
    asked for by GET, except for `/webhook`, which says itself how it is asked. No other form is read.

    `token` is what `sign_in.operator_token` gives. Every text is cleared of it, and of the secrets of
    both settings, once more before it is shown.
    """
    born = Vitals(now())
    door = _Door(
        settings.web_url,
        jobs,
        SignIn(token, app.public_url, now),
        Pages(Redaction(settings.secrets | app.secrets | {token})),
        vitals or (lambda: born),
        now,
    )
    return [
        web.get("/", door.guarded(door.status, "./")),
        web.get("/reviews/{job}", door.guarded(door.review, "../")),
        web.get("/reviews/{job}/document.json", door.guarded(door.document, "../../")),
        web.post("/reviews/{job}/retry", door.guarded(door.retry, "../../")),
        web.post("/sign-in", door.enter),
        web.post("/sign-out", door.leave),
        web.get("/{rest:(?!webhook$).*}", door.lost),
    ]


class _Door:
    """The handlers. Links are relative, so that a proxy may put the pages below any path."""

    def __init__(
        self,
        site: str,
        jobs: Jobs,
        sign_in: SignIn,
        pages: Pages,
        vitals: Callable[[], Vitals],
        now: Callable[[], float],
    ) -> None:
        self._site = site
        self._jobs = jobs
        self._sign_in = sign_in
        self._pages = pages
        self._vitals = vitals
        self._now = now
        self._digests: OrderedDict[str, Digest] = OrderedDict()

    def guarded(self, handler: Handler, root: str) -> Handler:
        """The handler for the operator; everybody else gets the form. A Problem becomes a page."""

        async def answer(request: web.Request) -> web.Response:
            if not self._sign_in.is_operator(request):
                return self._stranger(request, root)
            try:
                return await handler(request)
            except Problem as e:
                return self._message(503, "This cannot be shown now", e.what, e.do)

        return answer

    # --- pages

    async def status(self, request: web.Request) -> web.Response:
        """Figures, reviewers, analysers, the list."""
        chosen, outcome = _asked(request, "state", FILTERS), _asked(request, "outcome", OUTCOMES)
        figures = await self._jobs.figures()
        rows = await self._jobs.list(COUNTED)
        state = JobState(chosen) if chosen else None
        is_narrow = chosen or outcome
        listed = await self._jobs.list(LISTED, state, outcome) if is_narrow else rows[:LISTED]
        parked = await self._jobs.list(COUNTED, JobState.PARKED) if figures.parked else ()
        day = self._now() - DAY
        older = [r for r in listed if is_cut(r.title) or r.outcome in UNREAD]
        digests = await self._digest([r for r in rows if r.ended > day] + older)
        again = [r.place for r in listed if may_retry(r, digests.get(r.id))]
        unready = await self._jobs.ready()
        seen = Seen(
            self._now(),
            self._vitals(),
            figures,
            listed,
            digests,
            chosen,
            outcome,
            unready,
            has_app=unready != NO_APP,
            is_whole_day=len(rows) < COUNTED or rows[-1].created <= day,
            parked=parked,
            beside=await self._jobs.of_pulls(again) if again else (),
            unknown=_unknown(request, {"state": FILTERS, "outcome": OUTCOMES}),
        )
        key = self._sign_in.form_key(request)
        page = await asyncio.to_thread(
            status_page, self._pages, seen, self._site, root="./", form_key=key
        )
        return html(page)

    async def review(self, request: web.Request) -> web.Response:
        """One review."""
        row = await self._jobs.show(request.match_info["job"])
        if row is None:
            return self._missing("../")
        beside = await self._jobs.of_pulls([row.place])
        key = self._sign_in.form_key(request)
        page = await asyncio.to_thread(
            review_page, self._pages, row, beside, self._site, self._now(), root="../", form_key=key
        )
        return html(page)

    async def document(self, request: web.Request) -> web.Response:
        """The review as it is stored."""
        row = await self._jobs.show(request.match_info["job"])
        if row is None or not row.document:
            return self._missing("../../")
        answer = html(row.document)
        answer.content_type = "application/json"
        answer.headers["Content-Disposition"] = 'attachment; filename="review.json"'
        return answer

    async def retry(self, request: web.Request) -> web.Response:
        """Do it again, and show the new job."""
        if not await self._is_own_form(request):
            return self._foreign()
        try:
            new = await self._jobs.retry(request.match_info["job"])
        except KeyError:
            return self._missing("../../")
        return see(f"../{quote(new.id, safe='')}")

    async def lost(self, request: web.Request) -> web.Response:
        """An address at which nothing stands; whoever is no operator learns no more than that."""
        if not self._sign_in.is_operator(request):
            raise web.HTTPNotFound
        root = "../" * (request.path.count("/") - 1) or "./"
        what = "Nothing stands at this address."
        return self._message(404, "No such page", what, "Go to the list of reviews.", root)

    # --- in and out

    async def enter(self, request: web.Request) -> web.Response:
        """The sign-in form: the token for a cookie."""
        form = await request.post()
        if not await self._is_own_form(request):
            return self._foreign()
        given, wanted = str(form.get("token", "")).strip(), str(form.get("next", ""))
        place = wanted if _NEXT.fullmatch(wanted) else ""
        if not self._sign_in.takes(given, request.remote or ""):
            return self._form(request, "./", place, "This is not the operator’s token.")
        answer = see(f"./{place}")
        self._sign_in.let_in(request, answer)
        return answer

    async def leave(self, request: web.Request) -> web.Response:
        """Forget the cookie."""
        if not await self._is_own_form(request):
            return self._foreign()
        answer = see("./")
        self._sign_in.let_out(answer)
        return answer

    async def _is_own_form(self, request: web.Request) -> bool:
        """Whether the form is of a page of ours. A bearer token needs none: no browser adds it."""
        if self._sign_in.has_token(request):
            return True
        form = await request.post()
        return not is_foreign(request) and self._sign_in.is_own_form(
            request, str(form.get("form", ""))
        )

    def _stranger(self, request: web.Request, root: str) -> web.Response:
        if request.method == "GET" and request.headers.get("Sec-Fetch-Site") == "cross-site":
            # A link on GitHub: the browser keeps a strict cookie back until we ask ourselves.
            return html(self._pages.render("again"))
        place = request.path_qs.lstrip("/") if request.method == "GET" else ""
        return self._form(request, root, place if _NEXT.fullmatch(place) else "")

    def _form(self, request: web.Request, root: str, place: str, problem: str = "") -> web.Response:
        """The sign-in form; 429 while too many wrong tokens came from that address."""
        wait = self._sign_in.attempts.wait(request.remote or "")
        headers = {"WWW-Authenticate": "Bearer"}
        if wait:
            problem = f"Too many wrong tokens. Try again in {wait:.0f} s."
            headers = {"Retry-After": f"{wait:.0f}"}
        answer = html("", 429 if wait else 401, headers=headers)
        answer.text = self._pages.render(
            "sign_in",
            root=root,
            next=place,
            problem=problem,
            form_key=self._sign_in.form_key(request, answer),
        )
        return answer

    # --- what went wrong

    def _missing(self, root: str) -> web.Response:
        what = "There is no review of that id, or it is older than the days that are kept."
        return self._message(404, "No such review", what, "Go back to the list.", root)

    def _foreign(self) -> web.Response:
        what = "The form did not come from a page of this server, or that page is too old."
        return self._message(403, "Nothing was done", what, "Open the page again and repeat it.")

    def _message(self, status: int, title: str, what: str, do: str, link: str = "") -> web.Response:
        return html(self._pages.render("message", title=title, what=what, do=do, link=link), status)

    async def _digest(self, rows: Sequence[JobRow]) -> Mapping[str, Digest]:
        """What is kept of these reviews; a finished one is looked into once."""
        for row in rows:
            if row.state is not JobState.DONE or row.id in self._digests:
                continue
            whole = await self._jobs.show(row.id)
            doc = await asyncio.to_thread(read_document, whole) if whole else None
            if doc:
                self._digests[row.id] = digest(doc, row.ended)
        while len(self._digests) > REMEMBERED:
            self._digests.popitem(last=False)
        return {row.id: self._digests[row.id] for row in rows if row.id in self._digests}


def _asked(request: web.Request, name: str, known: Sequence[tuple[str, str]]) -> str:
    """What the address narrows the list to; "" for nothing, or nothing that is known."""
    asked = request.query.get(name, "")
    return asked if asked in dict(known) else ""


def _unknown(request: web.Request, known: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """What the address asks for in vain, as it stands there; "" for nothing."""
    asked = ((name, request.query.get(name, "")) for name in known)
    wrong = (f"{name}={word[:MOST_WORD]}" for name, word in asked if word not in dict(known[name]))
    return " and ".join(wrong)
