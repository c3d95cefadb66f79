// The lines of a crontab that become tasks: their previews, and their saving in portions.

import type { Client } from "@urql/core";
import { useEffect, useState } from "preact/hooks";

import { readOnce } from "../client.ts";
import { graphql } from "../graphql.ts";
import type { CrontabEntry } from "../imports/crontab.ts";
import { PREVIEW } from "./documents.ts";
import { formOfRequest } from "./imported.ts";
import { emptyForm } from "./model.ts";
import { readForm } from "./to-input.ts";

const PORTION = 20;
const CREATE_TASKS = graphql(`
  mutation ImportTasks($input: CreateTasksInput!) {
    createTasks(input: $input) {
      results {
        index
        task {
          id
        }
        userErrors {
          message
        }
      }
      userErrors {
        message
      }
    }
  }
`);

export type Times = { summary: string; nextDue: string | null; fault: string };
/** What became of a line: the ID of its task, or why it was not saved. */
export type Outcome = { taskId: string | null; fault: string };

function timesKey({ expression, timeZone }: CrontabEntry): string {
  return JSON.stringify({ expression, timeZone });
}

/** Returns the schedules of the lines in words, each read once. */
export function useTimes(entries: readonly CrontabEntry[]): (entry: CrontabEntry) => Times | undefined {
  const [known, setKnown] = useState<ReadonlyMap<string, Times>>(new Map());
  const missing = [...new Set(entries.filter(({ request }) => request).map(timesKey))].find((key) => !known.has(key));
  useEffect(() => {
    if (missing === undefined) return;
    let isOver = false;
    void readTimes(missing).then((times) => {
      if (!isOver) setKnown((before) => new Map([...before, [missing, times]]));
    });
    return () => {
      isOver = true;
    };
  }, [missing]);
  return (entry) => known.get(timesKey(entry));
}

async function readTimes(key: string): Promise<Times> {
  const schedule = { cron: JSON.parse(key) as { expression: string; timeZone: string } };
  const { data, error } = await readOnce(PREVIEW, { schedule, count: 1 });
  const fault = error?.graphQLErrors[0]?.message ?? (error ? "The server cannot be reached." : "");
  return { summary: data?.taskPreview.summary ?? "", nextDue: data?.taskPreview.dueTimes[0] ?? null, fault };
}

/** Saves lines in portions. Calls `tell` after each, and stops when that returns false. */
export async function saveEntries(client: Client, entries: readonly CrontabEntry[], tell: (outcomes: ReadonlyMap<number, Outcome>) => boolean): Promise<void> {
  for (let at = 0; at < entries.length; at += PORTION) {
    const portion = entries.slice(at, at + PORTION);
    if (!tell(await savePortion(client, portion))) return;
  }
}

async function savePortion(client: Client, entries: readonly CrontabEntry[]): Promise<Map<number, Outcome>> {
  const tasks = entries.map((entry) => readForm(formOfEntry(entry)).value);
  const { data, error } = await client.mutation(CREATE_TASKS, { input: { tasks, mode: "EACH" } }).toPromise();
  const general = error?.graphQLErrors[0]?.message ?? (error ? "The server cannot be reached." : data?.createTasks.userErrors[0]?.message);
  const results = new Map(data?.createTasks.results.map((result) => [result.index, result]));
  return new Map(
    entries.map(({ line }, index) => {
      const result = results.get(index);
      const taskId = result?.task?.id ?? null;
      return [line, { taskId, fault: taskId ? "" : (result?.userErrors[0]?.message ?? general ?? "It was not saved.") }];
    }),
  );
}

function formOfEntry({ name, request, expression, timeZone }: CrontabEntry): ReturnType<typeof formOfRequest> {
  if (request === null) throw new Error("A line without a request is not saved.");
  return formOfRequest(request, { name, schedule: { ...emptyForm().schedule, kind: "cron", expression, timeZone } });
}
