import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { useLocation } from "wouter-preact";

import { readCurl } from "../imports/curl.ts";
import type { ImportedRequest } from "../imports/request.ts";
import { formOfRequest, handOver } from "./imported.ts";

/** Reads a pasted command while it is typed, and fills the form of a new task with it. */
export function CurlImport(): JSX.Element {
  const [text, setText] = useState("");
  const [, navigate] = useLocation();
  const reading = useMemo(() => (text.trim() === "" ? null : readCurl(text)), [text]);
  const request = reading && "request" in reading ? reading.request : null;
  const fault = reading && "fault" in reading ? reading.fault : "";
  const go = (event: SubmitEvent): void => {
    event.preventDefault();
    if (request === null) return;
    handOver({ form: formOfRequest(request), notes: request.notes });
    navigate("/tasks/new");
  };
  return (
    <form class="form" onSubmit={go}>
      <div class="field">
        <label for="curl">Command</label>
        <textarea
          id="curl"
          class="mono"
          rows={8}
          value={text}
          spellcheck={false}
          autofocus
          aria-invalid={fault !== ""}
          aria-describedby="curl-hint curl-problem"
          placeholder={"curl -X POST https://example.com/hook \\\n  -H 'Content-Type: application/json' \\\n  -d '{\"a\": 1}'"}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <p class="hint" id="curl-hint">
          From a terminal, a manual, or “Copy as cURL (bash)” in a browser. It is read here: nothing is sent before you save or try the task.
        </p>
        <p class="problem" id="curl-problem" role="alert">
          {fault}
        </p>
      </div>
      {request && <Summary request={request} />}
      <div class="buttons">
        <button class="main" disabled={request === null}>
          Continue with the form
        </button>
      </div>
    </form>
  );
}

function Summary({ request }: { request: ImportedRequest }): JSX.Element {
  const { method, url, headers, authorization, body, notes } = request;
  const auth = { none: "", bearer: "bearer token", basic: "user and password" }[authorization.kind];
  const sends = { none: "", json: "JSON body", text: "text body", form: "form body" }[body.kind];
  const parts = [headers.length > 0 && (headers.length === 1 ? "one header" : `${headers.length} headers`), auth, sends].filter(Boolean);
  return (
    <div class="notice" role="status" aria-label="Request">
      <p class="mono target">
        <strong>{method}</strong> {url}
      </p>
      {parts.length > 0 && <p class="faint">With {parts.join(", ")}</p>}
      {notes.length > 0 && (
        <ul class="notes">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
