// A real Chromium, the steps of a test in it, and what the browser itself has to complain of.
//
// PAGE_CHROMIUM, PAGE_NODE: the program, and the folder that has playwright-core. PAGE_FACTS: what
// tests/page/world.py knows of its scene. PAGE_SHOTS: a folder for pictures; without it none are
// made.
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { chromium } = createRequire(import.meta.url)(join(process.env.PAGE_NODE, "playwright-core"));

export const facts = JSON.parse(process.env.PAGE_FACTS);
const shots = process.env.PAGE_SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

// The flags keep it from asking hosts of its maker's.
export const browser = await chromium.launch({
  executablePath: process.env.PAGE_CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

export const complaints = [];

// Every complaint of the browser's (a blocked script, a 404, an exception) is kept, and every
// request that goes elsewhere than to `home`.
export function watch(page, where, home) {
  page.on("console", (line) => line.type() === "error" &&
    complaints.push(`${where}: ${line.text()}`));
  page.on("pageerror", (error) => complaints.push(`${where}: ${error}`));
  page.on("dialog", (dialog) => complaints.push(`${where}: a dialog: ${dialog.message()}`));
  page.on("request", (asked) => asked.url().startsWith(home) ||
    complaints.push(`${where}: asks for ${asked.url()}`));
  page.on("response", (got) => got.status() >= 400 &&
    complaints.push(`${where}: ${got.status()} ${got.url()}`));
}

export async function picture(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

let failed = 0;
export async function step(name, run) {
  const began = Date.now();
  try {
    await run();
    console.log(`ok ${name} (${Date.now() - began} ms)`);
  } catch (error) {
    failed++;
    console.log(`not ok ${name}\n${error.stack}\n${error.cause?.stack ?? ""}`);
  }
}

export async function end() {
  await browser.close();
  process.exit(failed > 0 ? 1 : 0);
}
