// A status is a color, a shape and a word.

import type { JSX } from "preact";

type Tone = "good" | "bad" | "busy" | "warn" | "idle";
type Shape = "check" | "cross" | "ring" | "loop" | "bars" | "circle" | "dash" | "skip" | "queue";
type Look = { word: string; tone: Tone; shape: Shape };

const LOOKS: Record<string, Look> = {
  PENDING: { word: "Waiting", tone: "idle", shape: "circle" },
  QUEUED: { word: "Queued", tone: "idle", shape: "queue" },
  WAITING: { word: "Waiting", tone: "idle", shape: "circle" },
  RUNNING: { word: "Running", tone: "busy", shape: "ring" },
  RETRY: { word: "Retrying", tone: "warn", shape: "loop" },
  COMPLETED: { word: "Completed", tone: "good", shape: "check" },
  FAILED: { word: "Failed", tone: "bad", shape: "cross" },
  LOST: { word: "Lost", tone: "warn", shape: "loop" },
  CANCELLED: { word: "Cancelled", tone: "idle", shape: "dash" },
  SKIPPED: { word: "Skipped", tone: "idle", shape: "skip" },
  MISSED: { word: "Missed", tone: "warn", shape: "skip" },
  RECOVERED: { word: "Works again", tone: "good", shape: "check" },
  STOPPED: { word: "Stopped", tone: "idle", shape: "dash" },
  CANARY: { word: "Trying one", tone: "busy", shape: "ring" },
  PAUSED: { word: "Paused", tone: "idle", shape: "bars" },
};

const SHAPES: Record<Shape, JSX.Element> = {
  check: <path class="cut" d="m4.75 8.25 2.25 2.25 4.25-4.75" />,
  cross: <path class="cut" d="m5.5 5.5 5 5m0-5-5 5" />,
  ring: <circle class="spin" cx="8" cy="8" r="4" pathLength="100" />,
  loop: <path class="cut" d="M10.75 8A2.75 2.75 0 1 1 8 5.25h2M8.75 3.75 10.25 5.25 8.75 6.75" />,
  bars: <path class="cut" d="M6.25 5.5v5M9.75 5.5v5" />,
  circle: <circle class="hole" cx="8" cy="8" r="4.5" />,
  dash: <path class="cut" d="M5 8h6" />,
  skip: <path class="cut" d="m5.5 5.5 2.5 2.5-2.5 2.5M8.5 5.5 11 8l-2.5 2.5" />,
  queue: <path class="cut" d="M5 6h6M5 8.25h6M5 10.5h3.5" />,
};

/** Returns how a status is shown. An unknown one, of a newer server, is shown by its name. */
export function statusLook(status: string): Look {
  return LOOKS[status] ?? { word: status.toLowerCase(), tone: "idle", shape: "circle" };
}

/** The shape of a status alone, where its word stands nearby. */
export function StatusShape({ status }: { status: string }): JSX.Element {
  const { word, tone, shape } = statusLook(status);
  return (
    <svg class={`shape ${tone}`} viewBox="0 0 16 16" width="16" height="16" role="img" aria-label={word}>
      <circle class="ground" cx="8" cy="8" r="7" />
      {SHAPES[shape]}
    </svg>
  );
}

/** A status. */
export function Status({ status }: { status: string }): JSX.Element {
  const { word, tone } = statusLook(status);
  return (
    <span class={`status ${tone}`}>
      <span aria-hidden="true">
        <StatusShape status={status} />
      </span>
      {word}
    </span>
  );
}
