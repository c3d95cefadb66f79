import type { JSX } from "preact";

import { toCurl } from "../curl.ts";
import { formatDuration } from "../format.ts";
import { graphql, type FragmentOf } from "../graphql.ts";
import { hasReference } from "../secret-references.ts";
import { CopyIcon } from "../ui/action-icons.tsx";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";
import { showToast } from "../ui/toast.tsx";

export const ATTEMPT = graphql(`
  fragment AttemptDetails on Attempt {
    number
    startedAt
    finishedAt
    outcome
    statusCode
    durationMs
    redirects
    worker
    acceptedAt
    callback {
      receivedAt
      status
      message
    }
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

type Props = { attempt: Attempt; isOpen: boolean; body?: string | null };

/** An attempt with its request, response and timings, which unfold. `body` is what was sent, as far as it is known. */
export function AttemptDetails({ attempt, isOpen, body = null }: Props): JSX.Element {
  const { number, outcome, startedAt, statusCode, durationMs, error, request, timings, callback, redirects } = attempt;
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
        <span class="worker faint" title="Process that made the attempt">
          {attempt.worker}
        </span>
      </summary>
      <div class="exchange">
        {timings && <Timings {...timings} />}
        {error?.hint && <p class="faint">{error.hint}</p>}
        {request && (
          <Message
            title="Request"
            first={`${request.method} ${request.url}`}
            headers={request.headers}
            body={body}
            action={<CopyAsCurl request={{ ...request, body }} />}
          />
        )}
        {redirects > 0 && <p class="faint">{redirects === 1 ? "One redirect was followed." : `${redirects} redirects were followed.`}</p>}
        {statusCode !== null && (
          <Message
            title="Response"
            first={`HTTP ${statusCode}`}
            headers={attempt.responseHeaders}
            body={attempt.responseBody}
            isCut={attempt.responseTruncated}
          />
        )}
        {attempt.acceptedAt && (
          <p class="faint">
            The target accepted the work <Time at={attempt.acceptedAt} as="moment" />
            {callback ? ", and called back " : "."}
            {callback && <Time at={callback.receivedAt} as="moment" />}
            {callback && `: ${callback.status.toLowerCase()}${callback.message ? `, ${callback.message}` : ""}`}
          </p>
        )}
      </div>
    </details>
  );
}

function CopyAsCurl({ request }: { request: Parameters<typeof toCurl>[0] }): JSX.Element {
  const copy = (): void => {
    const command = toCurl(request);
    const hidden = [request.headers.some(({ value }) => value === "***") && "***", hasReference(command) && "${{ … }}"].filter(Boolean);
    navigator.clipboard.writeText(command).then(
      () => showToast(hidden.length > 0 ? `Copied. Replace ${hidden.join(" and ")} by the secrets.` : "Copied."),
      () => showToast("The browser does not allow copying here.", { isProblem: true }),
    );
  };
  return (
    <button type="button" class="quiet" onClick={copy}>
      <CopyIcon />
      Copy as curl
    </button>
  );
}

type TimingsProps = NonNullable<Attempt["timings"]>;

/** How long the parts of the exchange took, one after the other: as a bar, and in words with its colors. */
function Timings({ dns, connect, firstByte, total }: TimingsProps): JSX.Element {
  const answered = firstByte ?? total;
  const parts: { name: string; tone: string; took: number | null }[] = [
    { name: "name look-up", tone: "dns", took: dns },
    { name: "connection", tone: "connect", took: connect },
    { name: "waiting for the response", tone: "wait", took: answered === null ? null : answered - (dns ?? 0) - (connect ?? 0) },
    { name: "reading it", tone: "download", took: firstByte === null || total === null ? null : total - firstByte },
  ];
  const known = parts.filter(({ took }) => took !== null);
  return (
    <>
      <div class="timing-bar" aria-hidden="true">
        {known.map(({ tone, took }) => (
          <span key={tone} class={tone} style={{ flexGrow: Math.max(took ?? 0, 0) }} />
        ))}
      </div>
      <ul class="timings">
        {known.map(({ name, tone, took }) => (
          <li key={tone} class={tone}>
            <span class="faint">{name}</span> {formatDuration(Math.max(took ?? 0, 0))}
          </li>
        ))}
        {total !== null && (
          <li>
            <span class="faint">in all</span> {formatDuration(total)}
          </li>
        )}
      </ul>
    </>
  );
}

type MessageProps = {
  title: string;
  first: string;
  headers: readonly Header[];
  body: string | null;
  isCut?: boolean;
  action?: JSX.Element;
};

function Message({ title, first, headers, body, isCut = false, action }: MessageProps): JSX.Element {
  const lines = [first, ...headers.map(({ name, value }) => `${name}: ${value}`)];
  return (
    <div class="message-part">
      <h3>
        {title}
        {action}
      </h3>
      <pre tabIndex={0}>{lines.join("\n")}</pre>
      {body && (
        <pre class="body" tabIndex={0}>
          {prettyJson(body)}
        </pre>
      )}
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
