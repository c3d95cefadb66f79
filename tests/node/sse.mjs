// Drives graphql-sse's client, in distinct connections mode, against an API: node sse.mjs SCENARIO URL TOKEN
// Each scenario prints one JSON object a line; the test that starts it says what they must be.
import { createClient } from "graphql-sse";

const [scenario, url, token] = process.argv.slice(2);
const say = (line) => console.log(JSON.stringify(line));
const EVENTS = "subscription { taskEvents { kind task { name } } }";

function client(options = {}) {
  return createClient({ url, headers: { authorization: `Bearer ${token}` }, retryAttempts: 0, ...options });
}

async function results(client, query, variables) {
  const found = [];
  for await (const result of client.iterate({ query, variables })) found.push(result);
  return found;
}

const failure = async (error) => ({ status: error.response?.status ?? null, message: String(error.message) });

const scenarios = {
  async operations() {
    const ours = client();
    say({ query: await results(ours, "{ viewer { email } }") });
    const input = { name: "by sse", job: { http: { url: "https://example.com/" } }, schedule: { every: { interval: "PT1H" } } };
    const create = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { name } userErrors { code } } }";
    say({ mutation: await results(ours, create, { i: input }) });
    for (const query of ["{", "{ nothing }", "query($n: Int!) { tasks(first: $n) { totalCount } }"]) {
      const [{ errors, ...rest }, ...more] = await results(ours, query).catch(failure);
      say({ errors: errors.map(({ extensions }) => extensions.code), rest: Object.keys(rest), more: more.length });
    }
    say(await results(ours, "").catch(failure));
  },

  async subscription() {
    for await (const { data } of client().iterate({ query: EVENTS })) {
      say(data.taskEvents);
      if (data.taskEvents.kind === "TASK_CREATED") break;
    }
  },

  async reconnect() {
    const ours = client({
      retryAttempts: Infinity,
      retry: () => new Promise((resolve) => setTimeout(resolve, 100)),
    });
    let seen = 0;
    for await (const { data } of ours.iterate({ query: EVENTS })) {
      say(data.taskEvents);
      if (data.taskEvents.kind === "SNAPSHOT" && ++seen === 2) break;
    }
  },

  async refused() {
    const [result] = await results(client({ headers: { authorization: "Bearer nonsense" } }), EVENTS);
    say({ errors: result.errors.map(({ extensions }) => extensions.code) });
  },

  async many() {
    const number = 20;
    let begun = 0;
    const one = async () => {
      for await (const { data } of client().iterate({ query: EVENTS })) {
        if (data.taskEvents.kind === "SNAPSHOT" && ++begun === number) say({ begun });
        if (data.taskEvents.kind === "TASK_CREATED") return data.taskEvents.task.name;
      }
    };
    say({ names: await Promise.all(Array.from({ length: number }, one)) });
  },
};

await scenarios[scenario]();
process.exit(0);
