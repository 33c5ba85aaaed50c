// What may be done on admin.actions_listen, in a real Chromium, with JavaScript and without: the
// token, one dead letter, some that are chosen, pause and resume, and the way out.
//
// PAGE_ACTIONS: its address; the rest is in chromium.mjs.
import assert from "node:assert/strict";
import { browser, complaints, end, facts, picture, step, watch } from "./chromium.mjs";

const url = process.env.PAGE_ACTIONS;
const phone = { width: 360, height: 740 };
let replayed = 0;

async function visit(look, { js = true, viewport } = {}) {
  const context = await browser.newContext({ javaScriptEnabled: js, viewport });
  const page = await context.newPage();
  try {
    return await look(page, context);
  } finally {
    await context.close();
  }
}

async function logIn(page, token) {
  await page.goto(`${url}login`);
  await page.fill("input[name=token]", token);
  await page.getByRole("button", { name: "Log in" }).click();
}

// The list is read by a thread of the worker's own; the page loads itself again until it is there.
async function waitForLetters(page) {
  for (let i = 0; i < 40 && await page.locator("input[name=letter]").count() === 0; i++) {
    await page.waitForTimeout(250);
    await page.goto(url);
  }
  assert.ok(await page.locator("input[name=letter]").count() >= facts.letters, "letters are shown");
}

async function waitForOrder(page, count) {
  const said = new RegExp(`ended: ${count} of ${count} replayed`);
  for (let i = 0; i < 40 && !said.test(await page.innerText("main")); i++) {
    await page.waitForTimeout(250);
    await page.goto(url);
  }
  assert.match(await page.innerText("main"), said);
  replayed += count;
}

const wrongToken = () => visit(async (page) => {
  await logIn(page, "x".repeat(31));
  assert.match(await page.innerText(".bad"), /token/i);
  assert.equal((await page.goto(url)).url(), `${url}login`, "nothing is shown without the token");
});

const session = (js) => visit(async (page, context) => {
  watch(page, js ? "actions" : "actions without script", url);
  await logIn(page, facts.token);
  assert.equal(page.url(), url);
  const [cookie] = (await context.cookies()).filter(({ path }) => path === "/");
  assert.ok(cookie.httpOnly && cookie.sameSite === "Strict", JSON.stringify(cookie));
  assert.ok(!(await page.content()).includes(facts.token), "the token is in no page");
  await waitForLetters(page);
  await picture(page, `actions-${js ? "" : "no-script-"}desk`);

  // One letter, from its own page.
  await page.locator("td[data-name=Place] a").first().click();
  await page.getByRole("button", { name: "Replay" }).click();
  await page.goto(url);
  await waitForOrder(page, 1);

  // Two that are chosen, after a question.
  await waitForLetters(page);
  const boxes = page.locator("input[name=letter]:enabled");
  for (const nth of [1, 2]) await boxes.nth(nth).check();
  await page.getByRole("button", { name: "Replay the chosen ones" }).click();
  assert.match(await page.innerText("main"), /2 dead letters/);
  await page.getByRole("button", { name: "Replay them" }).click();
  await page.goto(url);
  await waitForOrder(page, 2);

  // The intake.
  await page.getByRole("button", { name: "Pause" }).click();
  await page.goto(url);
  assert.match(await page.innerText("main"), /is paused/);
  await page.getByRole("button", { name: "Resume" }).click();
  await page.goto(url);
  assert.match(await page.innerText("main"), /takes records in/);

  await page.getByRole("button", { name: "Log out" }).click();
  assert.equal((await page.goto(url)).url(), `${url}login`);
}, { js });

const onAPhone = () => visit(async (page) => {
  watch(page, "actions on a phone", url);
  await logIn(page, facts.token);
  await waitForLetters(page);
  await picture(page, "actions-phone");
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= phone.width, `is ${width} px wide`);
}, { viewport: phone });

await step("a wrong token", wrongToken);
await step("actions", () => session(true));
await step("actions, without script", () => session(false));
await step("actions on a phone", onAPhone);
await step("no complaint of the browser's", () => assert.deepEqual(complaints, []));
assert.equal(replayed, 6);
await end();
