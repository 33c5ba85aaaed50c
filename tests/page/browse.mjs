// Looks at the status page with a real Chromium; tests/page/world.py has set the scene.
//
// PAGE_URL: from there; the rest is in chromium.mjs.
import assert from "node:assert/strict";
import { browser, complaints, end, facts, picture, step, watch } from "./chromium.mjs";

const url = process.env.PAGE_URL;
const code = encodeURIComponent;
const named = (id) => `look-up?id=${code(id)}&source=${code(facts.source)}`;
const pages = ["", "in-flight", "retries", "dead-letters", "look-up", "partitions", "settings",
  named(facts.done)];
const sizes = { phone: { width: 360, height: 740 }, desk: { width: 1280, height: 900 } };

async function visit(path, look, { js = true, size = "desk", scheme = "light" } = {}) {
  const context = await browser.newContext({ javaScriptEnabled: js, viewport: sizes[size],
    colorScheme: scheme, reducedMotion: "reduce" });
  const page = await context.newPage();
  const where = `/${path} ${js ? "" : "without script "}${size} ${scheme}`;
  watch(page, where, url);
  const answer = await page.goto(url + path);
  assert.equal(answer.status(), 200, where);
  try {
    return await look(page, answer, where);
  } catch (error) {
    throw new Error(where, { cause: error });
  } finally {
    await context.close();
  }
}

// ---- what is asked of every page -------------------------------------------------------------

const forEach = async (check) => {
  for (const path of pages)
    for (const size of ["phone", "desk"])
      for (const scheme of ["light", "dark"])
        await check(path, { size, scheme });
};

// The relative luminance of WCAG 2, and how much two colours differ by it.
const contrastOf = () => {
  const parse = (text) => (text.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if ((colour[3] ?? 1) > 0) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.getClientRects().length || element.closest("svg, noscript"))
      continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(groundOf(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${node.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return [...new Set(poor)];
};

async function checkLayout() {
  await forEach((path, how) => visit(path, async (page) => {
    const name = path.replace(/\?.*/, "-found") || "overview";
    await picture(page, `${name}-${how.size}-${how.scheme}`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= sizes[how.size].width, `is ${width} px wide`);
    assert.deepEqual(await page.evaluate(contrastOf), [], "too little contrast");
  }, how));
}

async function checkStructure() {
  for (const path of pages)
    await visit(path, async (page) => {
      for (const landmark of ["header", "nav[aria-label]", "main", "footer"])
        assert.equal(await page.locator(landmark).count(), 1, landmark);
      assert.equal(await page.locator("h1").count(), 1);
      assert.equal(await page.locator("html[lang]").count(), 1);
      assert.equal(await page.locator("nav a[aria-current=page]").count(), 1);
      assert.equal(await page.locator("[style], [onclick], style, script:not([src])").count(), 0);
      assert.equal(await page.locator("table:not(:has(caption)), table:not(:has(th[scope]))")
        .count(), 0, "a table without caption or heads");
      assert.equal(await page.locator("input:not([id])").count(), 0);
      assert.equal(await page.locator("svg:not([role=img]):not([aria-hidden])").count(), 0);
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    });
}

async function checkHeads() {
  for (const path of [...pages, "page.css", "page.js", "icon.svg"]) {
    const answer = await fetch(url + path, { method: "HEAD" });
    const policy = answer.headers.get("content-security-policy");
    assert.equal(answer.status, 200);
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const refused = await fetch(url + path, { method });
      assert.equal(refused.status, 405, `${method} /${path}`);
      assert.equal(refused.headers.get("allow"), "GET, HEAD");
    }
  }
  assert.equal((await fetch(`${url}nothing`)).status, 404);
  assert.equal((await fetch(`${url}page.css/x`)).status, 404);
}

// ---- what each page says ----------------------------------------------------------------------

const text = (page, selector = "main") => page.locator(selector).innerText();

async function checkOverview(js) {
  await visit("", async (page) => {
    const all = await text(page);
    const row = page.getByRole("row").filter({ hasText: "submitted" }).first();
    assert.match(await row.innerText(), /submitted\s+6\d/, all);
    assert.ok(await page.locator(".chart rect.o-submitted").count() > 0, "no bar was drawn");
    assert.match(all, /Token ends/);
    assert.match(await text(page, "#state"), /ready/);
    assert.match(all, /Latest problems/);
    assert.match(all, /notJson/);
  }, { js });
}

async function checkInFlight(js) {
  await visit("in-flight", async (page) => {
    assert.equal(await page.locator("tbody tr").count(), facts.stuck);
    const hostile = page.locator("tbody .id").getByText(facts.hostile, { exact: true });
    assert.equal(await hostile.count(), 1);
    assert.equal(await page.evaluate(() => window.owned).catch(() => undefined), undefined);
    assert.equal(await page.locator("main script, main img").count(), 0);
    assert.equal(await page.locator("main").filter({ hasText: "\u202e" }).count(), 0);
    assert.match(await text(page), /dry_run/);
    assert.match(await text(page), /next try in/);
    await page.locator(".chips a", { hasText: "submit" }).click();
    assert.match(await text(page), /Nothing is at work here/);
  }, { js });
}

async function checkRetries(js) {
  await visit("retries", async (page) => {
    const all = await text(page);
    assert.match(all, /Graph's copy of the directory lags/);
    assert.match(all, /HTTP 404/);
    assert.ok(await page.locator("tbody tr").count() >= facts.stuck - 2, all);
    assert.ok(await page.locator("time[data-until]").count() > 0);
  }, { js });
}

// The first look only asks for them to be read.
async function checkLetters(js) {
  const end = Date.now() + 20000;
  const see = (path) => visit(path, (page) => text(page), { js });
  while (/being read/.test(await see("dead-letters")) && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 300));
  await visit("dead-letters", async (page) => {
    assert.equal(await page.locator("tbody tr").count(), 4);
    assert.match(await text(page), /notJson/);
    await page.getByLabel("Error code").fill("notJson");
    await page.getByRole("button", { name: "Show" }).click();
    assert.equal(await page.locator("tbody tr").count(), 1);
  }, { js });
  assert.match(await see("dead-letters?outcome=failed"), /None/);
}

async function checkLookUp(js) {
  await visit("look-up", async (page) => {
    await page.getByLabel("Event id").fill(facts.done);
    await page.getByLabel("Source").fill(facts.source);
    await page.getByRole("button", { name: "Look up" }).click();
    const all = await text(page);
    assert.match(all, /What Redis keeps/);
    assert.match(all, /done/);
    assert.match(all, /submitted/);
    assert.match(all, /graphRequestId/);
    assert.equal(await page.locator(".hidden").count() > 0, true);
    const whole = await page.content();
    assert.ok(!whole.includes(facts.target), "the target is shown");
    assert.ok(!whole.includes(facts.tag), "the justification is shown");
  }, { js });
  await visit(`look-up?id=${facts.done}`, async (page) =>
    assert.match(await text(page), /What Redis keeps/), { js }); // its source is among the last
  await visit(named("nobody's"), async (page) =>
    assert.match(await text(page), /neither this worker nor Redis knows/), { js });
  await visit(named(facts.hostile), async (page) => {
    assert.match(await text(page), /At work in this worker/);
    assert.match(await text(page), /claimed/);
    assert.equal(await page.getByLabel("Event id").inputValue(), facts.hostile);
  }, { js });
  await visit(named("x".repeat(300)), async (page) =>
    assert.match(await text(page), /256 bytes at most/), { js });
}

async function checkPartitions(js) {
  await visit("partitions", async (page) => {
    assert.equal(await page.locator("tbody").first().locator("tr").count(), 4);
    assert.match(await text(page), /open/);
    assert.match(await text(page), /4\s?096 offsets/);
  }, { js });
}

async function checkSettings(js) {
  await visit("settings", async (page) => {
    const all = await text(page);
    assert.match(all, /client_secret_file/);
    assert.match(all, /w1\.yaml:\d+:\d+/);
    assert.match(all, /default/);
    assert.ok(!all.includes(facts.secret));
  }, { js });
}

// ---- the script -------------------------------------------------------------------------------

async function checkScript() {
  await visit("in-flight", async (page) => {
    const first = await page.locator("#main").getAttribute("data-now");
    const age = await page.locator("time[data-since]").first().innerText();
    await page.waitForFunction((old) => document.getElementById("main").dataset.now !== old,
      first, { timeout: 15000 });
    assert.notEqual(await page.locator("time[data-since]").first().innerText(), age);
    await page.getByRole("button", { name: "pause" }).click();
    const still = await page.locator("#main").getAttribute("data-now");
    await page.waitForTimeout(6500);
    assert.equal(await page.locator("#main").getAttribute("data-now"), still);
    assert.match(await text(page, "#refresh"), /stands still/);
  });
  await visit("look-up", async (page) => {
    await page.getByLabel("Event id").fill("half an i");
    await page.waitForTimeout(6500);
    assert.equal(await page.getByLabel("Event id").inputValue(), "half an i");
  });
  await visit("dead-letters", async (page) => {
    await page.getByLabel("Outcome").selectOption("failed");
    await page.getByLabel("Outcome").focus();
    await page.waitForTimeout(6500);
    assert.equal(await page.getByLabel("Outcome").inputValue(), "failed");
  });
  const plain = await (await fetch(url)).text();
  assert.match(plain, /<noscript><meta http-equiv="refresh"/);
}

// ---- troubles: they end the run, for they stay -------------------------------------------------

async function checkThrottle() {
  const faults = `${facts.sandbox}/sandbox/faults`;
  await fetch(faults, { method: "DELETE" }); // the first rule that matches counts
  await fetch(faults, { method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify([{ match: { times: -1 }, action: { throttle: { retryAfter: 300 } } }]) });
  await visit("", async (page) => {
    const state = page.locator("td[data-label=State]");
    await page.waitForFunction(() => /throttled/.test(document.querySelector(
      "td[data-label=State]").innerText), null, { timeout: 60000 });
    const first = await state.innerText();
    assert.match(first, /again in (4 min|5 min|[12]\d\d s)/);
    const until = await state.locator("time").first().getAttribute("data-until");
    assert.ok(Number(until) > Date.now() + 200000, until);
    await picture(page, "throttled");
  });
}

// Redis hangs: a look-up ends all the same, other pages are served meanwhile, and too many at once
// are told so.
async function checkAway() {
  process.kill(facts.redis, "SIGSTOP");
  try {
    const began = Date.now();
    let answered = 0;
    const asked = Array.from({ length: 6 }, () => fetch(url + named(facts.done)));
    for (const answer of asked) answer.then(() => answered++, () => {}); // it is awaited below
    const beside = await fetch(`${url}partitions`);
    assert.equal(beside.status, 200);
    assert.ok(answered <= 2, "another page had to wait"); // two are refused at once
    const said = await Promise.all(asked.map(async (answer) => (await answer).text()));
    const took = Date.now() - began;
    assert.ok(took > 2500 && took < 6000, `${took} ms`);
    assert.equal(said.filter((page) => /has not answered in time/.test(page)).length, 4);
    assert.equal(said.filter((page) => /other look-ups are under way/.test(page)).length, 2);
    await visit("", async (page) => {
      await page.waitForFunction(() => /not ready/.test(
        document.getElementById("state").innerText), null, { timeout: 20000 });
      assert.match(await text(page, ".banner.bad"), /redis/);
      await picture(page, "away");
    });
    await visit(named(facts.done), async (page) =>
      assert.match(await text(page, ".banner"), /redis/));
  } finally {
    process.kill(facts.redis, "SIGCONT");
  }
}

// ---- and all of it ----------------------------------------------------------------------------

await step("heads", checkHeads);
await step("structure", checkStructure);
await step("layout", checkLayout);
for (const js of [true, false]) {
  const how = js ? "" : ", without script";
  await step(`overview${how}`, () => checkOverview(js));
  await step(`in flight${how}`, () => checkInFlight(js));
  await step(`retries${how}`, () => checkRetries(js));
  await step(`dead letters${how}`, () => checkLetters(js));
  await step(`look-up${how}`, () => checkLookUp(js));
  await step(`partitions${how}`, () => checkPartitions(js));
  await step(`settings${how}`, () => checkSettings(js));
}
await step("script", checkScript);
await step("a throttled Graph", checkThrottle);
await step("Redis away", checkAway);
await step("no complaint of the browser's", () => assert.deepEqual(complaints, []));
await end();
