// Drives graphql-ws' client against an API: node ws.mjs SCENARIO URL TOKEN
// Each scenario prints one JSON object a line; the test that starts it says what they must be.
import { createInterface } from "node:readline";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [scenario, url, token] = process.argv.slice(2);
const say = (line) => console.log(JSON.stringify(line));
const told = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const EVENTS = "subscription { taskEvents { kind task { name } } }";

function client(options = {}) {
  return createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
    ...options,
  });
}

async function results(client, query, variables) {
  const found = [];
  for await (const result of client.iterate({ query, variables })) found.push(result);
  return found;
}

const failure = (error) =>
  Array.isArray(error)
    ? { errors: error.map(({ extensions }) => extensions.code) }
    : { closed: error.code ?? null, reason: error.reason ?? String(error) };

const scenarios = {
  async operations() {
    const ours = client();
    say({ query: await results(ours, "{ viewer { email } }") });
    const input = { name: "by ws", job: { http: { url: "https://example.com/" } }, schedule: { every: { interval: "PT1H" } } };
    const create = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { name } userErrors { code } } }";
    say({ mutation: await results(ours, create, { i: input }) });
    for (const query of ["{", "{ nothing }", "query($n: Int!) { tasks(first: $n) { totalCount } }"]) {
      say(await results(ours, query).catch(failure));
    }
    say({ partial: await results(ours, '{ viewer { email } node(id: "x") { id } }').catch(failure) });
    await ours.dispose();
  },

  async subscription() {
    const ours = client();
    for await (const { data } of ours.iterate({ query: EVENTS })) {
      say(data.taskEvents);
      if (data.taskEvents.kind === "TASK_CREATED") break;
    }
    await ours.dispose();
  },

  async reconnect() {
    const ours = client({
      retryAttempts: Infinity,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 100)),
      shouldRetry: () => true,
    });
    ours.on("closed", (event) => say({ closed: event.code }));
    let seen = 0;
    for await (const { data } of ours.iterate({ query: EVENTS })) {
      say(data.taskEvents);
      if (data.taskEvents.kind === "SNAPSHOT" && ++seen === 2) break;
    }
    await ours.dispose();
  },

  async refused() {
    const ours = client({ connectionParams: { authorization: "Bearer nonsense" } });
    say(await results(ours, "{ viewer { email } }").catch(failure));
  },

  async alive() {
    const ours = client({ keepAlive: 50, lazy: false });
    const pongs = new Promise((resolve) => {
      let count = 0;
      ours.on("pong", (received) => received && ++count === 3 && resolve(count));
    });
    say({ pongs: await pongs });
    await ours.dispose();
  },

  async many() {
    const ours = client();
    const number = 50;
    let begun = 0;
    const one = async () => {
      for await (const { data } of ours.iterate({ query: EVENTS })) {
        if (data.taskEvents.kind === "SNAPSHOT" && ++begun === number) say({ begun });
        if (data.taskEvents.kind === "TASK_CREATED") return data.taskEvents.task.name;
      }
    };
    say({ names: await Promise.all(Array.from({ length: number }, one)) });
    await told.next();
    await ours.dispose();
  },
};

await scenarios[scenario]();
process.exit(0);
