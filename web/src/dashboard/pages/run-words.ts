// Enums of runs in words.

export const TRIGGER_WORDS = {
  SCHEDULE: "By its schedule",
  MANUAL: "Run by hand",
  WORKFLOW: "Step of a workflow",
  LINK: "By a trigger URL",
} satisfies Record<string, string>;
export const ERROR_WORDS = {
  TIMEOUT: "Timeout",
  DNS: "Name look-up",
  CONNECT: "Connection",
  TLS: "TLS",
  HTTP_STATUS: "HTTP status",
  BLOCKED_ADDRESS: "Blocked address",
  BLOCKED_PORT: "Blocked port",
  BAD_URL: "Invalid URL",
  TOO_MANY_REDIRECTS: "Too many redirects",
  HOST_RATE: "Limit of the host",
  PROTOCOL: "Invalid response",
  CALLBACK_FAILED: "Callback: failed",
  CALLBACK_TIMEOUT: "Callback: timeout",
  LOST: "Lost worker",
  CANCELLED: "Cancelled",
  JOB: "Job",
  BAD_PARAMS: "Invalid parameters",
  EXPRESSION: "Expression",
  MAIL: "Mail",
  RESULT_TOO_LARGE: "Result too large",
  COMPUTE_LIMIT: "Limit of computing",
  INTERNAL: "Internal error",
  SECRET_UNREADABLE: "Secret unreadable",
  SECRET_MISSING: "Secret missing",
  SECRET_HOST: "Host not allowed for a secret",
} satisfies Record<string, string>;

/** Returns how a run was started, unless that is what one expects: by its schedule or its workflow. */
export function startedBy(trigger: keyof typeof TRIGGER_WORDS): string {
  return trigger === "MANUAL" || trigger === "LINK" ? TRIGGER_WORDS[trigger] : "";
}
