// Reads commands with the parsers of the dashboard. node imports.mjs; each line of the input is [function, …arguments].

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

const parsers = {
  ...(await load("src/dashboard/imports/curl.ts")),
  ...(await load("src/dashboard/imports/crontab.ts")),
  ...(await load("src/dashboard/imports/shell-words.ts")),
  ...(await load("src/dashboard/imports/request.ts")),
};
for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...given] = JSON.parse(line);
  try {
    console.log(JSON.stringify({ value: parsers[name](...given) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message, unreadable: error.constructor.name === "Unreadable" }));
  }
}
