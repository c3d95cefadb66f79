import type { JSX } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { Link } from "wouter-preact";

import { type CrontabEntry, readCrontab } from "../imports/crontab.ts";
import { useApi } from "../live.ts";
import { Time } from "../ui/time.tsx";
import { type Outcome, saveEntries, type Times, useTimes } from "./crontab-import.ts";
import { BROWSER_ZONE } from "./moments.ts";
import { sentence } from "./next-times.tsx";

const EXAMPLE = "# Wake the intranet\n0 7 * * 1-5 curl -fsS https://intranet.example.com/wake\n*/5 * * * * curl -m 10 https://hc.example.com/ping";

/** Reads a pasted crontab, shows what becomes of each line, and saves those that are chosen. */
export function CrontabImport(): JSX.Element {
  const [text, setText] = useState("");
  const [zone, setZone] = useState(BROWSER_ZONE);
  const entries = useMemo(() => readCrontab(text, zone), [text, zone]);
  return (
    <div class="form">
      <div class="field">
        <label for="crontab">Crontab</label>
        <textarea
          id="crontab"
          class="mono"
          rows={8}
          value={text}
          spellcheck={false}
          autofocus
          placeholder={EXAMPLE}
          aria-describedby="crontab-hint"
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <p class="hint" id="crontab-hint">
          The output of <code>crontab -l</code>, or a file of <code>/etc/cron.d</code>. Calls by curl and wget become tasks, and comments their names. It is read here: nothing
          is sent before you save.
        </p>
      </div>
      <div class="field zone">
        <label for="crontab-zone">Time zone of the machine</label>
        <input id="crontab-zone" list="crontab-zones" value={zone} autocomplete="off" onInput={(event) => setZone(event.currentTarget.value)} />
        <datalist id="crontab-zones">
          {["UTC", ...Intl.supportedValuesOf("timeZone")].map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      </div>
      {entries.length > 0 && <Entries key={text} entries={entries} />}
      {entries.length === 0 && text.trim() !== "" && <p class="faint">There is no line with a command.</p>}
    </div>
  );
}

type Progress = { done: number; all: number };

function Entries({ entries }: { entries: readonly CrontabEntry[] }): JSX.Element {
  const { client } = useApi();
  const [skipped, setSkipped] = useState<ReadonlySet<number>>(new Set());
  const [names, setNames] = useState<ReadonlyMap<number, string>>(new Map());
  const [outcomes, setOutcomes] = useState<ReadonlyMap<number, Outcome>>(new Map());
  const [progress, setProgress] = useState<Progress | null>(null);
  const isStopped = useRef(false);
  const timesOf = useTimes(entries);
  const isImportable = (entry: CrontabEntry): boolean => entry.request !== null && !timesOf(entry)?.fault && !outcomes.get(entry.line)?.taskId;
  const chosen = entries.filter((entry) => isImportable(entry) && !skipped.has(entry.line));
  const save = async (): Promise<void> => {
    isStopped.current = false;
    const named = chosen.map((entry) => ({ ...entry, name: names.get(entry.line) ?? entry.name }));
    let done = 0;
    setProgress({ done, all: named.length });
    await saveEntries(client, named, (saved) => {
      setOutcomes((before) => new Map([...before, ...saved]));
      setProgress({ done: (done += saved.size), all: named.length });
      return !isStopped.current;
    });
    setProgress(null);
  };
  const toggle = (line: number, isOn: boolean): void => setSkipped((before) => new Set(isOn ? [...before].filter((each) => each !== line) : [...before, line]));
  const savedCount = [...outcomes.values()].filter(({ taskId }) => taskId).length;
  return (
    <>
      <div class="table-frame">
        <table class="entries">
          <thead>
            <tr>
              <th>
                <span class="hidden">Import</span>
              </th>
              <th>Name</th>
              <th>Schedule</th>
              <th>Request</th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <EntryRow
                key={entry.line}
                entry={entry}
                name={names.get(entry.line) ?? entry.name}
                rename={(name) => setNames((before) => new Map([...before, [entry.line, name]]))}
                times={timesOf(entry)}
                outcome={outcomes.get(entry.line)}
                isImportable={isImportable(entry)}
                isChosen={isImportable(entry) && !skipped.has(entry.line)}
                toggle={(isOn) => toggle(entry.line, isOn)}
              />
            ))}
          </tbody>
        </table>
      </div>
      <div class="save-bar" role="status">
        <button type="button" class="main" disabled={chosen.length === 0 || progress !== null} onClick={() => void save()}>
          {chosen.length === 1 ? "Create one task" : `Create ${chosen.length} tasks`}
        </button>
        {progress && (
          <>
            <progress max={progress.all} value={progress.done} aria-label="Saved" />
            <span class="faint">
              {progress.done} of {progress.all}
            </span>
            <button type="button" onClick={() => (isStopped.current = true)}>
              Stop
            </button>
          </>
        )}
        {!progress && savedCount > 0 && (
          <span>
            {savedCount === 1 ? "One task was created." : `${savedCount} tasks were created.`} <Link href="/tasks">Show the tasks</Link>
          </span>
        )}
      </div>
    </>
  );
}

type RowProps = {
  entry: CrontabEntry;
  name: string;
  rename: (name: string) => void;
  times: Times | undefined;
  outcome: Outcome | undefined;
  isImportable: boolean;
  isChosen: boolean;
  toggle: (isOn: boolean) => void;
};

function EntryRow({ entry, name, rename, times, outcome, isImportable, isChosen, toggle }: RowProps): JSX.Element {
  const { line, request, reason, expression, timeZone, command } = entry;
  const fault = reason || times?.fault || outcome?.fault;
  return (
    <tr class={request === null ? "left-out" : undefined}>
      <td>
        <input type="checkbox" aria-label={`Import line ${line}`} checked={isChosen} disabled={!isImportable} onChange={(event) => toggle(event.currentTarget.checked)} />
      </td>
      <td class="entry-name">
        {outcome?.taskId ? (
          <Link href={`/tasks/${outcome.taskId}`}>{name}</Link>
        ) : isImportable ? (
          <input aria-label={`Name of line ${line}`} value={name} onInput={(event) => rename(event.currentTarget.value)} />
        ) : (
          <span class="faint">Line {line}</span>
        )}
      </td>
      <td>
        <span title={`${expression} (${timeZone})`}>{times?.summary ? sentence(times.summary) : <code>{expression}</code>}</span>
        {times?.nextDue && (
          <div class="faint">
            next <Time at={times.nextDue} />
          </div>
        )}
      </td>
      <td class="entry-request">
        {request && (
          <code>
            {request.method} {request.url}
          </code>
        )}
        {!request && <code class="faint">{command}</code>}
        {fault && <div class="problem">{fault}</div>}
        {outcome?.taskId && <div class="good-text">Created</div>}
        {!fault && request?.notes.map((note) => (
          <div key={note} class="faint">
            {note}
          </div>
        ))}
      </td>
    </tr>
  );
}
