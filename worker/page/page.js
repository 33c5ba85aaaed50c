// The status page without its reload: asks for the same page again, and counts times on. All that
// it shows was written by the server; without it the browser reloads the page by itself.
"use strict";

(() => {
  const main = () => document.getElementById("main");
  let skew = 0; // of this clock against the server's
  let paused = false;
  let failed = 0;

  function span(ms) {
    const s = Math.max(0, ms) / 1000;
    const two = (count, unit, rest, word) =>
      `${Math.floor(count)} ${unit}` + (Math.floor(rest) > 0 ? ` ${Math.floor(rest)} ${word}` : "");
    if (s < 10) return `${s.toFixed(1)} s`;
    if (s < 120) return `${Math.floor(s)} s`;
    if (s < 600) return two(s / 60, "min", s % 60, "s");
    if (s < 7200) return `${Math.floor(s / 60)} min`;
    if (s < 172800) return two(s / 3600, "h", (s % 3600) / 60, "min");
    return two(s / 86400, "d", (s % 86400) / 3600, "h");
  }

  function count() {
    const now = Date.now() - skew;
    for (const time of document.querySelectorAll("time[data-until]")) {
      const left = Number(time.dataset.until) - now;
      time.textContent = left > 0 ? span(left) : "now";
    }
    for (const time of document.querySelectorAll("time[data-since]"))
      time.textContent = span(now - Number(time.dataset.since));
  }

  function setSkew() {
    skew = Date.now() - Number(main().dataset.now);
  }

  // Somebody fills in a form, or marks text to copy it.
  function isBusy() {
    const at = document.activeElement;
    return paused || document.hidden || String(document.getSelection()) !== "" ||
      (at && at.closest("form") !== null);
  }

  // Where the reader was: by the place among the links of the part that is replaced.
  function replace(old, fresh) {
    const links = [...old.querySelectorAll("a, button")];
    const at = links.indexOf(document.activeElement);
    old.replaceWith(fresh);
    if (at >= 0) fresh.querySelectorAll("a, button")[at]?.focus({ preventScroll: true });
  }

  function say(text) {
    const words = document.querySelector("#refresh span");
    if (words.textContent !== text) words.textContent = text;
  }

  async function refresh() {
    if (isBusy()) return;
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (isBusy()) return;
      for (const old of document.querySelectorAll("[data-live]")) {
        const part = fresh.getElementById(old.id);
        if (part) replace(old, document.adoptNode(part));
      }
      failed = 0;
      setSkew();
      say("live ");
    } catch {
      failed++;
      say(failed > 1 ? "no answer; the page is old " : "live ");
    }
    count();
  }

  function begin() {
    const every = Number(main().dataset.refresh);
    setSkew();
    setInterval(count, 1000);
    if (!every) return;
    const words = document.createElement("span");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "pause";
    button.addEventListener("click", () => {
      paused = !paused;
      button.textContent = paused ? "go on" : "pause";
      say(paused ? "stands still " : "live ");
      refresh();
    });
    document.getElementById("refresh").append(words, button);
    say("live ");
    setInterval(refresh, every * 1000);
    document.addEventListener("visibilitychange", refresh);
  }

  begin();
})();
