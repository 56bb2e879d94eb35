// What script adds to pages that work without it: parts of a page that follow the audit stream, a countdown, and the
// keyboard's focus on what a page has to say first. Nothing here decides anything.
"use strict";

(() => {
  const main = document.getElementById("main");
  const first = document.querySelector(".problems, .said");
  if (first) first.focus({ preventScroll: false });

  // A countdown shows the time left until the moment in data-until, and asks for the page again when it has come.
  const count = () => {
    for (const el of document.querySelectorAll("[data-until]")) {
      const left = Math.max(0, Math.round((Date.parse(el.dataset.until) - Date.now()) / 1000));
      const text = left >= 60 ? Math.floor(left / 60) + " min " + (left % 60) + " s" : left + " s";
      if (el.textContent !== text) el.textContent = text;
      if (left === 0 && !el.dataset.over) {
        el.dataset.over = "1";
        setTimeout(refresh, 1500);
      }
    }
  };
  setInterval(count, 1000);
  count();

  if (!main || !("live" in main.dataset) || !window.EventSource) return;

  const told = document.getElementById("live");
  let last = Date.now();
  let asked = 0;
  let waiting = null;
  let away = false;

  const tell = () => {
    if (!told) return;
    const s = Math.round((Date.now() - last) / 1000);
    const when = s < 5 ? "just now" : s < 90 ? s + " seconds ago" : Math.round(s / 60) + " minutes ago";
    const text = away ? "Updated " + when + "; the connection is interrupted and tried again." : "Updated " + when + ".";
    if (told.textContent !== text) told.textContent = text;
  };
  if (told) told.removeAttribute("role"); // a clock that is read aloud all day says nothing
  setInterval(tell, 5000);

  // Where a person is writing, or has opened or chosen something, the part is left as it is.
  const busy = (el) => el.contains(document.activeElement) && document.activeElement !== document.body ||
    el.querySelector("input:checked:not([data-given]), details[open]");

  async function refresh() {
    waiting = null;
    asked = Date.now();
    let answer;
    try {
      answer = await fetch(location.href, { headers: { "X-Live": "1" }, credentials: "same-origin" });
    } catch {
      away = true;
      return tell();
    }
    if (answer.status === 401) return location.reload();
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const now of document.querySelectorAll("[data-part]")) {
      const then = page.querySelector('[data-part="' + now.dataset.part + '"]');
      if (!then || now.innerHTML === then.innerHTML || busy(now)) continue;
      now.replaceWith(document.importNode(then, true));
    }
    last = Date.now();
    away = false;
    tell();
    count();
  }

  // However much happens, a page asks at most every two seconds, and not while nobody looks at it.
  // Lists of many donors may be a moment old: they are asked for once more when it has become quiet.
  let quiet = null;
  const soon = () => {
    clearTimeout(quiet);
    quiet = setTimeout(refresh, 12000);
    if (waiting || document.hidden) return;
    waiting = setTimeout(refresh, Math.max(0, asked + 2000 - Date.now()) + Math.random() * 500);
  };

  let source = null;
  const open = () => {
    if (source) source.close();
    source = new EventSource("/events");
    source.addEventListener("moved", soon);
    source.addEventListener("out", () => location.reload());
    source.onopen = () => { away = false; soon(); };
    source.onerror = () => {
      away = true;
      tell();
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 5000 + Math.random() * 5000);
    };
  };
  open();
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
  window.addEventListener("pagehide", () => source && source.close());
  window.addEventListener("pageshow", (e) => { if (e.persisted) open(); });
})();
