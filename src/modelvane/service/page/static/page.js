// Keeps the page current: fetches its fragment every few seconds and swaps the parts that changed, so that focus,
// scroll position and opened details stay as they are. Sleeps while the page is hidden; says when it has lost touch.
"use strict";

(() => {
  const main = document.getElementById("main");
  const connection = document.getElementById("connection");
  const announcement = document.getElementById("announcement");
  const pause = Number(document.body.dataset.refresh) * 1000;
  const received = new Map();
  const HIDDEN = "the page is hidden";
  let timer = 0;
  let running = null;
  let lostAt = null;

  const say = (node, text) => {
    if (node.textContent !== text) node.textContent = text;
  };

  const parts = (root) => root.querySelectorAll("[data-part]");

  // a way back to an element after its part was replaced: its id, or its place among the part's focusable ones
  const FOCUSABLE = "a[href], summary, [tabindex]";
  const remember = (part) => ({
    open: [...part.querySelectorAll("details[open]")].map((node) => node.id),
    scrolled: [...part.querySelectorAll(".scroll")].map((node) => [node.scrollLeft, node.scrollTop]),
    focused: [...part.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement),
  });
  const restore = (part, { open, scrolled, focused }) => {
    for (const node of part.querySelectorAll("details")) node.open = open.includes(node.id);
    part.querySelectorAll(".scroll").forEach((node, i) => node.scrollTo(...(scrolled[i] ?? [0, 0])));
    if (focused >= 0) part.querySelectorAll(FOCUSABLE)[focused]?.focus({ preventScroll: true });
  };

  const isSelectedIn = (part) => {
    const selection = document.getSelection();
    return selection !== null && !selection.isCollapsed && selection.containsNode(part, true);
  };

  const swap = (text) => {
    const fresh = document.createElement("template");
    fresh.innerHTML = text;
    const verdict = (root) => root.querySelector("[data-verdict]");
    const [before, after] = [verdict(main), verdict(fresh.content)];
    if (before && after && before.dataset.verdict !== after.dataset.verdict) {
      say(announcement, after.textContent);
    }
    const held = new Map([...parts(main)].map((part) => [part.dataset.part, part]));
    const wanted = [...parts(fresh.content)].map((part) => {
      const name = part.dataset.part;
      const html = part.innerHTML;
      const old = held.get(name);
      if (old === undefined) {
        received.set(name, html);
        return part;
      }
      if (received.get(name) !== html && !isSelectedIn(old)) {
        const state = remember(old);
        received.set(name, html);
        old.replaceChildren(...part.childNodes);
        restore(old, state);
      }
      return old;
    });
    if (wanted.length !== held.size || wanted.some((part) => !held.has(part.dataset.part))) {
      const focused = document.activeElement;
      main.replaceChildren(...wanted);
      if (main.contains(focused)) focused.focus({ preventScroll: true });
    }
  };

  const url = () => {
    const address = new URL(location.href);
    address.searchParams.set("fragment", "1");
    address.hash = "";
    return address;
  };

  const refresh = async () => {
    running = new AbortController();
    const limit = setTimeout(() => running?.abort(new Error("no answer")), Math.max(2 * pause, 10000));
    try {
      const response = await fetch(url(), { signal: running.signal, headers: { accept: "text/html" } });
      if (!response.ok) throw new Error(`status ${response.status}`);
      swap(await response.text());
      lostAt = null;
      document.body.classList.remove("lost");
      say(connection, "Live");
    } catch (reason) {
      if (reason === HIDDEN) return;
      lostAt ??= new Date().toLocaleTimeString();
      document.body.classList.add("lost");
      say(connection, `Connection lost at ${lostAt}. Trying again.`);
    } finally {
      clearTimeout(limit);
      running = null;
    }
  };

  const loop = async () => {
    await refresh();
    if (!document.hidden) timer = setTimeout(loop, pause);
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) running?.abort(HIDDEN);
    else if (running === null) loop();
  });

  for (const part of parts(main)) received.set(part.dataset.part, part.innerHTML);
  say(connection, "Live");
  if (!document.hidden) timer = setTimeout(loop, pause);
})();
