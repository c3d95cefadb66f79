// Calls pure functions of the dashboard. node dashboard-modules.mjs; each line of the input is [function, …arguments].

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const web = new URL("../../web/", import.meta.url);
const { rolldown } = await import(createRequire(new URL("package.json", web)).resolve("rolldown"));

/** Loads modules of the dashboard that are written in TypeScript and need no browser. */
async function load(path) {
  const bundle = await rolldown({ input: new URL(path, web).pathname });
  const { output } = await bundle.generate({ format: "esm" });
  return import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
}

const modules = ["pages/incident-subjects", "held-rows", "csv", "curl", "json-text", "imports/curl", "imports/crontab", "imports/shell-words", "imports/request"];
const forms = ["durations", "cron", "moments", "retry-plan", "url-query", "model", "to-input", "differences"].map((name) => `task-form/${name}`);
const functions = Object.assign({}, ...(await Promise.all([...modules, ...forms].map((name) => load(`src/dashboard/${name}.ts`)))));
for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...given] = JSON.parse(line);
  try {
    console.log(JSON.stringify({ value: functions[name](...given) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message, unreadable: error.constructor.name === "Unreadable" }));
  }
}
