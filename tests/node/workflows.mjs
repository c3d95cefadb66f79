// Uses the pages of workflows as a person does. node workflows.mjs CHROMIUM SERVER TARGET EMAIL PASSWORD

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { ask, browse, logIn } from "./browser.mjs";

const [executable, server, target, email, password] = process.argv.slice(2);
const SAVE = "mutation ($yaml: String!) { saveWorkflow(input: {yaml: $yaml}) { workflow { id } userErrors { message } } }";
const AXE = await readFile(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** A workflow that asks for a decision, then calls the target, which fails once. */
const APPROVED = `name: release
description: Asks, then tells.
inputs:
  url: {type: string, description: Where to tell it.}
  count: {type: integer, default: 2}
  extra: {type: object, default: {}}
steps:
  - {key: ask, approval: {by: ${email}, message: "Release it?"}}
  - {key: tell, job: http, params: {url: "\${{ inputs.url }}"}, retry: {maxRetries: 0}}
`;

/** Fifty steps: each layer of ten depends on two of the one before it. */
function fiftySteps() {
  const lines = ["name: fifty", "schedule: {every: {interval: PT1H}}", "steps:"];
  for (let step = 0; step < 50; step += 1) {
    const [layer, place] = [Math.floor(step / 10), step % 10];
    const before = layer === 0 ? [] : [place, (place + 3) % 10].map((each) => `step_${layer - 1}_${each}`);
    lines.push(`  - {key: step_${layer}_${place}, dependsOn: [${before.join(", ")}], wait: PT1S}`);
  }
  return lines.join("\n");
}

async function signsIn(page) {
  await page.goto(`${server}/#/workflows`);
  await page.getByLabel("Email address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** The samples are there, and one that needs an input asks for it. */
async function runsASample(page) {
  await page.getByRole("button", { name: "Run hello_world" }).click();
  const dialog = page.getByRole("dialog", { name: "Run hello_world" });
  await dialog.getByRole("button", { name: "Run now" }).click();
  await dialog.getByText("Enter a value.").waitFor();
  await dialog.getByLabel("url").fill(target);
  await dialog.getByRole("button", { name: "Run now" }).click();
  await page.getByRole("heading", { name: "Run of hello_world" }).waitFor();
  await page.locator(".summary").getByText("Completed").waitFor();
  assert.equal(await page.locator(".graph .node.completed").count(), 2);
  await page.getByRole("link", { name: "hello Completed" }).click();
  await page.getByRole("heading", { name: "Result" }).first().waitFor();
}

async function approvesAndResumes(page, token) {
  await ask(server, SAVE, { yaml: APPROVED }, token);
  await page.goto(`${server}/#/workflows`);
  await page.getByRole("link", { name: "release", exact: true }).click();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Run release" });
  await dialog.getByLabel("url").fill(target);
  await dialog.getByLabel("count").fill("many");
  await dialog.getByRole("button", { name: "Run now" }).click();
  await dialog.getByText("Enter a whole number.").waitFor();
  await dialog.getByLabel("count").fill("3");
  await dialog.getByRole("textbox", { name: "extra, as JSON" }).click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type('{"a": [1]}');
  await dialog.getByRole("button", { name: "Run now" }).click();
  await page.getByText("Release it?").waitFor();
  await page.getByRole("link", { name: "ask Waiting" }).waitFor();
  await page.getByLabel("Comment").fill("go on");
  await page.getByRole("button", { name: "Approve" }).click();
  await page.locator(".graph .node.failed").waitFor();
  await page.getByRole("button", { name: "Resume from the failed step" }).click();
  await page.locator(".summary").getByText("Completed").waitFor();
  await page.getByText("2 of 2 steps").waitFor();
  await page.getByRole("link", { name: /^Completed ask/ }).click();
  await page.getByText(`Decided by ${email}: go on`).waitFor();
}

/** Errors are at their line, a draft outlives the page, and a new version is compared with the one before. */
async function edits(page) {
  await page.goto(`${server}/#/workflows`);
  await page.getByRole("link", { name: "release", exact: true }).click();
  await page.getByRole("link", { name: "Edit" }).click();
  const editor = page.getByRole("textbox", { name: "Workflow as YAML" });
  await editor.click();
  await page.getByText("No errors").waitFor();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("  - key: pause\nwai");
  await page.getByRole("option", { name: /^wait/ }).click();
  await page.keyboard.type("soon");
  const error = await page.getByRole("button", { name: /^Line .*soon/ }).innerText();
  const lines = (await page.locator(".cm-line").allInnerTexts()).map((line) => line.trim());
  assert.equal(Number(/Line (\d+)/.exec(error)[1]), lines.indexOf("wait: soon") + 1);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("It was not saved.").waitFor();
  page.once("dialog", (dialog) => void dialog.accept()); // the browser asks before it leaves
  await page.reload();
  await page.getByText("was kept in this tab").waitFor();
  await page.getByRole("button", { name: /^Line .*soon/ }).click();
  await page.keyboard.press("End");
  for (let typed = 0; typed < 4; typed += 1) await page.keyboard.press("Backspace");
  await page.keyboard.type("PT1S");
  await page.getByText("No errors").waitFor();
  await page.locator(".graph .node", { hasText: "pause" }).waitFor();
  await page.keyboard.press("Control+s");
  await page.getByText(/^Version \d+, saved/).waitFor();
  await page.getByRole("button", { name: "Show changes" }).click();
  await page.locator(".diff-line.added").getByText("wait: PT1S").waitFor();
}

/** Tab indents; after Escape it leaves the editor. */
async function leavesTheEditorByKeys(page) {
  await page.goto(`${server}/#/workflows/new`);
  const editor = page.getByRole("textbox", { name: "Workflow as YAML" });
  await editor.focus();
  await page.keyboard.press("Tab");
  assert.ok(await editor.evaluate((element) => element.contains(document.activeElement)));
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  assert.ok(!(await editor.evaluate((element) => element.contains(document.activeElement))));
  await page.getByRole("button", { name: "Discard changes" }).click();
}

async function drawsFiftySteps(page, token) {
  await ask(server, SAVE, { yaml: fiftySteps() }, token);
  await page.goto(`${server}/#/workflows`);
  await page.getByRole("link", { name: "fifty" }).click();
  await page.locator(".graph .node").nth(49).waitFor();
  const graph = page.getByRole("group", { name: /^Graph of 50 steps/ });
  const boxes = await page.locator(".graph .box").evaluateAll((all) => all.map((each) => each.getBoundingClientRect().toJSON()));
  for (const [place, one] of boxes.entries()) {
    for (const other of boxes.slice(place + 1)) assert.ok(!overlap(one, other), "two steps lie on each other");
  }
  const scale = async () => Number(/scale\(([\d.]+)\)/.exec(await graph.locator("svg > g").getAttribute("transform"))[1]);
  const first = await scale();
  await graph.focus();
  await page.keyboard.press("+");
  assert.ok((await scale()) > first);
  for (let steps = 0; steps < 6; steps += 1) await page.keyboard.press("+");
  const last = page.locator(".graph .node").last();
  await last.focus();
  assert.ok(isWithin(await last.locator(".box").boundingBox(), await graph.boundingBox()), "a focused step is seen");
  await graph.focus();
  await page.keyboard.press("0");
  const frame = await graph.boundingBox();
  for (const box of await page.locator(".graph .box").all()) {
    assert.ok(isWithin(await box.boundingBox(), frame), "the whole graph is shown");
  }
}

function isWithin({ x, y, width, height }, frame) {
  const [right, bottom] = [frame.x + frame.width, frame.y + frame.height];
  return x >= frame.x - 1 && y >= frame.y - 1 && x + width <= right + 1 && y + height <= bottom + 1;
}

/** What is done elsewhere is seen at once; the schedule goes on by the button. */
async function pauses(page, token) {
  await ask(server, 'mutation { pauseWorkflow(input: {name: "fifty"}) { userErrors { message } } }', {}, token);
  await page.locator(".summary").getByText("Paused").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await page.locator(".summary").getByText("Paused").waitFor({ state: "detached" });
}

function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

/** Nothing serious is found by axe, and no page is wider than a small telephone. */
async function isAccessible(page) {
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const path of await paths(page)) await audit(page, path, `${path} ${scheme}`);
  }
  await page.setViewportSize({ width: 375, height: 700 });
  for (const path of await paths(page)) {
    await page.goto(`${server}/#${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 375, `${path} is ${width} wide`);
  }
}

let known;
async function paths(page) {
  if (known) return known;
  await page.goto(`${server}/#/workflows`);
  const workflow = await page.getByRole("link", { name: "release", exact: true }).getAttribute("href");
  const run = await page.locator("tr", { hasText: "Asks, then tells." }).locator("a[href*=workflow-runs]").first().getAttribute("href");
  known = ["/workflows", "/workflows/new", ...[workflow, `${workflow}/edit`, `${run}?step=tell`].map((each) => each.slice(1))];
  return known;
}

async function audit(page, path, told) {
  await page.goto(`${server}/#${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.locator(".loading .line").first().waitFor({ state: "detached" });
  const { violations } = await page.evaluate(`${AXE}; axe.run(document, { resultTypes: ["violations"] })`);
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [], told);
}

await browse(executable, server, async (page) => {
  await signsIn(page);
  await runsASample(page);
  const token = await logIn(server, email, password);
  await approvesAndResumes(page, token);
  await edits(page);
  await leavesTheEditorByKeys(page);
  await drawsFiftySteps(page, token);
  await pauses(page, token);
  await isAccessible(page);
});
