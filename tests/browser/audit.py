"""What can be checked of a page's accessibility by a machine: names, structure, contrast, width.

A small part of WCAG 2.2 AA, written out here so that no script has to be fetched from anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Page

_SCRIPT = r"""
() => {
  const faults = [];
  const say = (what, e) => faults.push(what + ": " + (e ? e.outerHTML.slice(0, 120) : ""));
  const all = (q) => [...document.querySelectorAll(q)];
  const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const named = (e) => (e.getAttribute("aria-label") || e.textContent || "").trim();

  if (document.documentElement.lang !== "en") say("no language");
  if (!document.title.trim()) say("no title");
  if (all("h1").length !== 1) say("not one h1");
  if (all("main").length !== 1) say("not one main");
  let level = 0;
  for (const h of all("h1, h2, h3, h4")) {
    const now = Number(h.tagName[1]);
    if (now > level + 1) say("a level of headings is left out", h);
    level = now;
  }
  const ids = all("[id]").map((e) => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) say("id twice " + id);
  for (const name of ["aria-labelledby", "aria-describedby", "for"])
    for (const e of all(`[${name}]`))
      for (const id of e.getAttribute(name).split(/\s+/))
        if (!document.getElementById(id)) say(name + " names nothing", e);
  for (const e of all("input:not([type=hidden]), select, textarea"))
    if (!e.labels.length || !named(e.labels[0])) say("no label", e);
  for (const e of all("a[href], button, summary")) if (!named(e)) say("no name", e);
  for (const e of all("fieldset")) if (!e.querySelector("legend")) say("no legend", e);
  for (const e of all("table")) {
    if (!e.caption || !named(e.caption)) say("no caption", e);
    for (const th of e.querySelectorAll("th")) if (!th.scope) say("no scope", th);
    for (const tr of e.querySelectorAll("tbody tr"))
      if (!tr.querySelector("th")) say("a row without a header", tr);
    for (const cell of e.querySelectorAll("th, td")) if (!named(cell)) say("an empty cell", cell);
  }
  for (const e of all("svg"))
    if (!e.closest("[aria-hidden=true]") && !e.getAttribute("aria-label")) say("svg unnamed", e);
  for (const e of all("*")) if (e.tabIndex > 0) say("tab order", e);

  const parse = (c) => (c.match(/[\d.]+/g) || []).map(Number);
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => {
      v /= 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || (c.length === 4 && c[3] === 1)) return c;
    }
    return [255, 255, 255];
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const e = node.parentElement;
    if (!node.textContent.trim() || !seen(e)) continue;
    const style = getComputedStyle(e);
    const colour = parse(e.closest("svg") ? style.fill : style.color);
    const [high, low] = [light(colour), light(ground(e))].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < (large ? 3 : 4.5)) say("contrast " + ratio.toFixed(2), e);
  }
  for (const e of all("a[href], button, input:not([type=hidden]), summary")) {
    const box = (e.type === "radio" ? e.labels[0] : e).getBoundingClientRect();
    const least = e.closest("p, td, th, li") ? 16 : 24; // In running text less is enough.
    if (seen(e) && !e.closest(".skip") && box.height < least) say("target " + box.height, e);
  }

  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) {
    say("sideways scrolling by " + wide);
    for (const e of all("body *"))
      if (e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        { say("too wide", e); break; }
  }
  return faults;
}
"""


async def faults(page: Page) -> list[str]:
    """What is wrong with the page as it is shown now; every fold is opened first."""
    await page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    found: list[str] = await page.evaluate(_SCRIPT)
    return found
