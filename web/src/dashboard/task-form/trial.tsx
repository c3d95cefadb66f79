import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { formatDuration } from "../format.ts";
import { useApi } from "../live.ts";
import { PlayIcon } from "../ui/icons.tsx";
import { Status } from "../ui/status.tsx";
import { Segments } from "./controls.tsx";
import { TRY, type Trial } from "./documents.ts";
import type { TaskForm } from "./model.ts";
import { type InputError, readTrial } from "./to-input.ts";

type Props = { form: TaskForm; taskId: string | null; refuse: (errors: readonly InputError[]) => void };
type State = { trial: Trial | null; problem: string; isBusy: boolean };

/** Tries the job as it is in the form, and shows the real answer. */
export function TrialPanel({ form, taskId, refuse }: Props): JSX.Element {
  const { client } = useApi();
  const [{ trial, problem, isBusy }, setState] = useState<State>({ trial: null, problem: "", isBusy: false });
  const run = async (): Promise<void> => {
    const { value, errors } = readTrial(form);
    refuse(errors);
    if (errors.length > 0) return;
    setState((before) => ({ ...before, problem: "", isBusy: true }));
    const input = { job: value.job, ...(value.timeout && { timeout: value.timeout }), ...(taskId && { taskId }) };
    const { data, error } = await client.mutation(TRY, { input }).toPromise();
    const refusals = data?.tryJob.userErrors ?? [];
    refuse(refusals.flatMap(({ field, message }) => (field ? [{ field, message }] : [])));
    const general = refusals.flatMap(({ field, message }) => (field ? [] : [message])).join(" ");
    setState({ trial: data?.tryJob.trial ?? null, problem: error ? (error.graphQLErrors[0]?.message ?? "The server cannot be reached.") : general, isBusy: false });
  };
  if (form.kind !== "http") return <p class="hint faint">A job of this kind cannot be tried, since only requests leave nothing behind. Save the task, and run it by hand.</p>;
  return (
    <div class="trial">
      <div class="line">
        <button type="button" disabled={isBusy} onClick={() => void run()}>
          <PlayIcon />
          {isBusy ? "Waiting for the answer" : "Try it now"}
        </button>
        <span class="faint">Sends the request once. Nothing is saved.</span>
      </div>
      <p class="problem" role="alert">
        {problem}
      </p>
      {trial && <Answer trial={trial} isStale={isBusy} />}
    </div>
  );
}

type View = "body" | "headers" | "request";

function Answer({ trial, isStale }: { trial: Trial; isStale: boolean }): JSX.Element {
  const [view, setView] = useState<View>("body");
  const { statusCode, durationMs, error, redirects, responseHeaders, responseTruncated } = trial;
  return (
    <div class={isStale ? "answer stale" : "answer"} role="region" aria-label="Answer">
      <p class="line" role="status">
        <Status status={error ? "FAILED" : "COMPLETED"} />
        {statusCode !== null && <strong>HTTP {statusCode}</strong>}
        <span>{formatDuration(durationMs)}</span>
        {redirects > 0 && <span class="faint">{redirects === 1 ? "one redirect" : `${redirects} redirects`}</span>}
      </p>
      {error && (
        <p>
          <span class="bad-text">{error.message}</span> <span class="faint">{error.hint}</span>
        </p>
      )}
      <Segments<View>
        label="Part of the answer"
        value={view}
        set={setView}
        choices={[
          ["body", "Body"],
          ["headers", `Headers (${responseHeaders.length})`],
          ["request", "Request as sent"],
        ]}
      />
      <pre tabIndex={0}>{textOf(trial, view)}</pre>
      {view === "body" && responseTruncated && <p class="faint">The rest of the answer is not shown.</p>}
    </div>
  );
}

function textOf({ statusCode, responseBody, responseHeaders, request }: Trial, view: View): string {
  if (view === "headers") return responseHeaders.map(({ name, value }) => `${name}: ${value}`).join("\n") || "No headers";
  if (view === "request") return request ? [`${request.method} ${request.url}`, ...request.headers.map(({ name, value }) => `${name}: ${value}`)].join("\n") : "Nothing was sent";
  return responseBody ? prettyJson(responseBody) : statusCode === null ? "No answer" : "The answer is empty";
}

function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
