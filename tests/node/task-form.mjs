// Writes and imports tasks as a person does. node task-form.mjs CHROMIUM SERVER GOOD BAD JOURNEY…

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { ask, browse, logIn } from "./browser.mjs";

const [executable, server, good, bad, ...chosen] = process.argv.slice(2);
let email = ""; // each journey has an account of its own
const PASSWORD = "correct horse battery";
const UPDATE = "mutation ($i: UpdateTaskInput!) { updateTask(input: $i) { userErrors { message } } }";
const CREATE = "mutation ($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }";
const TASKS = `{ tasks(first: 100, orderBy: {field: CREATED_AT, direction: ASC}) { nodes { id name description uniqueName tags timeout timeoutIsDefault overlap
  alertAfter pauseAfter priority misfire { policy grace } retry { isDefault maxRetries offsets statuses }
  schedule { __typename ... on CronSchedule { expression timeZone } ... on IntervalSchedule { interval } }
  job { kind ... on HttpJob { method url headers { name value } secretHeaders body bodyText bodyForm hasToken expectCallback { within } }
    ... on EmailJob { to subject text: body } ... on ReportJob { title runs { period } } ... on PolygonAreaJob { geojson repair } } } } }`;

const token = () => logIn(server, email, PASSWORD);
const tasks = async () => (await ask(server, TASKS, {}, await token())).tasks.nodes;
const createTask = async (more = {}) => {
  const i = { name: "made before", job: { http: { url: good } }, schedule: { every: { interval: "PT1H" } }, ...more };
  return (await ask(server, CREATE, { i }, await token())).createTask.task.id;
};

async function signUp(page) {
  await page.goto(`${server}/`);
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByLabel("Email address").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
}

const field = (page, name) => page.getByLabel(name, { exact: true });
const pick = (page, group, choice) => page.getByRole("group", { name: group, exact: true }).getByRole("button", { name: choice, exact: true }).click();
const create = (page) => page.getByRole("button", { name: "Create task" }).click();
const answer = (page) => page.getByRole("region", { name: "Answer" });

async function open(page, path) {
  const isAsked = await page.getByText("Not saved yet").isVisible();
  await page.goto(`${server}/#${path}`);
  if (isAsked) await page.getByRole("dialog", { name: "Leave without saving?" }).getByRole("button", { name: "Leave" }).click();
  await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
}

/** Waits until a field is the one that has the focus. */
async function hasFocus(page, locator) {
  await locator.waitFor();
  await page.waitForFunction((element) => document.activeElement === element, await locator.elementHandle());
}

const journeys = {
  /** First task, watched while it fails; mended by an edit; retried. */
  async "first-task"(page) {
    await open(page, "/tasks/new");
    await field(page, "Name").fill("Ping the intranet");
    await field(page, "Description").fill("It sleeps at night.");
    await field(page, "URL").fill(`${bad}broken`);
    await page.getByRole("button", { name: "Try it now" }).click();
    await answer(page).getByText("the disk is full").waitFor();
    await answer(page).getByText("HTTP 500").waitFor();
    await pick(page, "Kind of schedule", "Now");
    await pick(page, "Kind of retries", "Never");
    await create(page);
    await page.getByRole("heading", { name: "Ping the intranet", level: 1 }).waitFor();
    const id = page.url().split("/").at(-1);
    const run = page.getByRole("table").getByRole("link", { name: "Failed" });
    await run.waitFor();
    await open(page, `/tasks/${id}/edit`);
    await field(page, "URL").fill(`${good}fixed`);
    await page.getByRole("button", { name: "Try it now" }).click();
    await answer(page).getByText('"works": true').waitFor();
    await page.getByRole("button", { name: "Save changes" }).click();
    await page.getByText("Saved", { exact: true }).waitFor();
    await run.click();
    await page.getByRole("button", { name: "Retry" }).click();
    await page.locator("summary").getByText("Completed").waitFor();
  },

  /** What is wrong is told at its field, and the first of these gets the focus. */
  async validation(page) {
    await open(page, "/tasks/new");
    await page.getByText("This is an example").waitFor();
    assert.deepEqual([await field(page, "Name").inputValue(), await field(page, "URL").inputValue()], ["Is example.com up?", "https://example.com/"]);
    await page.getByRole("button", { name: "Empty the form" }).click();
    await create(page);
    await page.getByText("Give the task a name.").waitFor();
    await page.getByText("Give the URL to call.").waitFor();
    await hasFocus(page, field(page, "Name"));
    await field(page, "Name").fill("x");
    await field(page, "URL").fill("http://169.254.169.254/latest");
    await create(page);
    await page.getByText("The url cannot be called.").waitFor(); // told by the server
    await hasFocus(page, field(page, "URL"));
    await field(page, "URL").fill(good);
    await page.getByRole("button", { name: "Add header" }).click();
    await page.getByLabel("Header 1: name").fill("A B");
    await page.getByRole("button", { name: "Try it now" }).click();
    await page.getByText("not a valid header name").waitFor();
    await page.getByLabel("Header 1: name").fill("X-A");
    await page.getByText("Timeouts, queue, overlap, alerts").click();
    await field(page, "Timeout of an attempt").fill("soon");
    await field(page, "Priority").fill("99");
    await page.getByText("Timeouts, queue, overlap, alerts").click();
    await create(page);
    await page.getByText("Write a duration such as").waitFor(); // its section unfolds
    await field(page, "Timeout of an attempt").fill("5 min");
    await create(page);
    await hasFocus(page, field(page, "Priority"));
    await field(page, "Priority").fill("3");
    await pick(page, "Body", "JSON");
    const json = page.getByRole("textbox", { name: "JSON", exact: true });
    await json.fill('{"a": [1],\n  b: 2}');
    await page.locator(".cm-lintRange-error").waitFor(); // while one types
    await create(page);
    await page.getByText("Line 2, column 3: a name in double quotes is expected.").waitFor();
    await hasFocus(page, json);
    await page.keyboard.press("Tab");
    assert.equal(await json.evaluate((element) => element === document.activeElement), false);
    await json.click();
    await page.keyboard.press("Control+a");
    await page.keyboard.type('{"a": [1]}');
    await field(page, "Method").selectOption("POST");
    await field(page, "Cron expression").fill("61 * * * *");
    await page.getByText("minutes are 0 to 59").waitFor(); // while one types
    await field(page, "Cron expression").fill("0 0 1 1 *");
    await create(page);
    await page.getByRole("heading", { name: "x", level: 1 }).waitFor();
    const [task] = await tasks();
    assert.deepEqual([task.timeout, task.priority, task.job.body, task.job.method], ["PT5M", 3, { a: [1] }, "POST"]);
  },

  /** A unique name is refused at its field if another task has it. */
  async unique(page) {
    const name = "the only one";
    for (const _ of [1, 2]) {
      await open(page, "/tasks/new");
      await field(page, "Name").fill(name);
      await field(page, "URL").fill(good);
      await page.getByLabel(/^Unique:/).check();
      await create(page);
      if (_ === 1) await page.getByRole("heading", { name, level: 1 }).waitFor();
    }
    await page.getByText(/another task|already/i).first().waitFor();
    await hasFocus(page, field(page, "Name"));
    assert.deepEqual((await tasks()).map(({ uniqueName }) => uniqueName), [true]);
  },

  /** What is not saved outlives a reload, without its secrets, and can be discarded. */
  async drafts(page) {
    await open(page, "/tasks/new");
    await field(page, "Name").fill("unfinished");
    await pick(page, "Authentication", "Bearer token");
    await field(page, "Token").fill("tip-top-secret");
    await page.waitForFunction(() => Object.values(sessionStorage).some((value) => value.includes("unfinished")));
    assert.ok(!(await page.evaluate(() => JSON.stringify(sessionStorage))).includes("tip-top-secret"));
    const question = page.getByRole("dialog", { name: "Leave without saving?" });
    await page.getByRole("link", { name: "History" }).click();
    await question.getByRole("button", { name: "Cancel" }).click();
    await page.goBack(); // to the overview
    await question.getByRole("button", { name: "Cancel" }).click();
    assert.match(page.url(), /#\/tasks\/new$/);
    assert.equal(await field(page, "Token").inputValue(), "tip-top-secret");
    await page.goBack();
    await question.getByRole("button", { name: "Leave" }).click();
    await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    await page.goForward();
    await page.getByText("You wrote something here").waitFor();
    await page.getByRole("button", { name: "Continue with it" }).click();
    page.once("dialog", (dialog) => void dialog.accept()); // the browser asks before it leaves
    await page.reload();
    await page.getByText("You wrote something here").waitFor();
    assert.equal(await field(page, "Name").inputValue(), "Is example.com up?");
    await page.getByRole("button", { name: "Continue with it" }).click();
    await page.waitForFunction(() => document.querySelector("[name=name]").value === "unfinished");
    assert.equal(await field(page, "Token").inputValue(), "");
    await page.getByRole("link", { name: "Cancel" }).click();
    await page.getByRole("heading", { name: "Tasks", level: 1 }).waitFor();
    await open(page, "/tasks/new");
    await field(page, "Name").waitFor();
    assert.equal(await page.getByText("You wrote something here").count(), 0);
  },

  /** A task that is changed elsewhere meanwhile: both changes are shown, and both are kept. */
  async conflict(page) {
    const id = await createTask({ job: { http: { url: good, token: "stored", headers: { "X-Key": "k" }, secretHeaders: ["X-Key"] } } });
    await open(page, `/tasks/${id}/edit`);
    await field(page, "Name").fill("my name");
    await field(page, "URL").fill(`${good}mine`);
    await ask(server, UPDATE, { i: { id, tags: ["theirs"], alertAfter: 7 } }, await token());
    await page.getByText("This task was changed elsewhere").waitFor();
    const rows = page.getByRole("alert").getByRole("row");
    await rows.filter({ hasText: "Tags" }).getByText("theirs").waitFor();
    await rows.filter({ hasText: "Tell me after" }).getByText("7").waitFor();
    assert.ok(await page.getByRole("button", { name: "Save changes" }).isDisabled());
    await page.getByRole("button", { name: "Keep my changes" }).click();
    assert.equal(await field(page, "Tags").inputValue(), "theirs");
    assert.equal(await field(page, "Name").inputValue(), "my name");
    await page.getByRole("button", { name: "Save changes" }).click();
    await page.getByRole("heading", { name: "my name", level: 1, exact: true }).waitFor();
    const [task] = await tasks();
    assert.deepEqual([task.name, task.tags, task.alertAfter, task.job.url], ["my name", ["theirs"], 7, `${good}mine`]);
    assert.deepEqual([task.job.hasToken, task.job.secretHeaders], [true, ["X-Key"]]); // secrets were kept
    await open(page, `/tasks/${id}/edit`);
    await pick(page, "Authentication", "None");
    await page.getByRole("button", { name: "Save changes" }).click();
    await page.getByRole("heading", { name: "my name", level: 1, exact: true }).waitFor();
    assert.equal((await tasks())[0].job.hasToken, false);
  },

  /** A copy has all settings but the secrets, and says so. */
  async copy(page) {
    const more = { description: "two\nlines", tags: ["a", "b"], overlap: "QUEUE", pauseAfter: 4, timeout: "PT1M30S", misfire: { policy: "SKIP", grace: "PT5M" } };
    const job = { http: { url: `${good}?q=1`, method: "PUT", bodyForm: { a: ["1", "2"], b: "3" }, token: "stored", expectCallback: { within: "PT2H" } } };
    const retry = { offsets: ["PT30S", "PT1H"], statuses: [502, 503] };
    const id = await createTask({ ...more, job, retry, schedule: { cron: { expression: "5 4 * * 1", timeZone: "Asia/Tokyo" } } });
    await open(page, `/tasks/new?from=${id}`);
    await page.getByText("Secrets are not copied").waitFor();
    await field(page, "Token").fill("new");
    await create(page);
    await page.getByRole("heading", { name: "made before (copy)", level: 1 }).waitFor();
    const [before, after] = await tasks();
    assert.deepEqual({ ...after, id: "", name: "" }, { ...before, id: "", name: "" });
  },

  /** Kinds of jobs other than requests, with the inputs of the schema. */
  async kinds(page) {
    const make = async (name, kind, fill) => {
      await open(page, "/tasks/new");
      await field(page, "Name").fill(name);
      await pick(page, "Kind of job", kind);
      await fill();
      await create(page);
      await page.getByRole("heading", { name, level: 1 }).waitFor();
    };
    await make("a mail", "Email", async () => {
      await page.getByText("cannot be tried").waitFor();
      await field(page, "To").fill(email);
      await field(page, "Subject").fill("Good morning");
      await field(page, "Text").fill("It is nine.");
    });
    await make("a report", "Report", async () => {
      await field(page, "Title").fill("Last week");
      await field(page, "Format").selectOption("CSV");
      await field(page, "Runs of the last").fill("7 d");
    });
    await make("an area", "Polygon area", async () => {
      await field(page, "Polygons").fill('{"type": "Polygon", "coordinates": [[[8, 50], [9, 50], [9, 51], [8, 50]]]}');
      await page.getByLabel("Repair invalid polygons").check();
    });
    const [mail, report, area] = await tasks();
    assert.deepEqual([mail.job.to, mail.job.subject, mail.job.text], [[email], "Good morning", "It is nine."]);
    assert.deepEqual([report.job.title, report.job.runs], ["Last week", { period: "P7D" }]);
    assert.deepEqual([area.job.geojson.type, area.job.repair], ["Polygon", true]);
    await open(page, `/tasks/${report.id}/edit`);
    assert.equal(await field(page, "Runs of the last").inputValue(), "7 d");
    await open(page, "/tasks/new");
    await pick(page, "Kind of job", "Email");
    await field(page, "Name").fill("x");
    await create(page);
    await page.getByText("Subject is required.").waitFor();
    await hasFocus(page, field(page, "To"));
  },

  /** The builder and the expression follow each other; the preview marks changes of the clocks. */
  async schedules(page) {
    await open(page, "/tasks/new");
    await page.getByRole("button", { name: "Empty the form" }).click();
    const expression = field(page, "Cron expression");
    const says = async (text) => page.waitForFunction((wanted) => document.querySelector("[name='schedule.cron.expression']").value === wanted, text);
    await page.getByRole("button", { name: "Every 15 minutes" }).click();
    await says("*/15 * * * *");
    await page.getByText("quarter").or(page.getByText(/every 15|15th|fifteenth/i)).first().waitFor();
    await page.getByRole("button", { name: "Weekdays at 09:00" }).click();
    await pick(page, "Hours", "13");
    await pick(page, "Days of the week", "Sat");
    await says("0 9,13 * * 1-6");
    await page.getByLabel("Minutes of the hour").fill("5, 35");
    await page.getByLabel("Minutes of the hour").press("Tab");
    await says("5,35 9,13 * * 1-6");
    await pick(page, "Days", "Days of the month");
    await pick(page, "Days of the month", "15");
    await says("5,35 9,13 1,15 * *");
    await expression.fill("30 2 31 3 *");
    await page.getByText("edited as text").waitFor();
    await field(page, "Time zone").fill("Europe/Berlin");
    await expression.fill("30 2 * 3,4 0");
    const times = page.getByRole("list", { name: "Next due times" });
    await times.getByText("Clocks go forward by 1 h: +01:00 becomes +02:00").waitFor();
    await times.getByText("The clocks skip its time on this day").waitFor();
    await pick(page, "Kind of schedule", "At an interval");
    await field(page, "Every").fill("1 h 30 min");
    await page.getByText(/90 minutes|1 hour/i).first().waitFor();
    await pick(page, "Kind of retries", "At set waits");
    await field(page, "Wait before each retry").fill("1 min, 1 h, 3 h");
    const plan = page.getByRole("figure", { name: "Plan of the retries" });
    await plan.getByText("One retry gives way").waitFor();
    await plan.getByText("3 retries, the last one 4 h 1 min after").waitFor();
    await field(page, "Name").fill("often");
    await field(page, "URL").fill(good);
    await create(page);
    await page.getByRole("heading", { name: "often", level: 1 }).waitFor();
    const [task] = await tasks();
    assert.deepEqual([task.schedule.interval, task.retry.offsets], ["PT1H30M", ["PT1M", "PT1H", "PT3H"]]);
  },

  async curl(page) {
    await open(page, "/tasks/import");
    await field(page, "Command").fill(`curl -k ${good}hook -H "Authorization: Bearer $TOKEN"`);
    await page.getByText("The variable $TOKEN is not known here").waitFor();
    assert.ok(await page.getByRole("button", { name: "Continue with the form" }).isDisabled());
    const command = `curl -k -X POST '${good}hook?x=1' -H 'Content-Type: application/json' -H 'Authorization: Bearer tip-top-secret' -d '{"a": 1}'`;
    await field(page, "Command").fill(command);
    await page.getByText("--insecure is left out").waitFor();
    await page.getByRole("button", { name: "Continue with the form" }).click();
    await page.getByRole("list", { name: "Notes" }).getByText("--insecure").waitFor();
    assert.equal(await field(page, "Token").inputValue(), "tip-top-secret");
    await page.getByRole("button", { name: "Try it now" }).click();
    await answer(page).getByText("HTTP 200").waitFor();
    await pick(page, "Part of the answer", "Request as sent");
    await answer(page).getByText("***").waitFor();
    await create(page);
    await page.getByRole("link", { name: "Tasks" }).first().waitFor();
    await page.getByRole("heading", { name: /hook/, level: 1 }).waitFor();
    const [task] = await tasks();
    assert.deepEqual([task.job.method, task.job.url, task.job.body, task.job.hasToken], ["POST", `${good}hook?x=1`, { a: 1 }, true]);
  },

  async crontab(page) {
    await open(page, "/tasks/import?from=crontab");
    const lines = Array.from({ length: 25 }, (_, at) => `${at} 3 * * * curl -m 5 ${good}many/${at}`);
    const text = ["# Wake the intranet", `0 7 * * 1-5 curl -fsS ${good}wake > /dev/null 2>&1`, "30 4 * * * /opt/backup.sh", "CRON_TZ=Asia/Tokyo", `61 1 * * * curl ${good}wrong`, ...lines];
    await field(page, "Time zone of the machine").fill("Europe/Berlin");
    await field(page, "Crontab").fill(text.join("\n"));
    await page.getByText("It runs backup.sh on your machine").waitFor();
    await page.getByText("minutes are 0 to 59").waitFor();
    await field(page, "Name of line 2").fill("Wake them up");
    await field(page, "Import line 30").uncheck();
    const save = page.getByRole("button", { name: "Create 25 tasks" });
    await save.click();
    await page.getByText("25 tasks were created.").waitFor();
    assert.equal(await page.getByRole("link", { name: "Wake them up" }).count(), 1);
    const made = await tasks();
    assert.equal(made.length, 25);
    assert.deepEqual(made.find(({ name }) => name === "Wake them up").schedule, { __typename: "CronSchedule", expression: "0 7 * * 1-5", timeZone: "Europe/Berlin" });
    const many = made.find(({ job }) => job.url.endsWith("many/3"));
    assert.deepEqual([many.schedule.timeZone, many.timeout], ["Asia/Tokyo", "PT5S"]);
  },

  /** No page is wider than a small telephone, and axe finds nothing serious, in light and dark. */
  async pages(page) {
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    const id = await createTask();
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const path of ["/tasks/new", `/tasks/${id}/edit`, "/tasks/import", "/tasks/import?from=crontab"]) {
        await page.setViewportSize({ width: scheme === "light" ? 1280 : 375, height: 800 });
        await open(page, path);
        await page.getByRole("textbox").first().waitFor();
        if (path.includes("new")) await unfold(page);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= (scheme === "light" ? 1280 : 375), `${path} is ${width} wide`);
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run("#main", { resultTypes: ["violations"] }));
        const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
        assert.deepEqual(serious.map(({ id: rule, nodes }) => [path, scheme, rule, nodes.map(({ html }) => html)]), []);
      }
    }
  },
};

async function unfold(page) {
  await page.getByText("Timeouts, queue, overlap, alerts").click();
  await pick(page, "Authentication", "User and password");
  await pick(page, "Body", "Form");
  await page.getByRole("button", { name: "Add header" }).click();
  await pick(page, "Kind of retries", "Growing waits");
  await page.getByRole("list", { name: "Next due times" }).getByRole("listitem").first().waitFor();
}

await browse(executable, server, async (_, context) => {
  for (const name of chosen) {
    email = `${name}-${Date.now()}@example.com`;
    await context.clearCookies();
    const page = await context.newPage();
    try {
      await signUp(page);
      await journeys[name](page);
    } catch (error) {
      console.error(`${name}: ${page.url()}: ${await page.locator("body").innerText()}`);
      throw error;
    }
    await page.close();
  }
});
