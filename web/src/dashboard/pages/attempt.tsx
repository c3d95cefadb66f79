import type { JSX } from "preact";

import { formatDuration } from "../format.ts";
import { graphql, type FragmentOf } from "../graphql.ts";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";

export const ATTEMPT = graphql(`
  fragment AttemptDetails on Attempt {
    number
    startedAt
    finishedAt
    outcome
    statusCode
    durationMs
    error {
      message
      hint
    }
    request {
      method
      url
      headers {
        name
        value
      }
    }
    responseHeaders {
      name
      value
    }
    responseBody
    responseTruncated
    timings {
      dns
      connect
      firstByte
      total
    }
  }
`);
type Attempt = FragmentOf<typeof ATTEMPT>;
type Header = { name: string; value: string };

/** An attempt with its request, response and timings, which unfold. */
export function AttemptDetails({ attempt, isOpen }: { attempt: Attempt; isOpen: boolean }): JSX.Element {
  const { number, outcome, startedAt, statusCode, durationMs, error, request, timings } = attempt;
  return (
    <details class="attempt" open={isOpen}>
      <summary>
        <span class="number faint">{number}</span>
        <Status status={outcome ?? "RUNNING"} />
        {statusCode !== null && <span class="code">{statusCode}</span>}
        {durationMs !== null && <span>{formatDuration(durationMs)}</span>}
        <span class="faint">
          <Time at={startedAt} as="moment" />
        </span>
        {error && <span class="message">{error.message}</span>}
      </summary>
      <div class="exchange">
        {timings && <Timings {...timings} />}
        {request && (
          <Message title="Request" first={`${request.method} ${request.url}`} headers={request.headers} body={null} />
        )}
        {statusCode !== null && (
          <Message
            title="Response"
            first={`HTTP ${statusCode}`}
            headers={attempt.responseHeaders}
            body={attempt.responseBody}
            isCut={attempt.responseTruncated}
          />
        )}
      </div>
    </details>
  );
}

type TimingsProps = NonNullable<Attempt["timings"]>;

function Timings({ dns, connect, firstByte, total }: TimingsProps): JSX.Element {
  const parts: [string, number | null][] = [
    ["name look-up", dns],
    ["connection", connect],
    ["first byte", firstByte],
    ["in all", total],
  ];
  return (
    <ul class="timings">
      {parts.map(
        ([name, milliseconds]) =>
          milliseconds !== null && (
            <li key={name}>
              <span class="faint">{name}</span> {formatDuration(milliseconds)}
            </li>
          ),
      )}
    </ul>
  );
}

type MessageProps = { title: string; first: string; headers: readonly Header[]; body: string | null; isCut?: boolean };

function Message({ title, first, headers, body, isCut = false }: MessageProps): JSX.Element {
  const lines = [first, ...headers.map(({ name, value }) => `${name}: ${value}`)];
  return (
    <div class="message-part">
      <h3>{title}</h3>
      <pre>{lines.join("\n")}</pre>
      {body && <pre class="body">{prettyJson(body)}</pre>}
      {isCut && <p class="faint">The rest of the response was not kept.</p>}
    </div>
  );
}

function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
