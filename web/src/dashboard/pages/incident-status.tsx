import type { JSX } from "preact";

import { StatusShape } from "../ui/status.tsx";

/** Whether an incident is open. */
export function IncidentStatus({ status }: { status: string }): JSX.Element {
  const isOpen = status === "OPEN";
  return (
    <span class={isOpen ? "status bad" : "status good"}>
      <span aria-hidden="true">
        <StatusShape status={isOpen ? "FAILED" : "COMPLETED"} />
      </span>
      {isOpen ? "Failing" : "Over"}
    </span>
  );
}

type Described = { cause: string; host: string | null; errorKind: string | null; subjects: { nodes: readonly { name: string }[] } };

const TROUBLES: Record<string, string> = {
  DNS: "cannot be found",
  CONNECT: "cannot be connected to",
  TLS: "has a problem with its certificate or encryption",
  TIMEOUT: "does not answer in time",
  PROTOCOL: "does not speak HTTP as it should",
  HTTP_STATUS: "answers with errors",
};

/** Says in a few words what is wrong. */
export function incidentTitle({ cause, host, errorKind, subjects }: Described): string {
  if (cause === "HOST" && host) return `${host} ${TROUBLES[errorKind ?? ""] ?? "fails"}`;
  return `${subjects.nodes[0]?.name ?? (cause === "WORKFLOW" ? "A workflow" : "A task")} fails`;
}
